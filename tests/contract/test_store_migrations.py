"""Tables of an older version become those of this one, once, and nothing in them is lost."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier

import pytest

from cronkit.errors import StoreError
from cronkit.jobs import Limits, build_job
from cronkit.stores import SQLiteStore
from cronkit.stores.sql import SCHEMA_VERSION
from cronkit.triggers import Every

NOW = datetime(2026, 1, 1, 12, 5, tzinfo=UTC)
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
SERIAL = "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY"
VERSION_1 = (Path(__file__).parent / "data" / "schema-1.sql").read_text("utf-8")
TABLES = ("cronkit_meta", "cronkit_jobs", "cronkit_owners", "cronkit_runs")


class OldFile:
    """A SQLite file of an older cronkit."""

    def __init__(self, path):
        self.path = path
        self.sql(VERSION_1.replace(SERIAL, "INTEGER PRIMARY KEY AUTOINCREMENT"))

    def sql(self, text):
        with closing(sqlite3.connect(self.path)) as connection:
            connection.executescript(text)

    def rows(self, text):
        with closing(sqlite3.connect(self.path)) as connection:
            return connection.execute(text).fetchall()

    def columns(self, table):
        return {row[1] for row in self.rows(f"PRAGMA table_info({table})")}

    def connect(self):
        return SQLiteStore(self.path)


class OldSchema:
    """A PostgreSQL schema of an older cronkit."""

    def __init__(self, server):
        self.dsn = server.schema()
        self.sql(VERSION_1)

    def sql(self, text):
        import psycopg

        with psycopg.connect(self.dsn, autocommit=True) as connection:
            connection.execute(text)

    def rows(self, text):
        import psycopg

        with psycopg.connect(self.dsn, autocommit=True) as connection:
            return connection.execute(text).fetchall()

    def columns(self, table):
        asked = (
            "SELECT column_name FROM information_schema.columns"
            f" WHERE table_schema = current_schema() AND table_name = '{table}'"
        )
        return {row[0] for row in self.rows(asked)}

    def connect(self, **options):
        from cronkit.integrations.postgres import PostgresStore

        return PostgresStore(self.dsn, **options)


@pytest.fixture(params=["sqlite", "postgres"])
def old(request, tmp_path):
    if request.param == "sqlite":
        return OldFile(tmp_path / "state.db")
    return OldSchema(request.getfixturevalue("postgres"))


@pytest.fixture
def old_schema(postgres):
    return OldSchema(postgres)


@pytest.fixture
def opened(old):
    store = old.connect()
    store.open("me", NOW)
    yield store
    store.close("me", NOW)


def version(old):
    return old.rows("SELECT value FROM cronkit_meta WHERE name = 'schema'")[0][0]


def job_of(job_id):
    return build_job(lambda: None, Every("1m"), UTC, {"id": job_id}, {})


def test_old_tables_get_the_columns_of_new_ones(old):
    def columns():
        store = old.connect()
        store.open("me", NOW)
        store.close("me", NOW)
        return {table: old.columns(table) for table in TABLES}

    migrated = columns()
    old.sql(";".join(f"DROP TABLE {table}" for table in TABLES))
    assert columns() == migrated


def test_jobs_of_an_old_store_keep_what_was_known_of_them(opened):
    states = opened.register([job_of("a"), job_of("b")], NOW)
    assert (states["a"].first_seen, states["a"].mark) == (NOON, NOON + timedelta(minutes=1))
    assert (states["a"].planned, len(states["a"].live)) == (2, 1)
    assert (states["b"].pause.by, states["b"].pause.why) == ("Ada", "a test")


def test_runs_of_an_old_store_are_there_and_go_on(opened):
    runs = {run.id: run for run in opened.runs()}
    assert runs["a@2026-01-01T12:00:00Z"].outcome == "succeeded"
    assert runs["a@2026-01-01T12:00:00Z"].notes == {"n": 1}
    opened.register([job_of("a"), job_of("b")], NOW)
    limits = Limits(jobs={"a": 1}, tags={"heavy": 1}, tags_of={"b": frozenset({"heavy"})})
    (taken,) = opened.take("me", {"a", "b"}, 10, limits, NOW)
    assert (taken.run_id, taken.fence) == ("b@2026-01-01T12:00:00Z#1", 1767268800001)
    assert opened.pulse("me", NOW).beats == {"dead": 7}


def test_tables_that_do_not_say_their_version_are_of_the_first(old):
    old.sql("DELETE FROM cronkit_meta WHERE name = 'schema'")
    store = old.connect()
    store.open("me", NOW)
    store.close("me", NOW)
    assert version(old) == SCHEMA_VERSION


def test_of_many_who_open_old_tables_together_one_migrates_them(old):
    stores, barrier = [old.connect() for _ in range(4)], Barrier(4)

    def enter(number):
        barrier.wait(10)
        stores[number].open(f"owner-{number}", NOW)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(enter, range(4)))
    for number, store in enumerate(stores):
        store.close(f"owner-{number}", NOW)
    assert version(old) == SCHEMA_VERSION


def test_a_step_that_fails_leaves_the_tables_as_they_were(old):
    old.sql("ALTER TABLE cronkit_runs ADD COLUMN tags TEXT")  # by somebody else
    before = {table: old.columns(table) for table in TABLES}
    store = old.connect()
    with pytest.raises(StoreError, match="tags"):
        store.open("me", NOW)
    assert {table: old.columns(table) for table in TABLES} == before
    assert version(old) == 1


def test_tables_of_a_newer_version_are_refused_and_stay(old):
    old.sql("UPDATE cronkit_meta SET value = 99 WHERE name = 'schema'")
    store = old.connect()
    with pytest.raises(StoreError, match=f"have version 99, this cronkit knows {SCHEMA_VERSION}"):
        store.open("me", NOW)
    assert "tags" not in old.columns("cronkit_runs")


def test_who_may_not_create_says_what_an_administrator_has_to_do(old_schema):
    from importlib import resources

    store = old_schema.connect(create=False)
    with pytest.raises(StoreError, match=r"administrator runs migrations\.sql from version 1 on"):
        store.open("me", NOW)
    old_schema.sql(resources.files("cronkit.stores").joinpath("migrations.sql").read_text("utf-8"))
    later = old_schema.connect(create=False)
    later.open("me", NOW)
    later.close("me", NOW)
    assert version(old_schema) == SCHEMA_VERSION


def test_who_may_not_create_says_that_there_are_no_tables(postgres):
    from cronkit.integrations.postgres import PostgresStore

    store = PostgresStore(postgres.schema(), create=False)
    with pytest.raises(StoreError, match=r"it has no tables; an administrator runs schema\.sql"):
        store.open("me", NOW)
