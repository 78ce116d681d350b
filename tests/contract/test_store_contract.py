"""What every store promises to the engine, run over every implementation."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import attrs
import pytest

from cronkit._engine._planner import plan_job
from cronkit.errors import FenceLostError
from cronkit.jobs import (
    KEEP,
    Decision,
    Edit,
    Ending,
    Limits,
    Outcome,
    Pause,
    Verdict,
    build_job,
    run_id,
)
from cronkit.triggers import Every

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
MOMENT = timedelta(microseconds=1)
FREE = Limits(jobs={}, tags={}, tags_of={})
JOBS = ("a", "b", "c")


def job_of(job_id, **policies):
    return build_job(lambda *_, **__: None, Every("1m"), UTC, {"id": job_id, **policies}, {})


def row(job_id="a", at=0, suffix="", **facts):
    """A row that waits, for the fire time `at` minutes after noon."""
    fire = facts.pop("fire_time", NOW + at * MINUTE)
    facts.setdefault("not_before", fire)
    return Decision(run_id=run_id(job_id, fire, suffix), job_id=job_id, fire_time=fire, **facts)


def by_hand(job_id="a", number=1, **facts):
    return row(job_id, suffix=f"#{number}", origin="hand", **facts)


def skipped(job_id="a", at=0, **facts):
    return row(job_id, at, outcome=Outcome.SKIPPED, reason="overlap", **facts)


def ended(run, outcome=Outcome.SUCCEEDED, **facts):
    facts.setdefault("at", NOW + SECOND)
    return Ending(run_id=run.run_id, fence=run.fence, outcome=outcome, **facts)


def again(run, retry_at, **facts):
    return Ending(
        run_id=run.run_id, fence=run.fence, at=NOW + SECOND, retry_at=retry_at, error="no", **facts
    )


class Desk:
    """One owner's way to a store, in the words of these tests."""

    def __init__(self, store, owner="me"):
        self.store = store
        self.owner = owner

    def decide(self, *decisions, now=NOW, mark=None, pause=KEEP):
        """Write these decisions, and the mark and the pause of each job that they are of."""
        found = {}
        for each in decisions:
            found.setdefault(each.job_id, []).append(each)

        def plan(states):
            return [
                Verdict(state.job_id, tuple(found.get(state.job_id, ())), mark, pause)
                for state in states
            ]

        return list(self.store.decide(list(found), plan, now))

    def change(self, job_id, now=NOW, **facts):
        return self.store.decide([job_id], lambda states: [Verdict(job_id, **facts)], now)

    def take(self, free=100, job_ids=JOBS, limits=FREE, now=NOW):
        return list(self.store.take(self.owner, set(job_ids), free, limits, now))

    def start(self, decision, now=NOW):
        """Write a decision and take its row."""
        self.decide(decision, now=now)
        (run,) = self.take(now=now)
        return run

    def state(self, job_id="a"):
        return self.store.states([job_id])[job_id]

    def ids(self, **asked):
        return [run.id for run in self.store.runs(**asked)]


@pytest.fixture
def store(connect):
    store = connect()
    store.open("me", NOW)
    store.register([job_of(each) for each in JOBS], NOW)
    yield store
    store.close("me", NOW)


@pytest.fixture
def desk(store):
    return Desk(store)


@pytest.fixture
def other(connect, desk):
    """Another scheduler on the same store."""
    store = connect()
    store.open("other", NOW)
    store.register([job_of(each) for each in JOBS], NOW)
    yield Desk(store, "other")
    store.close("other", NOW)


# --- jobs ---------------------------------------------------------------------------------------


def test_a_job_is_first_seen_when_it_is_registered(store):
    states = store.register([job_of("new")], NOW + MINUTE)
    assert list(states) == ["new"]
    state = states["new"]
    assert (state.job_id, state.first_seen, state.mark) == ("new", NOW + MINUTE, None)
    assert (state.pause, state.planned, state.live) == (None, 0, ())


def test_a_job_is_first_seen_once(store):
    store.register([job_of("new")], NOW)
    assert store.register([job_of("new")], NOW + MINUTE)["new"].first_seen == NOW


def test_registering_gives_the_states_of_the_jobs_that_were_named(store):
    assert list(store.register([job_of("b"), job_of("a")], NOW)) == ["b", "a"]
    assert store.register([], NOW) == {}


def test_the_states_of_unknown_jobs_are_left_out(store):
    assert list(store.states(["a", "nobody"])) == ["a"]


def test_a_state_that_was_handed_out_does_not_change(desk):
    before = desk.state()
    desk.decide(row(), mark=NOW)
    assert (before.mark, before.planned, before.live) == (None, 0, ())
    assert (desk.state().mark, desk.state().planned) == (NOW, 1)


# --- decide -------------------------------------------------------------------------------------


def test_a_decision_becomes_a_waiting_row(desk):
    decision = row(not_before=NOW + 3 * SECOND, priority=7)
    assert list(desk.decide(decision)) == [decision]
    run = desk.store.get(decision.run_id)
    assert (run.phase, run.outcome, run.attempt, run.owner) == ("waiting", None, 0, None)
    assert (run.id, run.job_id, run.fire_time) == (decision.run_id, "a", NOW)
    assert (run.not_before, run.priority) == (NOW + 3 * SECOND, 7)
    assert (run.started_at, run.ended_at, run.lateness, run.duration) == (None,) * 4
    assert not run.executed


@pytest.mark.parametrize(
    "fact",
    [
        {"reason": "asked"},
        {"first": NOW - MINUTE},
        {"count": 7},
        {"at_least": True},
        {"key": "order-1"},
        {"priority": 3},
        {"not_before": NOW + MINUTE},
        {"origin": "hand"},
    ],
    ids=lambda fact: next(iter(fact)),
)
def test_each_fact_of_a_waiting_row_is_kept_among_rows_that_have_none(desk, fact):
    decisions = row("a"), row("b", **fact), row("c")
    desk.decide(*decisions)
    before, found, after = (desk.store.get(each.run_id) for each in decisions)
    assert {name: getattr(found, name) for name in fact} == fact
    plain = {"id": before.id, "job_id": "a"} | {name: getattr(before, name) for name in fact}
    assert attrs.evolve(found, **plain) == attrs.evolve(after, **plain) == before


@pytest.mark.parametrize("facts", [{"args": (1,)}, {"kwargs": {"x": 1}}], ids=["args", "kwargs"])
def test_arguments_of_one_row_are_its_own(desk, facts):
    desk.decide(row("a"), row("b", **facts), row("c"))
    found = {each.job_id: each for each in desk.take()}
    assert [(found[each].args, found[each].kwargs) for each in "ac"] == [(None, None)] * 2
    assert {name: getattr(found["b"], name) for name in facts} == facts


def test_a_decision_with_an_outcome_becomes_an_ended_row(desk):
    decision = skipped(
        at=5, first=NOW, count=6, at_least=True, blocked_by="other", origin="trigger"
    )
    assert list(desk.decide(decision, now=NOW + 9 * MINUTE)) == [decision]
    run = desk.store.get(decision.run_id)
    assert (run.phase, run.outcome, run.reason) == ("ended", "skipped", "overlap")
    assert (run.first, run.fire_time, run.count, run.at_least) == (NOW, NOW + 5 * MINUTE, 6, True)
    assert (run.blocked_by, run.ended_at, run.attempt) == ("other", NOW + 9 * MINUTE, 0)
    assert desk.take() == []


def test_the_plan_is_called_once_with_the_states_of_the_jobs_asked_for(store):
    calls = []
    store.decide(["b", "a", "nobody"], lambda states: calls.append(list(states)) or [], NOW)
    ((first, second),) = calls
    assert [first.job_id, second.job_id] == ["b", "a"]


def test_a_plan_that_decides_nothing_changes_nothing(store):
    before = store.states(JOBS)
    assert list(store.decide(JOBS, lambda states: [], NOW)) == []
    assert store.states(JOBS) == before


def test_a_plan_that_raises_changes_nothing(desk):
    def plan(states):
        raise ZeroDivisionError

    before = desk.store.states(JOBS)
    with pytest.raises(ZeroDivisionError):
        desk.store.decide(JOBS, plan, NOW)
    assert desk.store.states(JOBS) == before
    assert desk.decide(row())


def test_the_mark_moves_forward_and_never_back(desk):
    for mark, expected in [(0, 0), (5, 5), (3, 5), (None, 5), (6, 6)]:
        desk.change("a", mark=None if mark is None else NOW + mark * MINUTE)
        assert desk.state().mark == NOW + expected * MINUTE
    assert desk.state().base == NOW + 6 * MINUTE


@pytest.mark.parametrize(("at", "counts"), [(-1, False), (0, False), (1, True)])
def test_a_fire_time_counts_only_if_it_is_later_than_the_mark(desk, at, counts):
    desk.change("a", mark=NOW)
    assert bool(desk.decide(row(at=at))) is counts
    assert bool(desk.ids()) is counts


@pytest.mark.parametrize("origin", ["hand", "backfill", "after"])
def test_the_mark_is_no_matter_to_a_run_that_no_trigger_asked_for(desk, origin):
    desk.change("a", mark=NOW + 5 * MINUTE)
    assert desk.decide(row(suffix="#1", origin=origin))


def test_several_fire_times_of_one_verdict_count_together(desk):
    decisions = [skipped(at=1), row(at=2), row(at=3)]
    assert list(desk.decide(*decisions, mark=NOW + 3 * MINUTE)) == decisions


def test_an_id_is_written_once(desk):
    assert desk.decide(by_hand(number=1))
    assert not desk.decide(by_hand(number=1))
    (run,) = desk.take()
    assert not desk.decide(by_hand(number=1))
    desk.store.finish(ended(run))
    assert not desk.decide(by_hand(number=1))
    assert len(desk.ids()) == 1


def test_the_rest_of_a_verdict_counts_when_one_row_is_refused(desk):
    desk.decide(by_hand(number=1))
    assert list(desk.decide(by_hand(number=1), by_hand(number=2))) == [by_hand(number=2)]


def test_a_key_is_used_once_a_job(desk):
    assert desk.decide(by_hand(number=1, key="k"))
    assert not desk.decide(by_hand(number=2, key="k"))
    assert desk.decide(by_hand(number=3, key="l"))
    assert desk.decide(by_hand("b", number=1, key="k"))
    assert desk.store.get(by_hand().run_id).key == "k"


def test_the_count_of_planned_runs_is_of_runs_by_trigger(desk):
    desk.decide(row(at=1), skipped(at=2), by_hand(), row(at=1, suffix="#b1", origin="backfill"))
    assert desk.state().planned == 1
    desk.decide(row(at=1))
    assert desk.state().planned == 1


def test_a_pause_is_written_kept_and_ended(desk):
    pause = Pause(at=NOW, until=NOW + MINUTE, by="Ada", why="a reason")
    desk.change("a", pause=pause)
    assert desk.state().pause == pause
    desk.change("a", pause=KEEP)
    assert desk.state().pause == pause
    assert desk.state("b").pause is None
    desk.change("a", pause=None)
    assert desk.state().pause is None


EDIT = Edit(
    replaced="every 1m",
    trigger='{"kind": "every", "interval": "5m"}',
    policies={"timeout": 30.0, "tags": ["a"], "args": [1, {"b": None}]},
)


def test_an_edit_is_written_kept_and_dropped(desk, other):
    assert desk.state().edit is None
    desk.change("a", edit=EDIT)
    assert desk.state().edit == other.state().edit == EDIT
    desk.change("a", mark=NOW)
    assert desk.state().edit == EDIT
    assert desk.state("b").edit is None
    other.change("a", edit=None)
    assert desk.state().edit is None


def test_a_plan_sees_the_edit_of_the_moment(desk, other):
    desk.change("a", edit=EDIT)
    seen = []
    other.store.decide(["a", "b"], lambda states: seen.extend(states) or [], NOW)
    assert {state.job_id: state.edit for state in seen} == {"a": EDIT, "b": None}


def test_an_edit_outlives_a_registration(desk):
    desk.change("a", edit=EDIT)
    desk.store.register([job_of("a", tags={"new"})], NOW)
    assert desk.state().edit == EDIT


def test_the_runs_that_have_not_ended_are_live_the_oldest_first(desk):
    first = desk.start(row(at=0))
    desk.decide(row(at=1), skipped(at=2), row("b", at=2))
    live = desk.state().live
    assert [(run.id, run.running, run.attempt) for run in live] == [
        (row(at=0).run_id, True, 1),
        (row(at=1).run_id, False, 0),
    ]
    desk.store.finish(ended(first))
    assert [run.id for run in desk.state().live] == [row(at=1).run_id]


def test_a_plan_sees_the_runs_that_are_live(desk):
    desk.start(row())
    seen = []
    desk.store.decide(["a"], lambda states: seen.extend(states[0].live) or [], NOW)
    assert [run.id for run in seen] == [row().run_id]


def test_a_row_that_replaces_a_waiting_one_cancels_it(desk):
    desk.decide(by_hand(number=1))
    desk.decide(by_hand(number=2, cancels=(by_hand(number=1).run_id,)), now=NOW + SECOND)
    old = desk.store.get(by_hand(number=1).run_id)
    assert (old.phase, old.outcome, old.reason) == ("ended", "cancelled", "overlap")
    assert old.ended_at == NOW + SECOND
    assert [run.run_id for run in desk.take()] == [by_hand(number=2).run_id]


def test_a_row_that_replaces_a_running_one_leaves_it_running(desk):
    run = desk.start(by_hand(number=1))
    desk.decide(by_hand(number=2, cancels=(run.run_id,)))
    assert desk.store.get(run.run_id).phase == "running"
    desk.store.finish(ended(run, Outcome.CANCELLED))
    assert desk.store.get(run.run_id).outcome == "cancelled"


# --- take ---------------------------------------------------------------------------------------


def test_a_row_that_is_taken_is_running_and_mine(desk):
    decision = row(not_before=NOW + SECOND, args=(1, "x"), kwargs={"k": [2]})
    desk.decide(decision)
    (run,) = desk.take(now=NOW + 3 * SECOND)
    assert (run.run_id, run.job_id, run.origin) == (decision.run_id, "a", "trigger")
    assert (run.fire_time, run.due) == (NOW, NOW + SECOND)
    assert (run.attempt, run.started_at, run.first_started_at) == (
        1,
        NOW + 3 * SECOND,
        NOW + 3 * SECOND,
    )
    assert (tuple(run.args), run.kwargs) == ((1, "x"), {"k": [2]})
    seen = desk.store.get(decision.run_id)
    assert (seen.phase, seen.owner, seen.attempt, seen.executed) == ("running", "me", 1, True)
    assert (seen.started_at, seen.lateness) == (NOW + 3 * SECOND, 2 * SECOND)
    assert (seen.not_before, seen.ended_at, seen.duration) == (None, None, None)


def test_a_row_without_arguments_of_its_own_has_none(desk):
    run = desk.start(row())
    assert (run.args, run.kwargs) == (None, None)


def test_a_row_is_taken_once(desk, other):
    desk.decide(row())
    assert len(desk.take()) == 1
    assert desk.take() == []
    assert other.take() == []


def test_a_row_is_taken_at_its_very_instant_and_not_before(desk):
    desk.decide(row(not_before=NOW + SECOND))
    assert desk.take(now=NOW + SECOND - MOMENT) == []
    assert len(desk.take(now=NOW + SECOND)) == 1


def test_rows_are_taken_by_priority_then_fire_time_then_job(desk):
    expected = [row("b", 3, priority=5), row("b", 1), row("a", 2), row("b", 2), row("c", 2)]
    expected.append(row("a", 0, suffix="#1", origin="hand", priority=-1))
    desk.decide(*sorted(expected, key=lambda each: each.run_id, reverse=True), now=NOW)
    taken = desk.take(now=NOW + 9 * MINUTE)
    assert [run.run_id for run in taken] == [each.run_id for each in expected]


def test_no_more_rows_are_taken_than_there_are_free_slots(desk):
    desk.decide(*(by_hand(number=n) for n in range(5)))
    assert desk.take(free=0) == []
    assert len(desk.take(free=2)) == 2
    assert len(desk.take(free=9)) == 3


def test_only_rows_of_the_jobs_asked_for_are_taken(desk):
    desk.decide(row("a"), row("b"))
    assert [run.job_id for run in desk.take(job_ids=["b"])] == ["b"]
    assert desk.take(job_ids=[]) == []
    assert [run.job_id for run in desk.take(job_ids=["a", "nobody"])] == ["a"]


def test_rows_that_are_passed_over_keep_their_place(desk):
    desk.decide(by_hand("a", 1, priority=9), by_hand("b", 1), by_hand("a", 2, priority=8))
    assert [run.job_id for run in desk.take(job_ids=["b"])] == ["b"]
    assert [run.run_id[-2:] for run in desk.take()] == ["#1", "#2"]


def test_no_more_runs_of_a_job_go_on_than_its_limit(desk, other):
    limits = attrs.evolve(FREE, jobs={"a": 2})
    desk.decide(*(by_hand(number=n) for n in range(4)), by_hand("b"))
    first = desk.take(limits=limits)
    assert sorted(run.job_id for run in first) == ["a", "a", "b"]
    assert desk.take(limits=limits) == []
    assert other.take(limits=limits) == []
    desk.store.finish(ended(next(run for run in first if run.job_id == "a")))
    assert [run.job_id for run in other.take(limits=limits)] == ["a"]


class OneByOne(Mapping):
    """Limits that are asked for by name; to go through all of them is refused."""

    def __init__(self, limits):
        self._limits = limits

    def __getitem__(self, name):
        return self._limits[name]

    def __iter__(self):
        raise AssertionError("there may be a million of them")

    __len__ = __iter__


def test_a_store_does_not_go_through_the_limits_of_all_jobs(desk):
    limits = attrs.evolve(FREE, jobs=OneByOne({"a": 1}))
    desk.decide(by_hand("a", 1), by_hand("a", 2), by_hand("b", 1), by_hand("b", 2))
    assert [run.job_id for run in desk.take(limits=limits)] == ["a", "b", "b"]


def test_no_more_runs_with_a_tag_go_on_than_its_limit(desk, other):
    tags = {"a": frozenset({"heavy"}), "b": frozenset({"heavy", "late"})}
    limits = Limits(jobs={}, tags={"heavy": 1, "late": 5}, tags_of=tags)
    desk.decide(by_hand("a"), by_hand("b"), by_hand("c"))
    first = desk.take(limits=limits)
    assert [run.job_id for run in first] == ["a", "c"]
    assert other.take(limits=limits) == []
    desk.store.finish(ended(first[0]))
    assert [run.job_id for run in other.take(limits=limits)] == ["b"]


def tagged(job_id, *tags, **limits):
    """Limits of a scheduler that has one job, with these tags."""
    return Limits(jobs={}, tags=limits, tags_of={job_id: frozenset(tags)})


def test_a_tag_is_counted_over_the_jobs_of_all_schedulers(desk, other):
    mine, yours = tagged("a", "heavy", heavy=1), tagged("b", "heavy", heavy=1)
    desk.decide(by_hand("a"), by_hand("b"))
    (run,) = desk.take(job_ids=["a"], limits=mine)
    assert other.take(job_ids=["b"], limits=yours) == []
    desk.store.finish(ended(run))
    assert [each.job_id for each in other.take(job_ids=["b"], limits=yours)] == ["b"]


def test_a_run_counts_for_a_tag_that_only_another_scheduler_limits(desk, other):
    desk.decide(by_hand("a"), by_hand("b"))
    (run,) = desk.take(job_ids=["a"], limits=tagged("a", "heavy", "late"))
    limits = tagged("b", "heavy", heavy=1)
    assert other.take(job_ids=["b"], limits=limits) == []
    desk.store.finish(again(run, NOW + MINUTE))
    assert len(other.take(job_ids=["b"], limits=limits)) == 1


def test_a_run_counts_for_the_tags_it_was_taken_with(desk):
    desk.decide(by_hand("a"), by_hand("b"))
    assert len(desk.take(job_ids=["a"], limits=tagged("a", "heavy", heavy=1))) == 1
    late = Limits(jobs={}, tags={"heavy": 1, "late": 1}, tags_of={"a": frozenset({"late"})})
    desk.decide(by_hand("a", 2), by_hand("a", 3))
    assert len(desk.take(job_ids=["a"], limits=late)) == 1
    assert desk.take(job_ids=["b"], limits=tagged("b", "heavy", heavy=1)) == []


def test_each_scheduler_holds_its_own_limit_against_all_that_goes_on(desk, other):
    desk.decide(*(by_hand("a", n) for n in range(3)), *(by_hand("b", n) for n in range(3)))
    assert len(desk.take(job_ids=["a"], limits=tagged("a", "heavy", heavy=2))) == 2
    assert len(other.take(job_ids=["b"], limits=tagged("b", "heavy", heavy=3))) == 1
    assert desk.take(job_ids=["a"], limits=tagged("a", "heavy", heavy=2)) == []


def test_an_ended_owner_frees_the_tags_of_its_runs(desk, other):
    desk.decide(by_hand("a"), by_hand("b"))
    assert len(other.take(job_ids=["a"], limits=tagged("a", "heavy", heavy=1))) == 1
    other.store.close("other", NOW)
    other.store.open("other", NOW)
    assert len(desk.take(job_ids=["b"], limits=tagged("b", "heavy", heavy=1))) == 1


def test_a_waiting_row_counts_for_no_limit(desk):
    limits = attrs.evolve(FREE, jobs={"a": 1})
    run = desk.start(by_hand(number=1))
    desk.store.finish(again(run, NOW + MINUTE))
    desk.decide(by_hand(number=2))
    assert [each.run_id[-2:] for each in desk.take(limits=limits)] == ["#2"]


def test_a_forced_row_is_held_back_by_no_limit_but_counts(desk):
    limits = Limits(jobs={"a": 1}, tags={"t": 1}, tags_of={"a": frozenset({"t"})})
    desk.decide(by_hand(number=1), by_hand(number=2, force=True), by_hand(number=3))
    assert len(desk.take(limits=limits)) == 2
    assert desk.take(limits=limits) == []


def test_the_fence_of_a_job_rises_with_every_take(desk, other):
    fences = []
    for number, each in enumerate([desk, other, desk]):
        run = each.start(by_hand(number=number))
        fences.append(run.fence)
        assert each.store.get(run.run_id).fence == run.fence
        each.store.finish(again(run, NOW))
        (run,) = each.take()
        fences.append(run.fence)
        each.store.finish(ended(run))
    if desk.store.name == "memory":
        assert fences == [None] * 6
    else:
        assert fences == sorted(set(fences))


# --- when a row can start, and when it gives up -------------------------------------------------


def test_nothing_waits_in_an_empty_store(store):
    assert store.next_waiting(JOBS, NOW) is None


def test_the_next_row_of_these_jobs_says_when_to_look(desk):
    desk.decide(row("a", 5), row("b", 3), row("c", 4))
    assert desk.store.next_waiting(JOBS, NOW) == NOW + 3 * MINUTE
    assert desk.store.next_waiting(["a"], NOW) == NOW + 5 * MINUTE
    assert desk.store.next_waiting(["a", "c"], NOW) == NOW + 4 * MINUTE
    assert desk.store.next_waiting([], NOW) is None


def test_a_row_whose_time_has_come_says_now(desk):
    desk.decide(row())
    later = NOW + MINUTE
    assert desk.store.next_waiting(JOBS, later) == later
    assert desk.take(free=0, now=later) == []
    assert desk.store.next_waiting(JOBS, later) == later
    desk.take(now=later)
    assert desk.store.next_waiting(JOBS, later) is None


def test_a_retry_says_when_to_look(desk):
    run = desk.start(row())
    desk.store.finish(again(run, NOW + 7 * MINUTE))
    assert desk.store.next_waiting(JOBS, NOW) == NOW + 7 * MINUTE


def test_a_row_gives_up_when_its_time_is_over(desk):
    desk.decide(by_hand("a"), by_hand("b"))
    desk.take()
    desk.decide(row(give_up_at=NOW + MINUTE), row("b", give_up_at=NOW + MINUTE))
    assert list(desk.store.give_up(JOBS, NOW + MINUTE - MOMENT)) == []
    (run,) = desk.store.give_up(["a"], NOW + MINUTE)
    assert (run.id, run.phase, run.outcome, run.reason) == (
        row().run_id,
        "ended",
        "skipped",
        "not_stopped",
    )
    assert (run.ended_at, desk.store.get(run.id)) == (NOW + MINUTE, run)
    assert list(desk.store.give_up(["a"], NOW + MINUTE)) == []
    assert [each.job_id for each in desk.store.give_up(JOBS, NOW + MINUTE)] == ["b"]
    assert desk.take(now=NOW + MINUTE) == []


def test_a_row_does_not_give_up_when_the_run_it_replaces_did_stop(desk):
    old = desk.start(by_hand())
    desk.decide(row(give_up_at=NOW + MINUTE))
    desk.store.finish(ended(old, Outcome.CANCELLED))
    assert list(desk.store.give_up(JOBS, NOW + MINUTE)) == []
    assert len(desk.take(now=NOW + MINUTE)) == 1


def test_a_row_that_has_started_does_not_give_up(desk):
    run = desk.start(row(give_up_at=NOW + MINUTE))
    desk.store.finish(again(run, NOW))
    assert list(desk.store.give_up(JOBS, NOW + MINUTE)) == []
    assert len(desk.take(now=NOW + MINUTE)) == 1


def test_a_cancelled_row_does_not_give_up(desk):
    desk.start(by_hand())
    desk.decide(row(give_up_at=NOW + MINUTE))
    desk.store.cancel(row().run_id, "by hand", NOW)
    assert list(desk.store.give_up(JOBS, NOW + MINUTE)) == []


def test_a_row_held_back_says_when_it_gives_up(desk):
    desk.decide(row(at=9, give_up_at=NOW + MINUTE))
    assert desk.store.next_waiting(JOBS, NOW) == NOW + MINUTE


# --- finish -------------------------------------------------------------------------------------


def test_an_outcome_ends_a_row(desk):
    run = desk.start(row())
    ending = ended(
        run,
        Outcome.FAILED,
        at=NOW + 5 * SECOND,
        reason="a reason",
        error="what it said",
        error_type="builtins.OSError",
        notes={"rows": 17},
    )
    assert list(desk.store.finish(ending)) == []
    seen = desk.store.get(run.run_id)
    assert (seen.phase, seen.outcome, seen.reason) == ("ended", "failed", "a reason")
    assert (seen.error, seen.error_type) == ("what it said", "builtins.OSError")
    assert (seen.ended_at, seen.duration) == (NOW + 5 * SECOND, 5 * SECOND)
    assert (dict(seen.notes), seen.owner, seen.abandoned) == ({"rows": 17}, "me", False)
    assert desk.state().live == ()


def test_a_retry_makes_the_row_wait_again(desk):
    first = desk.start(row(not_before=NOW + SECOND), now=NOW + SECOND)
    desk.store.finish(again(first, NOW + MINUTE, error_type="E"))
    seen = desk.store.get(first.run_id)
    assert (seen.phase, seen.outcome, seen.attempt) == ("waiting", None, 1)
    assert (seen.not_before, seen.error, seen.owner) == (NOW + MINUTE, "no", None)
    assert [(each.running, each.attempt) for each in desk.state().live] == [(False, 1)]
    assert desk.take(now=NOW + MINUTE - MOMENT) == []
    (second,) = desk.take(now=NOW + MINUTE)
    assert (second.attempt, second.due) == (2, NOW + SECOND)
    assert (second.first_started_at, second.started_at) == (NOW + SECOND, NOW + MINUTE)


def test_a_success_says_nothing_of_the_attempts_before_it(desk):
    run = desk.start(row())
    facts = {"reason": "again", "error_type": "ValueError", "notes": {"seen": 1}}
    desk.store.finish(again(run, NOW + MINUTE, **facts))
    (second,) = desk.take(now=NOW + MINUTE)
    desk.store.finish(ended(second, at=NOW + MINUTE))
    found = desk.store.get(run.run_id)
    assert (str(found.outcome), found.attempt, found.ended_at) == ("succeeded", 2, NOW + MINUTE)
    assert (found.reason, found.error, found.error_type) == (None, None, None)
    assert dict(found.notes) == {}


def test_another_scheduler_may_take_a_retry(desk, other):
    run = desk.start(row())
    desk.store.finish(again(run, NOW))
    assert [each.attempt for each in other.take()] == [2]
    assert other.store.get(run.run_id).owner == "other"


def test_duration_is_from_the_first_start_to_the_end(desk):
    run = desk.start(row())
    desk.store.finish(again(run, NOW + MINUTE))
    (run,) = desk.take(now=NOW + MINUTE)
    desk.store.finish(ended(run, at=NOW + 2 * MINUTE))
    seen = desk.store.get(run.run_id)
    assert (seen.duration, seen.lateness) == (2 * MINUTE, timedelta(0))


def test_what_is_not_running_cannot_be_finished(desk):
    desk.decide(row())
    with pytest.raises(FenceLostError):
        desk.store.finish(Ending(run_id=row().run_id, at=NOW, outcome=Outcome.SUCCEEDED))
    with pytest.raises(FenceLostError):
        desk.store.finish(Ending(run_id="nobody", at=NOW, outcome=Outcome.SUCCEEDED))
    (run,) = desk.take()
    desk.store.finish(ended(run))
    with pytest.raises(FenceLostError):
        desk.store.finish(ended(run, Outcome.FAILED))
    assert desk.store.get(run.run_id).outcome == "succeeded"


def test_an_older_fence_than_the_stores_is_refused(desk, other):
    old = desk.start(row())
    if old.fence is None:
        pytest.skip("a store of one process has no fences")
    desk.store.finish(again(old, NOW))
    (new,) = other.take()
    with pytest.raises(FenceLostError):
        desk.store.finish(ended(old))
    assert other.store.get(new.run_id).phase == "running"
    other.store.finish(ended(new))


def test_followers_get_their_rows_with_the_outcome_of_the_parent(desk):
    run = desk.start(row())
    seen = []

    def plan(states):
        seen.extend((state.job_id, state.live) for state in states)
        return [Verdict(state.job_id, (row(state.job_id, origin="after"),)) for state in states]

    decisions = desk.store.finish(ended(run), ("b", "c", "nobody"), plan)
    assert [each.job_id for each in decisions] == ["b", "c"]
    assert seen == [("b", ()), ("c", ())]
    assert [each.job_id for each in desk.take()] == ["b", "c"]


def test_followers_get_nothing_when_the_outcome_is_refused(desk):
    run = desk.start(row())
    desk.store.finish(ended(run))
    with pytest.raises(FenceLostError):
        desk.store.finish(
            ended(run, at=NOW + MINUTE),
            ("b",),
            lambda states: [Verdict("b", (row("b", origin="after"),))],
        )
    assert desk.take() == []


def test_an_outcome_is_not_written_when_the_plan_of_the_followers_raises(desk):
    run = desk.start(row())

    def plan(states):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        desk.store.finish(ended(run), ("b",), plan)
    assert desk.store.get(run.run_id).phase == "running"
    desk.store.finish(ended(run))
    assert desk.store.get(run.run_id).outcome == "succeeded"


# --- abandoned, cancelled, forgotten, closed ----------------------------------------------------


def test_an_abandoned_run_is_live_until_its_thread_ends(desk):
    run = desk.start(row())
    desk.store.finish(ended(run, Outcome.TIMED_OUT, abandoned=True))
    seen = desk.store.get(run.run_id)
    assert (seen.phase, seen.outcome, seen.abandoned) == ("ended", "timed_out", True)
    assert [(each.id, each.abandoned) for each in desk.state().live] == [(run.run_id, True)]
    desk.store.settle(run.run_id)
    assert desk.state().live == ()
    assert not desk.store.get(run.run_id).abandoned
    assert desk.ids() == [run.run_id]


def test_an_abandoned_run_counts_for_no_limit(desk):
    limits = Limits(jobs={"a": 1}, tags={"t": 1}, tags_of={"a": frozenset({"t"})})
    run = desk.start(by_hand(number=1))
    desk.store.finish(ended(run, Outcome.TIMED_OUT, abandoned=True))
    desk.decide(by_hand(number=2))
    assert len(desk.take(limits=limits)) == 1


def test_an_abandoned_run_is_not_pruned_while_its_thread_goes_on(desk):
    desk.store.register([job_of("a", keep_runs=2)], NOW)
    run = desk.start(by_hand(number=0))
    desk.store.finish(ended(run, Outcome.TIMED_OUT, abandoned=True))
    desk.decide(*(skipped(at=n) for n in range(5)))
    assert desk.store.get(run.run_id).abandoned
    desk.store.settle(run.run_id)
    assert desk.state().live == ()


def test_settling_what_is_not_known_is_no_error(desk):
    desk.store.settle("nobody")
    run = desk.start(row())
    desk.store.settle(run.run_id)
    assert [each.id for each in desk.state().live] == [run.run_id]


def test_cancelling_a_waiting_run_ends_it(desk):
    desk.decide(row())
    run = desk.store.cancel(row().run_id, "by hand", NOW + SECOND)
    assert (run.phase, run.outcome, run.reason) == ("ended", "cancelled", "by hand")
    assert (run.ended_at, run.attempt) == (NOW + SECOND, 0)
    assert desk.take() == []
    assert desk.state().live == ()


def test_cancelling_a_run_that_waits_for_a_retry_ends_it(desk):
    run = desk.start(row())
    desk.store.finish(again(run, NOW))
    assert desk.store.cancel(run.run_id, "by hand", NOW).outcome == "cancelled"
    assert desk.take() == []


@pytest.mark.parametrize("how", ["cancel", "forget"])
def test_a_cancelled_retry_keeps_what_is_known_of_the_attempts_before(desk, how):
    run = desk.start(row())
    desk.store.finish(again(run, NOW, error_type="builtins.ValueError", notes={"n": 1}))
    if how == "cancel":
        desk.store.cancel(run.run_id, "by hand", NOW)
    else:
        desk.store.forget("a", NOW)
    found = desk.store.get(run.run_id)
    assert found.outcome == "cancelled"
    assert (found.error, found.error_type, found.notes) == ("no", "builtins.ValueError", {"n": 1})


def test_cancelling_a_running_run_leaves_it_to_its_owner(desk, other):
    run = desk.start(row())
    seen = other.store.cancel(run.run_id, "by hand", NOW)
    assert (seen.phase, seen.outcome) == ("running", None)
    desk.store.finish(ended(run, Outcome.CANCELLED, reason="by hand"))
    assert desk.store.get(run.run_id).outcome == "cancelled"


def test_cancelling_an_ended_run_changes_nothing(desk):
    run = desk.start(row())
    desk.store.finish(ended(run))
    assert desk.store.cancel(run.run_id, "by hand", NOW).outcome == "succeeded"
    assert desk.store.cancel("nobody", "by hand", NOW) is None


def test_forgetting_a_job_ends_what_waits_and_keeps_the_rest(desk):
    run = desk.start(by_hand(number=1))
    desk.decide(by_hand(number=2), by_hand("b"), skipped(at=3))
    desk.store.forget("a", NOW + SECOND)
    cancelled = desk.store.get(by_hand(number=2).run_id)
    assert (cancelled.outcome, cancelled.reason) == ("cancelled", "removed")
    assert desk.store.get(run.run_id).phase == "running"
    desk.store.finish(ended(run))
    assert len(desk.ids(job_id="a")) == 3
    assert [each.job_id for each in desk.take()] == ["b"]
    desk.store.forget("nobody", NOW)


def test_closing_leaves_nothing_running_that_nobody_runs(desk, connect):
    run = desk.start(by_hand(number=1))
    desk.store.close("me", NOW + MINUTE)
    store = connect()
    store.open("next", NOW + MINUTE)
    seen = store.get(run.run_id)
    if seen is not None:  # a store may also have let go of everything
        assert (seen.outcome, seen.reason) == ("interrupted", "shutdown")
    assert store.states(["a"])["a"].live == ()
    store.close("next", NOW + MINUTE)


def test_closing_touches_nothing_of_another_scheduler(desk, other):
    theirs = other.start(by_hand(number=1))
    desk.decide(by_hand(number=2))
    desk.store.close("me", NOW)
    assert other.store.get(theirs.run_id).phase == "running"
    assert other.store.get(by_hand(number=2).run_id).phase == "waiting"
    assert [run.run_id for run in other.take()] == [by_hand(number=2).run_id]


def test_a_store_can_be_opened_again(desk):
    desk.decide(row(), mark=NOW)
    (run,) = desk.take()
    desk.store.finish(ended(run))
    desk.store.close("me", NOW)
    desk.store.open("me again", NOW)
    assert desk.store.register([job_of("a")], NOW + MINUTE)["a"].mark == NOW
    assert desk.ids() == [run.run_id]
    desk.store.close("me again", NOW)


# --- reading ------------------------------------------------------------------------------------


def test_an_unknown_run_is_none(store):
    assert store.get("nobody") is None


def test_runs_come_with_the_newest_fire_time_first(desk):
    for at in (3, 1, 2):
        desk.decide(row(at=at), row("b", at))
    assert desk.ids(job_id="a") == [row(at=at).run_id for at in (3, 2, 1)]
    assert [run.fire_time for run in desk.store.runs()] == [
        NOW + at * MINUTE for at in (3, 3, 2, 2, 1, 1)
    ]


def test_of_one_fire_time_the_newest_row_comes_first(desk):
    desk.decide(by_hand(number=1))
    desk.decide(by_hand(number=2))
    assert desk.ids() == [by_hand(number=2).run_id, by_hand(number=1).run_id]


def test_of_one_fire_time_the_newest_row_comes_first_though_it_ended_before_the_other(desk):
    run = desk.start(by_hand())
    desk.decide(skipped(), now=NOW + SECOND)
    desk.store.finish(ended(run))
    newest = row().run_id
    assert desk.ids() == desk.ids(job_id="a") == [newest, run.run_id]
    assert desk.store.last_ended(["a"])["a"].id == newest


def test_runs_are_chosen_by_job_outcome_key_and_end(desk):
    run = desk.start(row("a", 0))
    desk.store.finish(ended(run))
    going = desk.start(by_hand("b", key="k"))
    desk.decide(skipped("a", 1), row("c", 9))
    assert desk.ids(outcome="succeeded") == [run.run_id]
    assert desk.ids(outcome="skipped", job_id="a") == [row("a", 1).run_id]
    assert desk.ids(outcome="skipped", job_id="b") == []
    assert desk.ids(key="k") == [going.run_id]
    assert desk.ids(key="k", job_id="a") == []
    assert desk.ids(ended=True) == [row("a", 1).run_id, run.run_id]
    assert desk.ids(ended=False) == [row("c", 9).run_id, going.run_id]
    assert desk.ids(job_id="nobody") == []
    assert desk.ids(ended=True, job_id="a", limit=1) == [row("a", 1).run_id]


def test_the_last_run_of_a_job_that_has_ended_is_the_one_with_the_newest_fire_time(desk):
    run = desk.start(row("a", 5), NOW + 5 * MINUTE)
    desk.decide(skipped("a", 3), row("a", 9), skipped("b", 2), row("c", 1))
    assert [(job, last.id) for job, last in sorted(desk.store.last_ended(JOBS).items())] == [
        ("a", row("a", 3).run_id),
        ("b", row("b", 2).run_id),
    ]
    desk.store.finish(ended(run))
    desk.decide(skipped("a", 4))  # it ended later, and is older
    last = desk.store.last_ended(["a", "c", "nobody"])
    assert last == {"a": desk.store.get(run.run_id)}
    assert list(last.values()) == list(desk.store.runs(job_id="a", ended=True, limit=1))
    assert desk.store.last_ended([]) == {}


@pytest.mark.parametrize(("limit", "count"), [(0, 0), (1, 1), (3, 3), (9, 3), (None, 3)])
def test_no_more_runs_are_returned_than_asked_for(desk, limit, count):
    desk.decide(*(by_hand(number=n) for n in range(3)))
    assert len(desk.ids(limit=limit)) == count


def test_history_is_pruned_to_what_the_job_keeps(desk):
    desk.store.register([job_of("a", keep_runs=2)], NOW)
    desk.decide(*(skipped(at=n) for n in range(5)), mark=NOW + 4 * MINUTE)
    assert desk.ids(job_id="a") == [row(at=n).run_id for n in (4, 3)]
    assert desk.store.get(row(at=0).run_id) is None


def test_pruning_touches_nothing_that_waits_or_goes_on_and_no_other_job(desk):
    desk.store.register([job_of("a", keep_runs=1)], NOW)
    going = desk.start(by_hand(number=1))
    desk.decide(row(at=0), skipped("b", 0), skipped("b", 1), *(skipped(at=n) for n in range(1, 5)))
    assert len(desk.ids(job_id="b")) == 2
    assert set(desk.ids(job_id="a", ended=False)) == {going.run_id, row(at=0).run_id}
    assert desk.ids(job_id="a", ended=True) == [row(at=4).run_id]


def test_a_pruned_fire_time_is_not_decided_again(desk):
    desk.store.register([job_of("a", keep_runs=1)], NOW)
    desk.decide(*(skipped(at=n) for n in range(5)), mark=NOW + 4 * MINUTE)
    assert desk.store.get(row(at=2).run_id) is None
    assert not desk.decide(row(at=2))


# --- the planner inside `decide`, over several schedulers ----------------------------------------


def plan_by(job, now):
    """The plan of a scheduler that has this job."""
    return lambda states: [plan_job(job, state, now).verdict for state in states]


def fire(desk, job, at):
    """Have one scheduler decide what is due `at` minutes after noon."""
    now = NOW + at * MINUTE
    return [
        (each.run_id, str(each.outcome or "waiting"), each.reason)
        for each in desk.store.decide([job.id], plan_by(job, now), now)
    ]


def test_max_runs_is_counted_over_all_schedulers(desk, other):
    job = job_of("a", max_runs=3, overlap="allow")
    given = []
    for at in range(1, 7):
        now = NOW + at * MINUTE
        who = (desk, other)[at % 2]
        given += who.store.decide(
            ["a"],
            lambda states, now=now: [
                plan.verdict
                for state in states
                if (plan := plan_job(job, state, now)).verdict is not None
            ],
            now,
        )
    assert [each.fire_time for each in given] == [NOW + n * MINUTE for n in (1, 2, 3)]


def test_overlap_is_judged_by_the_runs_of_all_schedulers(desk, other):
    job = job_of("a", overlap="skip")
    ((first, _, _),) = fire(other, job, 1)
    assert len(other.take(now=NOW + MINUTE)) == 1
    assert fire(desk, job, 2) == [(run_id("a", NOW + 2 * MINUTE), "skipped", "overlap")]
    assert desk.store.get(run_id("a", NOW + 2 * MINUTE)).blocked_by == first


def test_a_queue_is_as_long_as_the_runs_of_all_schedulers_make_it(desk, other):
    job = job_of("a", overlap="queue", queue_limit=1)
    fire(other, job, 1)
    assert len(other.take(now=NOW + MINUTE)) == 1
    assert [outcome for _, outcome, _ in fire(desk, job, 2)] == ["waiting"]
    assert [outcome for _, outcome, _ in fire(other, job, 3)] == ["skipped"]


def test_a_pause_of_one_scheduler_holds_for_another(desk, other):
    job = job_of("a")
    desk.change("a", pause=Pause(at=NOW, until=NOW + 10 * MINUTE))
    assert plan_job(job, other.state("a"), NOW + 5 * MINUTE).verdict is None


# --- several at once ----------------------------------------------------------------------------


def together(count, work):
    """Call `work(n)` in so many threads that start together."""
    barrier = threading.Barrier(count)

    def one(number):
        barrier.wait(10)
        return work(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def opened(connect, count):
    desks = [Desk(connect(), f"owner-{n}") for n in range(count)]
    for desk in desks:
        desk.store.open(desk.owner, NOW)
        desk.store.register([job_of(each) for each in JOBS], NOW)
    return desks


def test_of_many_who_decide_a_fire_time_one_wins(connect):
    desks = opened(connect, 4)
    for at in range(5):
        new = together(4, lambda n, at=at: desks[n].decide(row(at=at), mark=NOW + at * MINUTE))
        assert sorted(map(len, new)) == [0, 0, 0, 1]
    assert len(desks[0].ids(job_id="a")) == 5
    for desk in desks:
        desk.store.close(desk.owner, NOW)


def test_of_many_who_take_each_row_goes_to_one(connect):
    desks = opened(connect, 4)
    desks[0].decide(*(by_hand(each, n) for each in JOBS for n in range(20)))
    taken = together(4, lambda n: [run for _ in range(20) for run in desks[n].take(free=1)])
    # Whoever finds a row in another's hands may pass it over and has to look again.
    taken.append(desks[0].take())
    ids = [run.run_id for each in taken for run in each]
    assert (len(ids), len(set(ids))) == (60, 60)
    for desk in desks:
        desk.store.close(desk.owner, NOW)


def test_a_limit_holds_while_many_take_at_once(connect):
    desks = opened(connect, 4)
    limits = Limits(jobs={"a": 3}, tags={"t": 4}, tags_of={j: frozenset({"t"}) for j in "ab"})
    desks[0].decide(*(by_hand(each, n) for each in "ab" for n in range(10)))
    together(4, lambda n: [desks[n].take(free=1, limits=limits) for _ in range(8)])
    desks[0].take(limits=limits)
    live = {job_id: desks[0].state(job_id).live for job_id in "ab"}
    going = {job_id: sum(run.running for run in runs) for job_id, runs in live.items()}
    assert sum(going.values()) == 4
    assert going["a"] <= 3
    for desk in desks:
        desk.store.close(desk.owner, NOW)


@pytest.mark.parametrize("known", [False, True], ids=["new ones", "changed ones"])
def test_many_register_the_same_jobs_each_in_its_order(connect, known):
    desks, names = opened(connect, 2), [f"job-{number}" for number in range(300)]
    if known:
        desks[0].store.register([job_of(each) for each in names], NOW)

    def register(number):
        order = names[::-1] if number else names
        jobs = [job_of(each, description=f"as {number} says") for each in order]
        return list(desks[number].store.register(jobs, NOW))

    assert together(2, register) == [names, names[::-1]]
    for desk in desks:
        desk.store.close(desk.owner, NOW)


def test_what_one_scheduler_writes_another_sees(desk, other):
    desk.decide(row(), mark=NOW)
    desk.change("b", pause=Pause(at=NOW, by="Ada"))
    assert other.state().mark == NOW
    assert other.state("b").pause.by == "Ada"
    (run,) = other.take()
    assert desk.store.get(run.run_id).owner == "other"
    other.store.finish(ended(run, notes={"n": 1}))
    assert dict(desk.store.get(run.run_id).notes) == {"n": 1}
