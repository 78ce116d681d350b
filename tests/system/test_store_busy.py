"""Another process writes to the file of a SQLite store: a call waits for it, two seconds at most."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from datetime import UTC, datetime

import pytest

from cronkit.errors import LockTimeoutError
from cronkit.stores import SQLiteStore

pytestmark = [pytest.mark.system, pytest.mark.timeout(60)]

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.fixture
def store(tmp_path):
    store = SQLiteStore(tmp_path / "state.db")
    store.open("me", NOW)
    yield store
    store.close("me", NOW)


@pytest.fixture
def writer(store):
    with contextlib.closing(
        sqlite3.connect(store.path, isolation_level=None, check_same_thread=False)
    ) as connection:
        yield connection


def test_a_call_waits_for_who_writes_just_now(store, writer):
    writer.execute("BEGIN IMMEDIATE")
    threading.Timer(0.5, writer.execute, ["COMMIT"]).start()
    began = time.monotonic()
    store.beat("me", NOW)
    assert 0.4 < time.monotonic() - began < 2


def test_a_call_that_waits_for_too_long_is_an_error_and_writes_nothing(store, writer):
    before = store.pulse("", NOW).beats["me"]
    writer.execute("BEGIN IMMEDIATE")
    began = time.monotonic()
    with pytest.raises(LockTimeoutError) as caught:
        store.beat("me", NOW)
    assert 1.5 < time.monotonic() - began < 6
    assert caught.value.timeout_seconds == 2
    writer.execute("ROLLBACK")
    assert store.pulse("", NOW).beats["me"] == before
    store.beat("me", NOW)


def test_who_only_reads_waits_for_nobody(store, writer):
    writer.execute("BEGIN IMMEDIATE")
    began = time.monotonic()
    assert store.runs() == []
    assert time.monotonic() - began < 1
    writer.execute("ROLLBACK")


def test_what_counts_is_on_the_disk(store):
    with store._writing() as session:
        assert session.rows("PRAGMA journal_mode")[0][0] == "wal"
        assert session.rows("PRAGMA synchronous")[0][0] == 2  # FULL
