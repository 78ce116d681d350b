"""`PostgresStore` itself: two lines to the server, and who is told of what."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from cronkit.integrations.postgres._dsn import address
from cronkit.integrations.postgres._line import Line
from cronkit.integrations.postgres._session import CHANNEL, DIALECT
from cronkit.stores.sql import (
    LEASE_SECONDS,
    Deadline,
    Gate,
    SqlStore,
    bring_up,
    follow_forks,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime, timedelta
    from threading import Event

    from cronkit.jobs import Run
    from cronkit.stores.sql import Session

_LOOK_SECONDS = 0.25


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
        self.name = address(dsn)
        self._owners: set[str] = set()
        gate = Gate()
        greet = partial(bring_up, dialect=DIALECT, name=self.name, create=create)
        self._main = Line(dsn, self.name, gate, greet)
        self._beats = Line(dsn, self.name, gate, self._listen)
        follow_forks(self)

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
        session.run(f"LISTEN {CHANNEL}")

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
