"""A run that kills its process comes back at once, then ever later: it does not take all hosts down."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from cronkit import At, current_run
from cronkit._engine._verdicts import rerun_at
from cronkit.errors import RunInterruptedError
from cronkit.executors import ThreadExecutor
from cronkit.stores import MemoryStore, SQLiteStore

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)

PAUSES = [
    # interrupted attempt, seconds until the next
    (1, 0),
    (2, 1),
    (3, 2),
    (4, 4),
    (9, 128),
    (10, 256),
    (11, 300),
    (12, 300),
    (1_000_000, 300),
]


@pytest.mark.parametrize(("attempt", "seconds"), PAUSES)
def test_the_pause_doubles_from_a_second_to_five_minutes(attempt, seconds):
    assert rerun_at(attempt, NOW) - NOW == timedelta(seconds=seconds)


@pytest.fixture(params=["memory", "sqlite"])
def start(request, make, tmp_path):
    """Start a scheduler as a fresh process would, on the same store, with a job run at 12:01."""
    memory = MemoryStore()

    def started(func, **policies):
        store = memory if request.param == "memory" else SQLiteStore(tmp_path / "state.db")
        scheduler = make(store=store, executor=ThreadExecutor(2))
        scheduler.add(func, At("2026-01-01T12:01Z"), id="job", on_interrupted="rerun", **policies)
        scheduler.start()
        return scheduler

    return started


def test_a_run_that_kills_every_process_comes_back_ever_later(start, clock):
    started = []

    def poison():
        started.append((current_run().attempt, clock.now()))
        current_run().sleep("10m")  # the process dies in it

    start(poison)
    clock.advance_to("2026-01-01T12:01:00Z")
    for _ in range(11):
        clock.crash()
        start(poison)
        count = len(started)
        clock.advance(0)
        while len(started) == count:
            clock.advance(1)
    clock.crash()

    assert [attempt for attempt, _ in started] == list(range(1, 13))
    instants = [instant for _, instant in started]
    waited = [(b - a).total_seconds() for a, b in itertools.pairwise(instants)]
    assert waited == [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300]


def test_a_pause_outlives_the_process_that_has_set_it(start, clock):
    started = []

    def poison():
        started.append(clock.now())
        current_run().sleep("10m")

    for _ in range(2):
        start(poison)
        clock.advance_to("2026-01-01T12:01:00Z")
        clock.crash()
    del started[:]
    for _ in range(3):
        start(poison)
        clock.advance("300ms")
        clock.crash()
    assert started == []
    start(poison)
    clock.advance("300ms")
    assert [each.isoformat() for each in started] == ["2026-01-01T12:01:01+00:00"]


def test_a_run_may_bound_itself_by_its_attempt(start, clock):
    def poison():
        if current_run().attempt > 3:
            raise RuntimeError("it has killed three processes")
        current_run().sleep("10m")

    for _ in range(3):
        scheduler = start(poison)
        clock.advance("1m5s")
        clock.crash()
    scheduler = start(poison)
    clock.advance("1m")
    (run,) = scheduler.runs("job")
    assert (run.outcome, run.attempt) == ("failed", 4)


def test_it_is_the_same_where_only_a_worker_died(scheduler, clock):
    """An executor of workers tells of their death; the scheduler itself lives."""
    started = []

    def poison():
        started.append(clock.now())
        if len(started) < 12:
            raise RunInterruptedError(current_run().id, "worker died")

    scheduler.add(poison, At("2026-01-01T12:01Z"), id="job", on_interrupted="rerun")
    scheduler.start()
    clock.advance("30m")
    waited = [(b - a).total_seconds() for a, b in itertools.pairwise(started)]
    assert waited == [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300]
