"""`Scheduler(single=...)`: which of several schedulers is the active one, in fake time."""

from __future__ import annotations

import json
import os
import socket

import pytest

from cronkit import Scheduler
from cronkit.errors import (
    AlreadyRunningError,
    PolicyError,
    StateError,
    UnsupportedPlatformError,
)
from cronkit.jobs import SchedulerStarted
from cronkit.stores import SQLiteStore
from cronkit.testing import FakeClock


@pytest.fixture
def clock():
    return FakeClock("2026-03-02T12:00:00+00:00")


@pytest.fixture
def lock(tmp_path):
    return tmp_path / "scheduler.lock"


@pytest.fixture
def make(clock, lock):
    """Make a scheduler with a job a minute; its list holds the minutes at which that ran."""
    made = []

    def build(*, standby=False, **options):
        scheduler = Scheduler(clock=clock, single=lock, standby=standby, **options)
        ran = []
        scheduler.every("1m", id="job")(lambda: ran.append(clock.now().minute))
        made.append(scheduler)
        return scheduler, ran

    yield build
    for each in made:
        each.shutdown()


def test_a_second_start_is_refused_and_says_who_runs(make, clock):
    make()[0].start()
    clock.advance("5m")
    with pytest.raises(AlreadyRunningError) as caught:
        make()[0].start()
    error = caught.value
    assert (error.pid, error.host) == (os.getpid(), socket.gethostname())
    assert error.since.isoformat() == "2026-03-02T12:00:00+00:00"


def test_one_that_was_refused_can_start_when_the_other_has_stopped(make, clock):
    first, second = make()[0], make()[0]
    first.start()
    with pytest.raises(AlreadyRunningError):
        second.start()
    assert "not started" in repr(second)
    first.shutdown()
    second.start()
    assert "running" in repr(second)


def test_one_that_stands_by_fires_nothing_until_the_other_stops(make, clock):
    (first, by_first), (second, by_second) = make(), make(standby=True)
    started = []
    second.on(SchedulerStarted)(started.append)
    first.start()
    second.start()
    clock.advance("3m")
    assert (by_first, by_second, started) == ([1, 2, 3], [], [])
    first.shutdown()
    clock.advance("1s")
    assert len(started) == 1
    clock.advance("3m")
    assert (by_first, by_second) == ([1, 2, 3], [4, 5, 6])


def test_of_two_that_stand_by_one_takes_over(make, clock):
    first, (second, by_second), (third, by_third) = (
        make()[0],
        make(standby=True),
        make(standby=True),
    )
    for each in (first, second, third):
        each.start()
    first.shutdown()
    clock.advance("3m")
    assert (by_second, by_third) == ([1, 2, 3], [])
    second.shutdown()
    clock.advance("3m")
    assert by_third == [4, 5, 6]


def test_what_the_last_one_owes_is_made_up_for_with_a_store(make, clock, tmp_path):
    (first, _), (second, by_second) = (
        make(store=SQLiteStore(tmp_path / "state.db")),
        make(standby=True, store=SQLiteStore(tmp_path / "state.db")),
    )
    first.start()
    clock.advance("1m")
    first.shutdown()
    clock.advance("3m")
    second.start()
    clock.advance("1s")
    assert by_second == [4]


def test_one_that_stands_by_does_nothing_by_hand_either(make):
    make()[0].start()
    second = make(standby=True)[0]
    second.start()
    for call in (
        lambda: second.run_now("job"),
        lambda: second.pause("job"),
        lambda: second.backfill("job", "2026-03-01T00:00", "2026-03-01T01:00"),
    ):
        with pytest.raises(StateError, match="stands by"):
            call()


def test_one_that_stands_by_with_its_jobs_paused_takes_over_with_them_paused(make, clock):
    first = make()[0]
    second, by_second = make(standby=True)
    first.start()
    second.start(paused=True)
    clock.advance("1m")
    first.shutdown()
    clock.advance("3m")
    assert by_second == []
    assert second.status().jobs[0].pause.why == "started paused"
    second.unpause()
    clock.advance("1m")
    assert by_second == [5]


def test_one_that_stands_by_can_be_stopped(make, clock):
    first, by_first = make()
    second, by_second = make(standby=True)
    first.start()
    second.start()
    second.shutdown()
    first.shutdown()
    clock.advance("3m")
    assert (by_first, by_second) == ([], [])


def test_jobs_may_be_added_while_it_stands_by(make, clock):
    first = make()[0]
    second = make(standby=True)[0]
    first.start()
    second.start()
    ran = []
    second.every("1m", id="later")(lambda: ran.append(clock.now().minute))
    clock.advance("2m")
    first.shutdown()
    clock.advance("2m")
    assert ran == [3, 4]


@pytest.mark.parametrize("note", ["", "not json", "[]", '{"pid": "x"}', json.dumps({"pid": 1})])
def test_a_note_that_cannot_be_read_refuses_none_the_less(make, lock, note):
    make()[0].start()
    lock.with_name("scheduler.lock.owner").write_text(note, "utf-8")
    with pytest.raises(AlreadyRunningError) as caught:
        make()[0].start()
    assert caught.value.pid is None


@pytest.mark.parametrize("path", ["", 7, b"", "/no/such/folder/lock", "/"])
def test_a_path_that_cannot_be_a_lock_is_refused(path):
    with pytest.raises(PolicyError) as caught:
        Scheduler(single=path)
    assert caught.value.argument == "single"


def test_a_lock_on_a_network_file_system_is_refused_also_behind_a_link(share, tmp_path):
    (tmp_path / "link").symlink_to(share / "lock")
    for path in (share / "lock", tmp_path / "link"):
        with pytest.raises(UnsupportedPlatformError, match="network file system"):
            Scheduler(single=path)
    Scheduler(single=tmp_path / "lock")


def test_standby_alone_means_nothing_and_is_refused():
    with pytest.raises(PolicyError) as caught:
        Scheduler(standby=True)
    assert caught.value.argument == "standby"
