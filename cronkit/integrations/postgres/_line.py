"""One connection to PostgreSQL, which threads share, and which ends calls that take too long."""

from __future__ import annotations

import selectors
from contextlib import ExitStack, contextmanager
from threading import RLock
from typing import TYPE_CHECKING, Any

import psycopg

from cronkit.errors import StoreError
from cronkit.integrations.postgres._dsn import defaults
from cronkit.integrations.postgres._session import PostgresSession
from cronkit.stores.sql import Deadline

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from threading import Event

    from cronkit.stores.sql import Gate, Session

CALL_SECONDS = 2.0
"""The deadline of a call."""

_STATEMENT_SECONDS = 1.5
"""The server's own ``statement_timeout``, the shorter one: it ends a call that waits for a lock, and
the connection lives on. A server that stands still keeps none."""

_IDLE_IN_TRANSACTION_SECONDS = 5.0
"""A stopped scheduler must not keep the rows of a job locked."""


class Line:
    """One connection, opened when it is needed, and the lock under which threads share it.

    Args:
        dsn: where the server is.
        name: the store's name, for errors.
        gate: says when a lost server may be asked again.
        greet: what a new connection begins with, in a transaction.

    Attributes:
        lock: held while the connection is used; whoever forks waits for it.
    """

    __slots__ = ("_connection", "_dsn", "_gate", "_greet", "_heard", "_name", "_stays", "lock")

    def __init__(self, dsn: str, name: str, gate: Gate, greet: Callable[[Session], None]) -> None:
        self._dsn = dsn
        self._name = name
        self._gate = gate
        self._greet = greet
        self._connection: _Impatient | None = None
        self._heard = False
        self._stays = False
        self.lock = RLock()

    @contextmanager
    def session(self, *, transaction: bool) -> Iterator[PostgresSession]:
        """Lend the connection; with `transaction`, in one.

        Raises:
            StoreError: the server does not answer, or refuses; what the block wrote is undone.
        """
        with self.lock:
            try:
                connection = self._connected()
                if transaction:
                    with connection.transaction():
                        yield PostgresSession(connection)
                else:
                    yield PostgresSession(connection)
            except psycopg.Error as error:
                self._drop_if_broken(error)
                raise StoreError(self._name, _words(error)) from error
            finally:
                if not self._stays:
                    self._hang_up()

    def hears(self, seconds: float, wake: Event) -> bool:
        """Wait up to `seconds` for a word of another scheduler; return whether one came."""
        with self.lock:
            if self._connection is None or self._connection.closed:
                wake.wait(seconds)
                return False
            number = self._connection.fileno()
        heard, self._heard = self._heard, False
        with selectors.DefaultSelector() as selector:
            selector.register(number, selectors.EVENT_READ)
            return heard or bool(selector.select(seconds))

    def keep_open(self, *, stays: bool) -> None:
        """Keep the connection between calls, or open one for each."""
        with self.lock:
            self._stays = stays
            if not stays:
                self._hang_up()

    def _hang_up(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def renew(self) -> None:
        """Be as new, in a child: the connection is the parent's, and not ours to close."""
        if self._connection is not None:
            _OF_THE_PARENT.append(self._connection)
        self._connection = None
        self._stays = False
        self.lock = RLock()

    def _connected(self) -> _Impatient:
        if self._connection is not None and not self._connection.closed:
            return self._connection
        self._gate.enter(self._name)
        try:
            self._connection = self._open()
        except psycopg.Error as error:
            self._gate.failed(_words(error))
            raise
        self._gate.succeeded()
        return self._connection

    def _open(self) -> _Impatient:
        connection = _Impatient.connect(self._dsn, **defaults(self._dsn), autocommit=True)
        with ExitStack() as failing:
            failing.callback(connection.close)
            connection.add_notify_handler(self._hear)
            for name, seconds in (
                ("statement_timeout", _STATEMENT_SECONDS),
                ("idle_in_transaction_session_timeout", _IDLE_IN_TRANSACTION_SECONDS),
            ):
                value = f"{seconds * 1_000:.0f}"
                connection.execute("SELECT set_config(%s, %s, false)", (name, value))
            with connection.transaction():
                self._greet(PostgresSession(connection))
            failing.pop_all()
        return connection

    def _hear(self, _: psycopg.Notify) -> None:
        self._heard = True

    def _drop_if_broken(self, error: psycopg.Error) -> None:
        """Close a connection that cannot be used for another transaction."""
        connection = self._connection
        if connection is None:
            return
        idle = connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
        # A server that was made a standby: another of the DSN's hosts may take what we write.
        read_only = isinstance(error, psycopg.errors.ReadOnlySqlTransaction)
        if connection.closed or not idle or read_only:
            self._connection = None
            connection.close()
            if read_only or isinstance(error, psycopg.OperationalError):
                self._gate.failed(_words(error))


_OF_THE_PARENT: list[_Impatient] = []
"""Connections that a forked child must neither use nor close."""


class _Impatient(psycopg.Connection["tuple[object, ...]"]):
    """A connection whose calls end after `CALL_SECONDS`.

    A server that is stopped, or whose packets are lost, keeps no deadline of its own.
    """

    def wait(self, gen: Generator[Any, Any, Any], *args: Any, **options: Any) -> Any:
        """Drive a call to its end, or to the deadline.

        Raises:
            psycopg.OperationalError: the server has not answered in time.
        """
        try:
            return super().wait(_limited(gen, Deadline(CALL_SECONDS)), *args, **options)
        except _TooLateError:
            self.close()  # what the server still sends would answer the next call
            raise


class _TooLateError(psycopg.OperationalError):
    """A call has reached its deadline."""


def _limited(gen: Generator[Any, Any, Any], deadline: Deadline) -> Generator[Any, Any, Any]:
    """Pass on what goes between psycopg's loop and a call; the loop comes by ten times a second."""
    try:
        wanted = next(gen)
        while True:
            ready = yield wanted
            if deadline.passed:
                raise _TooLateError(f"no answer within {deadline.seconds:g} s")
            wanted = gen.send(ready)
    except StopIteration as end:
        return end.value


def _words(error: psycopg.Error) -> str:
    return " ".join(str(error).split()) or type(error).__name__
