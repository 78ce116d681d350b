"""A store's file is damaged: it is set aside and reported, and the scheduler goes on."""

from __future__ import annotations

import logging
import os
import sqlite3

import pytest

from cronkit import Cron, Scheduler
from cronkit.stores import SQLiteStore
from cronkit.testing import FakeClock

PAGE = 4096


def cut_in_half(path):
    os.truncate(path, path.stat().st_size // 2)


def cut_within_a_page(path):
    os.truncate(path, path.stat().st_size - PAGE // 2)


def cut_to_nothing(path):
    os.truncate(path, 0)


def overwrite_the_header(path):
    with path.open("r+b") as file:
        file.write(b"\0" * 100)


def overwrite_the_page_size(path):
    with path.open("r+b") as file:
        file.seek(16)
        file.write(b"\xff\xff")


def zero_pages(path):
    with path.open("r+b") as file:
        file.seek(PAGE)
        file.write(b"\0" * PAGE * 4)


def swap_pages(path):
    data = path.read_bytes()
    second, third = data[PAGE : 2 * PAGE], data[2 * PAGE : 3 * PAGE]
    path.write_bytes(data[:PAGE] + third + second + data[3 * PAGE :])


def scramble_pages(path):
    with path.open("r+b") as file:
        file.seek(PAGE * 2)
        file.write(os.urandom(PAGE * 3))


def put_text_in_its_place(path):
    path.write_text("this is a diary, not a database\n" * 100)


def put_an_archive_in_its_place(path):
    path.write_bytes(b"\x1f\x8b\x08\x00" + os.urandom(5_000))


DAMAGES = [
    cut_in_half,
    cut_within_a_page,
    cut_to_nothing,
    overwrite_the_header,
    overwrite_the_page_size,
    zero_pages,
    swap_pages,
    scramble_pages,
    put_text_in_its_place,
    put_an_archive_in_its_place,
]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state.db"


@pytest.fixture
def clock():
    return FakeClock("2026-03-02T12:00:00+00:00")


@pytest.fixture
def scheduler_on(clock, path):
    def make(ran=None):
        scheduler = Scheduler(clock=clock, store=SQLiteStore(path))
        scheduler.add(lambda: ran.append(clock.now()), Cron("* * * * *"), id="job")
        return scheduler

    return make


def set_aside(path):
    names = sorted(each.name for each in path.parent.glob("state.db.corrupt-*"))
    return [name for name in names if not name.endswith(("-wal", "-shm"))]


def is_sound(path):
    with sqlite3.connect(path) as connection:
        found = connection.execute("PRAGMA integrity_check").fetchone()[0]
    connection.close()
    return found == "ok"


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_file_damaged_between_two_runs_is_set_aside(damage, scheduler_on, path, clock, caplog):
    before, after = [], []
    with scheduler_on(before):
        clock.advance("30m")
    damage(path)
    broken = path.read_bytes()
    clock.advance("10m")
    with caplog.at_level(logging.ERROR), scheduler_on(after) as scheduler:
        clock.advance("5m")
        health = scheduler.status().health
        assert len(scheduler.runs("job")) == len(after) == 5, "nothing is owed for the time before"
    (name,) = set_aside(path)
    assert (path.parent / name).read_bytes() == broken
    assert is_sound(path)
    (problem,) = health.problems
    assert name in problem or "was emptied" in problem
    assert any("scheduler.store_damaged" in each.getMessage() for each in caplog.records)


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_file_damaged_while_it_is_used_stops_nobody_for_long(damage, scheduler_on, path, clock):
    ran = []
    with scheduler_on(ran) as scheduler:
        clock.advance("10m")
        damage(path)
        clock.advance("20m")
        assert scheduler._app.engine.outage.since is None
    assert len(ran) >= 25
    assert len(ran) == len(set(ran))
    assert len(set_aside(path)) <= 1
    again = []
    with scheduler_on(again):
        clock.advance("5m")
    assert len(again) == 5
    assert is_sound(path)


def test_a_file_that_is_removed_is_reported_and_made_again(scheduler_on, path, clock, caplog):
    ran = []
    with scheduler_on(ran) as scheduler:
        clock.advance("10m")
        for each in path.parent.glob("state.db*"):
            if each.is_file():
                each.unlink()
        clock.advance("10m")
        assert "was removed while it was in use" in scheduler.status().health.problems[0]
    assert len(ran) >= 19
    assert len(ran) == len(set(ran))
    assert is_sound(path)


def test_the_log_of_an_old_file_does_not_get_into_a_new_one(scheduler_on, path, clock):
    with scheduler_on([]):
        clock.advance("10m")
        wal = (path.parent / "state.db-wal").read_bytes()
    path.unlink()
    (path.parent / "state.db-wal").write_bytes(wal)
    with scheduler_on([]) as scheduler:
        clock.advance("1m")
        assert len(scheduler.runs("job")) == 1
    assert (path.parent / f"{set_wal(path)}").read_bytes() == wal


def set_wal(path):
    (name,) = (each.name for each in path.parent.glob("state.db.corrupt-*-wal"))
    return name


def test_two_who_find_the_damage_set_the_file_aside_once(scheduler_on, path, clock):
    with scheduler_on([]):
        clock.advance("10m")
    zero_pages(path)
    ran = []
    with scheduler_on(ran), scheduler_on(ran):
        clock.advance("10m")
    assert len(set_aside(path)) == 1
    assert len(ran) == len(set(ran))


def test_the_database_of_an_application_may_hold_the_tables_too(scheduler_on, path, clock):
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE films (name TEXT)")
        connection.execute("INSERT INTO films VALUES ('Metropolis')")
    connection.close()
    with scheduler_on([]) as scheduler:
        clock.advance("2m")
        assert len(scheduler.runs()) == 2
    assert set_aside(path) == []
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT name FROM films").fetchall() == [("Metropolis",)]
    connection.close()


def test_a_file_in_the_place_of_the_old_one_is_taken_as_it_is(scheduler_on, path, clock, tmp_path):
    """As after ``mv backup.db state.db`` under a running scheduler."""
    ran = []
    with scheduler_on(ran):
        clock.advance("1m")
    backup = path.read_bytes()
    with scheduler_on(ran) as scheduler:
        clock.advance("10m")
        (tmp_path / "backup").write_bytes(backup)
        for each in ("state.db-wal", "state.db-shm"):
            (tmp_path / each).unlink()
        (tmp_path / "backup").rename(path)
        clock.advance("10m")
        assert scheduler._app.engine.outage.since is None
    assert set_aside(path) == []
    assert is_sound(path)
