"""What one might keep the state of long work in, each used as its documentation says.

A peer is opened in a folder to work on one operation: that takes ownership where the peer knows of
such a thing, and raises `BusyError` where somebody else has it. Closing lets it go.
"""

from __future__ import annotations

import dbm
import json
import shelve
import sqlite3
import tempfile
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

from cronkit.checkpoints import CheckpointManager
from cronkit.errors import OperationBusyError

State = dict[str, Any]


def state_of(number: int, size: int = 1_000) -> State:
    """Return a state in which a part of another one, or another byte, can be seen."""
    return {"number": number, "size": size, "pad": f"{number % 10}" * size}


def is_whole(state: State) -> bool:
    """Return whether `state` is one that `state_of` gives."""
    try:
        return state == state_of(state["number"], state["size"])
    except (TypeError, KeyError, OverflowError, MemoryError, ValueError):
        return False


class BusyError(Exception):
    """Somebody else works on the operation."""


class Peer(Protocol):
    """One open operation."""

    def load(self) -> State:
        """Return what was saved last; an empty state before the first save."""
        ...

    def save(self, state: State) -> None:
        """Keep `state`; when this returns, it is acknowledged."""
        ...

    def close(self) -> None:
        """Stop working on it, without an end."""
        ...


class Cronkit:
    """A checkpoint folder; an operation is owned while it is open."""

    def __init__(self, folder: Path) -> None:
        manager = CheckpointManager(folder)
        try:
            self._operation = manager.operation("trial")
        except OperationBusyError as busy:
            raise BusyError from busy

    def load(self) -> State:
        return self._operation.state

    def save(self, state: State) -> None:
        self._operation.save_checkpoint(state)

    def close(self) -> None:
        self._operation.release()


class SQLite:
    """A database in WAL mode, owned by its first writer: ``locking_mode = EXCLUSIVE``."""

    synchronous = "FULL"

    def __init__(self, folder: Path) -> None:
        self._database = sqlite3.connect(folder / "state.db", isolation_level=None, timeout=0)
        try:
            self._database.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute(f"PRAGMA synchronous = {self.synchronous}")
            self._database.execute(
                "CREATE TABLE IF NOT EXISTS state (id INTEGER PRIMARY KEY, value TEXT)"
            )
            self._database.execute("BEGIN IMMEDIATE")
            self._database.execute("COMMIT")
        except sqlite3.OperationalError as error:
            self._database.close()
            if "locked" in str(error):
                raise BusyError from error
            raise

    def load(self) -> State:
        row = self._database.execute("SELECT value FROM state").fetchone()
        return json.loads(row[0]) if row else {}

    def save(self, state: State) -> None:
        values = [json.dumps(state)]
        self._database.execute("INSERT OR REPLACE INTO state VALUES (1, ?)", values)

    def close(self) -> None:
        self._database.close()


class SQLiteNormal(SQLite):
    """The setting that SQLite's own documentation recommends for WAL mode."""

    synchronous = "NORMAL"


class DiskCache:
    """A cache without eviction; it knows no owner."""

    def __init__(self, folder: Path) -> None:
        import diskcache

        self._cache = diskcache.Cache(str(folder), eviction_policy="none")

    def load(self) -> State:
        return self._cache.get("state", {})

    def save(self, state: State) -> None:
        self._cache.set("state", state)

    def close(self) -> None:
        self._cache.close()


class DiskCacheLock(DiskCache):
    """The same with the lock of its recipes, which waits until it has it."""

    def __init__(self, folder: Path) -> None:
        import diskcache

        super().__init__(folder)
        self._lock = diskcache.Lock(self._cache, "owner")
        self._lock.acquire()

    def close(self) -> None:
        self._lock.release()
        super().close()


class Shelve:
    """A shelf, brought to the disk by ``sync`` after each save."""

    def __init__(self, folder: Path) -> None:
        try:
            self._shelf = shelve.open(str(folder / "state"))  # noqa: SIM115 -- open as long as it is
        except dbm.error as error:
            if "temporarily unavailable" in str(error):  # dbm.gnu locks its file
                raise BusyError from error
            raise

    def load(self) -> State:
        return self._shelf.get("state", {})

    def save(self, state: State) -> None:
        self._shelf["state"] = state
        self._shelf.sync()

    def close(self) -> None:
        self._shelf.close()


class Joblib:
    """A file that ``joblib.dump`` writes; it knows no owner."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "state.joblib"

    def load(self) -> State:
        import joblib

        return joblib.load(self._path) if self._path.exists() else {}

    def save(self, state: State) -> None:
        import joblib

        joblib.dump(state, self._path)

    def close(self) -> None:
        pass


PEERS: dict[str, type[Peer]] = {
    "cronkit": Cronkit,
    "SQLite FULL": SQLite,
    "SQLite NORMAL": SQLiteNormal,
    "diskcache": DiskCache,
    "diskcache, Lock": DiskCacheLock,
    "shelve": Shelve,
    "joblib.dump": Joblib,
}
STORED_AS = {"diskcache, Lock": "diskcache"}
"""Peers that differ from another only in who owns an operation."""

_DISTRIBUTIONS = {"diskcache": "diskcache", "diskcache, Lock": "diskcache", "joblib.dump": "joblib"}


def installed() -> list[str]:
    """Return the names of the peers that are here."""
    return [name for name in PEERS if name not in _DISTRIBUTIONS or find_spec(_DISTRIBUTIONS[name])]


def versions() -> str:
    """Return the versions of what was tried, as a phrase."""
    here = sorted({_DISTRIBUTIONS[name] for name in installed() if name in _DISTRIBUTIONS})
    found = [f"{each} {metadata.version(each)}" for each in here]
    return ", ".join([f"SQLite {sqlite3.sqlite_version}", *found, f"shelve on {_dbm_of_shelve()}"])


def _dbm_of_shelve() -> str:
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "state")
        shelve.open(path).close()
        return dbm.whichdb(path) or "an unknown dbm"
