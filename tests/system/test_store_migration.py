"""The process that migrates a store is killed in the middle, and its disk may not be written."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cronkit.errors import StoreError
from cronkit.stores import SQLiteStore
from cronkit.stores.sql import SCHEMA_VERSION

pytestmark = pytest.mark.system

NOW = datetime(2026, 1, 1, 12, 5, tzinfo=UTC)
SERIAL = "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY"
VERSION_1 = Path(__file__).parents[1] / "contract" / "data" / "schema-1.sql"

MIGRATES = """
import os, signal, sys
from datetime import UTC, datetime
kind, address = sys.argv[1:]
if kind == "sqlite":
    from cronkit.stores import SQLiteStore as Store
    from cronkit.stores._sqlite_channel import SQLiteSession as Session
else:
    from cronkit.integrations.postgres import PostgresStore as Store
    from cronkit.integrations.postgres._session import PostgresSession as Session

run = Session.run

def die_at_the_last_statement(self, statement, *parameters):
    if "SET value" in statement:
        os.kill(os.getpid(), signal.SIGKILL)
    return run(self, statement, *parameters)

Session.run = die_at_the_last_statement
Store(address).open("me", datetime.now(UTC))
"""

OPENS = """
import os, sys
from datetime import UTC, datetime
kind, address = sys.argv[1:]
if kind == "sqlite":
    from cronkit.stores import SQLiteStore as Store
else:
    from cronkit.integrations.postgres import PostgresStore as Store
store = Store(address)
owner = f"owner-{os.getpid()}"
store.open(owner, datetime.now(UTC))
print(len(store.runs()), flush=True)
store.close(owner, datetime.now(UTC))
"""


def old_file(path):
    with closing(sqlite3.connect(path)) as connection:
        text = VERSION_1.read_text("utf-8")
        connection.executescript(text.replace(SERIAL, "INTEGER PRIMARY KEY AUTOINCREMENT"))
    return str(path)


def version(path):
    with closing(sqlite3.connect(path)) as connection:
        asked = "SELECT value FROM cronkit_meta WHERE name = 'schema'"
        return connection.execute(asked).fetchone()[0]


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_migration_that_was_killed_is_done_by_the_next(kind, program, tmp_path, request):
    if kind == "sqlite":
        address = old_file(tmp_path / "state.db")
    else:
        address = request.getfixturevalue("postgres").schema()
        import psycopg

        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(VERSION_1.read_text("utf-8"))
    code, _ = program(MIGRATES, kind, address).end()
    assert code == -signal.SIGKILL
    them = [program(OPENS, kind, address) for _ in range(3)]
    assert [(each.end()[0], each.output) for each in them] == [(0, ["3"])] * 3


def test_an_old_file_that_may_not_be_written_is_an_error_and_stays(disk):
    path = old_file(disk / "state.db")
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    store = SQLiteStore(path)
    with pytest.raises(StoreError):
        store.runs()
    subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
    assert version(path) == 1
    assert len(store.runs()) == 3
    assert version(path) == SCHEMA_VERSION
    assert store.problems == []


def test_an_old_file_on_a_full_disk_is_an_error_and_is_migrated_when_there_is_room(disk, fill):
    path = old_file(disk / "state.db")
    hog = fill(disk)
    store = SQLiteStore(path)
    with pytest.raises(StoreError):
        store.runs()
    hog.unlink()
    assert len(store.runs()) == 3
    assert version(path) == SCHEMA_VERSION
    assert store.problems == []
    assert list(disk.glob("*.corrupt-*")) == []
