"""Jobs of a shared store whose functions are not registered here: listed, kept, left to others."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from cronkit import Every
from cronkit.errors import JobNotFoundError
from cronkit.stores import SQLiteStore
from cronkit.testing import FakeClock

TABLES = ("cronkit_meta", "cronkit_jobs", "cronkit_owners", "cronkit_runs")


@pytest.fixture
def clock():
    return FakeClock("2026-03-02T12:00:00+00:00")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state.db"


@pytest.fixture
def scheduler_with(make, path):
    def made(*job_ids):
        scheduler = make(store=SQLiteStore(path))
        for job_id in job_ids:
            scheduler.add(lambda: None, Every("10m"), id=job_id, tags={"t"})
        return scheduler

    return made


def rows(path):
    with closing(sqlite3.connect(path)) as connection:
        return {table: connection.execute(f"SELECT * FROM {table}").fetchall() for table in TABLES}


@pytest.fixture
def left(scheduler_with, clock):
    """What a program has left behind that had one job more, and a run of it that waits."""
    old = scheduler_with("kept", "gone")
    old.add(lambda: None, Every("10m"), id="follower")
    with old:
        clock.advance("25m")
        old.pause("gone")
        old.shutdown(wait=False)
    return old


def states(scheduler):
    return {job.id: job.state for job in scheduler.status().jobs}


def test_a_stored_job_without_a_function_here_is_quarantined(left, scheduler_with, clock):
    with scheduler_with("kept", "follower") as scheduler:
        assert states(scheduler) == {"kept": "armed", "follower": "armed", "gone": "quarantined"}
        gone = scheduler.status().jobs[-1]
        assert (gone.trigger, gone.tags, gone.next_fire_time) == ("every 10m", {"t"}, None)
        assert "gone" not in scheduler
        assert scheduler.status().health.ok


def test_what_is_quarantined_stays_and_comes_back_with_its_function(left, scheduler_with, clock):
    with scheduler_with("kept", "follower") as scheduler:
        clock.advance("1h")
        assert len(scheduler.runs("gone")) == 2
        assert [run.job_id for run in scheduler.runs("gone", limit=1)] == ["gone"]
    with scheduler_with("gone") as scheduler:
        assert states(scheduler)["gone"] == "paused"
        scheduler.unpause("gone")
        clock.advance("10m")
        assert scheduler.runs("gone", limit=1)[0].outcome == "succeeded"


def test_runs_of_a_quarantined_job_wait_for_one_who_has_it(clock, scheduler_with):
    with scheduler_with("gone") as other:
        other._app.engine.attempts.draining = True  # it decides, and takes nothing
        handle = other.run_now("gone")
        assert other.runs("gone")[0].phase == "waiting"
    with scheduler_with("kept") as scheduler:
        clock.advance("1h")
        assert scheduler.runs("gone")[0].phase == "waiting"
        with pytest.raises(JobNotFoundError):
            scheduler.run_now("gone")
    with scheduler_with("gone") as again:
        clock.advance("1s")
        assert next(run for run in again.runs("gone") if run.id == handle.id).outcome == "succeeded"


def test_a_job_that_was_removed_is_not_quarantined(left, scheduler_with, clock):
    with scheduler_with("kept", "gone", "follower") as scheduler:
        scheduler.remove("gone")
        assert "gone" not in states(scheduler)
    with scheduler_with("kept") as scheduler:
        assert states(scheduler) == {"kept": "armed", "follower": "quarantined"}


def test_a_read_never_writes(left, scheduler_with, path):
    before = rows(path)
    reader = scheduler_with("kept", "new")
    reader.status()
    reader.runs()
    reader.runs("gone", outcome="succeeded", limit=5)
    reader.upcoming(limit=5)
    list(reader.jobs)
    assert rows(path) == before


def test_a_read_of_a_started_scheduler_never_writes(left, scheduler_with, path):
    with scheduler_with("kept") as reader:
        before = rows(path)
        reader.status()
        reader.runs()
        reader.upcoming(limit=5)
        assert rows(path) == before
