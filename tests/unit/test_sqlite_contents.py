"""What stands in the file of a SQLite store: ids, numbers, plain text and JSON; never code."""

from __future__ import annotations

import contextlib
import json
import pickle
import sqlite3

import pytest

from cronkit import Every, Scheduler, current_run
from cronkit.stores import SQLiteStore
from cronkit.testing import FakeClock

JSON = {
    "cronkit_jobs": ("pause", "definition", "edit"),
    "cronkit_owners": ("triggers",),
    "cronkit_runs": ("args", "kwargs", "notes", "tags"),
}


@pytest.fixture
def no_pickle(monkeypatch):
    """Let nobody pickle."""

    def refuse(*_, **__):
        raise AssertionError("something is pickled")

    for name in ("dumps", "dump", "loads", "load", "Pickler", "Unpickler"):
        monkeypatch.setattr(pickle, name, refuse)


def test_nothing_that_is_kept_is_pickled(no_pickle, tmp_path):
    clock = FakeClock("2026-03-02T12:00:00+00:00")
    path = tmp_path / "state.db"

    def job(*args, **kwargs):
        current_run().note(seen=[1, {"two": None}], when=clock.now())

    def begin():
        scheduler = Scheduler(clock=clock, store=SQLiteStore(path), limits={"red": 1})
        scheduler.add(job, Every("1m"), id="job", tags={"red"}, args=[object()])
        scheduler.after("job", id="next")(lambda: 1 / 0)
        scheduler.start()
        return scheduler

    first = begin()
    clock.advance("2m")
    first.run_now("job", args=[1, "two", None], kwargs={"three": [3.5, {"four": True}]}, key="k")
    first.reschedule("job", Every("2m"))
    first.update("job", timeout="5s", priority=3)
    first.pause("next", by="me", why="to try it")
    clock.advance("4m")
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        rows = {
            table: [dict(row) for row in connection.execute(f"SELECT * FROM {table}")]
            for table in (*JSON, "cronkit_meta")
        }
    first.shutdown()
    second = begin()
    clock.advance("2m")
    assert [job.edited for job in second.status().jobs] == [True, False]
    second.shutdown()

    values = [value for table in rows.values() for row in table for value in row.values()]
    assert {type(value) for value in values} <= {int, str, type(None)}
    found = [
        json.loads(row[column])
        for table, columns in JSON.items()
        for row in rows[table]
        for column in columns
        if row[column] is not None
    ]
    assert {"three": [3.5, {"four": True}]} in found
    for table, columns in JSON.items():
        for column in columns:
            assert any(row[column] is not None for row in rows[table]), column


def test_what_is_taken_together_lies_together(tmp_path):
    clock = FakeClock("2026-03-02T12:00:00+00:00")
    path = tmp_path / "state.db"
    scheduler = Scheduler(clock=clock, store=SQLiteStore(path))
    for number in (3, 1, 20, 2):
        scheduler.add(lambda: None, Every("1m"), id=f"job-{number}")
    with scheduler, contextlib.closing(sqlite3.connect(path)) as connection:
        clock.advance("1m")
        wanted = [("job-1",), ("job-2",), ("job-20",), ("job-3",)]
        asked = "SELECT job_id FROM cronkit_runs ORDER BY serial"
        assert connection.execute(asked).fetchall() == wanted
        assert connection.execute("SELECT id FROM cronkit_jobs ORDER BY rowid").fetchall() == wanted
