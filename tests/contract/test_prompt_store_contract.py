"""What every store promises that decides and hands out rows in one transaction."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import attrs
import pytest

from cronkit.errors import PolicyError
from cronkit.jobs import Decision, Ending, Limits, Outcome, Verdict, build_job, run_id
from cronkit.triggers import Every

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
FREE = Limits(jobs={}, tags={}, tags_of={})
JOBS = ("a", "b", "c")


def row(job_id="a", at=0, **facts):
    """A row for the fire time `at` minutes after noon."""
    fire = NOW + at * MINUTE
    facts.setdefault("not_before", fire)
    return Decision(run_id=run_id(job_id, fire), job_id=job_id, fire_time=fire, **facts)


class Desk:
    """One owner's way to a store, in the words of these tests."""

    def __init__(self, store, owner):
        self.store = store
        self.owner = owner
        self.judged = []

    def both(self, *rows, jobs=JOBS, takes=JOBS, free=10, limits=FREE, now=NOW):
        """Decide these rows, the mark with them, and take what may start."""
        found = {}
        for each in rows:
            found.setdefault(each.job_id, []).append(each)

        def judge(state):
            self.judged.append(state)
            mine = found.get(state.job_id)
            return mine and Verdict(state.job_id, mine, max(each.fire_time for each in mine))

        new, taken, more = self.store.decide_and_take(
            jobs, judge, self.owner, takes, free, limits=limits, now=now
        )
        return [each.run_id for each in new], [each.run_id for each in taken], more

    def decide(self, *rows):
        return self.both(*rows, free=0)


@pytest.fixture
def enter(connect):
    """Enter a scheduler, with a connection of its own as in another process."""
    desks = []

    def make(owner):
        store = connect()
        store.open(owner, NOW - MINUTE)
        store.register([build_job(print, Every("1m"), UTC, {"id": each}, {}) for each in JOBS], NOW)
        desks.append(Desk(store, owner))
        return desks[-1]

    yield make
    for desk in desks:
        desk.store.close(desk.owner, NOW)


@pytest.fixture
def desk(enter):
    return enter("me")


@pytest.fixture
def other(enter, desk):
    return enter("you")


def test_what_is_decided_is_taken_at_once(desk):
    wanted = row()
    new, taken, more = desk.both(wanted)
    assert (new, taken, more) == ([wanted.run_id], [wanted.run_id], False)
    run = desk.store.get(wanted.run_id)
    assert (run.phase, run.owner, run.attempt, run.started_at) == ("running", "me", 1, NOW)
    assert desk.store.states(["a"])["a"].mark == NOW


def test_what_is_taken_is_as_if_it_had_waited(desk):
    wanted = row(at=-1, not_before=NOW, priority=2, args=(1, "x"), kwargs={"deep": [None]})
    (taken,) = desk.store.decide_and_take(
        ["a"], lambda _: Verdict("a", [wanted], NOW), "me", {"a"}, 1, limits=FREE, now=NOW
    )[1]
    assert (taken.run_id, taken.fire_time, taken.due) == (wanted.run_id, NOW - MINUTE, NOW)
    assert (taken.attempt, taken.started_at, taken.first_started_at) == (1, NOW, NOW)
    assert (taken.args, taken.kwargs) == ((1, "x"), {"deep": [None]})
    desk.store.finish(Ending(taken.run_id, NOW, taken.fence, Outcome.SUCCEEDED))
    assert str(desk.store.get(taken.run_id).outcome) == "succeeded"


def test_without_a_slot_it_decides_only(desk):
    assert desk.both(row(), free=0) == ([row().run_id], [], True)
    assert desk.store.get(row().run_id).phase == "waiting"


def test_no_more_is_taken_than_there_are_slots_and_the_rest_waits(desk):
    new, taken, more = desk.both(row("c"), row("b"), row("a"), free=2)
    assert sorted(new) == [row(each).run_id for each in JOBS]
    assert (taken, more) == ([row("a").run_id, row("b").run_id], True)


def test_a_row_that_waited_before_goes_first_where_it_is_first_in_order(desk):
    desk.decide(row("c", priority=1), row("b"))
    _, taken, more = desk.both(row("a"), free=2)
    assert (taken, more) == ([row("c").run_id, row("a").run_id], True)
    assert desk.both(free=2)[1:] == ([row("b").run_id], False)


def test_a_row_whose_time_has_not_come_waits(desk):
    assert desk.both(row(not_before=NOW + MINUTE))[1:] == ([], True)
    assert desk.both(now=NOW + MINUTE)[1:] == ([row().run_id], False)


def test_a_fire_time_that_does_not_run_is_not_taken(desk):
    skipped = row(outcome=Outcome.SKIPPED, reason="overlap")
    assert desk.both(skipped) == ([skipped.run_id], [], False)
    assert str(desk.store.get(skipped.run_id).outcome) == "skipped"


def test_jobs_are_decided_of_which_none_are_taken(desk):
    new, taken, more = desk.both(row("a"), row("b"), takes="b")
    assert (sorted(new), taken, more) == (
        [row("a").run_id, row("b").run_id],
        [row("b").run_id],
        True,
    )


def test_only_jobs_that_are_known_and_asked_for_are_judged(desk):
    desk.both(row("b"), jobs=["nobody", "b"])
    assert [state.job_id for state in desk.judged] == ["b"]
    assert [run.job_id for run in desk.store.runs()] == ["b"]


def test_what_goes_on_is_seen_by_the_judge(desk):
    desk.both(row())
    desk.judged.clear()
    desk.both(jobs=["a"])
    (state,) = desk.judged
    assert [(live.id, live.running) for live in state.live] == [(row().run_id, True)]


def test_a_fire_time_that_is_not_past_the_mark_is_neither_written_nor_taken(desk, other):
    desk.both(row(at=1), now=NOW + MINUTE)
    assert other.both(row(at=0), row(at=1), now=NOW + MINUTE) == ([], [], False)


def test_no_more_runs_go_on_than_a_limit_says(desk, other):
    tags = {each: frozenset({"heavy"}) for each in "bc"}
    limits = Limits(jobs={"a": 1}, tags={"heavy": 1}, tags_of=tags)
    assert desk.both(row("a"), row("b"), limits=limits)[2] is False
    late = [row(each, at=1, not_before=NOW) for each in JOBS]
    new, taken, more = other.both(*late, limits=limits)
    assert (len(new), taken, more) == (3, [], True)


def test_another_scheduler_takes_what_found_no_slot(desk, other):
    desk.both(row("a"), row("b"), free=1)
    assert other.both(jobs=[]) == ([], [row("b").run_id], False)
    assert desk.store.get(row("b").run_id).owner == "you"


def test_of_many_who_decide_and_take_one_starts_a_fire_time(enter):
    desks = [enter(f"owner-{number}") for number in range(4)]
    started = []
    with ThreadPoolExecutor(len(desks)) as pool:
        for at in range(5):
            rows, now = [row(each, at) for each in JOBS], NOW + at * MINUTE
            found = list(pool.map(lambda desk, r=rows, n=now: desk.both(*r, now=n)[1], desks))
            # Whoever finds a job in another's hands passes it over and has to look again.
            found.append(desks[0].both(*rows, now=now)[1])
            started += [each for taken in found for each in taken]
    wanted = [row(each, at).run_id for each in JOBS for at in range(5)]
    assert sorted(started) == sorted(wanted)


def test_a_row_that_replaces_a_waiting_one_starts_in_its_place(desk):
    desk.decide(row(not_before=NOW + MINUTE))
    second = attrs.evolve(row(at=1, not_before=NOW), cancels=(row().run_id,))
    assert desk.both(second)[1] == [second.run_id]
    assert str(desk.store.get(row().run_id).outcome) == "cancelled"


# --- of stores that have transactions -------------------------------------------------------------


class Refusing(frozenset):
    """Jobs that cannot be asked for: what goes wrong between deciding and taking."""

    def __contains__(self, _):
        raise ZeroDivisionError


@pytest.fixture
def shared(connect_shared):
    store = connect_shared()
    store.open("me", NOW)
    store.register([build_job(print, Every("1m"), UTC, {"id": each}, {}) for each in JOBS], NOW)
    yield Desk(store, "me")
    store.close("me", NOW)


@pytest.mark.parametrize(
    ("last", "takes", "error"),
    [
        (row("b"), Refusing(JOBS), ZeroDivisionError),
        (row("b", args=(object(),)), JOBS, PolicyError),
    ],
    ids=["in taking", "in writing"],
)
def test_nothing_is_decided_where_something_goes_wrong(shared, last, takes, error):
    with pytest.raises(error):
        shared.both(row("a"), last, takes=takes)
    assert shared.store.runs() == []
    assert shared.store.states(["a"])["a"].mark is None


def test_each_start_has_a_higher_fence_whichever_way_it_was_taken(shared):
    fences = []
    for at in range(4):
        now = NOW + at * MINUTE
        verdict = Verdict("a", [row(at=at)], now)
        if at % 2:
            shared.store.decide(["a"], lambda _, it=verdict: [it], now)
            (taken,) = shared.store.take("me", {"a"}, 1, FREE, now)
        else:
            (taken,) = shared.store.decide_and_take(
                ["a"], lambda _, it=verdict: it, "me", {"a"}, 1, limits=FREE, now=now
            )[1]
        fences.append(taken.fence)
    assert fences == list(range(fences[0], fences[0] + 4))
