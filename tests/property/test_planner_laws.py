"""Laws of the planner: whatever the job and however the clock jumps, each fire time is judged once.

A small model stands for the store: it keeps the mark and counts, as a verdict says. A plan that
holds over it holds over every store that keeps the contract.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cronkit._engine._firing import due_at, next_fire
from cronkit._engine._planner import plan_job
from cronkit.jobs import KEEP, JobState, LiveRun, Pause, build_job, run_id
from cronkit.triggers import AnyOf, At, Cron, Every

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn

START = datetime(2026, 3, 28, 22, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
MOMENT = timedelta(microseconds=1)


class Forward:
    """A trigger that cannot look back."""

    def __init__(self, trigger):
        self.trigger = trigger

    def next(self, after):
        return self.trigger.next(after)

    def __repr__(self):
        return f"Forward({self.trigger})"


def cron(text):
    return Cron(text, tz="Europe/Paris")  # its clocks change three hours after START


TRIGGERS = st.one_of(
    st.integers(1, 200).map(lambda n: Every(timedelta(minutes=n))),
    st.sampled_from(
        [
            cron("*/7 * * * *"),
            cron("30 2 * * *"),
            cron("*/20 1-4 * * *"),
            cron("0 * * * *"),
            AnyOf(Every("45m"), cron("30 2 * * *")),
            At("2026-03-28T23:00Z", "2026-03-29T01:00Z", "2026-03-29T01:00:00.5Z"),
        ]
    ),
)

POLICIES = st.fixed_dictionaries(
    {},
    optional={
        "coalesce": st.sampled_from(["latest", "earliest", "all"]),
        "max_catch_up": st.integers(1, 5),
        "misfire_grace": st.integers(0, 60 * 60).map(lambda n: timedelta(seconds=n)),
        "jitter": st.integers(0, 3 * 60 * 60).map(lambda n: timedelta(seconds=n)),
        "overlap": st.sampled_from(["skip", "queue", "allow", "cancel"]),
        "queue_limit": st.integers(0, 3),
        "max_runs": st.integers(1, 12),
        "start": st.integers(-60, 600).map(lambda n: START + n * MINUTE),
        "end": st.integers(601, 3000).map(lambda n: START + n * MINUTE),
    },
)


@st.composite
def jobs(draw: DrawFn):
    trigger = draw(TRIGGERS)
    if draw(st.booleans()):
        trigger = Forward(trigger)
    return build_job(lambda: None, trigger, UTC, {"id": "j", **draw(POLICIES)}, {})


LIVE = st.lists(
    st.builds(
        LiveRun,
        id=st.sampled_from(["old", "older"]),
        running=st.booleans(),
        attempt=st.integers(0, 2),
        abandoned=st.booleans(),
    ),
    max_size=2,
).map(tuple)

STEPS = st.lists(
    st.tuples(
        st.one_of(
            st.integers(0, 5_000_000_000),  # up to an hour and a half, in microseconds
            st.sampled_from([0, 1, 60_000_000, 86_400_000_000]),
        ),
        LIVE,
        st.sampled_from([None, None, None, 0, 1, 90]),  # minutes of a pause that begins here
    ),
    min_size=1,
    max_size=12,
)


@attrs.define
class Model:
    """A store as the planner needs one, and all the rows it was given."""

    state: JobState
    rows: list = attrs.field(factory=list)

    def take(self, plan):
        verdict = plan.verdict
        if verdict is None:
            return
        self.rows += verdict.decisions
        self.state.planned += sum(row.outcome is None for row in verdict.decisions)
        if verdict.mark is not None:
            assert self.state.mark is None or verdict.mark >= self.state.mark
            self.state.mark = verdict.mark
        if verdict.pause != KEEP:
            self.state.pause = verdict.pause


def told(job, steps):
    """Drive the planner through these instants; return the model and each plan with its instant."""
    model, now, plans = Model(JobState(job_id="j", first_seen=START)), START, []
    for wait, live, pause in steps:
        now += timedelta(microseconds=wait)
        model.state.live = live
        for _ in range(3):  # the end of a pause is judged before what came after it
            plan = plan_job(job, model.state, now)
            plans.append((now, plan))
            model.take(plan)
            if plan.due is None or plan.due > now:
                break
        if pause is not None and model.state.pause is None:
            model.state.pause = Pause(at=now, until=now + pause * MINUTE)
    return model, plans


def fire_times(job, until):
    found, fire = [], next_fire(job, START)
    while fire is not None and fire <= until:
        found.append(fire)
        fire = next_fire(job, fire)
    return found


def covered(job, row, fires):
    """The fire times that a row stands for."""
    first = row.fire_time if row.first is None else row.first
    return [fire for fire in fires if first <= fire <= row.fire_time]


@given(jobs(), STEPS)
def test_each_fire_time_up_to_the_mark_is_covered_by_exactly_one_row(job, steps):
    model, _ = told(job, steps)
    fires = fire_times(job, model.state.base)
    of_rows = [fire for row in model.rows for fire in covered(job, row, fires)]
    assert len(of_rows) == len(set(of_rows))
    if job.max_runs is not None and model.state.planned >= job.max_runs:
        return  # what comes after the last run is no fire time of the job any more
    assert sorted(of_rows) == fires


@given(jobs(), STEPS)
def test_no_row_has_the_id_of_another(job, steps):
    model, _ = told(job, steps)
    ids = [row.run_id for row in model.rows]
    assert len(ids) == len(set(ids))
    assert ids == [run_id("j", row.fire_time) for row in model.rows]


@given(jobs(), STEPS)
def test_nothing_runs_before_it_is_due(job, steps):
    _, plans = told(job, steps)
    for now, plan in plans:
        for row in plan.verdict.decisions if plan.verdict else ():
            assert row.fire_time <= now
            assert row.not_before <= now
            if row.first is None:
                assert row.not_before == due_at(job, row.fire_time)


@given(jobs(), STEPS)
def test_a_plan_leaves_nothing_that_is_due(job, steps):
    _, plans = told(job, steps)
    last = dict(plans)
    for now, plan in last.items():
        assert plan.due is None or plan.due > now


@given(jobs(), STEPS)
def test_a_job_never_gets_more_runs_than_it_may(job, steps):
    model, _ = told(job, steps)
    if job.max_runs is not None:
        assert model.state.planned <= job.max_runs


@given(jobs(), STEPS)
def test_runs_come_in_the_order_of_their_fire_times(job, steps):
    model, _ = told(job, steps)
    runs = [row.fire_time for row in model.rows if row.outcome is None]
    assert runs == sorted(runs)


@given(jobs(), STEPS)
def test_one_decision_writes_few_rows(job, steps):
    _, plans = told(job, steps)
    most = {"latest": 1, "earliest": 1, "all": job.max_catch_up}[job.coalesce]
    for _, plan in plans:
        if plan.verdict is not None:
            assert len(plan.verdict.decisions) <= most + 3


@given(jobs(), STEPS)
def test_a_misfire_is_later_than_its_grace_and_a_run_is_not(job, steps):
    if job.misfire_grace is None:
        return
    _, plans = told(job, steps)
    for now, plan in plans:
        for row in plan.verdict.decisions if plan.verdict else ():
            late = now - due_at(job, row.fire_time) > job.misfire_grace
            if row.outcome is None:
                assert not late
            elif row.outcome == "misfired":
                assert late


@given(jobs(), STEPS)
def test_a_stretch_counts_the_fire_times_it_stands_for(job, steps):
    model, _ = told(job, steps)
    fires = fire_times(job, model.state.base)
    for row in model.rows:
        count = len(covered(job, row, fires))
        assert row.count <= count if row.at_least else row.count == count


@given(jobs(), STEPS)
def test_the_same_input_gets_the_same_verdict(job, steps):
    _, first = told(job, steps)
    _, second = told(job, steps)
    assert [(now, plan) for now, plan in first] == [(now, plan) for now, plan in second]


@given(jobs(), STEPS)
def test_a_fire_time_computed_earlier_changes_no_verdict(job, steps):
    """The engine hands the fire time of the last plan to the next one."""
    model, now, known = Model(JobState(job_id="j", first_seen=START)), START, None
    for wait, live, _ in steps:
        now += timedelta(microseconds=wait)
        model.state.live = live
        plan = plan_job(job, model.state, now, known)
        assert plan == plan_job(job, model.state, now)
        model.take(plan)
        known = plan.fire


@given(jobs(), STEPS)
def test_a_trigger_that_cannot_look_back_gets_the_same_rows(job, steps):
    trigger = job.trigger
    if isinstance(trigger, Forward):
        other = attrs.evolve(job, trigger=trigger.trigger)
    else:
        other = attrs.evolve(job, trigger=Forward(trigger))
    assert told(job, steps)[0].rows == told(other, steps)[0].rows


@pytest.mark.parametrize("jitter", ["1s", "10m", "3h", "30d"])
@given(TRIGGERS, st.integers(0, 10_000))
def test_jitter_never_reaches_the_next_fire_time(jitter, trigger, minutes):
    job = build_job(lambda: None, trigger, UTC, {"id": "j", "jitter": jitter}, {})
    fire = next_fire(job, START + minutes * MINUTE)
    after = None if fire is None else next_fire(job, fire)
    if after is not None:
        assert fire <= due_at(job, fire) < after
