"""A store of this process decides and hands out rows in one call: nothing is lost in between."""

from __future__ import annotations

import pytest

from cronkit import Every
from cronkit.errors import StoreError
from cronkit.executors import ThreadExecutor
from cronkit.jobs import AttemptStarted, RunSucceeded, RunWaiting
from cronkit.stores import MemoryStore

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
