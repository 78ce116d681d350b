"""`PostgresStore`: one PostgreSQL database, many schedulers of many hosts. Extra: ``postgres``.

The tables are those of ``cronkit/stores/schema.sql``. A scheduler needs SELECT, INSERT, UPDATE and
DELETE on them, and a connection that is its own for its life: LISTEN and the timeouts belong to a
session, so a pooler in transaction mode cannot stand between.
"""

from __future__ import annotations

import os
import select
from contextlib import contextmanager
from functools import partial
from threading import RLock
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from cronkit.errors import MissingExtraError, PolicyError, StoreError
from cronkit.stores.sql import LEASE_SECONDS, Deadline, Dialect, Gate, SqlStore, bring_up

try:
    import psycopg
    from psycopg.conninfo import conninfo_to_dict
except ImportError as error:
    raise MissingExtraError("PostgresStore", "postgres") from error

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Generator, Iterator, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime, timedelta
    from threading import Event

    from cronkit.jobs import Run
    from cronkit.stores.sql import Row, Session

CALL_SECONDS = 2.0
"""The deadline of a call; the server gets to know it too, as ``statement_timeout``."""

_IDLE_IN_TRANSACTION_SECONDS = 5.0
"""A stopped scheduler must not keep the rows of a job locked."""

_LOOK_SECONDS = 0.25
_CHANNEL = "cronkit"
_LIMITS_LOCK = 0x63726F6E6B6974
"""The advisory lock under which limits over several jobs are counted: "cronkit" in hexadecimal."""

DIALECT = Dialect(
    mark="%s",
    among="= ANY(%s)",
    listed=list,
    lock="FOR UPDATE",
    lock_free="FOR UPDATE SKIP LOCKED",
    tables="SELECT 1 WHERE to_regclass('cronkit_meta') IS NOT NULL",
)


class PostgresStore(SqlStore):
    """Keeps runs, marks and pauses in PostgreSQL 12 or later, for schedulers of many hosts.

    A pause, a request to stop and a run by hand reach the other hosts at once, by NOTIFY. While
    the server does not answer, nothing is decided and outcomes are kept; it is asked again less
    than once a second.

    Args:
        dsn: a connection string or URI of libpq; ``sslmode``, ``sslrootcert`` and all other
            options are passed on.
        lease: how long a scheduler that gives no sign of life keeps its runs.
        create: make the tables if they are not there, and migrate older ones; without, an
            administrator runs ``schema.sql`` and ``migrations.sql``, and the scheduler needs no
            right to create.

    Attributes:
        name: the address without the password.

    Raises:
        PolicyError: `dsn` cannot be read.
        DurationError: `lease` cannot be read or is less than a second.
        MissingExtraError: on import, psycopg is not installed.
    """

    def __init__(
        self, dsn: str, *, lease: timedelta | float | str = LEASE_SECONDS, create: bool = True
    ) -> None:
        super().__init__(lease)
        self.name = _address(dsn)
        self._owners: set[str] = set()
        gate = Gate()
        greet = partial(bring_up, dialect=DIALECT, name=self.name, create=create)
        self._main = _Line(dsn, self.name, gate, greet)
        self._beats = _Line(dsn, self.name, gate, self._listen)
        _STORES.add(self)

    def open(self, owner: str, now: datetime) -> None:
        """Enter `owner` and keep a connection; see `cronkit.abc.Store.open`."""
        self._owners.add(owner)
        self._keep_open()
        super().open(owner, now)

    def close(self, owner: str, now: datetime) -> Sequence[Run]:
        """End what `owner` leaves as interrupted; see `cronkit.abc.Store.close`."""
        try:
            return super().close(owner, now)
        finally:
            self.abandon(owner)

    def abandon(self, owner: str) -> None:
        """Hang up without a word, as the death of the process of `owner` would."""
        self._owners.discard(owner)
        self._keep_open()

    def _keep_open(self) -> None:
        for line in (self._main, self._beats):
            line.keep_open(stays=bool(self._owners))

    def watch(self, seconds: float, wake: Event) -> bool:
        """Wait for a NOTIFY of another scheduler; see `cronkit.abc.SharedStore.watch`."""
        deadline = Deadline(seconds)
        while not deadline.passed:
            if wake.is_set():
                return False
            if self._beats.hears(min(deadline.left, _LOOK_SECONDS), wake):
                return True
        return False

    @staticmethod
    def _listen(session: Session) -> None:
        session.run(f"LISTEN {_CHANNEL}")

    def _writing(self) -> AbstractContextManager[Session]:
        return self._main.session(transaction=True)

    def _reading(self) -> AbstractContextManager[Session]:
        return self._main.session(transaction=False)

    def _beating(self, *, write: bool) -> AbstractContextManager[Session]:
        del write  # each is one statement
        return self._beats.session(transaction=False)

    # --- fork ------------------------------------------------------------------------------------

    def before_fork(self) -> None:
        """Wait for the calls that go on."""
        self._main.lock.acquire()
        self._beats.lock.acquire()

    def after_fork_in_parent(self) -> None:
        """Go on."""
        self._beats.lock.release()
        self._main.lock.release()

    def after_fork_in_child(self) -> None:
        """Begin anew: the owners, and the connections, are the parent's."""
        self._owners.clear()
        self._main.renew()
        self._beats.renew()


class PostgresSession:
    """A connection, or a transaction on it; see `cronkit.stores.sql.Session`."""

    __slots__ = ("_connection",)

    def __init__(self, connection: _Impatient) -> None:
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
        self.run(f"NOTIFY {_CHANNEL}")

    def _run(self, statement: str, parameters: tuple[object, ...]) -> psycopg.Cursor[Row]:
        return self._connection.execute(DIALECT.text(statement).encode(), parameters or None)


class _Impatient(psycopg.Connection["Row"]):
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


class _Line:
    """One connection, opened when it is needed, and the lock under which threads share it."""

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
        return heard or bool(select.select([number], [], [], seconds)[0])

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
        connection = _Impatient.connect(self._dsn, **_defaults(self._dsn), autocommit=True)
        try:
            connection.add_notify_handler(self._hear)
            for name, seconds in (
                ("statement_timeout", CALL_SECONDS),
                ("idle_in_transaction_session_timeout", _IDLE_IN_TRANSACTION_SECONDS),
            ):
                value = f"{seconds * 1_000:.0f}"
                connection.execute("SELECT set_config(%s, %s, false)", (name, value))
            with connection.transaction():
                self._greet(PostgresSession(connection))
        except BaseException:
            connection.close()
            raise
        return connection

    def _hear(self, _: psycopg.Notify) -> None:
        self._heard = True

    def _drop_if_broken(self, error: psycopg.Error) -> None:
        """Close a connection that cannot be used for another transaction."""
        connection = self._connection
        if connection is None:
            return
        idle = connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
        if connection.closed or not idle:
            self._connection = None
            connection.close()
            if isinstance(error, psycopg.OperationalError):
                self._gate.failed(_words(error))


_OF_THE_PARENT: list[_Impatient] = []
"""Connections that a forked child must neither use nor close."""


def _defaults(dsn: str) -> dict[str, Any]:
    """Return options that the DSN leaves open."""
    given = conninfo_to_dict(dsn)
    wanted = {
        "application_name": "cronkit",
        "connect_timeout": 2,
        "keepalives_idle": 5,
        "keepalives_interval": 2,
        "keepalives_count": 3,
        "tcp_user_timeout": 5_000,
    }
    return {word: value for word, value in wanted.items() if word not in given}


def _address(dsn: str) -> str:
    """Return where a DSN leads, without its password.

    Raises:
        PolicyError: it cannot be read; the error does not show it, for it may hold a password.
    """
    if not isinstance(dsn, str):
        raise PolicyError("dsn", type(dsn).__name__, "a connection string of libpq")
    try:
        facts = conninfo_to_dict(dsn)
    except psycopg.ProgrammingError:
        raise PolicyError("dsn", "***", "a connection string or URI of libpq") from None
    user = f"{facts['user']}@" if facts.get("user") else ""
    port = f":{facts['port']}" if facts.get("port") else ""
    return f"postgresql://{user}{facts.get('host', '')}{port}/{facts.get('dbname', '')}"


def _words(error: psycopg.Error) -> str:
    return " ".join(str(error).split()) or type(error).__name__


_STORES: WeakSet[PostgresStore] = WeakSet()


def _at_fork(act: Callable[[PostgresStore], None]) -> Callable[[], None]:
    def act_on_all() -> None:
        for store in list(_STORES):
            act(store)

    return act_on_all


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_at_fork(PostgresStore.before_fork),
        after_in_parent=_at_fork(PostgresStore.after_fork_in_parent),
        after_in_child=_at_fork(PostgresStore.after_fork_in_child),
    )
