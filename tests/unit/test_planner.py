"""What the planner makes of fire times that are due: a job, a state and an instant, no machine."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cronkit._engine._firing import due_at, next_fire, previous_fire
from cronkit._engine._planner import (
    NOT_STOPPED_AFTER,
    outlook,
    plan_extra,
    plan_job,
    plan_skip_to,
    plan_unpause,
)
from cronkit.jobs import KEEP, Decision, JobState, LiveRun, Pause, Verdict, build_job, run_id
from cronkit.triggers import Cron, Every

T = datetime(2026, 1, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
MOMENT = timedelta(microseconds=1)


def job_of(trigger=None, **policies):
    trigger = Every("1m") if trigger is None else trigger
    return build_job(lambda: None, trigger, UTC, {"id": "j", **policies}, {})


def state_of(mark=T, **facts):
    return JobState(job_id="j", first_seen=T - timedelta(days=1), mark=mark, **facts)


def going(name="old", **facts):
    return LiveRun(id=name, running=True, attempt=1, **facts)


def waiting(name="queued", attempt=0):
    return LiveRun(id=name, running=False, attempt=attempt)


def rows(plan):
    return [] if plan.verdict is None else list(plan.verdict.decisions)


def waits(plan):
    """Return when to look again at a job of which nothing is due, nor its next fire time known."""
    assert plan.verdict is None
    assert plan.fire is None
    return plan.due


def told(decision):
    """A row in a few words: when, what, why, of how many."""
    minutes = (decision.fire_time - T) / MINUTE
    outcome = "runs" if decision.outcome is None else str(decision.outcome)
    return minutes, outcome, decision.reason, decision.count


# --- what to wait for ---------------------------------------------------------------------------


def test_nothing_is_due_before_the_fire_time():
    plan = plan_job(job_of(), state_of(), T + MINUTE - MOMENT)
    assert (plan.verdict, plan.fire, plan.due) == (None, T + MINUTE, T + MINUTE)


def test_a_fire_time_is_due_at_its_very_instant():
    plan = plan_job(job_of(), state_of(), T + MINUTE)
    assert [told(row) for row in rows(plan)] == [(1, "runs", None, 1)]
    assert plan.verdict.mark == T + MINUTE
    assert (plan.fire, plan.due) == (T + 2 * MINUTE, T + 2 * MINUTE)


def test_the_row_of_one_fire_time_says_all_that_a_store_needs():
    job = job_of(priority=7)
    (row,) = rows(plan_job(job, state_of(), T + MINUTE))
    assert row == Decision(
        run_id="j@2026-01-01T12:01:00Z",
        job_id="j",
        fire_time=T + MINUTE,
        not_before=T + MINUTE,
        origin="trigger",
        priority=7,
    )


def test_a_verdict_leaves_the_pause_as_it_is():
    assert plan_job(job_of(), state_of(), T + MINUTE).verdict.pause == KEEP


def test_a_new_job_owes_nothing_before_it_was_first_seen():
    state = JobState(job_id="j", first_seen=T)
    assert plan_job(job_of(), state, T).verdict is None
    assert plan_job(job_of(), state, T).fire == T + MINUTE


def test_the_mark_counts_and_not_the_first_start_once_there_is_one():
    state = JobState(job_id="j", first_seen=T, mark=T + 5 * MINUTE)
    assert outlook(job_of(), state).fire == T + 6 * MINUTE


def test_a_fire_time_found_earlier_is_used_until_the_mark_has_come_up_to_it():
    fake = T + timedelta(hours=3)
    assert outlook(job_of(), state_of(), fake).fire == fake
    assert outlook(job_of(), state_of(mark=fake - MOMENT), fake).fire == fake
    assert outlook(job_of(), state_of(mark=fake), fake).fire == fake + MINUTE


def test_planning_uses_the_fire_time_that_is_known():
    assert plan_job(job_of(), state_of(), T + MINUTE, T + timedelta(hours=3)).verdict is None


@pytest.mark.parametrize("state", [state_of(), state_of(pause=Pause(at=T))])
def test_a_disabled_job_waits_for_nothing(state):
    assert waits(outlook(job_of(enabled=False), state)) is None


def test_a_job_without_a_trigger_waits_for_nothing():
    job = build_job(lambda: None, None, UTC, {"id": "j"}, {})
    assert waits(outlook(job, state_of())) is None


def test_a_finished_trigger_waits_for_nothing():
    job = job_of(end=T + MINUTE)
    assert waits(outlook(job, state_of())) is None


# --- start, end, max_runs -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "after", "expected"),
    [
        (T, T - 5 * MINUTE, T),  # a fire time at `start` itself counts
        (T + MOMENT, T - 5 * MINUTE, T + MINUTE),
        (T, T - MOMENT, T),
        (T, T, T + MINUTE),
        (T - MINUTE, T, T + MINUTE),
    ],
)
def test_no_fire_time_lies_before_start(start, after, expected):
    assert next_fire(job_of(start=start), after) == expected


@pytest.mark.parametrize(
    ("end", "expected"),
    [(T + MINUTE, None), (T + MINUTE + MOMENT, T + MINUTE), (T + MINUTE - MOMENT, None)],
)
def test_no_fire_time_lies_at_or_after_end(end, expected):
    assert next_fire(job_of(end=end), T) == expected


@pytest.mark.parametrize(
    ("bounds", "before", "expected"),
    [
        ({}, T, T - MINUTE),
        ({"start": T - MINUTE}, T, T - MINUTE),
        ({"start": T - MINUTE + MOMENT}, T, None),
        ({"end": T - 5 * MINUTE}, T, T - 6 * MINUTE),
        ({"end": T + MINUTE}, T, T - MINUTE),
        ({"end": T - 5 * MINUTE + MOMENT}, T, T - 5 * MINUTE),
    ],
)
def test_looking_back_keeps_to_start_and_end(bounds, before, expected):
    assert previous_fire(job_of(**bounds), before) == expected


def test_looking_back_beyond_all_time_finds_nothing():
    assert previous_fire(job_of(Cron("0 0 1 1 *")), datetime(1, 1, 1, 1, tzinfo=UTC)) is None


def test_fire_times_are_instants_in_utc_whatever_the_zone_of_the_trigger():
    job = job_of(Cron("0 9 * * *", tz="Europe/Paris"))
    assert next_fire(job, T).tzinfo is UTC
    assert previous_fire(job, T).tzinfo is UTC


@pytest.mark.parametrize(("planned", "runs"), [(0, True), (1, True), (2, False), (3, False)])
def test_max_runs_counts_the_runs_that_the_trigger_was_given(planned, runs):
    plan = plan_job(job_of(max_runs=2), state_of(planned=planned), T + MINUTE)
    assert bool(rows(plan)) is runs
    assert (plan.fire is not None) is (planned == 0)


def test_a_spent_job_is_left_alone_even_while_it_is_paused():
    state = state_of(planned=1, pause=Pause(at=T, until=T + MINUTE))
    assert waits(outlook(job_of(max_runs=1), state)) is None


def test_a_skipped_fire_time_does_not_use_up_max_runs():
    plan = plan_job(job_of(max_runs=1), state_of(live=(going(),)), T + MINUTE)
    assert [told(row) for row in rows(plan)] == [(1, "skipped", "overlap", 1)]
    assert plan.fire == T + 2 * MINUTE


def test_catching_up_never_gives_more_runs_than_max_runs():
    job = job_of(max_runs=5, coalesce="all")
    plan = plan_job(job, state_of(planned=2), T + 10 * MINUTE)
    assert [told(row) for row in rows(plan)] == [(n, "runs", None, 1) for n in (1, 2, 3)]
    assert plan.fire is None


# --- several fire times are due -----------------------------------------------------------------

SEVERAL = {
    # policies: rows at T + 5 minutes, all of minutes 1-5 being overdue
    "latest": (
        {},
        [(4, "skipped", "coalesced", 4), (5, "runs", None, 1)],
    ),
    "earliest": (
        {"coalesce": "earliest"},
        [(5, "skipped", "coalesced", 4), (1, "runs", None, 1)],
    ),
    "all": (
        {"coalesce": "all"},
        [(n, "runs", None, 1) for n in (1, 2, 3, 4, 5)],
    ),
    "all, up to a limit": (
        {"coalesce": "all", "max_catch_up": 2},
        [(3, "skipped", "catch_up_limit", 3), (4, "runs", None, 1), (5, "runs", None, 1)],
    ),
    "all, just within the limit": (
        {"coalesce": "all", "max_catch_up": 5},
        [(n, "runs", None, 1) for n in (1, 2, 3, 4, 5)],
    ),
    "all, one more than the limit": (
        {"coalesce": "all", "max_catch_up": 4},
        [(1, "skipped", "catch_up_limit", 1), *((n, "runs", None, 1) for n in (2, 3, 4, 5))],
    ),
    "grace, then latest": (
        {"misfire_grace": "2m"},
        [(2, "misfired", "misfire_grace", 2), (4, "skipped", "coalesced", 2), (5, "runs", None, 1)],
    ),
    "grace, then earliest": (
        {"misfire_grace": "2m", "coalesce": "earliest"},
        [(2, "misfired", "misfire_grace", 2), (5, "skipped", "coalesced", 2), (3, "runs", None, 1)],
    ),
    "grace, then all": (
        {"misfire_grace": "2m", "coalesce": "all"},
        [(2, "misfired", "misfire_grace", 2), *((n, "runs", None, 1) for n in (3, 4, 5))],
    ),
    "grace of zero": (
        {"misfire_grace": 0},
        [(4, "misfired", "misfire_grace", 4), (5, "runs", None, 1)],
    ),
    "grace that all are within": (
        {"misfire_grace": "4m", "coalesce": "all"},
        [(n, "runs", None, 1) for n in (1, 2, 3, 4, 5)],
    ),
    "grace that the first is just beyond": (
        {"misfire_grace": timedelta(minutes=4) - MOMENT, "coalesce": "all"},
        [(1, "misfired", "misfire_grace", 1), *((n, "runs", None, 1) for n in (2, 3, 4, 5))],
    ),
}


@pytest.mark.parametrize(("policies", "expected"), SEVERAL.values(), ids=SEVERAL.keys())
def test_several_overdue_fire_times_become_these_rows(policies, expected):
    plan = plan_job(job_of(**policies), state_of(), T + 5 * MINUTE)
    assert [told(row) for row in rows(plan)] == expected
    assert plan.verdict.mark == T + 5 * MINUTE
    assert plan.fire == T + 6 * MINUTE


def test_a_stretch_names_its_first_and_its_last_fire_time():
    stretch, _ = rows(plan_job(job_of(priority=3), state_of(), T + 5 * MINUTE))
    assert (stretch.first, stretch.fire_time) == (T + MINUTE, T + 4 * MINUTE)
    assert stretch.run_id == run_id("j", T + 4 * MINUTE)
    assert stretch.not_before == T + 4 * MINUTE
    assert stretch.priority == 3
    assert stretch.origin == "trigger"
    assert not stretch.at_least


def test_a_run_of_its_own_is_no_stretch():
    (row,) = rows(plan_job(job_of(), state_of(), T + MINUTE))
    assert row.first is None


@pytest.mark.parametrize(
    ("overdue", "count", "at_least"), [(1000, 1000, False), (1001, 1000, True), (5000, 1000, True)]
)
def test_a_stretch_is_counted_exactly_to_a_thousand(overdue, count, at_least):
    job = job_of(misfire_grace=0)
    plan = plan_job(job, state_of(), T + overdue * MINUTE + SECOND)
    (stretch,) = rows(plan)
    assert (stretch.count, stretch.at_least) == (count, at_least)
    assert (stretch.first, stretch.fire_time) == (T + MINUTE, T + overdue * MINUTE)


def test_two_overdue_fire_times_are_a_stretch_of_one_and_a_run():
    plan = plan_job(job_of(), state_of(), T + 2 * MINUTE)
    assert [told(row) for row in rows(plan)] == [
        (1, "skipped", "coalesced", 1),
        (2, "runs", None, 1),
    ]


def test_all_that_is_left_out_as_a_misfire_leaves_nothing_to_run():
    plan = plan_job(job_of(misfire_grace="10s"), state_of(), T + 5 * MINUTE + 11 * SECOND)
    assert [told(row) for row in rows(plan)] == [(5, "misfired", "misfire_grace", 5)]


@pytest.mark.parametrize(
    ("late", "outcome"),
    [(timedelta(0), "runs"), (10 * SECOND, "runs"), (10 * SECOND + MOMENT, "misfired")],
)
def test_one_late_fire_time_is_held_against_its_grace(late, outcome):
    plan = plan_job(job_of(misfire_grace="10s"), state_of(), T + MINUTE + late)
    assert [told(row)[1] for row in rows(plan)] == [outcome]
    assert rows(plan)[0].reason == (None if outcome == "runs" else "misfire_grace")


def test_a_spent_misfire_does_not_use_up_max_runs():
    plan = plan_job(job_of(misfire_grace="1s", max_runs=1), state_of(), T + MINUTE + 2 * SECOND)
    assert [told(row)[1] for row in rows(plan)] == ["misfired"]
    assert plan.fire == T + 2 * MINUTE


def test_the_first_fire_time_after_a_gap_in_the_rows_is_a_single_one():
    job = job_of(end=T + 2 * MINUTE)
    plan = plan_job(job, state_of(), T + timedelta(hours=1))
    assert [told(row) for row in rows(plan)] == [(1, "runs", None, 1)]
    assert (plan.fire, plan.due) == (None, None)


# --- jitter -------------------------------------------------------------------------------------


def test_jitter_delays_the_decision_and_the_start():
    job = job_of(jitter="30s")
    due = due_at(job, T + MINUTE)
    assert T + MINUTE < due < T + MINUTE + 30 * SECOND
    assert plan_job(job, state_of(), due - MOMENT).verdict is None
    (row,) = rows(plan_job(job, state_of(), due))
    assert (row.fire_time, row.not_before) == (T + MINUTE, due)


def test_grace_is_held_against_the_fire_time_with_its_jitter():
    job = job_of(jitter="30s", misfire_grace="5s")
    due = due_at(job, T + MINUTE)
    assert [told(row)[1] for row in rows(plan_job(job, state_of(), due + 5 * SECOND))] == ["runs"]
    late = plan_job(job, state_of(), due + 5 * SECOND + MOMENT)
    assert [told(row)[1] for row in rows(late)] == ["misfired"]


def test_a_fire_time_whose_jitter_has_not_passed_is_not_yet_decided():
    job = job_of(jitter="59s", coalesce="all")
    third = due_at(job, T + 3 * MINUTE)
    plan = plan_job(job, state_of(), third - MOMENT)
    assert [told(row)[0] for row in rows(plan)] == [1, 2]
    assert (plan.fire, plan.due) == (T + 3 * MINUTE, third)


def test_no_jitter_is_no_delay():
    assert due_at(job_of(), T) == T
    assert due_at(job_of(jitter=0), T) == T


# --- pause --------------------------------------------------------------------------------------


def test_a_paused_job_waits_for_the_end_of_its_pause_only():
    end = T + timedelta(hours=1)
    assert waits(outlook(job_of(), state_of(pause=Pause(at=T)))) is None
    assert waits(outlook(job_of(), state_of(pause=Pause(at=T, until=end)))) == end


def test_nothing_happens_before_a_pause_ends():
    state = state_of(pause=Pause(at=T, until=T + 3 * MINUTE))
    assert plan_job(job_of(), state, T + 3 * MINUTE - MOMENT).verdict is None


def test_a_pause_that_ends_is_one_row_and_nothing_is_owed():
    end = T + 3 * MINUTE + SECOND
    plan = plan_job(job_of(), state_of(pause=Pause(at=T, until=end)), end)
    assert [told(row) for row in rows(plan)] == [(3, "skipped", "paused", 3)]
    assert rows(plan)[0].first == T + MINUTE
    assert plan.verdict.mark == end
    assert plan.verdict.pause is None
    assert (plan.fire, plan.due) == (T + 4 * MINUTE, T + 4 * MINUTE)


def test_a_pause_that_ended_long_ago_ends_when_it_said_and_the_rest_is_judged():
    state = state_of(pause=Pause(at=T, until=T + 3 * MINUTE + SECOND))
    plan = plan_job(job_of(), state, T + 10 * MINUTE)
    assert plan.verdict.mark == T + 3 * MINUTE + SECOND
    assert plan.due == T + 4 * MINUTE


def test_a_pause_without_a_fire_time_leaves_no_row():
    verdict = plan_unpause(job_of(), state_of(pause=Pause(at=T)), T + MINUTE - MOMENT)
    assert verdict == Verdict("j", (), T + MINUTE - MOMENT, None)


def test_a_fire_time_at_the_end_of_a_pause_belongs_to_it():
    verdict = plan_unpause(job_of(), state_of(pause=Pause(at=T)), T + MINUTE)
    assert [told(row) for row in verdict.decisions] == [(1, "skipped", "paused", 1)]


def test_a_paused_fire_time_is_counted_without_its_jitter():
    verdict = plan_unpause(job_of(jitter="59s"), state_of(pause=Pause(at=T)), T + 2 * MINUTE)
    assert [told(row)[0] for row in verdict.decisions] == [2]


def test_unpausing_never_moves_the_mark_back():
    verdict = plan_unpause(job_of(), state_of(mark=T + MINUTE, pause=Pause(at=T)), T)
    assert verdict.mark == T + MINUTE


def test_a_spent_job_that_is_unpaused_leaves_no_row():
    state = state_of(planned=1, pause=Pause(at=T))
    assert plan_unpause(job_of(max_runs=1), state, T + 5 * MINUTE).decisions == ()


@pytest.mark.parametrize(("at", "mark"), [(T + MINUTE, T + MINUTE), (T - MINUTE, T)])
def test_skipping_ahead_moves_the_mark_forward_only(at, mark):
    assert plan_skip_to(state_of(), at) == Verdict("j", (), mark)


# --- overlap ------------------------------------------------------------------------------------

OVERLAPS = {
    # overlap, live runs: (outcome, reason, blocked by, cancels)
    "skip, nothing goes on": ("skip", (), ("runs", None, None, ())),
    "skip, one goes on": ("skip", (going(),), ("skipped", "overlap", "old", ())),
    "skip, one waits for a retry": (
        "skip",
        (waiting("again", 1),),
        ("skipped", "overlap", "again", ()),
    ),
    "allow, one goes on": ("allow", (going(),), ("runs", None, None, ())),
    "allow, one is abandoned": ("allow", (going(abandoned=True),), ("runs", None, None, ())),
    "queue, one goes on": ("queue", (going(),), ("runs", None, None, ())),
    "queue, one goes on and one waits": (
        "queue",
        (going(), waiting()),
        ("skipped", "queue_full", "old", ()),
    ),
    "queue, one waits for a retry": ("queue", (waiting("again", 1),), ("runs", None, None, ())),
    "queue, one is abandoned": (
        "queue",
        (going(abandoned=True),),
        ("skipped", "abandoned", "old", ()),
    ),
    "cancel, one goes on": ("cancel", (going(),), ("runs", None, "old", ("old",))),
    "cancel, one goes on and one waits": (
        "cancel",
        (going(), waiting()),
        ("runs", None, "old", ("old", "queued")),
    ),
    "cancel, one is abandoned": (
        "cancel",
        (going(abandoned=True),),
        ("skipped", "abandoned", "old", ()),
    ),
    "skip, the second is abandoned": (
        "skip",
        (going(), going("hung", abandoned=True)),
        ("skipped", "abandoned", "hung", ()),
    ),
}


@pytest.mark.parametrize(("overlap", "live", "expected"), OVERLAPS.values(), ids=OVERLAPS.keys())
def test_overlap_decides_what_a_run_that_goes_on_does_to_the_next(overlap, live, expected):
    job = job_of(overlap=overlap)
    (row,) = rows(plan_job(job, state_of(live=live), T + MINUTE))
    outcome = "runs" if row.outcome is None else str(row.outcome)
    assert (outcome, row.reason, row.blocked_by, row.cancels) == expected


def test_a_replacing_run_gives_up_half_a_minute_after_the_decision():
    job = job_of(overlap="cancel")
    now = T + MINUTE + 10 * SECOND
    (row,) = rows(plan_job(job, state_of(live=(going(),)), now))
    assert row.give_up_at == now + NOT_STOPPED_AFTER
    assert timedelta(seconds=30) == NOT_STOPPED_AFTER


def test_only_a_replacing_run_gives_up():
    (row,) = rows(plan_job(job_of(overlap="queue"), state_of(live=(going(),)), T + MINUTE))
    assert row.give_up_at is None


@pytest.mark.parametrize(
    ("limit", "queued", "runs"), [(0, 0, 0), (1, 0, 1), (1, 1, 0), (3, 1, 2), (2, 3, 0), (9, 0, 5)]
)
def test_a_queue_takes_the_oldest_until_it_is_full(limit, queued, runs):
    job = job_of(overlap="queue", queue_limit=limit, coalesce="all")
    live = (going(), *(waiting(f"q{n}") for n in range(queued)))
    found = rows(plan_job(job, state_of(live=live), T + 5 * MINUTE))
    assert [row.outcome is None for row in found] == [n < runs for n in range(5)]
    assert {row.reason for row in found[runs:]} == ({"queue_full"} if runs < 5 else set())


def test_of_several_that_replace_a_run_the_newest_does():
    job = job_of(overlap="cancel", coalesce="all")
    *older, last = rows(plan_job(job, state_of(live=(going(),)), T + 3 * MINUTE))
    assert [told(row) for row in older] == [
        (1, "skipped", "overlap", 1),
        (2, "skipped", "overlap", 1),
    ]
    assert {row.blocked_by for row in older} == {last.run_id}
    assert last.cancels == ("old",)


def test_fire_times_caught_up_together_do_not_block_one_another():
    job = job_of(coalesce="all", overlap="skip")
    assert all(row.outcome is None for row in rows(plan_job(job, state_of(), T + 5 * MINUTE)))


def test_a_misfire_stays_one_while_a_run_goes_on():
    job = job_of(misfire_grace=0)
    for overlap in ("skip", "queue", "cancel"):
        late = job.changed({"overlap": overlap})
        (row,) = rows(plan_job(late, state_of(live=(going(),)), T + MINUTE + SECOND))
        assert (row.outcome, row.reason, row.blocked_by) == ("misfired", "misfire_grace", None)
        assert (row.cancels, row.give_up_at) == ((), None)


def test_a_stretch_is_not_judged_for_overlap():
    found = rows(plan_job(job_of(), state_of(live=(going(),)), T + 5 * MINUTE))
    assert [told(row) for row in found] == [
        (4, "skipped", "coalesced", 4),
        (5, "skipped", "overlap", 1),
    ]


# --- runs that no trigger asked for -------------------------------------------------------------


def by_hand(**facts):
    return Decision(
        run_id="j@2026-01-01T12:00:00Z#1",
        job_id="j",
        fire_time=T,
        not_before=T + SECOND,
        origin="hand",
        **facts,
    )


def test_a_run_by_hand_obeys_overlap_and_moves_no_mark():
    verdict = plan_extra(job_of(), state_of(live=(going(),)), by_hand())
    assert verdict.mark is None
    assert [(row.outcome, row.blocked_by) for row in verdict.decisions] == [("skipped", "old")]


def test_a_forced_run_by_hand_is_held_back_by_nothing():
    verdict = plan_extra(job_of(), state_of(live=(going(),)), by_hand(), force=True)
    assert verdict.decisions == (by_hand(),)


def test_a_run_by_hand_ignores_pause_grace_and_max_runs():
    state = state_of(pause=Pause(at=T), planned=9)
    job = job_of(misfire_grace=0, max_runs=1)
    assert plan_extra(job, state, by_hand()).decisions == (by_hand(),)


def test_a_run_by_hand_that_replaces_another_gives_up_half_a_minute_after_it_was_asked_for():
    job = job_of(overlap="cancel")
    (row,) = plan_extra(job, state_of(live=(going(),)), by_hand()).decisions
    assert row.give_up_at == T + SECOND + NOT_STOPPED_AFTER


def test_a_skipped_one_of_several_does_not_use_up_max_runs():
    job = job_of(coalesce="all", max_runs=2)
    found = rows(plan_job(job, state_of(live=(going(),)), T + 5 * MINUTE))
    assert [told(row) for row in found] == [(n, "skipped", "overlap", 1) for n in (1, 2, 3, 4, 5)]


def test_of_several_that_replace_a_run_the_last_counts_for_max_runs():
    job = job_of(coalesce="all", max_runs=1, overlap="cancel")
    plan = plan_job(job, state_of(live=(going(),)), T + 3 * MINUTE)
    assert [told(row)[1] for row in rows(plan)] == ["skipped", "skipped", "runs"]
    assert plan.fire is None
