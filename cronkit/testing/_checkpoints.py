"""A checkpoint backend in memory: the contract of the file backend without a disk.

For tests of code that uses `CheckpointManager`. A crash is one call, `MemoryCheckpoints.crash`.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import attrs

from cronkit.checkpoints import Damage, Found, Record, Removal
from cronkit.errors import (
    OperationBusyError,
    OperationLostError,
    OperationNotFoundError,
    StateError,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime


class MemoryCheckpoints:
    """Keeps operations in this process; passes the same contract suite as the file backend.

    Example:
        >>> from cronkit.checkpoints import CheckpointManager
        >>> backend = MemoryCheckpoints()
        >>> manager = CheckpointManager(backend)
        >>> operation = manager.start_operation("export")
        >>> operation.save_checkpoint({"done": 3})
        >>> backend.crash()
        >>> [found.type for found in manager.get_interrupted_operations()]
        ['export']
    """

    __slots__ = ("_finished", "_lock", "_owners", "_running")

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._running: dict[str, Record] = {}
        self._finished: dict[str, Record] = {}
        self._owners: dict[str, _Owned] = {}

    def crash(self) -> None:
        """Make every owner vanish, as if its process had been killed."""
        with self._lock:
            self._owners.clear()

    def begin(self, record: Record, *, resume: bool) -> _Owned:
        """See `CheckpointBackend.begin`."""
        with self._lock:
            for operation, found in list(self._running.items()):
                if (found.type, found.key) != (record.type, record.key):
                    continue
                owned = self.own(operation)
                if resume:
                    return owned
                owned.finish(
                    attrs.evolve(owned.record, status="superseded", reason="a new one started")
                )
            self._running[record.operation] = attrs.evolve(record, owner="this process")
            return self._hand_out(record.operation)

    def own(self, operation: str, *, force: bool = False) -> _Owned:
        """See `CheckpointBackend.own`."""
        with self._lock:
            record = self._running.get(operation)
            if record is None:
                raise OperationNotFoundError(operation, "it does not run")
            if operation in self._owners and not force:
                raise OperationBusyError(operation, record.owner)
            fence = record.fence + 1
            self._running[operation] = attrs.evolve(
                record,
                seq=record.seq + 1,
                fence=fence,
                forced=fence if force else record.forced,
            )
            return self._hand_out(operation)

    def _hand_out(self, operation: str) -> _Owned:
        owned = _Owned(self, self._running[operation])
        self._owners[operation] = owned
        return owned

    def running(self) -> Sequence[Found]:
        """See `CheckpointBackend.running`."""
        with self._lock:
            records = sorted(self._running.values(), key=lambda record: record.created_at)
            return [self._found(record) for record in records]

    def finished(self) -> Iterable[Found]:
        """See `CheckpointBackend.finished`."""
        with self._lock:
            records = sorted(self._finished.values(), key=lambda record: record.created_at)
            return [self._found(record) for record in reversed(records)]

    def find(self, operation: str) -> Found:
        """See `CheckpointBackend.find`."""
        with self._lock:
            record = self._running.get(operation) or self._finished.get(operation)
            if record is None:
                raise OperationNotFoundError(operation)
            return self._found(record)

    def _found(self, record: Record) -> Found:
        owned = record.operation in self._owners
        return Found(operation=record.operation, record=record, owned=owned)

    def verify(self) -> Sequence[Damage]:
        """See `CheckpointBackend.verify`; memory does not rot."""
        return []

    def prune(self, before: datetime | None, *, dry_run: bool) -> Sequence[Removal]:
        """See `CheckpointBackend.prune`."""
        with self._lock:
            old = [
                operation
                for operation, record in self._finished.items()
                if before is not None and record.saved_at < before
            ]
            for operation in () if dry_run else old:
                del self._finished[operation]
            return [Removal(where=each, reason="ended long enough ago") for each in old]

    def check(self, owned: _Owned) -> None:
        """Raise if `owned` was overtaken; used by the owned operation."""
        operation = owned.record.operation
        with self._lock:
            if self._owners.get(operation) is not owned:
                current = self._running.get(operation) or self._finished.get(operation)
                overtaken_by = current.fence if current else owned.record.fence
                raise OperationLostError(operation, owned.record.fence, overtaken_by)

    def write(self, owned: _Owned, record: Record, *, last: bool) -> Record:
        """Keep `record` for its owner; used by the owned operation."""
        operation = record.operation
        with self._lock:
            self.check(owned)
            record = attrs.evolve(
                record,
                seq=owned.record.seq + 1,
                fence=owned.record.fence,
                forced=owned.record.forced,
                owner="this process",
            )
            if last:
                del self._running[operation], self._owners[operation]
                self._finished[operation] = record
            else:
                self._running[operation] = record
            return record

    def let_go(self, owned: _Owned) -> None:
        """Forget the owner if it is still `owned`; used by the owned operation."""
        with self._lock:
            if self._owners.get(owned.record.operation) is owned:
                del self._owners[owned.record.operation]


class _Owned:
    """The fake's owned operation."""

    __slots__ = ("_backend", "_released", "record")

    def __init__(self, backend: MemoryCheckpoints, record: Record) -> None:
        self._backend = backend
        self._released = False
        self.record = record

    @property
    def damaged(self) -> Sequence[Damage]:
        return ()

    def check(self) -> None:
        if self._released:
            operation = self.record.operation
            raise StateError("save", f"operation {operation} was released or has ended")
        self._backend.check(self)

    def save(self, record: Record) -> Record:
        return self._write(record, last=False)

    def finish(self, record: Record) -> Record:
        written = self._write(record, last=True)
        self._released = True
        return written

    def _write(self, record: Record, *, last: bool) -> Record:
        self.check()
        self.record = self._backend.write(self, record, last=last)
        return self.record

    def release(self) -> None:
        self._released = True
        self._backend.let_go(self)
