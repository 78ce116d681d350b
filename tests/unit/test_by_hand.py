"""Runs that somebody asks for: `run_now`, on a started scheduler and on one that is not, and `backfill`."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import pytest

from cronkit import Backoff, Cron, Every, Scheduler, current_run
from cronkit.errors import (
    JobNotFoundError,
    NaiveDatetimeError,
    NotCallableError,
    PolicyError,
    StateError,
)
from cronkit.stores import MemoryStore
from tests.unit.noon import NOON


def facts(run):
    return run.id, run.outcome, run.reason


# --- on a started scheduler ---------------------------------------------------------------------


def test_a_run_by_hand_runs_at_the_next_step_and_is_recorded(scheduler, clock):
    scheduler.add(lambda: 42, id="answer")
    with scheduler:
        handle = scheduler.run_now("answer")
        assert not handle.done
        clock.advance(0)
        assert handle.done
        assert handle.result() == 42
    (run,) = scheduler.runs()
    assert facts(run) == ("answer@2026-01-01T12:00:00Z#1", "succeeded", None)
    assert (run.origin, run.attempt, run.fire_time) == ("hand", 1, NOON)


def test_the_id_has_the_whole_second_of_the_call_and_a_number(scheduler, clock):
    scheduler.add(lambda: None, id="j", overlap="allow")
    with scheduler:
        first = [scheduler.run_now("j").id for _ in range(3)]
        clock.advance("900ms")
        later = scheduler.run_now("j").id
        clock.advance("100ms")
        next_second = scheduler.run_now("j").id
    assert first == [f"j@2026-01-01T12:00:00Z#{n}" for n in (1, 2, 3)]
    assert later == "j@2026-01-01T12:00:00Z#4"
    assert next_second == "j@2026-01-01T12:00:01Z#1"


def test_an_id_is_not_used_again_when_its_run_was_pruned(scheduler, clock):
    scheduler.add(lambda: None, id="j", keep_runs=1)
    with scheduler:
        ids = []
        for _ in range(4):
            ids.append(scheduler.run_now("j").id)
            clock.advance(0)
    assert ids == [f"j@2026-01-01T12:00:00Z#{n}" for n in (1, 2, 3, 4)]


def test_two_schedulers_on_one_store_number_their_runs_together(make, clock):
    store = MemoryStore()
    one, two = make(store=store), make(store=store)
    for each in (one, two):
        each.add(lambda: None, id="j", overlap="allow")
    with one, two:
        ids = [each.run_now("j").id for each in (one, two, one, two)]
    assert ids == [f"j@2026-01-01T12:00:00Z#{n}" for n in (1, 2, 3, 4)]


def test_asking_often_within_one_second_costs_the_same_each_time(scheduler):
    decisions = []

    class Counting(MemoryStore):
        def decide(self, *given):
            decisions.append(given)
            return super().decide(*given)

    scheduler._app.core.store = Counting()
    scheduler.add(lambda: None, id="j", overlap="allow")
    with scheduler:
        for _ in range(50):
            scheduler.run_now("j")
    assert len(decisions) == 50


def test_a_run_by_hand_takes_arguments_in_place_of_the_jobs_own(scheduler, clock):
    scheduler.add(lambda *args, **kwargs: (args, kwargs), id="j", args=[1], kwargs={"a": 2})
    with scheduler:
        own, other_args, other_kwargs, none = (
            scheduler.run_now("j", force=True, **words)
            for words in ({}, {"args": [7, 8]}, {"kwargs": {"b": 9}}, {"args": [], "kwargs": {}})
        )
        clock.advance(0)
        assert own.result() == ((1,), {"a": 2})
        assert other_args.result() == ((7, 8), {"a": 2})
        assert other_kwargs.result() == ((1,), {"b": 9})
        assert none.result() == ((), {})


def test_arguments_given_are_copied_when_the_run_is_asked_for(scheduler, clock):
    scheduler.add(lambda *args, **kwargs: (args, kwargs), id="j")
    args, kwargs = [1], {"a": 1}
    with scheduler:
        handle = scheduler.run_now("j", args=args, kwargs=kwargs)
        args.append(2)
        kwargs["b"] = 2
        clock.advance(0)
        assert handle.result() == ((1,), {"a": 1})


def test_a_key_makes_a_second_call_give_the_first_run(scheduler, clock):
    scheduler.add(lambda: None, id="j")
    scheduler.add(lambda: None, id="other")
    with scheduler:
        first = scheduler.run_now("j", key="order 17")
        assert scheduler.run_now("j", key="order 17").id == first.id
        clock.advance("1h")
        again = scheduler.run_now("j", key="order 17")
        assert again.id == first.id
        assert again.done
        assert scheduler.run_now("j", key="order 18").id != first.id
        assert scheduler.run_now("other", key="order 17").id.startswith("other@")
    assert {run.key for run in scheduler.runs("j")} == {"order 17", "order 18"}


def test_a_key_that_another_scheduler_uses_at_the_same_moment_gives_its_run(make):
    class Late(MemoryStore):
        """Has another scheduler write the key between the look and the decision."""

        rival = None

        def decide(self, *given):
            rival, self.rival = self.rival, None
            if rival is not None:
                rival.run_now("j", key="k")
            return super().decide(*given)

    store = Late()
    one, two = make(store=store), make(store=store)
    for each in (one, two):
        each.add(lambda: None, id="j", overlap="allow")
    with one, two:
        store.rival = two
        handle = one.run_now("j", key="k")
        assert handle.id == "j@2026-01-01T12:00:00Z#1"
        assert len(one.runs("j")) == 1


def test_a_run_by_hand_obeys_overlap(scheduler, clock):
    scheduler.add(lambda: current_run().sleep("1m"), id="j")
    with scheduler:
        first = scheduler.run_now("j")
        clock.advance("1s")
        second = scheduler.run_now("j")
        assert second.done
        assert facts(second.wait()) == (second.id, "skipped", "overlap")
        assert second.wait().blocked_by == first.id


def test_a_run_by_hand_that_is_skipped_leaves_no_handle_behind(scheduler, clock):
    scheduler.add(lambda: current_run().sleep("1m"), id="j")
    with scheduler:
        scheduler.run_now("j")
        clock.advance("1s")
        scheduler.run_now("j")
        clock.advance("2m")
        assert not scheduler._app.engine.attempts.endings.handles


def test_a_forced_run_is_held_back_neither_by_overlap_nor_by_limits(make, clock):
    scheduler = make(limits={"heavy": 1})
    scheduler.add(lambda: current_run().sleep("1m"), id="j", tags={"heavy"})
    with scheduler:
        scheduler.run_now("j")
        clock.advance("1s")
        scheduler.run_now("j", force=True)
        clock.advance("1s")
        assert scheduler.status().runs_going_on == 2


def test_a_run_by_hand_ignores_pause_and_does_not_move_the_mark(scheduler, clock):
    scheduler.add(lambda: None, Every("1h"), id="j")
    with scheduler:
        scheduler.pause("j")
        clock.advance("90m")
        handle = scheduler.run_now("j")
        clock.advance(0)
        assert handle.wait().outcome == "succeeded"
        scheduler.unpause("j")
        clock.advance("30m")
    assert [facts(run)[1:] for run in scheduler.runs("j")] == [
        ("succeeded", None),  # 14:00, by trigger
        ("succeeded", None),  # 13:30, by hand
        ("skipped", "paused"),  # 13:00
    ]


def test_a_disabled_job_can_be_run_by_hand(scheduler, clock):
    scheduler.add(lambda: "done", Every("1h"), id="j", enabled=False)
    with scheduler:
        handle = scheduler.run_now("j")
        clock.advance("3h")
        assert handle.result() == "done"
    assert len(scheduler.runs("j")) == 1


def test_a_run_by_hand_counts_against_no_max_runs(scheduler, clock):
    scheduler.add(lambda: None, Every("1h"), id="j", max_runs=1)
    with scheduler:
        scheduler.run_now("j")
        clock.advance("3h")
        scheduler.run_now("j")
        clock.advance("3h")
    assert [run.origin for run in scheduler.runs("j")] == ["hand", "trigger", "hand"]


def test_a_run_by_hand_is_retried_like_any_other(scheduler, clock):
    def fails():
        raise OSError("gone")

    scheduler.add(fails, id="j", retry=Backoff(attempts=3, base="1s", jitter="none"))
    with scheduler:
        handle = scheduler.run_now("j")
        clock.advance("10s")
        assert (handle.wait().attempt, handle.wait().ended_at) == (3, NOON + timedelta(seconds=3))
        with pytest.raises(OSError, match="gone"):
            handle.result()


# --- on a scheduler that is not started ---------------------------------------------------------


def test_without_a_started_scheduler_it_runs_in_the_calling_thread(scheduler):
    threads = []
    scheduler.add(lambda: threads.append(threading.current_thread()), id="j")
    handle = scheduler.run_now("j")
    assert handle.done
    assert threads == [threading.current_thread()]
    assert [facts(run) for run in scheduler.runs()] == [
        ("j@2026-01-01T12:00:00Z#1", "succeeded", None)
    ]


def test_without_a_started_scheduler_hooks_are_told_all_the_same(scheduler):
    told = []
    scheduler.on()(lambda event: told.append(type(event).__name__))
    scheduler.add(lambda: None, id="j")
    scheduler.run_now("j")
    assert told == ["JobAdded", "RunWaiting", "AttemptStarted", "RunSucceeded"]


def test_without_a_started_scheduler_a_retry_is_waited_for(scheduler, clock):
    attempts = []

    def fails_once():
        attempts.append(clock.now())
        if len(attempts) == 1:
            raise OSError

    scheduler.add(fails_once, id="j", retry=Backoff(attempts=2, base="5s", jitter="none"))
    assert scheduler.run_now("j").wait().attempt == 2
    assert attempts == [NOON, NOON + timedelta(seconds=5)]


def test_without_a_started_scheduler_what_the_job_raises_is_its_result(scheduler):
    def fails():
        raise SystemExit(3)

    scheduler.add(fails, id="j")
    handle = scheduler.run_now("j")
    assert handle.wait().outcome == "failed"
    with pytest.raises(SystemExit):
        handle.result()


def test_a_job_that_runs_itself_by_hand_is_told_that_it_overlaps(scheduler):
    inner = []
    scheduler.add(lambda: inner.append(scheduler.run_now("j")), id="j")
    scheduler.run_now("j")
    assert inner[0].wait().reason == "overlap"


def test_a_run_by_hand_before_the_start_does_not_make_the_job_owe_anything(scheduler, clock):
    scheduler.add(lambda: None, Every("1h"), id="j")
    scheduler.run_now("j")
    clock.advance("3h")
    with scheduler:
        clock.advance("30m")
    assert [run.origin for run in scheduler.runs()] == ["hand"]


# --- bad requests -------------------------------------------------------------------------------


@pytest.mark.parametrize("started", [False, True])
@pytest.mark.parametrize(
    ("words", "error"),
    [
        ({"args": 5}, PolicyError),
        ({"args": "text"}, PolicyError),
        ({"args": [1, 2, 3]}, NotCallableError),
        ({"kwargs": 5}, PolicyError),
        ({"kwargs": [("a", 1)]}, PolicyError),
        ({"kwargs": {1: 2}}, PolicyError),
        ({"kwargs": {"unknown": 2}}, NotCallableError),
        ({"force": "yes"}, PolicyError),
        ({"force": 1}, PolicyError),
        ({"key": ""}, PolicyError),
        ({"key": 5}, PolicyError),
        ({"key": "two\nlines"}, PolicyError),
        ({"key": "k" * 256}, PolicyError),
    ],
)
def test_a_bad_request_leaves_no_run_behind(scheduler, started, words, error):
    scheduler.add(lambda a=1: a, id="j")
    if started:
        scheduler.start()
    with pytest.raises(error):
        scheduler.run_now("j", **words)
    assert scheduler.runs() == []


@pytest.mark.parametrize("job_id", ["k", "", None, 5, [], "j\n"])
def test_a_run_of_a_job_that_is_not_there_is_refused(scheduler, job_id):
    scheduler.add(lambda: None, id="j")
    with pytest.raises(JobNotFoundError):
        scheduler.run_now(job_id)


# --- backfill -----------------------------------------------------------------------------------


@pytest.fixture
def daily(scheduler):
    scheduler.add(lambda: current_run().fire_time, Cron("0 9 * * *", tz="Europe/Paris"), id="daily")
    return scheduler


def test_backfill_runs_each_fire_time_from_start_up_to_end(daily, clock):
    with daily:
        handles = daily.backfill("daily", "2025-12-01T08:00+00:00", "2025-12-03T08:00+00:00")
        clock.advance(0)
        assert [handle.id for handle in handles] == [
            "daily@2025-12-01T08:00:00Z#b1",
            "daily@2025-12-02T08:00:00Z#b1",
        ]
        assert [handle.result().isoformat() for handle in handles] == [
            "2025-12-01T09:00:00+01:00",
            "2025-12-02T09:00:00+01:00",
        ]
    assert {run.origin for run in daily.runs()} == {"backfill"}


def test_backfill_reads_naive_text_in_the_zone_of_the_scheduler(make):
    scheduler = make(timezone="Europe/Paris")
    scheduler.add(lambda: None, Every("1h"), id="hourly")
    with scheduler:
        (handle,) = scheduler.backfill("hourly", "2025-12-01T00:00", "2025-12-01T01:00")
    assert handle.id == "hourly@2025-11-30T23:00:00Z#b1"


def test_backfill_leaves_out_what_has_succeeded_or_still_waits(daily, clock):
    span = ("2025-12-01", "2025-12-03")
    with daily:
        first = daily.backfill("daily", *span)
        assert daily.backfill("daily", *span) == []
        clock.advance(0)
        assert daily.backfill("daily", *span) == []
    assert len(first) == 2


def test_backfill_runs_again_what_has_failed_under_the_next_number(scheduler, clock):
    def fails():
        raise OSError

    scheduler.add(fails, Every("1d"), id="j")
    with scheduler:
        for number in (1, 2, 3):
            (handle,) = scheduler.backfill("j", "2025-12-01", "2025-12-02")
            clock.advance(0)
            assert handle.id == f"j@2025-12-01T00:00:00Z#b{number}"
            assert handle.wait().outcome == "failed"


def test_backfill_takes_what_was_skipped_by_trigger(scheduler, clock):
    scheduler.add(lambda: None, Every("1h"), id="j")
    with scheduler:
        scheduler.pause("j")
        clock.advance("150m")
        scheduler.unpause("j")
        handles = scheduler.backfill("j", NOON + timedelta(minutes=1), clock.now())
        clock.advance(0)
        assert [handle.wait().fire_time.hour for handle in handles] == [13, 14]


def test_backfill_runs_one_after_another_and_moves_no_mark(scheduler, clock):
    scheduler.add(lambda: current_run().sleep("10s"), Every("1h"), id="j")
    with scheduler:
        scheduler.backfill("j", "2025-12-01T00:00", "2025-12-01T03:00")
        clock.advance("1m")
        runs = scheduler.runs("j")
        assert [run.started_at - NOON for run in reversed(runs)] == [
            timedelta(seconds=s) for s in (0, 10, 20)
        ]
        clock.advance("1h")
        assert scheduler.runs("j")[0].origin == "trigger"


@pytest.mark.parametrize(
    ("job_id", "start", "end", "error"),
    [
        ("daily", "2025-12-02", "2025-12-01", PolicyError),
        ("daily", "2025-12-02", "2025-12-02", PolicyError),
        ("daily", datetime(2025, 12, 1), "2025-12-02", NaiveDatetimeError),
        ("daily", "2025-12-01", datetime(2025, 12, 2), NaiveDatetimeError),
        ("daily", 5, "2025-12-02", PolicyError),
        ("daily", "soon", "2025-12-02", PolicyError),
        ("daily", None, None, PolicyError),
        ("daily", "1970-01-01", "2026-01-01", PolicyError),  # 20,454 fire times
        ("weekly", "2025-12-01", "2025-12-02", JobNotFoundError),
        (None, "2025-12-01", "2025-12-02", JobNotFoundError),
    ],
)
def test_a_bad_backfill_leaves_no_run_behind(daily, job_id, start, end, error):
    with daily:
        with pytest.raises(error):
            daily.backfill(job_id, start, end)
        assert daily.runs() == []


def test_backfill_wants_a_started_scheduler(daily):
    with pytest.raises(StateError, match="start"):
        daily.backfill("daily", "2025-12-01", "2025-12-02")


@pytest.mark.parametrize("fake", [True, False], ids=["fake time", "real time"])
def test_a_job_is_told_that_it_holds_up_what_it_asks_for_itself(make, fake):
    scheduler, told = make() if fake else Scheduler(), []

    def job():
        if not told:
            told.append(None)
            with pytest.raises(StateError, match="held back by a run that goes on") as error:
                scheduler.run_now("job")
            told.append(error.value)

    scheduler.add(job, None, id="job", overlap="queue")
    assert scheduler.run_now("job").result() is None
    assert len(told) == 2
