"""The disk under a SQLite store is full, or may not be written: nothing crashes, nothing starts twice."""

from __future__ import annotations

import subprocess

import pytest

from cronkit import Every, Scheduler
from cronkit.jobs import StoreBack, StoreLost
from cronkit.stores import SQLiteStore
from cronkit.testing import FakeClock

pytestmark = pytest.mark.system


@pytest.fixture
def clock():
    return FakeClock("2026-03-02T12:00:00+00:00")


@pytest.fixture
def make(clock, disk):
    def build():
        scheduler = Scheduler(clock=clock, store=SQLiteStore(disk / "state.db"))
        ran, events = [], []
        scheduler.add(lambda: ran.append(clock.now()), Every("1m"), id="job")
        scheduler.on(StoreLost, StoreBack)(events.append)
        return scheduler, ran, events

    return build


def test_a_full_disk_holds_the_scheduler_until_there_is_room(make, clock, disk, fill):
    scheduler, ran, events = make()
    with scheduler:
        clock.advance("5m")
        hog = fill(disk)
        clock.advance("1h")
        held = len(ran)
        assert any(isinstance(each, StoreLost) for each in events)
        assert not scheduler.status().health.ok
        hog.unlink()
        clock.advance("10m")
        assert isinstance(events[-1], StoreBack)
        assert scheduler.status().health.ok
        assert len(ran) >= held + 10
        assert len(ran) == len(set(ran))
        assert all(run.outcome for run in scheduler.runs("job"))
    assert list(disk.glob("*.corrupt-*")) == []


def test_a_scheduler_starts_on_a_full_disk_and_goes_on_when_there_is_room(make, clock, disk, fill):
    hog = fill(disk)
    scheduler, ran, _ = make()
    with scheduler:
        clock.advance("5m")
        assert ran == []
        assert not scheduler.status().health.ok
        hog.unlink()
        clock.advance("5m")
        assert len(ran) >= 4


def test_a_file_system_that_may_not_be_written_holds_the_scheduler(make, clock, disk):
    first, _, _ = make()
    with first:
        clock.advance("5m")
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    scheduler, ran, _ = make()
    with scheduler:
        clock.advance("5m")
        assert ran == []
        assert not scheduler.status().health.ok
        subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
        clock.advance("5m")
        assert len(ran) >= 4
        assert scheduler.status().health.ok
