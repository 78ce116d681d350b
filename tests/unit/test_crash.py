"""``FakeClock.crash()``: what a kill leaves behind, and what a restart on the same store makes of it."""

from __future__ import annotations

import pytest

from cronkit import At, Every, RunInterrupted, Scheduler, current_run
from cronkit.errors import StateError
from cronkit.executors import ThreadExecutor
from cronkit.jobs import Event
from cronkit.stores import MemoryStore, SQLiteStore
from cronkit.testing import FakeClock


def sleep_long():
    current_run().sleep("10m")


@pytest.fixture(params=["memory", "sqlite"])
def start(request, make, tmp_path):
    """Start a scheduler as a fresh process would, on the same store; `**policies` are the job's."""
    memory = MemoryStore()

    def started(func=sleep_long, trigger=None, **policies) -> Scheduler:
        store = memory if request.param == "memory" else SQLiteStore(tmp_path / "state.db")
        scheduler = make(store=store, executor=ThreadExecutor(2))
        scheduler.add(func, trigger or Every("1h"), id="job", **policies)
        scheduler.start()
        return scheduler

    return started


def outcomes(scheduler):
    return [
        (f"{run.fire_time:%H:%M}", str(run.outcome), run.attempt)
        for run in reversed(scheduler.runs("job"))
    ]


def test_a_run_that_went_on_is_interrupted_by_the_next_start(start, clock):
    start()
    clock.advance("1h")
    clock.crash()
    clock.advance("1m")
    scheduler = start()
    clock.advance("1s")

    (run,) = scheduler.runs("job")
    assert (run.outcome, run.reason) == ("interrupted", "owner_died")
    assert run.ended_at.isoformat().startswith("2026-01-01T13:01")


def test_with_rerun_it_is_tried_again_with_its_fire_time(start, clock):
    start(on_interrupted="rerun")
    clock.advance("1h")
    clock.crash()
    scheduler = start(on_interrupted="rerun")
    clock.advance("11m")

    assert outcomes(scheduler) == [("13:00", "succeeded", 2)]


def test_the_next_start_tells_of_it(start, clock):
    start()
    clock.advance("1h")
    clock.crash()
    scheduler, seen = start(), []
    scheduler.on(RunInterrupted)(seen.append)
    clock.advance("1s")

    assert [event.run.outcome for event in seen] == ["interrupted"]


def test_nothing_of_the_old_scheduler_goes_on(start, clock):
    seen = []
    old = start(lambda: (sleep_long(), seen.append("woke up")))
    old.on(Event)(seen.append)
    clock.advance("1h")
    del seen[:]
    clock.crash()
    clock.advance("5h")

    assert seen == []
    assert repr(old) == "<Scheduler not started, 1 jobs>"
    old.shutdown()  # as the end of its with block would


def test_fire_times_missed_meanwhile_are_decided_by_the_rules_of_the_job(start, clock):
    start(coalesce="all", overlap="queue", queue_limit=9)
    clock.advance("1h")
    clock.crash()
    clock.advance("3h10m")
    scheduler = start(coalesce="all", overlap="queue", queue_limit=9)
    clock.advance("31m")

    assert outcomes(scheduler) == [
        ("13:00", "interrupted", 1),
        ("14:00", "succeeded", 1),
        ("15:00", "succeeded", 1),
        ("16:00", "succeeded", 1),
    ]


def test_no_fire_time_is_started_twice(start, clock):
    called = []
    for _ in range(5):
        start(lambda: called.append(current_run().id), Every("1m"))
        clock.advance("90s")
        clock.crash()

    assert len(called) == len(set(called))
    assert len(called) == 7


def test_what_waited_is_taken_by_the_next_start(start, clock):
    start(sleep_long, At("2026-01-01T12:10Z", "2026-01-01T12:11Z"), overlap="queue")
    clock.advance("12m")
    clock.crash()
    scheduler = start(sleep_long, At("2026-01-01T12:10Z", "2026-01-01T12:11Z"), overlap="queue")
    clock.advance("11m")

    assert outcomes(scheduler) == [("12:10", "interrupted", 1), ("12:11", "succeeded", 1)]


def test_a_follower_of_an_interrupted_run_follows(clock):
    store, followed = MemoryStore(), []

    def make():
        scheduler = Scheduler(clock=clock, store=store)
        scheduler.add(sleep_long, Every("1h"), id="job")
        scheduler.after("job", on="failed", id="alarm")(
            lambda: followed.append(current_run().fire_time.hour)
        )
        return scheduler

    make().start()
    clock.advance("1h")
    clock.crash()
    with make():
        clock.advance("1s")
    assert followed == [13]


def test_the_crashed_scheduler_itself_can_be_started_again(start, clock):
    scheduler = start(lambda: 42)
    clock.advance("1h")
    clock.crash()
    scheduler.start()
    clock.advance("1h")

    assert outcomes(scheduler) == [("13:00", "succeeded", 1), ("14:00", "succeeded", 1)]


def test_async_jobs_are_left_where_they_are(clock):
    store, seen = MemoryStore(), []

    async def job():
        try:
            await current_run().asleep("10m")
        finally:
            seen.append("finally")

    def make():
        scheduler = Scheduler(clock=clock, store=store)
        scheduler.add(job, Every("1h"), id="job")
        return scheduler

    make().start()
    clock.advance("1h")
    clock.crash()
    clock.advance("30m")
    assert seen == []
    with make() as scheduler:
        clock.advance("1s")
        assert outcomes(scheduler) == [("13:00", "interrupted", 1)]


def test_inside_of_a_run_it_is_refused(start, clock):
    caught = []

    def job():
        try:
            clock.crash()
        except StateError as error:
            caught.append(str(error))

    start(job)
    clock.advance("1h")
    assert "between advances" in caught[0]


def test_without_schedulers_it_does_nothing():
    clock = FakeClock("2026-01-01T00:00Z")
    clock.crash()
    clock.advance("1h")
    assert clock.monotonic() == 3600
