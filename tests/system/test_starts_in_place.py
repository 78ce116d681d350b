"""Who may start runs: the loop may, and a worker that reports; nobody else's thread."""

from __future__ import annotations

import logging
import threading
from datetime import UTC, datetime, timedelta

import pytest

from cronkit import Every, Scheduler
from cronkit.executors import InlineExecutor
from cronkit.jobs import RunWaiting
from cronkit.stores import SQLiteStore

pytestmark = pytest.mark.system
LONG = 20.0


def test_a_run_by_hand_that_an_inline_job_asks_for_starts():
    scheduler, other = Scheduler(executor=InlineExecutor()), threading.Event()
    scheduler.add(other.set, None, id="other")
    scheduler.add(lambda: scheduler.run_now("other"), Every("100ms"), id="asks", max_runs=1)
    with scheduler:
        assert other.wait(LONG)


def test_a_backfill_that_an_inline_job_asks_for_starts():
    scheduler, filled = Scheduler(executor=InlineExecutor()), threading.Semaphore(0)
    begin = datetime.now(UTC) - timedelta(hours=3)

    def ask():
        scheduler.backfill("other", begin, begin + timedelta(hours=2))

    scheduler.add(filled.release, Every("1h"), id="other")
    scheduler.add(ask, Every("100ms"), id="asks", max_runs=1)
    with scheduler:
        assert filled.acquire(timeout=LONG)
        assert filled.acquire(timeout=LONG)


def until_due(scheduler, job_id):
    """Hold the scheduler up until a fire time of the job has come that it has not decided yet."""
    lock = scheduler._app.core.lock
    lock.acquire()
    due = scheduler._app.engine.decider.next_fire(job_id)
    while datetime.now(UTC) <= due:
        threading.Event().wait(0.01)
    return lock


def test_a_pause_runs_no_job_in_the_thread_that_calls_it():
    threads = []
    scheduler = Scheduler(executor=InlineExecutor())
    scheduler.add(lambda: threads.append(threading.current_thread()), Every("300ms"), id="job")
    with scheduler:
        lock = until_due(scheduler, "job")
        try:
            scheduler.pause("job")
            assert threading.current_thread() not in threads
        finally:
            lock.release()
        assert scheduler.wait_idle(LONG)
        assert len(threads) >= 1  # it was due before the pause


def test_a_pause_starts_no_run_while_the_scheduler_stops():
    begun, gate, calls = threading.Event(), threading.Event(), []
    scheduler = Scheduler()
    scheduler.add(lambda: (begun.set(), gate.wait(LONG)), None, id="long")
    scheduler.add(lambda: calls.append(None), Every("300ms"), id="job")
    scheduler.start()
    scheduler.run_now("long")
    assert begun.wait(LONG)
    lock = until_due(scheduler, "job")
    try:
        before = len(calls)
        scheduler._app.engine.attempts.draining = True  # as `shutdown` begins
        scheduler.pause("job")
    finally:
        lock.release()
    stopping = threading.Thread(target=scheduler.shutdown)
    stopping.start()
    gate.set()
    stopping.join(LONG)
    assert len(calls) == before


class FailsSoon:
    """A trigger that gives one fire time and raises when it is asked for the next."""

    def __init__(self):
        self.first = datetime.now(UTC) + timedelta(seconds=1)

    def next(self, after):
        if after >= self.first:
            raise ValueError("no more")
        return self.first


def test_a_log_handler_that_reads_and_takes_its_time_holds_no_shared_store_up(tmp_path):
    one, two = (Scheduler(store=SQLiteStore(tmp_path / "state.db")) for _ in range(2))
    one.add(lambda: None, FailsSoon(), id="fails")
    two.add(lambda: None, None, id="hand")
    complained, go_on, found = threading.Event(), threading.Event(), []

    class Asking(logging.Handler):
        def emit(self, record):
            if "the trigger of" in record.msg and not complained.is_set():
                found.append(one.runs())
                complained.set()
                go_on.wait(LONG)

    handler = Asking()
    logging.getLogger("cronkit").addHandler(handler)
    try:
        with one, two:
            assert complained.wait(LONG)
            assert two.run_now("hand").result(LONG) is None
            go_on.set()
        assert found == [[]]
    finally:
        go_on.set()
        logging.getLogger("cronkit").removeHandler(handler)


def test_a_hook_that_comes_while_runs_go_on_hears_of_what_waits_from_then_on():
    scheduler, told = Scheduler(), threading.Event()
    scheduler.add(lambda: None, Every("100ms"), id="job")
    with scheduler:

        @scheduler.on(RunWaiting)
        def hear(_event):
            told.set()

        assert told.wait(LONG)
