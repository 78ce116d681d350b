"""Those who take part in a run on a cluster are killed with SIGKILL: the worker, and who submitted it."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cronkit import Outcome, Scheduler
from cronkit.executors import FutureExecutor
from cronkit.stores import open_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Executor
    from types import ModuleType

    from distributed import Client, Future

    from cronkit import Run
    from tests.system.conftest import Program
    from tests.system.workers.conftest import Diary

    Until = Callable[[Callable[[], object]], None]

pytestmark = [pytest.mark.system, pytest.mark.timeout(180)]

WAIT = "60s"
STORE = "env:CRONKIT_TEST_STORE"
KEPT, AGAIN = ("kept-running", "kept-queued"), ("again-running", "again-queued")

SUBMITTER = f"""
    import os, sys, time
    from distributed import Client
    from cronkit import Scheduler
    from cronkit.executors import FutureExecutor
    from cronkit.stores import open_store

    address, folder, path = sys.argv[1:]
    sys.path.insert(0, path)
    import cronkit_worker_jobs as jobs

    def begun():
        try:
            with open(folder + "/diary") as file:
                return len(file.readlines())
        except FileNotFoundError:
            return 0

    executor = FutureExecutor(
        Client(address).get_executor(pure=False, retries=0), store="{STORE}"
    )
    with Scheduler(store=open_store(os.environ["CRONKIT_TEST_STORE"]), executor=executor) as it:
        for job_id in {(*KEPT, *AGAIN)!r}:
            again = "rerun" if job_id.startswith("again") else "record"
            it.add(jobs.work, id=job_id, args=[folder], on_interrupted=again)
        for job_id in ("kept-running", "again-running"):
            it.run_now(job_id)
        while begun() < 2:
            time.sleep(0.02)
        for job_id in ("kept-queued", "again-queued"):
            it.run_now(job_id)
        time.sleep(600)
"""


def tasks_of(client: Client) -> dict[str, int]:
    """Return the tasks that the cluster knows, and how many clients want each."""
    return client.run_on_scheduler(
        lambda dask_scheduler: {
            key: len(task.who_wants) for key, task in dask_scheduler.tasks.items()
        }
    )


@pytest.fixture
def orphans(
    program: Callable[..., Program],
    dask_client: Client,
    jobs: ModuleType,
    diary: Diary,
    until: Until,
) -> Iterator[list[Future]]:
    """Four tasks of a scheduler that was killed: two are running, two are queued behind them.

    The test wants them too, or the cluster would forget them together with their client.
    """
    from distributed import Future

    where = str(Path(jobs.__file__).parent)
    submitter = program(SUBMITTER, dask_client.scheduler.address, str(diary.folder), where)
    until(lambda: submitter.process.poll() is not None or len(tasks_of(dask_client)) == 4)
    assert submitter.process.poll() is None, submitter.end()
    keys, me = list(tasks_of(dask_client)), dask_client.id
    wanted = [Future(key, client=dask_client) for key in keys]
    dask_client.run_on_scheduler(
        lambda dask_scheduler: dask_scheduler.client_desires_keys(keys=keys, client=me)
    )
    until(lambda: set(tasks_of(dask_client).values()) == {2})
    assert diary.calls("began") == [("again-running", 1), ("kept-running", 1)]
    submitter.signal(signal.SIGKILL)
    submitter.process.wait()
    until(lambda: set(tasks_of(dask_client).values()) == {1})
    yield wanted
    diary.release()


@pytest.fixture
def successor(dask_client: Client, store_url: str) -> Scheduler:
    """A scheduler on the test's cluster, not started."""
    executor = FutureExecutor(dask_client.get_executor(pure=False, retries=0), store=STORE)
    return Scheduler(store=open_store(store_url), executor=executor)


def test_a_dead_submitter_is_interrupted_and_what_it_left_queued_calls_nothing(
    orphans: list[Future], successor: Scheduler, jobs: ModuleType, diary: Diary, until: Until
) -> None:
    before = {run.job_id: run for run in successor.runs()}
    with successor:
        for job_id in (*KEPT, *AGAIN):
            again = "rerun" if job_id in AGAIN else "record"
            successor.add(jobs.work, id=job_id, args=[str(diary.folder)], on_interrupted=again)

        def of(job_id: str) -> Run:
            (run,) = successor.runs(job_id)
            return run

        # What the dead one held is told apart while its tasks still go on.
        until(lambda: all(of(job_id).outcome for job_id in KEPT))
        until(lambda: all(of(job_id).attempt == 2 for job_id in AGAIN))
        assert diary.calls("ended") == []
        diary.release()
        until(lambda: all(of(job_id).outcome for job_id in AGAIN))
        runs = {job_id: of(job_id) for job_id in (*KEPT, *AGAIN)}

    assert {job_id: runs[job_id].outcome for job_id in KEPT} == dict.fromkeys(
        KEPT, Outcome.INTERRUPTED
    )
    assert {runs[job_id].reason for job_id in KEPT} == {"owner_died"}
    assert {(runs[job_id].outcome, runs[job_id].attempt) for job_id in AGAIN} == {
        (Outcome.SUCCEEDED, 2)
    }
    assert {each: run.fire_time for each, run in runs.items()} == {
        each: run.fire_time for each, run in before.items()
    }
    # The turn of those that were queued has come, and they called nothing.
    replies = [each.result(timeout=60) for each in orphans]
    assert sorted(each.begun for each in replies) == [False, False, True, True]
    assert diary.calls("began") == [
        ("again-queued", 2), ("again-running", 1), ("again-running", 2), ("kept-running", 1),
    ]  # fmt: skip
    # Two calls of the rerun job came to their end, and one of them counts: at least once.
    assert diary.calls("ended") == diary.calls("began")


@pytest.fixture
def fenced(engine: Executor, store_url: str) -> Iterator[Scheduler]:
    """A scheduler whose workers ask its store before they begin."""
    executor = FutureExecutor(engine, store=STORE)
    with Scheduler(store=open_store(store_url), executor=executor) as scheduler:
        yield scheduler


def kill_the_worker(diary: Diary, until: Until) -> None:
    """Kill the process in which the one call goes on; let later calls end at once."""
    until(lambda: diary.lines("began"))
    ((_, _, worker),) = diary.lines("began")
    assert worker != os.getpid()
    os.kill(worker, signal.SIGKILL)
    until(lambda: not is_alive(worker))
    diary.release()


def is_alive(pid: int) -> bool:
    """Return whether a process is there and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_worker_that_is_killed_leaves_its_run_interrupted(
    fenced: Scheduler, jobs: ModuleType, diary: Diary, until: Until
) -> None:
    fenced.add(jobs.work, args=[str(diary.folder)])
    handle = fenced.run_now("work")
    kill_the_worker(diary, until)
    run = handle.wait(WAIT)
    assert run is not None
    assert (run.outcome, run.attempt) == (Outcome.INTERRUPTED, 1)
    assert diary.calls("began") == [("work", 1)]
    assert diary.calls("ended") == []


# A pool of the standard library takes no more tasks once a worker has died.
DASK = pytest.mark.parametrize("engine", ["dask"], indirect=True)


@DASK
def test_a_run_whose_worker_is_killed_runs_again_on_another_if_its_job_says_so(
    fenced: Scheduler, jobs: ModuleType, diary: Diary, until: Until
) -> None:
    fenced.add(jobs.work, args=[str(diary.folder)], on_interrupted="rerun")
    handle = fenced.run_now("work")
    kill_the_worker(diary, until)
    run = handle.wait(WAIT)
    assert run is not None
    assert (run.outcome, run.attempt) == (Outcome.SUCCEEDED, 2)
    assert diary.calls("began") == [("work", 1), ("work", 2)]
    assert diary.calls("ended") == [("work", 2)]
    workers = [pid for _, _, pid in diary.lines("began")]
    assert len(set(workers)) == 2


@DASK
def test_a_run_that_was_asked_to_stop_does_not_run_again_after_its_worker_was_killed(
    fenced: Scheduler, jobs: ModuleType, diary: Diary, until: Until
) -> None:
    fenced.add(jobs.work, args=[str(diary.folder)], on_interrupted="rerun")
    handle = fenced.run_now("work")
    until(lambda: diary.lines("began"))
    handle.cancel()
    kill_the_worker(diary, until)
    run = handle.wait(WAIT)
    assert run is not None
    assert (run.outcome, run.attempt) == (Outcome.INTERRUPTED, 1)
    assert diary.calls("began") == [("work", 1)]


@pytest.mark.parametrize("gone", ["cluster", "client"])
def test_a_cluster_that_goes_away_leaves_its_runs_interrupted(
    gone: str, dask_client: Client, successor: Scheduler, diary: Diary, until: Until
) -> None:
    import cronkit_worker_jobs as jobs

    with successor:
        successor.add(jobs.work, args=[str(diary.folder)])
        handle = successor.run_now("work")
        until(lambda: diary.calls("began"))
        {"cluster": dask_client.cluster.close, "client": dask_client.close}[gone]()
        run = handle.wait(WAIT)
        assert run is not None
        assert run.outcome is Outcome.INTERRUPTED
        assert diary.calls("ended") == []
