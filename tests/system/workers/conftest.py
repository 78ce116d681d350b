"""Workers in other processes find the functions of these tests by name."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import sys
import time
from concurrent.futures import Executor, ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

    from distributed import Client

HERE = str(Path(__file__).parent)


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module of the functions, importable here and in every process started from here."""
    monkeypatch.syspath_prepend(HERE)
    paths = [HERE, *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(each for each in paths if each))
    import cronkit_worker_jobs

    assert "cronkit_worker_jobs" in sys.modules
    return cronkit_worker_jobs


@pytest.fixture
def store_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of a store, in the environment of every worker started later."""
    url = f"sqlite:///{tmp_path}/state.db"
    monkeypatch.setenv("CRONKIT_TEST_STORE", url)
    return url


@contextlib.contextmanager
def pool() -> Iterator[Executor]:
    """Two worker processes of the standard library."""
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as executor:
        yield executor


@contextlib.contextmanager
def cluster() -> Iterator[Client]:
    """A Dask cluster of two worker processes, of one thread each."""
    if importlib.util.find_spec("distributed") is None:
        pytest.skip("the extra dask is not installed")
    from distributed import Client, LocalCluster

    with (
        LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            dashboard_address=None,
            silence_logs=50,
        ) as workers,
        Client(workers) as client,
    ):
        yield client


@contextlib.contextmanager
def dask() -> Iterator[Executor]:
    """The executor of such a cluster."""
    with cluster() as client:
        yield client.get_executor(pure=False, retries=0)


@pytest.fixture
def dask_client(jobs: ModuleType, store_url: str) -> Iterator[Client]:
    """A cluster that is the test's own; its workers know the jobs and the store."""
    with cluster() as client:
        yield client


@pytest.fixture(params=["pool", "dask"])
def engine(request: pytest.FixtureRequest, jobs: ModuleType, store_url: str) -> Iterator[Executor]:
    """An executor with two worker processes that know the jobs."""
    with {"pool": pool, "dask": dask}[request.param]() as executor:
        yield executor


class Diary:
    """A file in which each call of `cronkit_worker_jobs.work` leaves lines; it waits for `release`.

    Attributes:
        folder: the folder of the file, the argument of the job.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def lines(self, word: str) -> list[tuple[str, int, int]]:
        """Return job, attempt and process of each line that begins with `word`."""
        file = self.folder / "diary"
        found = [each.split() for each in file.read_text().splitlines()] if file.exists() else []
        return [(job, int(attempt), int(pid)) for w, job, attempt, pid in found if w == word]

    def calls(self, word: str) -> list[tuple[str, int]]:
        """Return job and attempt of each line that begins with `word`, in order."""
        return sorted((job, attempt) for job, attempt, _ in self.lines(word))

    def release(self) -> None:
        """Let all calls go on to their end."""
        (self.folder / "release").touch()


@pytest.fixture
def diary(tmp_path: Path) -> Diary:
    """What the workers write down."""
    return Diary(tmp_path)


@pytest.fixture
def until() -> Callable[[Callable[[], object]], None]:
    """Wait until something has come about in another process."""

    def wait(condition: Callable[[], object], seconds: float = 60) -> None:
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, "it did not come about in time"
            time.sleep(0.02)

    return wait
