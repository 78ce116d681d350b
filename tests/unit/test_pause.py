"""Pausing jobs: nothing fires meanwhile, one row says so, and nothing is owed afterwards."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from cronkit import Every, current_run
from cronkit.errors import JobNotFoundError, NaiveDatetimeError, PolicyError, StateError
from cronkit.jobs import JobPaused, JobUnpaused, Pause
from cronkit.stores import MemoryStore
from tests.unit.noon import NOON

HOUR = timedelta(hours=1)


def rows(scheduler, job_id=None):
    """Hours after noon, outcome, reason, count of each row, the oldest first."""
    return [
        ((run.fire_time - NOON) / HOUR, str(run.outcome), run.reason, run.count)
        for run in reversed(scheduler.runs(job_id))
    ]


@pytest.fixture
def hourly(scheduler):
    scheduler.add(lambda: None, Every("1h"), id="j")
    with scheduler:
        yield scheduler


@pytest.fixture
def again(make):
    """Make schedulers with the job, one after the other on one store."""
    store = MemoryStore()

    def scheduler():
        made = make(store=store)
        made.add(lambda: None, Every("1h"), id="j")
        return made

    return scheduler


def test_what_falls_into_a_pause_is_one_row(hourly, clock):
    clock.advance("30m")
    hourly.pause("j")
    clock.advance("3h")
    hourly.unpause("j")
    clock.advance("1h")
    assert rows(hourly) == [(3, "skipped", "paused", 3), (4, "succeeded", None, 1)]
    assert hourly.runs(outcome="skipped")[0].first == NOON + HOUR


def test_a_pause_without_a_fire_time_leaves_no_row(hourly, clock):
    clock.advance("10m")
    hourly.pause("j")
    clock.advance("40m")
    hourly.unpause("j")
    clock.advance("1h")
    assert rows(hourly) == [(1, "succeeded", None, 1)]


def test_a_pause_ends_by_itself(hourly, clock):
    hourly.pause("j", until=NOON + 2.5 * HOUR)
    clock.advance("2h")
    assert rows(hourly) == []
    clock.advance("30m")
    assert rows(hourly) == [(2, "skipped", "paused", 2)]
    assert hourly.status().jobs[0].state == "armed"
    clock.advance("1h")
    assert rows(hourly)[1:] == [(3, "succeeded", None, 1)]


def test_the_end_of_a_pause_may_be_text_in_the_zone_of_the_scheduler(make, clock):
    scheduler = make(timezone="Europe/Paris")
    scheduler.add(lambda: None, Every("1h"), id="j")
    with scheduler:
        scheduler.pause("j", until="2026-01-01T15:30")
        assert scheduler.status().jobs[0].pause.until == NOON + 2.5 * HOUR


def test_a_pause_says_by_whom_and_why(hourly, clock):
    hourly.pause("j", until=NOON + HOUR, by="Ada", why="the machine is moved")
    status = hourly.status().jobs[0]
    assert status.pause == Pause(at=NOON, until=NOON + HOUR, by="Ada", why="the machine is moved")
    assert (status.state, status.next_fire_time) == ("paused", None)
    hourly.unpause("j")
    assert hourly.status().jobs[0].pause is None


def test_a_second_pause_replaces_the_first(hourly, clock):
    hourly.pause("j", by="Ada")
    clock.advance("1h")
    hourly.pause("j", until=NOON + 3.5 * HOUR, by="Grace")
    assert hourly.status().jobs[0].pause.by == "Grace"
    clock.advance("3h")
    assert rows(hourly) == [(3, "skipped", "paused", 3), (4, "succeeded", None, 1)]


def test_what_was_due_before_a_pause_runs(hourly, clock):
    clock.step_wall("90m")
    hourly.pause("j")
    clock.advance(0)
    assert rows(hourly) == [(1, "succeeded", None, 1)]


def test_a_run_that_goes_on_is_not_touched_by_a_pause(scheduler, clock):
    scheduler.add(lambda: current_run().sleep("30m"), Every("1h"), id="j")
    with scheduler:
        clock.advance("1h")
        scheduler.pause("j")
        clock.advance("1h")
        assert rows(scheduler) == [(1, "succeeded", None, 1)]


def test_without_an_id_all_jobs_are_paused_and_unpaused(scheduler, clock):
    for job_id in "ab":
        scheduler.add(lambda: None, Every("1h"), id=job_id)
    with scheduler:
        scheduler.pause()
        clock.advance("90m")
        scheduler.unpause()
        clock.advance("1h")
    for job_id in "ab":
        assert rows(scheduler, job_id) == [(1, "skipped", "paused", 1), (2, "succeeded", None, 1)]


def test_a_scheduler_may_start_with_all_jobs_paused(scheduler, clock):
    scheduler.add(lambda: None, Every("1h"), id="j")
    scheduler.start(paused=True)
    clock.advance("90m")
    assert rows(scheduler) == []
    assert scheduler.status().jobs[0].pause.why == "started paused"
    scheduler.unpause()
    clock.advance("1h")
    assert rows(scheduler)[1:] == [(2, "succeeded", None, 1)]


def test_a_start_with_jobs_paused_owes_the_time_before_to_the_pause(again, clock):
    with again():
        clock.advance("90m")
    clock.advance("3h")
    second = again()
    second.start(paused=True)
    clock.advance("1h")
    assert rows(second) == [(1, "succeeded", None, 1)]
    second.unpause()
    clock.advance("1h")
    assert rows(second)[1:] == [(5, "skipped", "paused", 4), (6, "succeeded", None, 1)]


def test_unpausing_what_is_not_paused_changes_nothing(hourly, clock):
    told = []
    hourly.on(JobUnpaused)(told.append)
    clock.step_wall("90m")
    hourly.unpause("j")
    hourly.unpause()
    clock.advance(0)
    assert rows(hourly) == [(1, "succeeded", None, 1)]
    assert told == []


def test_pauses_are_told(hourly, clock):
    told = []
    hourly.on(JobPaused, JobUnpaused)(lambda event: told.append((type(event), event.job_id)))
    hourly.pause("j")
    hourly.unpause()
    clock.advance(0)
    assert told == [(JobPaused, "j"), (JobUnpaused, "j")]


def test_a_pause_outlives_the_scheduler_in_its_store(again, clock):
    with again() as first:
        first.pause("j", by="Ada")
    clock.advance("90m")
    with again() as second:
        clock.advance("1h")
        assert second.status().jobs[0].pause.by == "Ada"
        assert rows(second) == []
        second.unpause("j")
        assert rows(second) == [(2, "skipped", "paused", 2)]


def test_a_paused_job_without_a_trigger_is_paused_for_its_parent(scheduler, clock):
    scheduler.add(lambda: None, Every("1h"), id="parent")
    scheduler.after("parent", id="child")(lambda: None)
    with scheduler:
        scheduler.pause("child", until=NOON + 1.5 * HOUR)
        clock.advance("2h")
    assert rows(scheduler, "child") == [(1, "skipped", "paused", 1), (2, "succeeded", None, 1)]


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ({"job_id": "k"}, JobNotFoundError),
        ({"job_id": ""}, JobNotFoundError),
        ({"job_id": 5}, JobNotFoundError),
        ({"until": NOON}, PolicyError),
        ({"until": NOON - HOUR}, PolicyError),
        ({"until": "2026-01-01T12:00:00Z"}, PolicyError),
        ({"until": datetime(2026, 1, 1, 13)}, NaiveDatetimeError),
        ({"until": "soon"}, PolicyError),
        ({"until": 5}, PolicyError),
        ({"until": "9999-12-31T23:59-12:00"}, PolicyError),
        ({"by": 5}, PolicyError),
        ({"by": ""}, PolicyError),
        ({"by": "a\x1b[31mred"}, PolicyError),
        ({"why": ["because"]}, PolicyError),
        ({"why": "x" * 1_001}, PolicyError),
        ({"why": "two\nlines"}, PolicyError),
    ],
)
def test_a_bad_pause_pauses_nothing(hourly, words, error):
    before = hourly.status()
    with pytest.raises(error):
        hourly.pause(**{"job_id": "j", **words})
    assert hourly.status() == before


@pytest.mark.parametrize("job_id", ["k", "", 5, []])
def test_what_is_not_there_cannot_be_unpaused(hourly, job_id):
    with pytest.raises(JobNotFoundError):
        hourly.unpause(job_id)


def test_a_scheduler_that_is_not_started_cannot_be_paused(scheduler):
    scheduler.add(lambda: None, Every("1h"), id="j")
    for call in (scheduler.pause, scheduler.unpause):
        with pytest.raises(StateError, match="not started"):
            call("j")
