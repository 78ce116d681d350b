"""A store decides and hands out rows in one call: nothing is lost in between."""

from __future__ import annotations

import logging
import threading
from datetime import UTC, datetime, timedelta

import pytest

from cronkit import Every
from cronkit.errors import StoreError
from cronkit.executors import ThreadExecutor
from cronkit.jobs import (
    AttemptStarted,
    Decision,
    Limits,
    RunSucceeded,
    RunWaiting,
    Verdict,
    build_job,
    run_id,
)
from cronkit.stores import MemoryStore, SQLiteStore
from tests.unit.around import Around

ERRORS = (ZeroDivisionError("a fault of the store"), StoreError("faulty", "gone"))


class Faulty(MemoryStore):
    """A store that raises `error` in its next call.

    Attributes:
        error: what it raises.
        after: what it does before that: ``"nothing"``, ``"judging"`` or ``"writing"``.
        calls: how often it decided and handed out rows in one call.
    """

    def __init__(self) -> None:
        super().__init__()
        self.error: Exception | None = None
        self.after = "nothing"
        self.calls = 0

    def decide_and_take(self, job_ids, judge, *args, **options):
        self.calls += 1
        error, self.error = self.error, None
        if error is None:
            return super().decide_and_take(job_ids, judge, *args, **options)
        if self.after == "judging":
            for state in self.states(job_ids).values():
                judge(state)
        elif self.after == "writing":
            super().decide_and_take(job_ids, judge, *args, **options)
        raise error


@pytest.fixture
def store():
    return Faulty()


def past_the_fault(clock, moment):
    """Let time pass; a fault of the store comes through, and time goes on after it."""
    try:
        clock.advance_to(moment)
    except ZeroDivisionError:
        clock.advance_to(moment)


@pytest.mark.parametrize("error", ERRORS, ids=["its own fault", "lost"])
@pytest.mark.parametrize("after", ["nothing", "judging"])
def test_fire_times_that_the_store_did_not_write_are_decided_when_it_answers(
    make, clock, store, error, after
):
    scheduler = make(store=store)
    for name in ("one", "two"):
        scheduler.every("1m", id=name, misfire_grace="5m")(lambda: None)
    with scheduler:
        store.error, store.after = error, after
        past_the_fault(clock, "2026-01-01T12:01:10+00:00")
        runs = scheduler.runs()
        assert sorted((run.job_id, run.outcome) for run in runs) == [
            ("one", "succeeded"),
            ("two", "succeeded"),
        ]
        assert {run.fire_time.minute for run in runs} == {1}
        clock.advance("2m")
        assert len(scheduler.runs()) == 6


@pytest.mark.parametrize("error", ERRORS, ids=["its own fault", "lost"])
def test_rows_that_it_wrote_and_did_not_hand_over_start_when_it_answers(make, clock, store, error):
    calls = []
    scheduler = make(store=store)
    scheduler.every("1m", id="job")(lambda: calls.append(clock.now()))
    with scheduler:
        store.error, store.after = error, "writing"
        past_the_fault(clock, "2026-01-01T12:01:20+00:00")
        (run,) = scheduler.runs()
        assert (run.outcome, run.fire_time.minute, len(calls)) == ("succeeded", 1, 1)
        clock.advance("1m")
        assert len(calls) == 2


def test_who_wants_to_hear_of_waiting_runs_hears_of_them_before_they_start(make, clock, store):
    scheduler, heard = make(store=store), []
    scheduler.every("1m", id="job")(lambda: None)
    with scheduler:
        clock.advance("1m")
        assert store.calls == 1

        @scheduler.on(RunWaiting, AttemptStarted, RunSucceeded)
        def hear(event):
            heard.append((type(event), event.run.phase))

        clock.advance("1m")
        assert store.calls == 1
        assert heard == [
            (RunWaiting, "waiting"),
            (AttemptStarted, "running"),
            (RunSucceeded, "ended"),
        ]
        scheduler.hooks.remove(hear)
        clock.advance("1m")
        assert store.calls == 2


def test_jobs_on_several_executors_are_handed_out_to_each_its_own(make, clock, store):
    scheduler = make(store=store, executors={"other": ThreadExecutor(1)})
    scheduler.every("1m", id="here")(lambda: None)
    for name in ("there", "there-too"):
        scheduler.every("1m", id=name, executor="other")(lambda: None)
    with scheduler:
        clock.advance("1m")
        assert store.calls == 0
        assert [run.outcome for run in scheduler.runs()] == ["succeeded"] * 3


def test_what_finds_no_slot_starts_in_order_as_slots_become_free(make, clock, store):
    scheduler, order = make(store=store, max_concurrent_runs=1), []
    for priority, name in enumerate("abc"):
        scheduler.add(lambda name=name: order.append(name), Every("1m"), id=name, priority=priority)
    with scheduler:
        clock.advance("1m")
        assert order == ["c", "b", "a"]
        assert store.calls == 1


class Counting(SQLiteStore):
    """A store on the disk that writes down its transactions."""

    def __init__(self, path):
        super().__init__(path)
        self.seen = []

    def _writing(self):
        self.seen.append("write")
        return super()._writing()

    def _reading(self):
        self.seen.append("read")
        return super()._reading()


def test_on_a_disk_a_run_starts_after_one_transaction_and_ends_with_another(make, clock, tmp_path):
    store, seen = Counting(tmp_path / "state.db"), []
    scheduler = make(store=store)
    scheduler.every("1m", id="job")(lambda: seen.append(store.seen.copy()))
    with scheduler:
        clock.advance("59s")
        store.seen.clear()
        clock.advance("1s")
        assert seen == [["write"]]
        assert store.seen == ["write", "write"]
        assert [run.outcome for run in scheduler.runs()] == ["succeeded"]


class Overridden(MemoryStore):
    """A store with a `decide` and a `take` of its own."""

    def __init__(self):
        super().__init__()
        self.asked = []

    def decide(self, job_ids, plan, now):
        self.asked.append("decide")
        return super().decide(job_ids, plan, now)

    def take(self, owner, job_ids, free, limits, now):
        self.asked.append("take")
        return super().take(owner, job_ids, free, limits, now)


class AroundDecide(Around):
    def decide(self, job_ids, plan, now):
        self.asked.append("decide")
        return self._store.decide(job_ids, plan, now)

    def take(self, owner, job_ids, free, limits, now):
        self.asked.append("take")
        return self._store.take(owner, job_ids, free, limits, now)


@pytest.mark.parametrize("kind", [Overridden, AroundDecide])
def test_a_store_that_has_another_decide_or_take_is_asked_by_these(make, clock, kind):
    store = kind()
    scheduler = make(store=store)
    scheduler.every("1m", id="job")(lambda: None)
    with scheduler:
        clock.advance("1s")
        store.asked.clear()
        clock.advance("2m")
        assert store.asked == ["decide", "take"] * 2


class LeavesOut(MemoryStore):
    """A store that leaves out a job once, as one that another scheduler has locked."""

    left_out = False

    def decide_and_take(self, job_ids, *args, **options):
        job_ids, self.left_out = (job_ids if self.left_out else job_ids[1:]), True
        return super().decide_and_take(job_ids, *args, **options)


def test_a_job_that_a_store_leaves_out_is_looked_at_again_soon(make, clock):
    scheduler = make(store=LeavesOut())
    scheduler.every("1m", id="job")(lambda: None)
    with scheduler:
        clock.advance("1m")
        assert scheduler.runs() == []
        clock.advance("1s")
        assert [run.fire_time.minute for run in scheduler.runs()] == [1]


class PlansTwice(MemoryStore):
    """A store that could not commit a transaction, and plans it anew."""

    decide_and_take = None

    def decide(self, job_ids, plan, now):
        plan(list(self.states(job_ids).values()))
        return super().decide(job_ids, plan, now)


def test_a_store_that_plans_a_transaction_anew_loses_no_fire_time(make, clock):
    scheduler = make(store=PlansTwice())
    scheduler.every("1m", id="job")(lambda: None)
    with scheduler:
        clock.advance("5m")
        assert len(scheduler.runs()) == 5


class PlansPartly(MemoryStore):
    """A store that plans a transaction anew, and finds the same two of four jobs locked."""

    decide_and_take = None
    locked = True

    def decide(self, job_ids, plan, now):
        free = job_ids[:2] if self.locked and len(job_ids) == 4 else job_ids
        self.locked = self.locked and len(free) == len(job_ids)
        plan(list(self.states(free).values()))
        return super().decide(free, plan, now)


def test_what_a_store_left_out_twice_is_asked_for_again(make, clock):
    scheduler = make(store=PlansPartly())
    for job_id in "abcd":
        scheduler.every("1h", id=job_id)(lambda: None)
    with scheduler:
        clock.advance("1h")
        assert sorted(run.job_id for run in scheduler.runs()) == ["a", "b"]
        clock.advance("1s")
        assert sorted(run.job_id for run in scheduler.runs()) == ["a", "b", "c", "d"]


def test_a_run_that_is_cancelled_while_the_next_job_is_judged_does_not_start():
    now, store = datetime(2026, 1, 1, tzinfo=UTC), MemoryStore()
    store.open("me", now)
    store.register([build_job(print, None, UTC, {"id": each}, {}) for each in "ab"], now)
    first = run_id("a", now)

    def judge(state):
        if state.job_id == "a":
            return Verdict("a", (Decision(first, "a", now, now),), now)
        store.cancel(first, "by hand", now)
        return None

    limits = Limits(jobs={}, tags={}, tags_of={})
    _, taken, more = store.decide_and_take("ab", judge, "me", "ab", 5, limits=limits, now=now)
    assert (list(taken), more) == ([], False)
    assert store.get(first).outcome == "cancelled"


def test_a_pause_starts_nothing_before_what_goes_first(make, clock):
    scheduler, order = make(max_concurrent_runs=1), []
    for name, priority in (("low", 0), ("high", 5)):
        scheduler.add(lambda name=name: order.append(name), Every("1m"), id=name, priority=priority)
    with scheduler:
        clock.advance("1m")
        order.clear()
        clock.step_wall("1m")
        scheduler.pause("low")
        clock.advance(0)
        assert order == ["high", "low"]


# --- what a trigger raises is logged when the store has written ------------------------------------


class FailsAtFirst:
    """A trigger that raises when it is asked for what follows its first fire time."""

    def next(self, after):
        if after >= datetime(2026, 1, 1, 12, 1, tzinfo=UTC):
            raise ValueError("no more")
        return after.replace(second=0, microsecond=0) + timedelta(minutes=1)


@pytest.fixture
def on_complaint():
    """Call something in a log handler, at the first complaint about a trigger."""
    logger, handlers = logging.getLogger("cronkit"), []

    class Acting(logging.Handler):
        def __init__(self, act):
            super().__init__()
            self.act = act

        def emit(self, record):
            if self.act is not None and "the trigger of" in record.msg:
                act, self.act = self.act, None
                act()

    def listen(act):
        handlers.append(Acting(act))
        logger.addHandler(handlers[-1])
        return handlers[-1]

    yield listen
    for each in handlers:
        logger.removeHandler(each)


DEEDS = {
    "add": lambda it: it.add(lambda: None, Every("1m"), id="new"),
    "pause": lambda it: it.pause("good"),
    "remove": lambda it: it.remove("good"),
    "reschedule": lambda it: it.reschedule("good", Every("2m")),
    "run_now": lambda it: it.run_now("hand"),
    "shutdown": lambda it: it.shutdown(wait=False),
    "unpause": lambda it: it.unpause("good"),
    "update": lambda it: it.update("good", priority=5),
}


@pytest.mark.parametrize("deed", DEEDS)
@pytest.mark.parametrize("bad", ["a-bad", "z-bad"])
def test_a_log_handler_may_act_on_the_jobs_that_are_due_too(make, clock, on_complaint, deed, bad):
    scheduler, calls = make(), []
    scheduler.add(lambda: calls.append(clock.now()), Every("1m"), id="good")
    scheduler.add(lambda: None, FailsAtFirst(), id=bad)
    scheduler.add(lambda: calls.append("hand"), None, id="hand")
    handler = on_complaint(lambda: DEEDS[deed](scheduler))
    scheduler.start()
    clock.advance("3m")
    assert handler.act is None
    assert [run for run in scheduler.runs() if run.outcome is None] == []
    # What was due with the failing job has started; what follows is as the handler wanted it.
    left = {"pause": 1, "remove": 1, "reschedule": 2, "run_now": 4, "shutdown": (0, 1)}.get(deed, 3)
    assert len(calls) in (left if isinstance(left, tuple) else (left,))


def test_a_log_handler_may_wait_for_another_thread_that_reads_the_store(make, clock, on_complaint):
    store, read = MemoryStore(), []
    scheduler = make(store=store)
    scheduler.add(lambda: None, FailsAtFirst(), id="bad")

    def ask():
        reader = threading.Thread(target=lambda: read.append(store.runs()), daemon=True)
        reader.start()
        reader.join(10)

    on_complaint(ask)
    with scheduler:
        clock.advance("1m")
        assert len(read) == 1


class Removing:
    """A trigger of an application that removes jobs at its third fire time, its own too."""

    def __init__(self, scheduler):
        self.scheduler = scheduler

    def next(self, after):
        if after.minute == 3:
            for job_id in ("before", "own", "zero"):
                if job_id in self.scheduler:
                    self.scheduler.remove(job_id)
        return after.replace(second=0, microsecond=0) + timedelta(minutes=1)


def test_a_trigger_may_remove_jobs_that_are_due_too(make, clock):
    scheduler = make()
    for job_id in ("before", "stays", "zero"):
        scheduler.add(lambda: None, Every("1m"), id=job_id)
    scheduler.add(lambda: None, Removing(scheduler), id="own")
    with scheduler:
        clock.advance("10m")
        assert list(scheduler.jobs) == ["stays"]
        assert [each.job_id for each in scheduler.upcoming(limit=3)] == ["stays"] * 3
        assert scheduler.status().loop_failures == 0
        assert len(scheduler.runs("stays")) == 10
        assert {run.outcome for run in scheduler.runs()} == {"succeeded", "cancelled"}
        assert len(scheduler.runs("own")) == 3
