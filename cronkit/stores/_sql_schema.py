"""The tables of a store: made, or brought from an older version to this one, in one transaction.

``schema.sql`` makes the tables of this version, ``migrations.sql`` holds the steps from each older
one. Both are written for PostgreSQL, so that an administrator can run them; `Dialect` says where
another database differs.
"""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, cast

from cronkit._clock import SystemClock
from cronkit.errors import StoreError
from cronkit.stores import _sql_text as sql
from cronkit.stores._sql_values import to_micros

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cronkit.stores._sql_session import Session
    from cronkit.stores._sql_text import Dialect

SCHEMA_VERSION = 6
"""The version of the tables; a store refuses a newer one and migrates an older one."""

_FIRST = 1
"""The version of tables that do not say theirs: it was not written into them then."""

_SERIAL = "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY"
_BYTEWISE = 'COLLATE "C"'
_STEP = "-- from version "


def bring_up(session: Session, dialect: Dialect, name: str, *, create: bool) -> None:
    """Make the tables if they are not there, and migrate them if they are older.

    The fences of a store begin at the millisecond of its first opening, so that those of a store
    that replaces another do not fall behind.

    Args:
        session: a transaction that writes; what is done here is done when it is committed.
        dialect: the dialect of the database.
        name: the store, for errors.
        create: whether this process may make and change tables.

    Raises:
        StoreError: the tables are newer; or they are older, or not there, and `create` is false.
    """
    if not _exist(session, dialect):
        if not create:
            raise StoreError(name, "it has no tables; an administrator runs schema.sql")
        session.exclusive()
        _run(session, dialect, _read("schema.sql"))
    found = _version(session)
    if found < SCHEMA_VERSION and create:
        session.exclusive()  # of several who come here at once, the others find it done
        for step in steps(_version(session)):
            _run(session, dialect, step)
        found = _version(session)
    if found != SCHEMA_VERSION:
        remedy = (
            "upgrade cronkit"
            if found > SCHEMA_VERSION
            else f"an administrator runs migrations.sql from version {found} on"
        )
        raise StoreError(
            name, f"its tables have version {found}, this cronkit knows {SCHEMA_VERSION}; {remedy}"
        )
    if not session.rows(sql.GET_META, "created"):
        created = to_micros(SystemClock().now()) // 1_000
        session.many(sql.NEW_META, [("created", created), ("changes", 0)])


def steps(found: int) -> list[str]:
    """Return the migrations that tables of a version still need, in order."""
    _, *parts = _read("migrations.sql").split(_STEP)
    by_version = {int(part.partition(" ")[0]): _STEP + part for part in parts}
    return [by_version[each] for each in range(found, SCHEMA_VERSION)]


def _exist(session: Session, dialect: Dialect) -> bool:
    return bool(session.rows(dialect.tables))


def _version(session: Session) -> int:
    rows = session.rows(sql.GET_META, "schema")
    return cast("int", rows[0][0]) if rows else _FIRST


def _read(name: str) -> str:
    return resources.files("cronkit.stores").joinpath(name).read_text("utf-8")


def _run(session: Session, dialect: Dialect, text: str) -> None:
    for statement in _statements(text):
        own = statement.replace(_SERIAL, dialect.serial).replace(_BYTEWISE, dialect.bytewise)
        session.run(own)


def _statements(text: str) -> Iterator[str]:
    bare = "\n".join(line.partition("--")[0] for line in text.splitlines())
    return (each for each in bare.split(";") if each.strip())
