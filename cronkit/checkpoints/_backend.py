"""The Protocol of what keeps operations: the file backend, the fake, one day a database.

A backend knows identities, owners, fences and bytes. It knows nothing of items, exports, signals
or what is in a state. ``tests/contract`` holds the suite that every backend passes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from cronkit.checkpoints._records import Damage, Found, Record, Removal


class OwnedOperation(Protocol):
    """An operation that this process owns until it finishes it, releases it, or dies."""

    @property
    def record(self) -> Record:
        """The last record that is durable."""
        ...

    @property
    def damaged(self) -> Sequence[Damage]:
        """What could not be read when the operation was taken."""
        ...

    def check(self) -> None:
        """Raise if another owner has taken the operation.

        Raises:
            OperationLostError: it has.
            StateError: it was released or has ended.
        """
        ...

    def save(self, record: Record) -> Record:
        """Make `record` durable under the next number and this owner's fence; return it so.

        After an error nothing is known to be saved; the next save starts afresh.

        Raises:
            OperationLostError: another owner has taken the operation; nothing is acknowledged.
            CheckpointWriteError: the medium failed.
        """
        ...

    def finish(self, record: Record) -> Record:
        """Save `record` as the last one and end the operation; it is owned no more.

        Raises:
            OperationLostError: another owner has taken the operation.
            CheckpointWriteError: the medium failed; the operation is still owned.
        """
        ...

    def release(self) -> None:
        """Own it no more; it is interrupted until somebody takes it. May be called again."""
        ...


class CheckpointBackend(Protocol):
    """What keeps operations. At most one process owns one; its death frees it."""

    def begin(self, record: Record, *, resume: bool) -> OwnedOperation:
        """Own the operation that runs under the record's type and key, or start it.

        In one step for all processes: of two that begin the same, one owns it.

        Args:
            record: the first record of a new operation.
            resume: go on with one that was interrupted; if false, it ends as ``superseded``
                and a new one starts.

        Raises:
            OperationBusyError: somebody works on it.
            CorruptCheckpointError: it was interrupted, and none of its records can be read.
            LockTimeoutError: another process is in the middle of a begin and does not move.
            CheckpointWriteError: the medium failed.
        """
        ...

    def own(self, operation: str, *, force: bool = False) -> OwnedOperation:
        """Own an operation that was interrupted; its fence rises by at least one.

        Args:
            operation: its id.
            force: take it from an owner that still holds it (one that is frozen). What that
                owner saves afterwards is refused.

        Raises:
            OperationBusyError: somebody works on it.
            OperationNotFoundError: there is none with this id, or it has ended.
            CorruptCheckpointError: none of its records can be read.
            LockTimeoutError: another process is in the middle of a begin and does not move.
            CheckpointWriteError: the medium failed.
        """
        ...

    def running(self) -> Sequence[Found]:
        """Return the operations that began and have not ended, the oldest first. Reads only."""
        ...

    def finished(self) -> Iterable[Found]:
        """Return the operations that have ended, the newest first. Reads only."""
        ...

    def find(self, operation: str) -> Found:
        """Return one operation, running or ended. Reads only.

        Raises:
            OperationNotFoundError: there is none with this id.
        """
        ...

    def verify(self) -> Sequence[Damage]:
        """Read everything that is kept; return what cannot be read."""
        ...

    def prune(self, before: datetime | None, *, dry_run: bool) -> Sequence[Removal]:
        """Remove what ended before `before` (``None``: nothing of that), and what crashes left.

        Operations that have not ended are never touched.
        """
        ...
