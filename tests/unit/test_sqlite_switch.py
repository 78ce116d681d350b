"""A file that is not in WAL mode yet, restored from a dump for one, while others have it open."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from functools import partial

import pytest

from cronkit.errors import LockTimeoutError
from cronkit.stores import SQLiteStore, _sqlite_file

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.fixture
def path(tmp_path):
    """The file of a store, put back into the mode that SQLite files have when they are made."""
    path = tmp_path / "state.db"
    store = SQLiteStore(path)
    store.open("me", NOW)
    store.close("me", NOW)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    return path


@pytest.fixture
def writer(path):
    """Somebody who is about to write into the file, or to switch it."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield connection


def mode(path):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("PRAGMA journal_mode").fetchone()[0]


def test_who_finds_others_in_the_file_waits_for_them(path, writer, monkeypatch):
    """SQLite itself gives up at once here: two who read and both want to write would wait for ever."""
    refused = []

    class Telling(sqlite3.Connection):
        def execute(self, statement, *parameters):
            try:
                return super().execute(statement, *parameters)
            except sqlite3.OperationalError:
                refused.append(statement)
                writer.execute("ROLLBACK")
                raise

    monkeypatch.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=Telling))
    store = SQLiteStore(path)
    store.open("me", NOW)
    store.close("me", NOW)
    assert refused == ["PRAGMA journal_mode = WAL"]
    assert mode(path) == "wal"


def test_it_waits_no_longer_than_a_call_may_take(path, writer, monkeypatch):
    monkeypatch.setattr(_sqlite_file, "TIMEOUT_SECONDS", 0.01)
    store = SQLiteStore(path)
    with pytest.raises(LockTimeoutError, match="not free within"):
        store.runs()
    writer.execute("ROLLBACK")
    assert store.runs() == []
    assert mode(path) == "wal"
