"""`SQLiteStore`: one file, many schedulers of many processes of one host."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cronkit._files._paths import file_path
from cronkit.stores import _sqlite_file as file
from cronkit.stores._forks import follow_forks
from cronkit.stores._sql_base import LEASE_SECONDS
from cronkit.stores._sql_store import SqlStore
from cronkit.stores._sqlite_channel import Channel
from cronkit.stores._sqlite_owners import Owners

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime, timedelta
    from threading import Event

    from cronkit.jobs import Closing, Decision, Run
    from cronkit.stores._sql_session import Session

_LOOK_SECONDS = 0.25
"""How often a watcher looks whether another process has written."""


class SQLiteStore(SqlStore):
    """Keeps runs, marks and pauses in a SQLite file, for all schedulers of this host.

    Every commit is on the disk before it counts (WAL, ``synchronous=FULL``). Next to the file
    ``state.db`` lies the folder ``state.db.owners``: each scheduler holds a kernel lock on a file
    there for its life, so that the others know at once when its process has died.

    A file that SQLite finds damaged is renamed ``state.db.corrupt-<stamp>``, an error is logged,
    and the store goes on with an empty file; what was owed before that is not made up for.

    Args:
        path: the file; made if it is not there. Its folder must exist.
        lease: how long a scheduler that gives no sign of life keeps its runs, where its lock does
            not tell: a stopped process, for one.

    Attributes:
        path: the file, absolute.
        problems: what was wrong with the file since this object was made, a sentence each.

    Raises:
        PolicyError: `path` has no folder, or is one.
        DurationError: `lease` cannot be read or is less than a second.
        UnsupportedPlatformError: the file would lie on a network file system.

    Example:
        >>> import tempfile
        >>> from cronkit import Scheduler
        >>> from cronkit.stores import SQLiteStore
        >>> folder = tempfile.TemporaryDirectory()
        >>> scheduler = Scheduler(store=SQLiteStore(f"{folder.name}/state.db"))
        >>> @scheduler.job()
        ... def report():
        ...     return 42
        >>> scheduler.run_now("report").result()
        42
        >>> folder.cleanup()
    """

    def __init__(
        self, path: str | os.PathLike[str], *, lease: timedelta | float | str = LEASE_SECONDS
    ) -> None:
        super().__init__(lease)
        self.path = str(file_path(path, "path", "SQLiteStore"))
        self.name = f"sqlite:///{self.path}"
        self.problems: list[str] = []
        self._owners = Owners(f"{self.path}.owners")
        self._main = Channel(self.path, self.name, self.problems.append)
        self._beats = Channel(self.path, self.name, self.problems.append)
        follow_forks(self)

    def open(self, owner: str, now: datetime) -> None:
        """Enter `owner` and hold its lock; see `cronkit.abc.Store.open`."""
        try:
            self._owners.enter(owner)
        except OSError as error:
            raise file.translated(error, self.name) from error
        self._keep_open(stays=True)
        super().open(owner, now)

    def close(self, owner: str, now: datetime) -> Sequence[Run]:
        """End what `owner` leaves as interrupted and let go of its lock."""
        try:
            ended = super().close(owner, now)
            self._owners.leave(owner)
        finally:
            self.abandon(owner)
        return ended

    def abandon(self, owner: str) -> None:
        """Let go of `owner` without a word in the file, as the death of its process would."""
        self._owners.abandon(owner)
        self._keep_open(stays=bool(self._owners))

    def expire(
        self, owner: str, beat: int | None, judge: Callable[[Run], Closing | None]
    ) -> Sequence[tuple[Run, Sequence[Decision]]]:
        """End what a lost owner held; see `cronkit.abc.SharedStore.expire`."""
        expired = super().expire(owner, beat, judge)
        self._owners.clear_away(owner)
        return expired

    def watch(self, seconds: float, wake: Event) -> bool:
        """Wait until somebody has written; see `cronkit.abc.SharedStore.watch`."""
        before = self._version()
        while seconds > 0:
            if wake.wait(min(seconds, _LOOK_SECONDS)):
                return False
            seconds -= _LOOK_SECONDS
            if self._version() != before:
                return True
        return False

    def _version(self) -> object:
        """Return a number that changes with every commit of another connection."""
        with self._beats.transaction("DEFERRED") as session:
            return session.rows("PRAGMA data_version")[0][0]

    def _keep_open(self, *, stays: bool) -> None:
        self._main.keep_open(stays=stays)
        self._beats.keep_open(stays=stays)

    def _died(self, owner: str) -> bool:
        return self._owners.died(owner)

    def _writing(self) -> AbstractContextManager[Session]:
        return self._main.transaction("IMMEDIATE")

    def _reading(self) -> AbstractContextManager[Session]:
        return self._main.transaction("DEFERRED")

    def _beating(self, *, write: bool) -> AbstractContextManager[Session]:
        return self._beats.transaction("IMMEDIATE" if write else "DEFERRED")

    # --- fork ------------------------------------------------------------------------------------
    # SQLite forbids carrying a connection into a child: it is closed before, and opened again by
    # the next call on either side.

    def before_fork(self) -> None:
        """Wait for the calls that go on, and close the connections."""
        self._main.suspend()
        self._beats.suspend()

    def after_fork_in_parent(self) -> None:
        """Go on."""
        self._beats.resume()
        self._main.resume()

    def after_fork_in_child(self) -> None:
        """Begin anew: the owners, and their locks, are the parent's."""
        self._owners.forget()
        for channel in (self._main, self._beats):
            channel.renew()
