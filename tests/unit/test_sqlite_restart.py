"""What a SQLite store gives after a restart: fire times missed while nothing ran, and pauses."""

from __future__ import annotations

import pytest

from cronkit import Cron, Scheduler
from cronkit.stores import SQLiteStore
from cronkit.testing import FakeClock


@pytest.fixture
def clock():
    return FakeClock("2026-03-02T12:00+00:00")


@pytest.fixture
def start(tmp_path, make):
    """Make a scheduler as a fresh process would: nothing shared but the file and the time."""

    def made(**policies):
        scheduler = make(store=SQLiteStore(tmp_path / "state.db"))
        scheduler.add(lambda: None, Cron("0 * * * *"), id="hourly", **policies)
        return scheduler

    return made


def rows(scheduler):
    return [
        (run.fire_time.hour, str(run.outcome), run.reason, run.count)
        for run in reversed(scheduler.runs("hourly"))
    ]


def test_a_first_start_owes_nothing(start, clock):
    with start() as scheduler:
        clock.advance("1s")
        assert rows(scheduler) == []


def test_the_newest_of_the_fire_times_missed_runs_and_one_row_stands_for_the_rest(start, clock):
    with start():
        clock.advance("1h")
    clock.advance("3h30m")
    with start() as scheduler:
        clock.advance("1s")
        assert rows(scheduler) == [
            (13, "succeeded", None, 1),
            (15, "skipped", "coalesced", 2),
            (16, "succeeded", None, 1),
        ]


def test_a_misfire_grace_of_an_hour_makes_older_ones_misfires(start, clock):
    with start(misfire_grace="1h", coalesce="all"):
        clock.advance("1h")
    clock.advance("3h30m")
    with start(misfire_grace="1h", coalesce="all") as scheduler:
        clock.advance("1s")
        assert rows(scheduler) == [
            (13, "succeeded", None, 1),
            (15, "misfired", "misfire_grace", 2),
            (16, "succeeded", None, 1),
        ]


def test_catching_up_runs_each_fire_time_once_oldest_first(start, clock):
    with start(coalesce="all", overlap="queue", queue_limit=10):
        clock.advance("1h")
    clock.advance("3h30m")
    for _ in range(2):  # a second restart owes nothing more
        with start(coalesce="all", overlap="queue", queue_limit=10) as scheduler:
            clock.advance("1s")
            assert rows(scheduler) == [(hour, "succeeded", None, 1) for hour in (13, 14, 15, 16)]


def test_max_runs_counts_over_restarts(start, clock):
    for _ in range(3):
        with start(max_runs=2) as scheduler:
            clock.advance("1h")
    assert rows(scheduler) == [(hour, "succeeded", None, 1) for hour in (13, 14)]


def test_a_pause_outlives_the_process(start, clock):
    with start() as scheduler:
        scheduler.pause("hourly", by="ops", why="maintenance")
    clock.advance("2h30m")
    with start() as scheduler:
        clock.advance("1h")
        pause = scheduler.status().jobs[0].pause
        assert pause is not None
        assert (pause.by, pause.why) == ("ops", "maintenance")
        scheduler.unpause("hourly")
        clock.advance("1h")
        assert rows(scheduler) == [(15, "skipped", "paused", 3), (16, "succeeded", None, 1)]


def test_a_run_that_waits_for_a_retry_is_tried_again_by_the_next_process(tmp_path, clock):
    attempts = []

    def flaky():
        attempts.append(clock.now())
        if len(attempts) == 1:
            raise OSError("not yet")

    def make():
        scheduler = Scheduler(clock=clock, store=SQLiteStore(tmp_path / "state.db"))
        scheduler.add(flaky, Cron("0 13 * * *"), id="flaky", retry=3)
        return scheduler

    with make():
        clock.advance("1h")
    assert len(attempts) == 1
    with make() as scheduler:
        clock.advance("1h")
        (run,) = scheduler.runs("flaky")
    assert (run.outcome, run.attempt) == ("succeeded", 2)


def test_fences_rise_over_restarts_and_begin_at_the_millisecond_of_the_store(start, clock):
    for _ in range(2):
        with start() as scheduler:
            clock.advance("1h")
    newest, oldest = (run.fence for run in scheduler.runs("hourly"))
    assert newest == oldest + 1
    assert oldest > 1_700_000_000_000


def test_a_stopped_scheduler_leaves_nothing_open_and_no_owner_behind(start, clock, tmp_path):
    with start() as scheduler:
        clock.advance("1h")
        assert len(list((tmp_path / "state.db.owners").iterdir())) == 3
    assert {each.name for each in (tmp_path / "state.db.owners").iterdir()} == {".made", ".repair"}
    assert not (tmp_path / "state.db-wal").exists()
    assert len(scheduler.runs()) == 1
