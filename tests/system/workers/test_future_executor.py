"""Attempts on executors of PEP 3148, with real worker processes."""

from __future__ import annotations

import importlib
from concurrent.futures import Executor, ProcessPoolExecutor
from multiprocessing import get_context
from typing import TYPE_CHECKING

import pytest

from cronkit import Outcome, Scheduler
from cronkit.errors import (
    ConfigError,
    NotCallableError,
    PolicyError,
    RunFailedError,
    RunInterruptedError,
)
from cronkit.executors import FutureExecutor
from cronkit.stores import open_store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import ModuleType

    from tests.system.workers.conftest import Diary

WAIT = "60s"


@pytest.fixture
def scheduler(engine: Executor) -> Iterator[Scheduler]:
    with Scheduler(executor=FutureExecutor(engine)) as scheduler:
        yield scheduler


def test_a_worker_runs_the_function_and_sends_its_result_back(
    scheduler: Scheduler, jobs: ModuleType
) -> None:
    scheduler.add(jobs.add, args=[1], kwargs={"second": 2})
    handle = scheduler.run_now("add")
    assert handle.result(WAIT) == 3
    run = handle.wait()
    assert run is not None
    assert run.notes["seen"] is True
    assert {"worker", "began_at"} <= run.notes.keys()


def test_a_worker_knows_the_run(scheduler: Scheduler, jobs: ModuleType) -> None:
    scheduler.add(jobs.who)
    handle = scheduler.run_now("who")
    run_id, fire_time, attempt, cancelled = handle.result(WAIT)
    run = handle.wait()
    assert run is not None
    assert (run_id, fire_time, attempt) == (handle.id, run.fire_time.isoformat(), 1)
    assert cancelled is False


def test_what_the_job_raises_comes_back_as_it_is(scheduler: Scheduler, jobs: ModuleType) -> None:
    scheduler.add(jobs.fail)
    with pytest.raises(ValueError, match="the job itself"):
        scheduler.run_now("fail").result(WAIT)


def test_a_result_that_does_not_pickle_is_told(scheduler: Scheduler, jobs: ModuleType) -> None:
    scheduler.add(jobs.unpicklable)
    with pytest.raises(RunFailedError, match="cannot be sent back"):
        scheduler.run_now("unpicklable").result(WAIT)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("raise_hostile", "HostileError; its text raised RuntimeError>: this exception cannot be"),
        ("return_hostile", "the result cannot be read here: SystemExit: not here"),
    ],
)
def test_a_hostile_end_is_told(
    scheduler: Scheduler, jobs: ModuleType, name: str, told: str
) -> None:
    scheduler.add(getattr(jobs, name))
    with pytest.raises(RunFailedError, match=told):
        scheduler.run_now(name).result(WAIT)


def test_a_dead_worker_ends_the_run_as_interrupted(scheduler: Scheduler, jobs: ModuleType) -> None:
    scheduler.add(jobs.die)
    handle = scheduler.run_now("die")
    with pytest.raises(RunInterruptedError):
        handle.result(WAIT)
    run = handle.wait()
    assert run is not None
    assert run.outcome is Outcome.INTERRUPTED


def test_a_function_without_a_name_is_refused_when_it_is_added(scheduler: Scheduler) -> None:
    for function in (lambda: None, [].append):
        with pytest.raises(NotCallableError):
            scheduler.add(function, id="nameless")
    assert "nameless" not in scheduler


def test_a_store_is_given_by_reference_only(jobs: ModuleType) -> None:
    executor = ProcessPoolExecutor(1, mp_context=get_context("spawn"))
    with pytest.raises(ConfigError, match="env:VARIABLE"):
        FutureExecutor(executor, store="postgresql://user:secret@host/db")
    with pytest.raises(PolicyError):
        FutureExecutor(ProcessPoolExecutor)  # type: ignore[arg-type]
    executor.shutdown()


def test_a_worker_without_the_variable_of_the_store_fails_the_run_and_calls_nothing(
    engine: Executor, jobs: ModuleType, store_url: str, diary: Diary
) -> None:
    executor = FutureExecutor(engine, store="env:CRONKIT_TEST_NOT_SET")
    with Scheduler(store=open_store(store_url), executor=executor) as scheduler:
        scheduler.add(jobs.work, args=[str(diary.folder)], on_interrupted="rerun")
        handle = scheduler.run_now("work")
        with pytest.raises(ConfigError, match="CRONKIT_TEST_NOT_SET is not set in this worker"):
            handle.result(WAIT)
        run = handle.wait()
        assert run is not None
        assert (run.outcome, run.attempt) == (Outcome.FAILED, 1)
    assert diary.calls("began") == []


def test_a_worker_that_lacks_the_module_fails_the_run(
    scheduler: Scheduler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "only_here_now.py").write_text("def job(): return 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    scheduler.add(importlib.import_module("only_here_now").job, on_interrupted="rerun")
    (tmp_path / "only_here_now.py").unlink()
    handle = scheduler.run_now("job")
    with pytest.raises(ModuleNotFoundError, match="only_here_now"):
        handle.result(WAIT)
    run = handle.wait()
    assert run is not None
    assert (run.outcome, run.attempt) == (Outcome.FAILED, 1)


@pytest.fixture
def fenced(store_url: str, engine: Executor) -> Iterator[Scheduler]:
    """A scheduler whose workers ask its store before they begin."""
    executor = FutureExecutor(engine, store="env:CRONKIT_TEST_STORE")
    with Scheduler(store=open_store(store_url), executor=executor) as scheduler:
        yield scheduler


def test_a_task_that_the_engine_runs_again_after_a_dead_worker_calls_nothing(
    fenced: Scheduler, jobs: ModuleType, tmp_path: Path
) -> None:
    fenced.add(jobs.mark, args=[str(tmp_path)])
    run = fenced.run_now("mark").wait(WAIT)
    assert run is not None
    assert run.outcome is Outcome.INTERRUPTED
    assert (tmp_path / "calls").read_text().split() == ["1"]


# A pool of the standard library takes no more tasks once a worker has died.
@pytest.mark.parametrize("engine", ["dask"], indirect=True)
def test_a_job_that_reruns_runs_again_as_the_next_attempt(
    fenced: Scheduler, jobs: ModuleType, tmp_path: Path
) -> None:
    fenced.add(jobs.mark, args=[str(tmp_path)], on_interrupted="rerun")
    run = fenced.run_now("mark").wait(WAIT)
    assert run is not None
    assert run.outcome is Outcome.SUCCEEDED
    assert (tmp_path / "calls").read_text().split() == ["1", "2"]
