"""What every store promises that makes one job known in fewer steps than many."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from cronkit.jobs import Decision, Outcome, Pause, Verdict, build_job, run_id
from cronkit.triggers import Every

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def job_of(job_id, **policies):
    return build_job(print, Every("1m"), UTC, {"id": job_id, **policies}, {})


def skipped(at):
    """A row for the fire time `at` minutes after noon that is not executed."""
    fire = NOW + at * MINUTE
    return Decision(run_id("a", fire), "a", fire, fire, outcome=Outcome.SKIPPED, reason="overlap")


@pytest.fixture
def store(connect_brief):
    store = connect_brief()
    store.open("me", NOW)
    yield store
    store.close("me", NOW)


def test_a_new_job_is_first_seen_now(store):
    state = store.register_one(job_of("a"), NOW)
    assert (state.job_id, state.first_seen, state.mark) == ("a", NOW, None)
    assert (state.pause, state.edit, state.planned, tuple(state.live)) == (None, None, 0, ())
    assert list(store.states(["a"])) == ["a"]


@pytest.mark.parametrize("first", ["register", "register_one"])
def test_a_job_is_first_seen_once_by_whichever_call(store, first):
    if first == "register":
        store.register([job_of("a")], NOW)
    else:
        store.register_one(job_of("a"), NOW)
    assert store.register_one(job_of("a"), NOW + MINUTE).first_seen == NOW
    assert store.register([job_of("a")], NOW + MINUTE)["a"].first_seen == NOW


def test_the_state_of_a_known_job_is_what_was_written_of_it(store):
    store.register_one(job_of("a"), NOW)
    pause, waiting = Pause(at=NOW, by="me"), run_id("a", NOW)
    verdict = Verdict("a", [Decision(waiting, "a", NOW, NOW)], NOW, pause)
    store.decide(["a"], lambda _: [verdict], NOW)
    state = store.register_one(job_of("a"), NOW + MINUTE)
    assert (state.mark, state.pause, state.planned) == (NOW, pause, 1)
    assert [run.id for run in state.live] == [waiting]


def test_the_job_says_how_many_runs_are_kept(store):
    store.register_one(job_of("a", keep_runs=2), NOW)
    verdict = Verdict("a", [skipped(at) for at in range(4)], NOW + 3 * MINUTE)
    store.decide(["a"], lambda _: [verdict], NOW)
    assert len(store.runs(job_id="a")) == 2
    store.register_one(job_of("a", keep_runs=1), NOW)
    assert [run.fire_time for run in store.runs(job_id="a")] == [NOW + 3 * MINUTE]


def test_threads_that_make_one_job_known_at_one_time_see_it_once(store):
    barrier = threading.Barrier(4)

    def enter(number):
        barrier.wait()
        return [store.register_one(job_of(f"j{n}"), NOW + number * MINUTE) for n in range(50)]

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(enter, range(4)))
    for states in zip(*found, strict=True):
        assert len({state.first_seen for state in states}) == 1
