"""Several fire times that are due at once: found, counted, chosen, in bounded work."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cronkit._engine._firing import due_at, next_fire
from cronkit._engine._overdue import (
    COUNTED,
    STEPS,
    coalesce,
    fire_before,
    first_fresh,
    newest_due,
    stretch,
    unsearched,
)
from cronkit._engine._planner import plan_job
from cronkit.jobs import JobState, Outcome, build_job
from cronkit.triggers import At, Cron, Every

T = datetime(2026, 1, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
MOMENT = timedelta(microseconds=1)


class Forward:
    """A trigger that cannot look back, and counts how often it is asked."""

    def __init__(self, trigger):
        self.trigger = trigger
        self.asked = 0

    def next(self, after):
        self.asked += 1
        return self.trigger.next(after)


class Both(Forward):
    """A trigger that can look back, and counts how often it is asked."""

    def previous(self, before):
        self.asked += 1
        return self.trigger.previous(before)


KINDS = {"looks back": Both, "looks forward only": Forward}


@pytest.fixture(params=KINDS.values(), ids=KINDS.keys())
def job_of(request):
    """Make a job of a trigger that can look back, and of one that cannot."""

    def make(trigger=None, **policies):
        trigger = request.param(Every("1m") if trigger is None else trigger)
        return build_job(lambda: None, trigger, UTC, {"id": "j", **policies}, {})

    return make


def minutes(*instants):
    return [None if each is None else (each - T) / MINUTE for each in instants]


def now_of(job):
    return lambda fire: due_at(job, fire)


# --- finding ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "newest"),
    [
        (T + MINUTE, 1),
        (T + MINUTE + MOMENT, 1),
        (T + 2 * MINUTE - MOMENT, 1),
        (T + 2 * MINUTE, 2),
        (T + 500 * MINUTE + SECOND, 500),
    ],
)
def test_the_newest_fire_time_is_the_last_one_that_has_come(job_of, now, newest):
    job = job_of()
    assert minutes(newest_due(job, T + MINUTE, now, now_of(job))) == [newest]


def test_the_newest_fire_time_is_one_whose_jitter_has_passed(job_of):
    job = job_of(jitter="59s")
    for number in range(2, 30):
        due = due_at(job, T + number * MINUTE)
        before = newest_due(job, T + MINUTE, due - MOMENT, now_of(job))
        assert minutes(before, newest_due(job, T + MINUTE, due, now_of(job))) == [
            number - 1,
            number,
        ]


def test_the_newest_fire_time_lies_before_the_end_of_the_job(job_of):
    job = job_of(end=T + 7 * MINUTE)
    assert minutes(newest_due(job, T + MINUTE, T + 100 * MINUTE, now_of(job))) == [6]


def test_the_first_one_is_the_newest_where_there_is_no_other(job_of):
    job = job_of(At("2026-01-01T12:01:00Z"))
    assert minutes(newest_due(job, T + MINUTE, T + 100 * MINUTE, now_of(job))) == [1]


@pytest.mark.parametrize(("fire", "expected"), [(5, 4), (2, 1), (1, 1)])
def test_the_one_before_is_never_earlier_than_the_first(job_of, fire, expected):
    assert minutes(fire_before(job_of(), T + fire * MINUTE, T + MINUTE)) == [expected]


@pytest.mark.parametrize(
    ("cut", "first", "newest", "expected"),
    [
        (T + 3 * MINUTE, 1, 9, 3),
        (T + 3 * MINUTE + MOMENT, 1, 9, 4),
        (T + 3 * MINUTE - MOMENT, 1, 9, 3),
        (T, 1, 9, 1),
        (T + MINUTE, 1, 9, 1),
        (T + 9 * MINUTE, 1, 9, 9),
        (T + 9 * MINUTE + MOMENT, 1, 9, None),
        (T + 99 * MINUTE, 1, 9, None),
        (T + 4 * MINUTE, 6, 9, 6),
    ],
)
def test_the_first_fresh_one_is_due_at_the_cut_or_later(job_of, cut, first, newest, expected):
    found = first_fresh(job_of(), T + first * MINUTE, T + newest * MINUTE, cut)
    assert minutes(found) == [expected]


def test_the_first_fresh_one_is_judged_with_its_jitter(job_of):
    job = job_of(jitter="59s")
    for number in range(2, 30):
        due = due_at(job, T + number * MINUTE)
        found = first_fresh(job, T + MINUTE, T + 40 * MINUTE, due)
        after = first_fresh(job, T + MINUTE, T + 40 * MINUTE, due + MOMENT)
        assert minutes(found, after) == [number, number + 1]


def test_no_fire_time_that_is_due_lies_beyond_what_was_searched(job_of):
    job = job_of()
    assert unsearched(job, T + 5 * MINUTE, T + 6 * MINUTE - MOMENT) is None
    assert unsearched(job_of(end=T + 6 * MINUTE), T + 5 * MINUTE, T + 60 * MINUTE) is None


def test_what_lies_beyond_is_one_row_up_to_now(job_of):
    row = unsearched(job_of(priority=3), T + 5 * MINUTE, T + 60 * MINUTE + SECOND)
    assert (row.outcome, row.reason, row.at_least) == (Outcome.SKIPPED, "coalesced", True)
    assert (row.first, row.fire_time) == (T + 6 * MINUTE, T + 60 * MINUTE + SECOND)
    assert (row.count, row.priority, row.not_before) == (1, 3, row.fire_time)
    assert row.run_id == "j@2026-01-01T13:00:01Z"


def test_what_lies_beyond_begins_at_the_instant_it_is_due(job_of):
    assert unsearched(job_of(), T + 5 * MINUTE, T + 6 * MINUTE).first == T + 6 * MINUTE


# --- counting -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("last", "count", "at_least"),
    [
        (1, 1, False),
        (2, 2, False),
        (COUNTED - 1, COUNTED - 1, False),
        (COUNTED, COUNTED, False),
        (COUNTED + 1, COUNTED, True),
        (9 * COUNTED, COUNTED, True),
    ],
)
def test_a_stretch_is_counted_up_to_a_bound(job_of, last, count, at_least):
    row = stretch(job_of(priority=3), T + MINUTE, T + last * MINUTE, Outcome.MISFIRED, "late")
    assert (row.count, row.at_least) == (count, at_least)
    assert (row.first, row.fire_time, row.not_before) == (
        T + MINUTE,
        T + last * MINUTE,
        T + last * MINUTE,
    )
    assert (row.outcome, row.reason, row.priority, row.job_id) == ("misfired", "late", 3, "j")


def test_a_stretch_may_end_with_the_last_fire_time_of_all(job_of):
    job = job_of(end=T + 4 * MINUTE)
    assert stretch(job, T + MINUTE, T + 3 * MINUTE, Outcome.SKIPPED, "paused").count == 3


# --- choosing -----------------------------------------------------------------------------------

CHOICES = {
    # coalesce, most, oldest, newest: first and last of each stretch, what runs
    "latest of one": ("latest", 9, 3, 3, [], [3]),
    "latest of two": ("latest", 9, 3, 4, [(3, 3)], [4]),
    "latest": ("latest", 9, 1, 9, [(1, 8)], [9]),
    "earliest of two": ("earliest", 9, 3, 4, [(4, 4)], [3]),
    "earliest": ("earliest", 9, 1, 9, [(2, 9)], [1]),
    "all": ("all", 9, 1, 9, [], list(range(1, 10))),
    "all but one": ("all", 8, 1, 9, [(1, 1)], list(range(2, 10))),
    "all but some": ("all", 3, 1, 9, [(1, 6)], [7, 8, 9]),
    "one of all": ("all", 1, 1, 9, [(1, 8)], [9]),
    "more than all": ("all", 100, 1, 3, [], [1, 2, 3]),
}


@pytest.mark.parametrize("case", CHOICES.values(), ids=CHOICES.keys())
def test_overdue_fire_times_are_split_by_the_rule(job_of, case):
    rule, most, oldest, newest, left, run = case
    job = job_of(coalesce=rule, max_catch_up=most)
    rows, chosen = coalesce(job, T + oldest * MINUTE, T + newest * MINUTE)
    assert [tuple(minutes(row.first, row.fire_time)) for row in rows] == left
    assert minutes(*chosen) == run
    assert {row.reason for row in rows} <= {"catch_up_limit" if rule == "all" else "coalesced"}
    assert {row.outcome for row in rows} <= {Outcome.SKIPPED}


# --- the work is bounded ------------------------------------------------------------------------


def asked(job, state, now):
    before = job.trigger.asked
    plan = plan_job(job, state, now)
    return plan, job.trigger.asked - before


@pytest.mark.parametrize("rule", ["latest", "earliest", "all"])
@pytest.mark.parametrize("grace", [None, "1h"])
@pytest.mark.parametrize("jitter", [None, "30m"])
def test_a_million_overdue_fire_times_cost_bounded_work(rule, grace, jitter):
    job = build_job(
        lambda: None,
        Both(Every("1s")),
        UTC,
        {"id": "j", "coalesce": rule, "misfire_grace": grace, "jitter": jitter},
        {},
    )
    state = JobState(job_id="j", first_seen=T)
    plan, count = asked(job, state, T + timedelta(seconds=1_000_000, microseconds=1))
    assert plan.verdict is not None
    assert count < 5 * COUNTED


@pytest.mark.parametrize("rule", ["latest", "earliest", "all"])
def test_a_trigger_that_cannot_look_back_is_stepped_so_often_and_no_more(rule):
    job = build_job(lambda: None, Forward(Every("1s")), UTC, {"id": "j", "coalesce": rule}, {})
    state = JobState(job_id="j", first_seen=T)
    now = T + timedelta(seconds=1_000_000)
    plan, count = asked(job, state, now)
    *_, beyond = plan.verdict.decisions
    assert (beyond.first, beyond.fire_time, beyond.at_least) == (
        T + (STEPS + 2) * SECOND,
        now,
        True,
    )
    assert plan.verdict.mark == now
    assert plan.fire == now + SECOND
    assert count < 5 * STEPS


def test_a_pause_of_a_year_costs_bounded_work():
    from cronkit._engine._planner import plan_unpause
    from cronkit.jobs import Pause

    job = build_job(lambda: None, Both(Every("1s")), UTC, {"id": "j"}, {})
    state = JobState(job_id="j", first_seen=T, pause=Pause(at=T))
    verdict = plan_unpause(job, state, T + timedelta(days=365))
    (row,) = verdict.decisions
    assert (row.count, row.at_least) == (COUNTED, True)
    assert row.fire_time == T + timedelta(days=365)
    assert job.trigger.asked < 2 * COUNTED


def test_a_year_of_a_cron_job_is_caught_up_over_the_changes_of_the_clocks():
    job = build_job(
        lambda: None,
        Cron("30 2 * * *", tz="Europe/Paris"),
        UTC,
        {"id": "j", "coalesce": "all", "max_catch_up": 400},
        {},
    )
    start, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
    plan = plan_job(job, JobState(job_id="j", first_seen=start), end)
    fires = [row.fire_time for row in plan.verdict.decisions]
    expected, fire = [], next_fire(job, start)
    while fire < end:
        expected.append(fire)
        fire = next_fire(job, fire)
    assert fires == expected
    assert len(fires) == 365
