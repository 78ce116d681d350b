"""A fork at any moment: the child's scheduler is not started, nothing in it hangs, it can be started."""

from __future__ import annotations

import math
import os
import signal
import sys
import threading
import time
import traceback
from concurrent.futures import Executor, Future

import pytest

from cronkit import Scheduler, current_run
from cronkit.executors import FutureExecutor
from cronkit.jobs import Event
from cronkit.stores import MemoryStore
from cronkit.stores.sql import follow_forks

pytestmark = [
    pytest.mark.system,
    # Python 3.12 warns of every fork of a process with threads: this is what is tested.
    pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning"),
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork"),
]
LONG = 10.0
IN_CHILD = 42


def in_child(call) -> None:
    """Fork, and call something in the child; raise if it fails, or takes more than ten seconds."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            call()
            code = IN_CHILD
        except BaseException:  # noqa: BLE001 -- the parent is told by the exit code
            traceback.print_exc()
            sys.stderr.flush()
        finally:
            os._exit(code)
    deadline = time.monotonic() + LONG
    while time.monotonic() < deadline:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            assert os.waitstatus_to_exitcode(status) == IN_CHILD
            return
        time.sleep(0.01)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    raise AssertionError("the child hangs")


@pytest.fixture
def scheduler():
    with Scheduler() as found:
        yield found


def fired(scheduler: Scheduler) -> None:
    """Start, and see a job fire by its trigger and another by hand."""
    beat = threading.Event()
    scheduler.every("100ms", id="beat", replace=True)(beat.set)
    scheduler.start()
    assert beat.wait(5)
    assert scheduler.run_now("answer").result(5) == IN_CHILD
    scheduler.shutdown()


def test_in_the_child_it_is_not_started_and_can_be(scheduler):
    scheduler.add(lambda: IN_CHILD, id="answer")

    def child():
        assert repr(scheduler) == "<Scheduler not started, 1 jobs>"
        assert not scheduler.status().running
        fired(scheduler)

    in_child(child)


def test_the_parent_goes_on(scheduler):
    fires = threading.Semaphore(0)
    scheduler.every("50ms", id="beat")(fires.release)
    for _ in range(5):
        in_child(lambda: None)
        assert fires.acquire(timeout=LONG)
    assert scheduler.status().health.ok


def test_locks_that_other_threads_hold_at_that_moment_are_free_in_the_child(scheduler):
    scheduler.add(lambda: IN_CHILD, id="answer")
    stop = threading.Event()

    def bustle():
        while not stop.is_set():
            scheduler.run_now("answer", force=True)
            scheduler.status()
            scheduler.add(print, id="other", replace=True)

    threads = [threading.Thread(target=bustle) for _ in range(3)]
    for each in threads:
        each.start()
    try:
        for _ in range(20):
            in_child(lambda: (scheduler.status(), fired(scheduler)))
    finally:
        stop.set()
        for each in threads:
            each.join()


def test_a_fork_waits_for_a_change_that_is_under_way():
    class Slow(MemoryStore):
        """A store that takes its time to make a job known."""

        def __init__(self):
            super().__init__()
            self.begun, self.ended = threading.Event(), threading.Event()

        def register(self, jobs, now):
            if jobs:  # a start makes none known here
                self.begun.set()
                time.sleep(0.2)
                self.ended.set()
            return super().register(jobs, now)

    store = Slow()
    with Scheduler(store=store) as scheduler:
        adding = threading.Thread(target=scheduler.add, args=[print], kwargs={"id": "job"})
        adding.start()
        assert store.begun.wait(LONG)

        def child():
            assert store.ended.is_set()
            assert "job" in scheduler

        in_child(child)
        adding.join(LONG)


def test_what_goes_on_in_the_parent_does_not_go_on_in_the_child(scheduler):
    gate, begun = threading.Event(), threading.Event()
    scheduler.add(lambda: (begun.set(), gate.wait(LONG)), id="job", overlap="queue")
    first = scheduler.run_now("job")
    waiting = scheduler.run_now("job")
    assert begun.wait(LONG)

    def child():
        assert scheduler.status().runs_going_on == 0
        assert scheduler.runs("job") == []
        gate.set()
        scheduler.start()
        assert scheduler.run_now("job").wait(5).outcome == "succeeded"
        scheduler.shutdown()

    in_child(child)
    gate.set()
    assert first.wait(LONG).outcome == waiting.wait(LONG).outcome == "succeeded"


def test_events_of_the_parent_are_delivered_in_the_parent_only(scheduler, tmp_path):
    written = tmp_path / "events"
    gate = threading.Event()

    @scheduler.on(Event)
    def hook(event):
        gate.wait(LONG)
        with written.open("a") as file:
            file.write(f"{os.getpid()} {event.log_name}\n")

    for name in "abc":
        scheduler.add(lambda: IN_CHILD, id=name)
    scheduler.add(lambda: IN_CHILD, id="answer")
    in_child(lambda: (gate.set(), fired(scheduler)))
    here = f"{os.getpid()} scheduler.job_added"
    assert here not in written.read_text().splitlines()
    gate.set()
    scheduler.shutdown()
    assert written.read_text().splitlines().count(here) == 4


def test_a_job_may_fork_and_its_child_may_exit_as_it_likes(scheduler):
    @scheduler.job()
    def job():
        pid = os.fork()
        if pid == 0:
            os._exit(7)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    assert scheduler.run_now("job").result(LONG) == 7


def test_the_child_of_a_job_that_simply_returns_there_too_ends(scheduler):
    @scheduler.job()
    def job():
        pid = os.fork()
        return pid, current_run().id

    pid, _ = scheduler.run_now("job").result(LONG)
    deadline = time.monotonic() + LONG
    while not os.waitpid(pid, os.WNOHANG)[0]:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_child_of_a_scheduler_in_the_foreground_is_not_deaf_to_sigterm(program):
    it = program(
        """
        import os, signal, time, warnings
        from cronkit import Scheduler

        warnings.simplefilter("ignore")
        scheduler = Scheduler()

        @scheduler.every("100ms", max_runs=1)
        def job():
            pid = os.fork()
            if pid == 0:
                time.sleep(60)
            os.kill(pid, signal.SIGTERM)
            print("child", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
            scheduler.shutdown()

        scheduler.run_forever()
        """
    )
    it.end()
    assert f"child {-signal.SIGTERM}" in it.output


def test_multiprocessing_children_see_no_scheduler_at_work(program):
    it = program(
        """
        import logging, multiprocessing, sys, warnings
        from cronkit import Scheduler

        warnings.simplefilter("ignore")
        logging.getLogger("cronkit").setLevel("ERROR")  # a busy machine makes beats coalesce
        scheduler = Scheduler()
        scheduler.every("10ms", id="beat")(lambda: None)

        def child():
            sys.stdout.write(f"child: {scheduler}\\n")
            raise SystemExit(5)

        with scheduler:
            them = [multiprocessing.get_context("fork").Process(target=child) for _ in range(3)]
            for each in them:
                each.start()
            for each in them:
                each.join()
            print([each.exitcode for each in them])
        """
    )
    assert it.end()[0] == 0
    assert it.output == ["child: <Scheduler not started, 1 jobs>"] * 3 + ["[5, 5, 5]"]


class Follower:
    """Something that is told of forks, and makes another one while it is told of the first."""

    def __init__(self, *, breeds: bool = False):
        self.told: list[str] = []
        self.breeds = breeds
        self.born: list[Follower] = []
        follow_forks(self)

    def before_fork(self):
        self.told.append("before")
        if self.breeds:
            self.born.append(Follower())

    def after_fork_in_parent(self):
        self.told.append("parent")

    def after_fork_in_child(self):
        self.told.append("child")


def test_only_who_was_held_up_before_a_fork_goes_on_after_it():
    follower = Follower(breeds=True)

    def child():
        assert follower.told == ["before", "child"]
        assert follower.born[0].told == ["child"]

    in_child(child)
    assert follower.told == ["before", "parent"]
    assert follower.born[0].told == []


def test_what_an_engine_does_for_the_parent_takes_no_slot_of_the_child():
    class Never(Executor):
        def submit(self, /, *_):
            return Future()

    executor = FutureExecutor(Never(), max_workers=2)
    with Scheduler(executor=executor) as scheduler:
        scheduler.add(math.sqrt, id="job", args=[4])
        scheduler.run_now("job")
        deadline = time.monotonic() + LONG
        while executor.free() == 2:
            assert time.monotonic() < deadline
            time.sleep(0.01)

        def child():
            assert executor.free() == 2
            assert executor.shutdown(0)

        in_child(child)
        assert executor.free() == 1
        scheduler.shutdown(wait=False)
