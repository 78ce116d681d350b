"""To decide and take at once comes to the same as to decide and then to take."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import example, given, settings
from hypothesis import strategies as st

from cronkit.jobs import Decision, Ending, Limits, Outcome, Verdict, build_job, run_id
from cronkit.stores import MemoryStore, SQLiteStore

START = datetime(2026, 1, 1, tzinfo=UTC)
JOBS = ("a", "b", "c")
ONE = st.tuples(
    st.sampled_from(JOBS),
    st.integers(-1, 1),  # the priority
    st.sampled_from((-5, 0, 0, 0, 30)),  # seconds from now to the earliest start
    st.sampled_from((None, None, None, Outcome.SKIPPED)),
    st.booleans(),  # whether it cancels what waits
)
STEP = st.tuples(
    st.one_of(st.lists(ONE, max_size=4), st.lists(ONE, min_size=1, max_size=1)),
    st.integers(0, 3),  # slots
    st.sets(st.integers(0, 5), max_size=3),  # which of the runs that go on end before
)
LIMITS = st.builds(
    Limits,
    jobs=st.dictionaries(st.sampled_from(JOBS), st.integers(1, 2)),
    tags=st.dictionaries(st.just("x"), st.integers(1, 2)),
    tags_of=st.dictionaries(st.sampled_from(JOBS), st.just(frozenset({"x"}))),
)


def row_of(number, one, now):
    job_id, priority, seconds, outcome, cancels = one
    fire_time = now + timedelta(microseconds=number)
    return Decision(
        run_id(job_id, fire_time), job_id, fire_time, now + timedelta(seconds=seconds),
        priority, outcome, origin="backfill", cancels=("all",) if cancels else (),
    )  # fmt: skip


def verdicts_of(ones, now, store):
    """Return a verdict for each job that has rows, in the order of `JOBS`."""
    waiting = tuple(run.id for run in store.runs(ended=False) if run.phase == "waiting")
    rows = [row_of(number, one, now) for number, one in enumerate(ones)]
    for row in rows:
        row.cancels = waiting if row.cancels else ()
    by_job = {each: [row for row in rows if row.job_id == each] for each in JOBS}
    return {each: Verdict(each, of_job, now) for each, of_job in by_job.items() if of_job}


def end_some(store, going, numbers, now):
    for number in numbers:
        if number < len(going):
            taken = going[number]
            store.finish(Ending(taken.run_id, now, taken.fence, Outcome.SUCCEEDED))
    return [taken for number, taken in enumerate(going) if number not in numbers]


def comes_to_the_same(apart, together, steps, limits):
    """Let both stores decide and take what `steps` say, each in its way, and compare them."""
    for store in (apart, together):
        store.open("me", START)
        store.register([build_job(print, None, UTC, {"id": each}, {}) for each in JOBS], START)
    going = {apart: [], together: []}
    now = START
    for ones, free, ended in steps:
        now += timedelta(seconds=10)
        for store in (apart, together):
            going[store] = end_some(store, going[store], ended, now)

        verdicts = verdicts_of(ones, now, apart)
        decided = apart.decide(JOBS, lambda _, found=verdicts: list(found.values()), now)
        taken = apart.take("me", JOBS, free, limits, now) if free else []

        verdicts = verdicts_of(ones, now, together)
        decided_too, taken_too, more = together.decide_and_take(
            JOBS,
            lambda state, found=verdicts: found.get(state.job_id),
            "me",
            JOBS,
            free,
            limits=limits,
            now=now,
        )

        assert decided_too == decided
        assert list(taken_too) == list(taken)
        assert together.runs() == apart.runs()
        assert together.next_waiting(JOBS, now) == apart.next_waiting(JOBS, now)
        assert more or together.next_waiting(JOBS, now) is None
        going[apart] += taken
        going[together] += taken_too


@example(  # a row that comes alone, while one of another job waits for a slot
    [([("a", 1, 0, None, False)], 0, ()), ([("b", 0, 0, None, False)], 1, ())],
    Limits(jobs={}, tags={}, tags_of={}),
)
@given(st.lists(STEP, max_size=8), LIMITS)
def test_at_once_comes_to_the_same_as_one_after_the_other(steps, limits):
    comes_to_the_same(MemoryStore(), MemoryStore(), steps, limits)


@settings(max_examples=25)
@given(st.lists(STEP, max_size=8), LIMITS)
def test_in_a_database_too(steps, limits):
    with TemporaryDirectory() as folder:
        first, second = Path(folder) / "first.db", Path(folder) / "second.db"
        apart = SQLiteStore(first)
        apart.states(JOBS)  # it makes the file; a copy begins with the same fences
        shutil.copy(first, second)
        together = SQLiteStore(second)
        try:
            comes_to_the_same(apart, together, steps, limits)
        finally:
            for store in (apart, together):
                store.close("me", START)
