"""The file of a SQLite store: making it, telling damage from trouble, setting it aside.

Beside ``state.db`` lies the folder ``state.db.owners`` with the locks of the schedulers, the lock
of whoever makes or renames the file, and the mark that it has been made: without that a file cut
to nothing would look like a first start.
"""

from __future__ import annotations

import logging
import os
import sqlite3
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from cronkit._clock import SystemClock
from cronkit._files._lock import KernelLock
from cronkit.errors import LockTimeoutError, StoreError
from cronkit.stores._sql_gate import Deadline

if TYPE_CHECKING:
    from collections.abc import Callable

LOGGER = logging.getLogger("cronkit")

TIMEOUT_SECONDS = 2.0
"""The deadline of a call: how long it waits for another process that writes."""

_MOST_CHECKED = 64 * 1024 * 1024
"""Bytes. A larger file is not read through at start; its damage shows when a page is used."""

_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_BESIDE = ("-wal", "-shm")

_LOG_PAGES = 256
"""How long the log becomes before its pages go into the file and it is written from its start.

A commit waits for the disk twice as long where it makes the log longer as where it writes over it.
"""

Identity = tuple[int, int]


def identity(path: str) -> Identity | None:
    """Return what tells one file from another that takes its name; ``None``: there is none."""
    try:
        status = os.stat(path)  # noqa: PTH116 -- asked before every transaction
    except OSError:
        return None
    return status.st_dev, status.st_ino


def connect(path: str) -> sqlite3.Connection:
    """Return a connection that any thread may use, one at a time."""
    connection = sqlite3.connect(
        path, timeout=TIMEOUT_SECONDS, isolation_level=None, check_same_thread=False
    )
    with ExitStack() as failing:
        failing.callback(connection.close)
        _write_ahead(connection)
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA wal_autocheckpoint = {_LOG_PAGES}")
        failing.pop_all()
    return connection


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Switch the file to WAL if it is not in that mode, once nobody else is at work in it.

    Where another is about to write SQLite gives up at once: the switch begins by reading, and two
    who read and both want to write would wait for ever. So a transaction that begins by writing
    waits, and then it is tried again.
    """
    deadline = Deadline(TIMEOUT_SECONDS)
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if not _is_busy(error) or deadline.passed:
                raise
        else:
            return
        connection.execute("BEGIN EXCLUSIVE")
        connection.execute("COMMIT")


# --- damage --------------------------------------------------------------------------------------


def check(connection: sqlite3.Connection, path: str) -> None:
    """Raise if SQLite finds something wrong in a file that can be opened.

    Raises:
        sqlite3.DatabaseError: it does; `is_damage` is true of it.
    """
    if Path(path).stat().st_size > _MOST_CHECKED:
        return
    found: str = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if found != "ok":
        error = sqlite3.DatabaseError(" ".join(found.split()))
        error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise error


def is_damage(error: sqlite3.Error) -> bool:
    """Return whether an error says that the file itself is broken."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in _DAMAGED


def translated(error: Exception, name: str) -> StoreError:
    """Return an error of the driver or of the system as one of ours."""
    if _is_busy(error):
        return LockTimeoutError(name, TIMEOUT_SECONDS)
    return StoreError(name, str(error) or type(error).__name__)


def _is_busy(error: Exception) -> bool:
    """Return whether an error says that somebody else is at work in the file."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


def prepare(path: str, make: Callable[[sqlite3.Connection], None]) -> str | None:
    """Get ready to open `path`, which may not exist yet.

    Args:
        path: the file.
        make: makes the tables of a new one.

    Returns:
        What was found wrong, as a sentence; ``None``: nothing.
    """
    if _size(path):
        return None
    folder = Path(f"{path}.owners")
    folder.mkdir(mode=0o700, exist_ok=True)
    with _Repair(path):
        if _size(path):
            return None
        found = None
        if (folder / ".made").exists():
            gone = identity(path) is None
            found = f"{path} was {'removed' if gone else 'emptied'} while it was in use"
            LOGGER.error("scheduler.store_damaged %s", found)
        _rename(path)
        new = connect(path)
        try:
            make(new)
        finally:
            new.close()
        (folder / ".made").touch(mode=0o600)
        return found


def set_aside(path: str, wrong: Identity, why: str) -> str | None:
    """Rename a damaged file with what belongs to it, unless another process has done so.

    Returns:
        What was done, as a sentence; ``None`` where `path` is another file by now.
    """
    Path(f"{path}.owners").mkdir(mode=0o700, exist_ok=True)
    with _Repair(path):
        if identity(path) != wrong:
            return None
        found = f"{path} was damaged ({why}) and is now {_rename(path)}"
        Path(f"{path}.owners/.made").unlink(missing_ok=True)
    LOGGER.error(
        "scheduler.store_damaged %s; going on with an empty file",
        found,
        extra={"event": "scheduler.store_damaged"},
    )
    return found


def _size(path: str) -> int:
    try:
        return Path(path).stat().st_size
    except FileNotFoundError:
        return 0


def _rename(path: str) -> str:
    """Rename what there is of a store's file: the log of one must not meet another."""
    target = f"{path}.corrupt-{SystemClock().now():%Y%m%dT%H%M%S.%fZ}"
    for each in ("", *_BESIDE):
        if os.path.lexists(path + each):
            Path(path + each).rename(target + each)
    return target


class _Repair:
    """Held by the one process that makes or renames the file of a store."""

    def __init__(self, path: str) -> None:
        self._lock = KernelLock(f"{path}.owners/.repair")

    def __enter__(self) -> None:
        if not self._lock.acquire(TIMEOUT_SECONDS):
            raise TimeoutError(None, "another process repairs the store", self._lock.path)

    def __exit__(self, *_: object) -> None:
        self._lock.release()
