"""Start, stop and start again, asked for from anywhere: a job, a hook, a handler, two threads."""

from __future__ import annotations

import signal
import threading
import time

import pytest

from cronkit import Scheduler, current_run
from cronkit.errors import StateError, StoreError
from cronkit.executors import ThreadExecutor
from cronkit.jobs import Event, JobAdded, RunEvent, RunInterrupted, SchedulerStarted
from cronkit.stores import MemoryStore, SQLiteStore
from cronkit.testing import FakeClock

pytestmark = pytest.mark.system
LONG = 10.0


def outcome_of(scheduler: Scheduler, job_id: str) -> str | None:
    (run,) = scheduler.runs(job_id)
    return None if run.outcome is None else str(run.outcome)


class ImpatientError(Exception):
    """As Ctrl-C would be, but for a test."""


class Gate:
    """A job that tells when it has begun, and goes on until the gate opens."""

    def __init__(self) -> None:
        self.begun, self.open = threading.Event(), threading.Event()

    def __call__(self) -> str:
        self.begun.set()
        assert self.open.wait(LONG)
        return "through"


@pytest.fixture
def gate():
    found = Gate()
    yield found
    found.open.set()


@pytest.fixture
def scheduler():
    found = Scheduler()
    yield found
    found.shutdown(wait=False)


def in_thread(call) -> threading.Thread:
    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    return thread


class TestStart:
    def test_a_second_start_is_refused(self, scheduler):
        scheduler.start()
        with pytest.raises(StateError, match="started already"):
            scheduler.start()

    def test_after_a_shutdown_it_starts_again_with_its_jobs(self, scheduler):
        fired = threading.Semaphore(0)
        scheduler.every("100ms", id="beat")(fired.release)
        for _ in range(3):
            scheduler.start()
            assert fired.acquire(timeout=LONG)
            scheduler.shutdown()
            assert repr(scheduler) == "<Scheduler not started, 1 jobs>"

    def test_one_that_fails_leaves_nothing_behind(self):
        class Down(MemoryStore):
            answers = False

            def register(self, jobs, now):
                if not self.answers:
                    raise StoreError(self.name, "it does not answer")
                return super().register(jobs, now)

        store = Down()
        scheduler = Scheduler(store=store)
        before = threading.active_count()
        with pytest.raises(StoreError):
            scheduler.start()
        assert threading.active_count() <= before  # a thread of an earlier test may just have ended

        store.answers = True
        with scheduler:
            scheduler.add(lambda: 42, id="job")
            assert scheduler.run_now("job").result(LONG) == 42

    def test_what_was_added_before_is_told_at_once_and_in_order(self, scheduler):
        seen = []
        scheduler.on(JobAdded)(lambda event: seen.append(event.job_id))
        for name in "abc":
            scheduler.add(print, id=name)

        assert seen == ["a", "b", "c"]

    def test_a_run_by_hand_without_a_start_is_told_of(self, scheduler):
        seen = []
        scheduler.add(print, id="job")
        scheduler.on(RunEvent)(lambda event: seen.append(event.log_name))
        scheduler.run_now("job")

        assert seen == ["scheduler.job_triggered", "run.attempt_started", "run.succeeded"]

    def test_a_hook_that_adds_a_job_is_told_of_it_after_the_event_it_has_got(self, scheduler):
        seen = []

        @scheduler.on(JobAdded)
        def hook(event):
            if event.job_id == "first":
                scheduler.add(print, id="second")
            seen.append(event.job_id)

        scheduler.add(print, id="first")
        assert seen == ["first", "second"]


class TestShutdown:
    def test_on_a_scheduler_that_is_not_started_it_does_nothing(self, scheduler):
        scheduler.shutdown()
        assert not scheduler.status().running
        scheduler.start()
        scheduler.shutdown()
        scheduler.shutdown()
        assert not scheduler.status().running

    def test_it_waits_for_what_goes_on(self, scheduler, gate):
        scheduler.add(gate, id="job")
        scheduler.start()
        handle = scheduler.run_now("job")
        assert gate.begun.wait(LONG)
        threading.Timer(0.2, gate.open.set).start()
        scheduler.shutdown()

        assert handle.result() == "through"

    @pytest.mark.parametrize("how", [{"wait": False}, {"timeout": "100ms"}])
    def test_what_it_does_not_wait_for_is_interrupted_and_asked_to_stop(self, scheduler, how):
        asked = threading.Event()
        begun = threading.Event()

        def stubborn():
            begun.set()
            while not current_run().cancelled:
                time.sleep(0.01)
            asked.set()

        scheduler.add(stubborn, id="job")
        scheduler.start()
        scheduler.run_now("job")
        assert begun.wait(LONG)
        scheduler.shutdown(**how)

        assert asked.wait(LONG)
        (run,) = scheduler.runs("job")
        assert (run.outcome, run.reason) == ("interrupted", "shutdown")

    def test_from_a_job_it_waits_for_the_others_but_not_for_that_job(self, scheduler, gate):
        def last():
            threading.Timer(0.2, gate.open.set).start()
            scheduler.shutdown()

        scheduler.add(gate, id="other")
        scheduler.add(last, id="last")
        scheduler.start()
        scheduler.run_now("other")
        assert gate.begun.wait(LONG)
        handle = scheduler.run_now("last")

        assert handle.wait(LONG).outcome == "interrupted"
        assert outcome_of(scheduler, "other") == "succeeded"
        wait_for(lambda: "not started" in repr(scheduler))

    def test_from_a_hook_it_waits_for_the_runs_and_delivers_the_rest(self, scheduler, gate):
        seen = []
        stopped = threading.Event()

        @scheduler.on(Event)
        def hook(event):
            seen.append(event.log_name)
            if event.log_name == "run.attempt_started":
                threading.Timer(0.1, gate.open.set).start()
                scheduler.shutdown()
            if event.log_name == "scheduler.stopped":
                stopped.set()

        scheduler.add(gate, id="job")
        scheduler.start()
        scheduler.run_now("job")

        assert stopped.wait(LONG)
        assert seen[-2:] == ["run.succeeded", "scheduler.stopped"]

    def test_a_second_one_joins_the_first(self, scheduler, gate):
        scheduler.add(gate, id="job")
        scheduler.start()
        scheduler.run_now("job")
        assert gate.begun.wait(LONG)
        both = [in_thread(scheduler.shutdown) for _ in range(2)]
        time.sleep(0.1)
        assert all(each.is_alive() for each in both)
        gate.open.set()
        for each in both:
            each.join(LONG)

        assert not any(each.is_alive() for each in both)
        assert outcome_of(scheduler, "job") == "succeeded"

    def test_two_jobs_that_both_ask_for_it_do_not_wait_for_each_other(self, scheduler):
        meet = threading.Barrier(2)

        def stop():
            meet.wait(LONG)
            scheduler.shutdown()

        for name in "ab":
            scheduler.add(stop, id=name)
        scheduler.start()
        handles = [scheduler.run_now(name) for name in "ab"]

        assert {str(each.wait(LONG).outcome) for each in handles} <= {"interrupted", "succeeded"}
        wait_for(lambda: "not started" in repr(scheduler))

    def test_what_raises_while_it_waits_still_ends_in_a_stop(self, gate):
        class Impatient(ThreadExecutor):
            def holds_caller(self):
                raise ImpatientError

        scheduler = Scheduler(executor=Impatient())
        scheduler.add(gate, id="job")
        scheduler.start()
        scheduler.run_now("job")
        assert gate.begun.wait(LONG)

        with pytest.raises(ImpatientError):
            scheduler.shutdown()
        assert "not started" in repr(scheduler)
        assert outcome_of(scheduler, "job") == "interrupted"

    def test_a_store_that_fails_does_not_keep_the_threads_alive(self):
        class Down(MemoryStore):
            def close(self, owner, now):
                raise StoreError(self.name, "it does not answer")

        before = threading.active_count()
        scheduler = Scheduler(store=Down())
        scheduler.add(print, id="job")
        scheduler.start()
        scheduler.run_now("job").wait(LONG)
        with pytest.raises(StoreError):
            scheduler.shutdown()
        assert "not started" in repr(scheduler)
        wait_for(lambda: threading.active_count() <= before)

    def test_what_waits_in_a_memory_store_is_cancelled(self, scheduler, gate):
        scheduler.add(gate, id="job", overlap="queue")
        scheduler.start()
        scheduler.run_now("job")
        assert gate.begun.wait(LONG)
        waiting = scheduler.run_now("job")
        threading.Timer(0.1, gate.open.set).start()
        scheduler.shutdown()

        run = waiting.wait(LONG)
        assert (run.outcome, run.reason) == ("cancelled", "shutdown")


def raise_(error):
    raise error


def wait_for(condition) -> None:
    deadline = time.monotonic() + LONG
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


class TestHooks:
    def test_a_hook_that_hangs_holds_up_neither_the_runs_nor_the_stop(self, scheduler):
        hang = threading.Event()
        scheduler.on(RunEvent)(lambda event: hang.wait(LONG))
        scheduler.add(lambda: 42, id="job")
        scheduler.start()
        assert scheduler.run_now("job").result(LONG) == 42
        began = time.monotonic()
        scheduler.shutdown()
        assert 1.5 < time.monotonic() - began < 3.0
        hang.set()

    def test_events_beyond_ten_thousand_are_counted_and_shown(self, scheduler):
        hang = threading.Event()
        scheduler.on(JobAdded)(lambda event: hang.wait(LONG))
        scheduler.start()
        scheduler.add(print, id="first")
        wait_for(lambda: not scheduler.hooks.queue)
        for number in range(10_100):
            scheduler.add(print, id=f"job-{number}")

        assert scheduler.status().events_dropped == 100
        hang.set()

    def test_a_thread_that_outlived_a_stop_delivers_nothing_more(self, scheduler):
        hang, seen = threading.Event(), []

        @scheduler.on(SchedulerStarted)
        def hook(event):
            seen.append(threading.current_thread())
            if len(seen) == 1:
                hang.wait(LONG)

        scheduler.start()
        scheduler.shutdown()
        scheduler.start()
        wait_for(lambda: len(seen) == 2)
        hang.set()
        seen[0].join(LONG)
        assert not seen[0].is_alive()
        assert seen[1].is_alive()

    def test_one_that_raises_is_counted_and_the_next_one_is_told(self, scheduler):
        seen = []
        scheduler.on(RunInterrupted, JobAdded)(lambda event: raise_(SystemExit(1)))
        scheduler.on(JobAdded)(lambda event: seen.append(event.job_id))
        scheduler.start()
        scheduler.add(print, id="job")
        wait_for(lambda: seen == ["job"])

        assert scheduler.status().hooks_failed == 1


def test_run_forever_is_refused_on_a_driven_clock():
    with pytest.raises(StateError, match="driven clock"):
        Scheduler(clock=FakeClock()).run_forever()


def test_run_forever_ends_when_a_job_shuts_the_scheduler_down(program):
    it = program(
        """
        from cronkit import Scheduler

        scheduler = Scheduler()
        scheduler.every("100ms", id="last")(scheduler.shutdown)
        scheduler.run_forever()
        print("stopped")
        """
    )
    assert it.end()[0] == 0
    assert it.output[-1] == "stopped"


def test_a_signal_handler_may_shut_down_while_the_main_thread_does(program):
    it = program(
        """
        import os, signal, threading, time
        from cronkit import Scheduler

        scheduler = Scheduler()
        signal.signal(signal.SIGTERM, lambda *_: (scheduler.shutdown(), print("handled")))

        begun = threading.Event()

        @scheduler.job()
        def job():
            begun.set()
            time.sleep(0.2)
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(0.2)

        scheduler.start()
        scheduler.run_now("job")
        begun.wait()
        scheduler.shutdown()
        print(scheduler.runs()[0].outcome)
        """
    )
    assert it.end()[0] == 0
    assert it.output == ["handled", "succeeded"]


def test_a_signal_handler_may_shut_down_amid_a_call_of_the_scheduler(scheduler, gate):
    told = []

    class Interrupted:
        """A trigger that is interrupted when first asked; the engine's lock is held meanwhile."""

        was_asked = False

        def next(self, after):
            if not self.was_asked:
                self.was_asked = True
                signal.raise_signal(signal.SIGUSR1)

    def stop(*_: object) -> None:
        scheduler.shutdown(timeout=LONG)
        told.append(scheduler.status().running)

    before = signal.signal(signal.SIGUSR1, stop)
    try:
        scheduler.add(gate, id="going-on")
        with scheduler:
            scheduler.run_now("going-on")
            assert gate.begun.wait(LONG)
            scheduler.add(print, Interrupted(), id="interrupted")
            gate.open.set()
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert told[0] is True, "the call that was interrupted has to go on first"
    assert outcome_of(scheduler, "going-on") == "succeeded"
    assert not scheduler.status().running


def test_a_signal_handler_may_shut_down_while_the_store_is_read(gate):
    class Interrupted(MemoryStore):
        """A store that is interrupted when first asked for runs, while a run wants to end."""

        was_asked = False

        def runs(self, **criteria):
            with self._lock:
                if not self.was_asked:
                    self.was_asked = True
                    gate.open.set()
                    signal.raise_signal(signal.SIGUSR1)
                return super().runs(**criteria)

    scheduler = Scheduler(store=Interrupted())
    before = signal.signal(signal.SIGUSR1, lambda *_: scheduler.shutdown(timeout=LONG))
    try:
        scheduler.add(gate, id="going-on")
        with scheduler:
            scheduler.run_now("going-on")
            assert gate.begun.wait(LONG)
            assert [run.job_id for run in scheduler.runs()] == ["going-on"]
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert outcome_of(scheduler, "going-on") == "succeeded"


def test_an_executor_that_refuses_an_attempt_fails_that_run_alone():
    class Refusing(ThreadExecutor):
        def submit(self, attempt):
            if attempt.job.id == "bad":
                raise SystemExit("no")
            super().submit(attempt)

    scheduler = Scheduler(executor=Refusing(4))
    at_once = [scheduler.add(lambda: 42, id=name, priority=-len(name)) for name in ("bad", "good")]
    with scheduler:
        handles = [scheduler.run_now(job.id) for job in at_once]
        assert (handles[0].wait(LONG).outcome, handles[0].wait(0).error) == ("failed", "no")
        assert handles[1].result(LONG) == 42
        assert scheduler.status().loop_failures == 0


def test_an_executor_that_refuses_what_a_store_hands_on_at_once_fails_that_run_alone(
    tmp_path, gate
):
    class Refusing(ThreadExecutor):
        def submit(self, attempt):
            if attempt.job.id == "bad":
                raise SystemExit("no")
            super().submit(attempt)

    # Such a store writes an ending and takes the row for the slot in one transaction.
    scheduler = Scheduler(executor=Refusing(1), store=SQLiteStore(tmp_path / "runs.db"))
    scheduler.add(gate, id="first")
    for name in ("bad", "good"):
        scheduler.add(lambda: 42, id=name, priority=-len(name))
    with scheduler:
        scheduler.run_now("first")
        assert gate.begun.wait(LONG)
        handles = [scheduler.run_now(name) for name in ("bad", "good")]
        gate.open.set()
        assert (handles[0].wait(LONG).outcome, handles[0].wait(0).error) == ("failed", "no")
        assert handles[1].result(LONG) == 42
        assert scheduler.status().loop_failures == 0


def test_the_slots_of_a_thread_executor_are_all_free_after_a_stop_with_hung_runs(gate):
    scheduler = Scheduler(executor=ThreadExecutor(1))
    scheduler.add(gate, id="hung")
    scheduler.add(lambda: 42, id="job")
    scheduler.start()
    scheduler.run_now("hung")
    assert gate.begun.wait(LONG)
    scheduler.shutdown(wait=False)
    with scheduler:
        assert scheduler.run_now("job").result(LONG) == 42
        assert scheduler.status().executors["default"]["abandoned"] == 1
