"""What a memory store keeps of a run, and what a planner sees meanwhile."""

from __future__ import annotations

import pytest

from cronkit import Every, Scheduler
from cronkit.jobs import Decision, Ending, Limits, Outcome, Verdict
from cronkit.stores import MemoryStore
from cronkit.stores._job_row import JobRow
from cronkit.testing import FakeClock
from tests.interrupts import interrupted_at, lines_of
from tests.unit.noon import MINUTE, NOON


class Restless:
    """Every minute; at 12:05 it starts a run of its job by hand before it answers."""

    def __init__(self):
        self.asked = False
        self.clock = self.scheduler = None

    def next(self, after):
        if not self.asked and self.clock.now() >= NOON + 5 * MINUTE:
            self.asked = True
            self.scheduler.run_now("job")
        return Every("1m").next(after)


@pytest.mark.parametrize("crowded", [False, True], ids=["alone", "crowded"])
def test_what_a_trigger_starts_is_seen_alike_whatever_has_run_before(scheduler, clock, crowded):
    trigger = Restless()
    trigger.clock, trigger.scheduler = clock, scheduler
    scheduler.add(lambda: None, trigger, id="job")
    with scheduler:
        clock.advance("1m")
        for _ in range(3 * crowded):
            scheduler.run_now("job", force=True)
        clock.advance("4m")
        late = [run for run in scheduler.runs("job") if run.fire_time >= NOON + 5 * MINUTE]
        assert [run.outcome for run in late] == ["succeeded", "succeeded"]


def test_a_job_that_was_crowded_once_takes_no_more_room_than_before(scheduler, clock):
    scheduler.add(lambda: None, Every("1m"), id="job")
    with scheduler:
        scheduler.run_now("job", force=True)
        scheduler.run_now("job", force=True)
        clock.advance("3m")
        row = scheduler._app.core.store._table.jobs["job"]
        assert not isinstance(row.live_rows, dict)  # its fire times take the long way with one


@pytest.fixture
def running():
    """A store with a run that goes on."""
    store, job = MemoryStore(), Scheduler().add(lambda: None, Every("1m"), id="job")
    store.open("owner", NOON)
    store.register([job], NOON)
    row = Decision("job@1", "job", NOON, NOON, origin="hand")
    store.decide(["job"], lambda _: [Verdict("job", (row,))], NOON)
    store.take("owner", ["job"], 1, Limits(jobs={}, tags={}, tags_of={}), NOON)
    return store


@pytest.mark.parametrize(
    "facts", [{"error": "late", "error_type": "OSError"}, {"abandoned": True}], ids=str
)
def test_a_success_keeps_whatever_its_ending_says(running, facts):
    running.finish(Ending("job@1", NOON, outcome=Outcome.SUCCEEDED, **facts))
    run = running.get("job@1")
    assert {word: getattr(run, word) for word in facts} == facts


@pytest.mark.parametrize("line", lines_of(JobRow.retire.__code__))
def test_after_an_interrupt_as_a_run_is_put_away_no_more_rows_are_kept_than_asked_for(line):
    clock = FakeClock()
    scheduler = Scheduler(clock=clock)
    for job_id in ("a", "b"):
        scheduler.add(lambda: None, Every("1m"), id=job_id, keep_runs=1)
    scheduler.start()
    with interrupted_at(JobRow.retire.__code__, line, time=3):
        clock.advance("3m")
    clock.advance("4m")
    kept = [run.job_id for run in scheduler.runs()]
    scheduler.shutdown(wait=False)
    assert sorted(kept) == ["a", "b"]
