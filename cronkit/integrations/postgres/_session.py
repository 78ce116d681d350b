"""The statements of a store on a connection to PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cronkit.stores.sql import Dialect

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import psycopg

    from cronkit.stores.sql import Row

CHANNEL = "cronkit"
_LIMITS_LOCK = 0x63726F6E6B6974
"""The advisory lock under which limits over several jobs are counted: "cronkit" in hexadecimal."""

DIALECT = Dialect(
    mark="%s",
    among="= ANY(%s)",
    bytewise='COLLATE "C"',
    lock="FOR UPDATE",
    lock_free="FOR UPDATE SKIP LOCKED",
    tables="SELECT 1 WHERE to_regclass('cronkit_meta') IS NOT NULL",
)


class PostgresSession:
    """A connection, or a transaction on it; see `cronkit.stores.sql.Session`."""

    __slots__ = ("_connection",)

    def __init__(self, connection: psycopg.Connection[Row]) -> None:
        self._connection = connection

    def rows(self, statement: str, *parameters: object) -> Sequence[Row]:
        """Return what a SELECT gives."""
        return self._run(statement, parameters).fetchall()

    def run(self, statement: str, *parameters: object) -> int:
        """Run a statement; return how many rows it changed."""
        return self._run(statement, parameters).rowcount

    def each(self, statement: str, rows: Sequence[Row]) -> Sequence[int]:
        """Run a statement for each row of parameters; return how many rows each changed."""
        with self._connection.cursor() as cursor:
            cursor.executemany(DIALECT.text(statement).encode(), rows, returning=True)
            counts = [cursor.rowcount]
            while cursor.nextset():
                counts.append(cursor.rowcount)
        return counts

    def many(self, statement: str, rows: Sequence[Row]) -> None:
        """Run a statement for each row of parameters."""
        with self._connection.cursor() as cursor:
            cursor.executemany(DIALECT.text(statement).encode(), rows)

    def listed(self, names: Collection[str]) -> object:
        """Return names as the parameter of ``among(?)``."""
        return list(names)

    def exclusive(self) -> None:
        """Wait until no other transaction of this database holds the lock of the limits."""
        self.rows("SELECT pg_advisory_xact_lock(?)", _LIMITS_LOCK)

    def tell(self) -> None:
        """Wake the schedulers of other hosts when this is committed."""
        self.run(f"NOTIFY {CHANNEL}")

    def _run(self, statement: str, parameters: tuple[object, ...]) -> psycopg.Cursor[Row]:
        return self._connection.execute(DIALECT.text(statement).encode(), parameters or None)
