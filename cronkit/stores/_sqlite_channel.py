"""One connection to a SQLite store's file, opened when it is needed, and its transactions."""

from __future__ import annotations

import json
import sqlite3
from contextlib import ExitStack, contextmanager
from threading import RLock
from typing import TYPE_CHECKING

from cronkit.errors import StoreError
from cronkit.stores import _sqlite_file as file
from cronkit.stores._sql_schema import bring_up
from cronkit.stores._sql_text import Dialect

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from cronkit.stores._sql_rows import Row

DIALECT = Dialect(
    among="IN (SELECT value FROM json_each(?))",
    tables="SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'cronkit_meta'",
    serial="INTEGER PRIMARY KEY AUTOINCREMENT",
)


class SQLiteSession:
    """A transaction of a SQLite connection; see `cronkit.stores.sql.Session`."""

    __slots__ = ("_connection",)

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def rows(self, statement: str, *parameters: object) -> Sequence[Row]:
        """Return what a SELECT gives."""
        return self._connection.execute(DIALECT.text(statement), parameters).fetchall()

    def run(self, statement: str, *parameters: object) -> int:
        """Run a statement; return how many rows it changed."""
        return self._connection.execute(DIALECT.text(statement), parameters).rowcount

    def each(self, statement: str, rows: Sequence[Row]) -> Sequence[int]:
        """Run a statement for each row of parameters; return how many rows each changed."""
        text, execute = DIALECT.text(statement), self._connection.cursor().execute
        return [execute(text, row).rowcount for row in rows]

    def many(self, statement: str, rows: Sequence[Row]) -> None:
        """Run a statement for each row of parameters."""
        self._connection.executemany(DIALECT.text(statement), rows)

    def listed(self, names: Collection[str]) -> object:
        """Return names as the parameter of ``among(?)``."""
        return json.dumps(list(names))

    def exclusive(self) -> None:
        """Do nothing: a transaction that writes is alone already."""

    def tell(self) -> None:
        """Do nothing: other processes look at SQLite's own counter of commits."""


class Channel:
    """A connection and the lock under which threads share it.

    Args:
        path: the file.
        name: the store's name, for errors.
        report: is told what was wrong with the file.
    """

    __slots__ = (
        "_checked", "_connection", "_identity", "_lock", "_name", "_path", "_report", "_stays",
    )  # fmt: skip

    def __init__(self, path: str, name: str, report: Callable[[str], None]) -> None:
        self._path = path
        self._name = name
        self._report = report
        self._lock = RLock()
        self._connection: sqlite3.Connection | None = None
        self._identity: file.Identity | None = None
        self._checked: file.Identity | None = None
        self._stays = False

    @contextmanager
    def transaction(self, kind: str) -> Iterator[SQLiteSession]:
        """Open a transaction: ``IMMEDIATE`` to write, ``DEFERRED`` to read.

        Raises:
            StoreError: the file cannot be used now; what the block wrote is undone.
        """
        with self._lock:
            try:
                connection = self._connected()
                try:
                    connection.execute(f"BEGIN {kind}")
                    yield SQLiteSession(connection)
                    connection.execute("COMMIT")
                finally:
                    if connection.in_transaction:
                        connection.execute("ROLLBACK")
            except sqlite3.Error as error:
                raise self._failed(error) from error
            except OSError as error:
                raise file.translated(error, self._name) from error
            finally:
                if not self._stays:
                    self._close()

    def keep_open(self, *, stays: bool) -> None:
        """Keep the connection between calls, or open it for each."""
        with self._lock:
            self._stays = stays
            if not stays:
                self._close()

    def _connected(self) -> sqlite3.Connection:
        if self._connection is not None:
            if file.identity(self._path) == self._identity:
                return self._connection
            self._close()
            self._checked = None
            # What was written since the last call may have gone into the old file.
            raise StoreError(self._name, "another file has taken its place; going on with that")
        self._note(file.prepare(self._path, self._make))
        try:
            return self._open()
        except sqlite3.Error as error:
            wrong = file.identity(self._path)
            if not file.is_damage(error) or wrong is None:
                raise
            self._note(file.set_aside(self._path, wrong, str(error)))
        self._note(file.prepare(self._path, self._make))
        return self._open()

    def _open(self) -> sqlite3.Connection:
        connection, found = file.connect(self._path), file.identity(self._path)
        with ExitStack() as failing:
            failing.callback(connection.close)
            if found != self._checked:
                file.check(connection, self._path)
                self._make(connection)
                self._checked = found
            failing.pop_all()
        self._connection, self._identity = connection, found
        return connection

    def _make(self, connection: sqlite3.Connection) -> None:
        """Make the tables that are not there, or bring older ones to this version."""
        connection.execute("BEGIN IMMEDIATE")
        bring_up(SQLiteSession(connection), DIALECT, self._name, create=True)
        connection.execute("COMMIT")

    def _note(self, found: str | None) -> None:
        if found is not None:
            self._report(found)

    def _failed(self, error: sqlite3.Error) -> StoreError:
        """Return what to raise for an error of the driver; a damaged file is set aside."""
        wrong = self._identity
        if self._connection is None or wrong is None or not file.is_damage(error):
            return file.translated(error, self._name)
        self._close()
        try:
            self._note(file.set_aside(self._path, wrong, str(error)))
        except OSError as trouble:
            return file.translated(trouble, self._name)
        return StoreError(self._name, f"damaged ({error}); going on with an empty file")

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    # --- fork ------------------------------------------------------------------------------------

    def suspend(self) -> None:
        """Wait for the transaction that goes on, keep others out, close the connection."""
        self._lock.acquire()
        self._close()

    def resume(self) -> None:
        """Let others in again."""
        self._lock.release()

    def renew(self) -> None:
        """Be as new, in a child: the lock is held by a thread that is not there."""
        self._lock = RLock()
        self._stays = False
