"""A fire time comes while a run goes on, or several have passed: overlap, coalesce, grace, pause.

What is judged, and in which order, is pure: `test_planner`. Here the judgement is carried out.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from cronkit import At, Every, current_run
from cronkit._cancel import CancelToken
from cronkit.errors import PolicyError
from cronkit.stores import MemoryStore
from tests.unit.noon import MINUTE, NOON, after_noon, outcomes


def rows(scheduler):
    """Return fire time, outcome, reason and count of each row, the oldest first."""
    return [
        (after_noon(run.fire_time), str(run.outcome), run.reason, run.count)
        for run in reversed(scheduler.runs())
    ]


# --- overlap ------------------------------------------------------------------------------------

LONG = "150s"
OVERLAPS = {
    # the outcome of each fire time, by minute; the first run goes on from 1 to 3.5
    "skip": ["succeeded", "skipped", "skipped", "succeeded"],
    "queue": ["succeeded", "succeeded", "skipped", "succeeded"],
    "allow": ["succeeded", "succeeded", "succeeded", "succeeded"],
    "cancel": ["cancelled", "cancelled", "cancelled", "succeeded"],
}


@pytest.mark.parametrize(("overlap", "expected"), OVERLAPS.items())
def test_a_fire_time_that_comes_during_a_run_obeys_the_rule(
    scheduler, clock, trace, overlap, expected
):
    scheduler.add(trace.job("j", LONG), Every("1m"), id="j", overlap=overlap, end=NOON + 5 * MINUTE)
    with scheduler:
        clock.advance("1h")
    assert [outcome for outcome, _ in outcomes(scheduler)] == expected


def test_a_queued_run_starts_when_the_one_before_ends(scheduler, clock, trace):
    scheduler.add(trace.job("j", LONG), Every("1m"), id="j", overlap="queue", max_runs=2)
    with scheduler:
        clock.advance("1h")
    assert [(begun, end) for _, begun, end in trace] == [(1, 3.5), (3.5, 6)]


def test_a_replaced_run_is_asked_to_stop_and_says_by_what(scheduler, clock):
    scheduler.add(lambda: current_run().sleep("5m"), Every("1m"), id="j", overlap="cancel")
    with scheduler:
        clock.advance("2m")
        old, new = reversed(scheduler.runs())
        assert (old.outcome, old.reason, after_noon(old.ended_at)) == ("cancelled", "overlap", 2)
        assert (new.phase, after_noon(new.started_at)) == ("running", 2)


def test_a_run_that_does_not_stop_is_not_replaced_and_that_is_recorded(scheduler, clock):
    def stubborn():
        begun = clock.now()
        while clock.now() - begun < 5 * MINUTE:
            try:
                current_run().sleep(begun + 5 * MINUTE - clock.now())
            except Exception:  # noqa: BLE001 -- it does not want to stop
                if current_run().cancelled:
                    clock_hands(begun + 5 * MINUTE - clock.now())

    def clock_hands(length):
        current_run()._attempt.sleeper(length.total_seconds(), CancelToken())

    scheduler.add(stubborn, Every("10m"), id="j", overlap="cancel", max_runs=1)
    with scheduler:
        clock.advance("11m")
        handle = scheduler.run_now("j")
        clock.advance("29s")
        assert not handle.done
        clock.advance("1s")
        assert (handle.wait(0).outcome, handle.wait(0).reason) == ("skipped", "not_stopped")


def test_a_run_whose_predecessor_did_stop_waits_for_its_slot_as_long_as_it_takes(make, clock):
    scheduler = make(max_concurrent_runs=1)
    scheduler.add(lambda: current_run().sleep("10m"), id="j", overlap="cancel")
    scheduler.add(lambda: current_run().sleep("5m"), id="other", priority=9)
    with scheduler:
        old = scheduler.run_now("j")
        clock.advance("1s")
        other = scheduler.run_now("other")
        new = scheduler.run_now("j")
        assert new.wait().outcome == "succeeded"
        assert (old.wait().outcome, other.wait().outcome) == ("cancelled", "succeeded")
        assert new.wait().started_at == other.wait().ended_at


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        (0, ["succeeded", "skipped", "skipped", "skipped"]),
        (1, ["succeeded", "succeeded", "skipped", "skipped"]),
        (2, ["succeeded", "succeeded", "succeeded", "skipped"]),
        (9, ["succeeded", "succeeded", "succeeded", "succeeded"]),
    ],
)
def test_so_many_wait_in_the_queue_and_no_more(scheduler, clock, trace, limit, expected):
    scheduler.add(
        trace.job("j", "10m"),
        Every("1m"),
        id="j",
        overlap="queue",
        queue_limit=limit,
        end=NOON + 5 * MINUTE,
    )
    with scheduler:
        clock.advance("2h")
        found = scheduler.runs()[::-1]
    assert [str(run.outcome) for run in found] == expected
    assert {run.reason for run in found if run.outcome == "skipped"} <= {"queue_full"}
    starts = [begun for _, begun, _ in trace]
    assert starts == [1 + 10 * place for place in range(expected.count("succeeded"))]


@pytest.mark.parametrize("overlap", ["skip", "queue"])
def test_what_is_skipped_names_the_run_that_was_in_the_way(scheduler, clock, overlap):
    scheduler.add(
        lambda: current_run().sleep("1h"), Every("1m"), id="j", overlap=overlap, queue_limit=0
    )
    with scheduler:
        clock.advance("2m")
        skipped, going = scheduler.runs()
    assert skipped.blocked_by == going.id


def test_a_run_in_the_way_is_in_the_way_of_its_own_job_only(scheduler, clock, trace):
    scheduler.add(trace.job("a", "1h"), Every("1m"), id="a")
    scheduler.add(trace.job("b"), Every("1m"), id="b")
    with scheduler:
        clock.advance("5m")
    assert outcomes(scheduler, "b") == [("succeeded", None)] * 5


def test_overlap_holds_over_all_schedulers_of_a_store(make, clock, trace):
    store = MemoryStore()
    for _ in range(2):
        each = make(store=store)
        each.add(trace.job("j", "150s"), Every("1m"), id="j", max_runs=2)
        each.start()
    clock.advance("10m")
    assert [(begun, end) for _, begun, end in trace] == [(1, 3.5), (4, 6.5)]


# --- several fire times have passed -------------------------------------------------------------

CAUGHT_UP = {
    # policies of a job that was asleep from 12:00 to 12:05: its rows, and the order of its calls
    "latest": (
        {},
        [(4, "skipped", "coalesced", 4), (5, "succeeded", None, 1)],
        [5],
    ),
    "earliest": (
        {"coalesce": "earliest"},
        [(1, "succeeded", None, 1), (5, "skipped", "coalesced", 4)],
        [1],
    ),
    "all": (
        {"coalesce": "all"},
        [(minute, "succeeded", None, 1) for minute in (1, 2, 3, 4, 5)],
        [1, 2, 3, 4, 5],
    ),
    "all, up to a limit": (
        {"coalesce": "all", "max_catch_up": 2},
        [
            (3, "skipped", "catch_up_limit", 3),
            (4, "succeeded", None, 1),
            (5, "succeeded", None, 1),
        ],
        [4, 5],
    ),
    "grace, then latest": (
        {"misfire_grace": "2m"},
        [
            (3, "misfired", "misfire_grace", 3),
            (4, "skipped", "coalesced", 1),
            (5, "succeeded", None, 1),
        ],
        [5],
    ),
    "grace that none is within": (
        {"misfire_grace": "1s", "coalesce": "all"},
        [(5, "misfired", "misfire_grace", 5)],
        [],
    ),
    "max_runs, then all": (
        {"coalesce": "all", "max_runs": 3},
        [(minute, "succeeded", None, 1) for minute in (1, 2, 3)],
        [1, 2, 3],
    ),
}


def asleep(clock, length):
    """Have the machine sleep: the wall clock jumps, and the scheduler notices when it wakes."""
    clock.step_wall(length)
    clock.advance(0)


@pytest.mark.parametrize("case", CAUGHT_UP.values(), ids=CAUGHT_UP.keys())
def test_fire_times_that_have_passed_are_decided_by_the_policies(scheduler, clock, case):
    policies, expected, calls = case
    called = []
    scheduler.add(
        lambda: called.append(after_noon(current_run().fire_time)),
        Every("1m"),
        id="j",
        end=NOON + 5.5 * MINUTE,
        **policies,
    )
    with scheduler:
        asleep(clock, 5 * MINUTE + timedelta(seconds=10))
        assert rows(scheduler) == expected
    assert called == calls


def test_a_hundred_are_caught_up_unless_another_number_is_said(scheduler, clock):
    called = []
    scheduler.add(
        lambda: called.append(after_noon(current_run().fire_time)),
        Every("1m"),
        id="j",
        coalesce="all",
        keep_runs=1_000,
    )
    with scheduler:
        asleep(clock, "150m")
        stretch = scheduler.runs(outcome="skipped")
    assert called == list(range(51, 151))
    assert [(run.reason, run.count) for run in stretch] == [("catch_up_limit", 50)]


@pytest.mark.parametrize(
    ("overlap", "starts"),
    [
        ("skip", [4, 5, 6, 7]),
        ("queue", [4, 5, 6, 7]),
        ("cancel", [4, 5, 6, 7]),  # they were not going on when they were decided
        ("allow", [4, 4, 5, 5]),
    ],
)
def test_what_is_caught_up_runs_one_after_another_unless_runs_may_overlap(
    make, clock, trace, overlap, starts
):
    scheduler = make(max_concurrent_runs=2)
    scheduler.add(
        trace.job("j", "1m"),
        Every("1m"),
        id="j",
        coalesce="all",
        end=NOON + 4.5 * MINUTE,
        overlap=overlap,
    )
    with scheduler:
        asleep(clock, "4m")
        clock.advance("10m")
    assert [begun for _, begun, _ in trace] == starts


def test_grace_is_held_against_the_decision_and_not_against_the_time_in_a_queue(make, clock):
    scheduler = make(max_concurrent_runs=1)
    scheduler.add(lambda: current_run().sleep("30m"), id="long")
    scheduler.add(lambda: None, At(NOON + MINUTE), id="j", misfire_grace="10s")
    with scheduler:
        scheduler.run_now("long")
        clock.advance("1h")
    (run,) = scheduler.runs("j")
    assert (run.outcome, run.lateness) == ("succeeded", 29 * MINUTE)


def test_the_order_of_judgement_is_pause_grace_coalesce_overlap(scheduler, clock):
    """One awakening, after which each rule has something to say."""
    scheduler.add(
        lambda: current_run().sleep("1h"), Every("1m"), id="j", misfire_grace="3m", max_runs=4
    )
    with scheduler:
        clock.advance("1m")  # a run goes on from here
        scheduler.pause("j", until=NOON + 3.5 * MINUTE)
        asleep(clock, "9m")
        assert rows(scheduler) == [
            (1, "None", None, 1),
            (3, "skipped", "paused", 2),
            (6, "misfired", "misfire_grace", 3),
            (9, "skipped", "coalesced", 3),
            (10, "skipped", "overlap", 1),
        ]


def test_max_runs_comes_before_all_other_rules(scheduler, clock):
    scheduler.add(lambda: None, Every("1m"), id="j", misfire_grace="10s", max_runs=1)
    with scheduler:
        clock.advance("1m")
        scheduler.pause("j", until=NOON + 3 * MINUTE)
        asleep(clock, "9m")
        assert rows(scheduler) == [(1, "succeeded", None, 1)]


# --- downtime -----------------------------------------------------------------------------------


def test_after_a_downtime_the_newest_fire_time_runs_and_the_rest_is_recorded(make, clock):
    store, ran = MemoryStore(), []

    def scheduler():
        each = make(store=store)
        each.add(lambda: ran.append(after_noon(current_run().fire_time)), Every("1h"), id="j")
        return each

    with scheduler():
        clock.advance("90m")
    clock.advance("3h")
    with scheduler() as second:
        clock.advance("1h")
        assert ran == [60, 240, 300]
        (stretch,) = second.runs(outcome="skipped")
    assert (stretch.reason, stretch.count) == ("coalesced", 2)
    assert (after_noon(stretch.first), after_noon(stretch.fire_time)) == (120, 180)


# --- how many are kept --------------------------------------------------------------------------


def test_no_more_ended_runs_are_kept_than_the_job_says(scheduler, clock):
    scheduler.add(lambda: None, Every("1m"), id="few", keep_runs=3)
    scheduler.add(lambda: None, Every("1m"), id="many")
    with scheduler:
        clock.advance("150m")
        assert [after_noon(run.fire_time) for run in scheduler.runs("few")] == [150, 149, 148]
        assert len(scheduler.runs("many")) == 100  # what a memory store keeps unless it is told


def test_what_goes_on_and_what_waits_is_kept_beyond_that(scheduler, clock):
    scheduler.add(
        lambda: current_run().sleep("10m"),
        Every("1m"),
        id="j",
        overlap="allow",
        max_concurrent=2,
        keep_runs=1,
    )
    with scheduler:
        clock.advance("5m")
        phases = [run.phase for run in scheduler.runs()]
    assert phases == ["waiting", "waiting", "waiting", "running", "running"]


def test_a_stretch_is_kept_as_one_row(scheduler, clock):
    scheduler.add(lambda: None, Every("1m"), id="j", keep_runs=2)
    with scheduler:
        asleep(clock, "50m")
        assert rows(scheduler) == [(49, "skipped", "coalesced", 49), (50, "succeeded", None, 1)]


def test_a_fire_time_whose_row_is_gone_is_not_run_again(make, clock):
    store, calls = MemoryStore(), []
    for _ in range(3):
        scheduler = make(store=store)
        scheduler.add(lambda: calls.append(current_run().id), Every("1m"), id="j", keep_runs=1)
        with scheduler:
            clock.advance("5m")
    assert len(calls) == len(set(calls)) == 15


@pytest.mark.parametrize("bad", [0, -1, 1.5, "all"])
def test_a_bad_number_of_rows_to_keep_is_refused(scheduler, bad):
    with pytest.raises(PolicyError, match="keep_runs"):
        scheduler.add(lambda: None, id="j", keep_runs=bad)
