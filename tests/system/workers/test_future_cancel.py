"""To cancel a run on an executor of PEP 3148 is to ask: what has begun goes on, the rest is not called."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cronkit import Outcome, Scheduler
from cronkit.executors import FutureExecutor
from cronkit.stores import open_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Executor
    from types import ModuleType

    from tests.system.workers.conftest import Diary

pytestmark = [pytest.mark.system, pytest.mark.timeout(180)]

WAIT = "60s"
WORKERS = 2


@pytest.fixture(params=["fenced", "unfenced"])
def scheduler(
    request: pytest.FixtureRequest, engine: Executor, store_url: str, jobs: ModuleType, diary: Diary
) -> Iterator[Scheduler]:
    """A scheduler whose workers ask its store, or do not, with six jobs of one function."""
    fenced = request.param == "fenced"
    executor = FutureExecutor(engine, store="env:CRONKIT_TEST_STORE" if fenced else None)
    with Scheduler(store=open_store(store_url), executor=executor) as scheduler:
        for number in range(6):
            scheduler.add(
                jobs.work, id=f"job{number}", args=[str(diary.folder)], on_interrupted="rerun"
            )
        yield scheduler
        diary.release()


ENGINES = pytest.mark.parametrize("engine", ["pool", "dask"], indirect=True)
TELLING = pytest.mark.parametrize(
    ("engine", "scheduler"),
    [("pool", "fenced"), ("pool", "unfenced"), ("dask", "fenced")],
    indirect=True,
)


@ENGINES
def test_a_run_that_a_worker_has_begun_goes_on_and_ends_as_it_ends(
    scheduler: Scheduler, diary: Diary, until: Callable[[Callable[[], object]], None]
) -> None:
    handle = scheduler.run_now("job0")
    until(lambda: diary.calls("began"))
    assert handle.cancel()
    assert handle.wait("200ms") is None
    diary.release()
    assert handle.result(WAIT) == "worked"
    run = handle.wait()
    assert run is not None
    assert (run.outcome, run.attempt) == (Outcome.SUCCEEDED, 1)
    assert diary.calls("ended") == [("job0", 1)]


@TELLING
def test_a_run_that_no_worker_has_begun_is_cancelled_and_never_called(
    scheduler: Scheduler,
    diary: Diary,
    until: Callable[[Callable[[], object]], None],
    request: pytest.FixtureRequest,
) -> None:
    handles = [scheduler.run_now(f"job{number}") for number in range(6)]
    until(lambda: len(diary.calls("began")) == WORKERS)
    begun = {job for job, _ in diary.calls("began")}
    for _ in range(2):  # to ask twice is to ask
        for handle in handles:
            handle.cancel()
    diary.release()
    outcomes = {}
    for handle in handles:
        run = handle.wait(WAIT)
        assert run is not None
        outcomes[run.job_id] = (str(run.outcome), run.reason)
    called = {job for job, _ in diary.calls("began")}
    assert begun <= called
    assert outcomes == {
        f"job{number}": ("succeeded", None)
        if f"job{number}" in called
        else ("cancelled", "by hand")
        for number in range(6)
    }
    # A pool hands one task more to its workers than they can begin, and takes it for begun.
    early = 0 if request.node.callspec.params["scheduler"] == "fenced" else 1
    assert len(called) <= WORKERS + early
    assert diary.calls("began") == diary.calls("ended") == sorted((job, 1) for job in called)


@ENGINES
def test_a_run_that_timed_out_counts_until_its_task_has_ended(
    scheduler: Scheduler, diary: Diary, until: Callable[[Callable[[], object]], None]
) -> None:
    scheduler.update("job0", timeout="2s")
    run = scheduler.run_now("job0").wait(WAIT)
    assert run is not None
    assert (run.outcome, run.abandoned) == (Outcome.TIMED_OUT, True)
    assert diary.calls("ended") == []
    blocked = scheduler.run_now("job0").wait(WAIT)
    assert blocked is not None
    assert (blocked.outcome, blocked.blocked_by) == (Outcome.SKIPPED, run.id)
    diary.release()
    until(lambda: scheduler.status().abandoned == 0)
    assert diary.calls("ended") == [("job0", 1)]
    again = scheduler.run_now("job0").wait(WAIT)
    assert again is not None
    assert again.outcome is Outcome.SUCCEEDED
