"""An operation that this process owns, as files in its folder.

Ownership is the kernel lock on the file that is called ``lock``. A new owner by force puts another
file in its place, so that whoever holds the old one finds out at its next save. The check stands
before the write, and again after it: what was written in between, by a process that slept in the
middle, is not acknowledged, and its number lies below all numbers of the new owner.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import attrs

from cronkit._files import _atomic
from cronkit.checkpoints import _layout
from cronkit.errors import CheckpointWriteError, OperationLostError, StateError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cronkit._files._atomic import OpenFolder
    from cronkit._files._lock import KernelLock
    from cronkit.checkpoints._records import Damage, Record


class Place:
    """Where the folder of an operation is, and the rules for what is in it.

    Attributes:
        root: the checkpoint folder, without links.
        operation: the id of the operation.
        keep: how many checkpoints stay.
        limit: bytes; a larger state is damage.
    """

    __slots__ = ("keep", "limit", "operation", "root")

    def __init__(self, root: str, operation: str, keep: int, limit: int) -> None:
        self.root = root
        self.operation = operation
        self.keep = keep
        self.limit = limit

    @property
    def path(self) -> str:
        """The folder while the operation runs."""
        return f"{self.root}/{_layout.RUNNING}/{self.operation}"


class OwnedFolder:
    """The file backend's owned operation.

    Args:
        place: where it is.
        folder: its open folder, closed on release.
        lock: the lock that makes this process the owner.
        record: the newest record.
        fence: the number of this owner.
        following: the number of the next checkpoint.
        kept: the numbers of the good checkpoints, the oldest first.
        damaged: what could not be read.
    """

    __slots__ = (
        "_damaged", "_fence", "_folder", "_following", "_kept", "_lock", "_moved", "_pid",
        "_place", "_record",
    )  # fmt: skip

    def __init__(
        self,
        place: Place,
        folder: OpenFolder,
        lock: KernelLock,
        record: Record,
        *,
        fence: int,
        following: int,
        kept: Sequence[int],
        damaged: Sequence[Damage] = (),
    ) -> None:
        self._place = place
        self._folder = folder
        self._lock = lock
        self._record = record
        self._fence = fence
        self._following = following
        self._kept = list(kept)
        self._damaged = damaged
        self._moved = False
        self._pid = os.getpid()

    @property
    def record(self) -> Record:
        """The last record that is durable."""
        return self._record

    @property
    def fence(self) -> int:
        """The number of this owner."""
        return self._fence

    @property
    def damaged(self) -> Sequence[Damage]:
        """What could not be read when the operation was taken."""
        return self._damaged

    def check(self) -> None:
        """Raise if another owner has taken the operation."""
        self._checked()

    def save(self, record: Record) -> Record:
        """Write the next checkpoint, and remove the oldest when there are too many."""
        folder = self._checked()
        record = attrs.evolve(
            record, seq=self._following, fence=self._fence, owner=owner_of_this_process()
        )
        # The number is spent even if the write fails: a file half known is never written again.
        self._following += 1
        name = _layout.checkpoint_name(record.seq)
        with write_errors(f"{self._place.path}/{name}"):
            _atomic.replace(name, folder, _layout.frame(record))
        self._checked()
        self._record = record
        self._kept.append(record.seq)
        while len(self._kept) > self._place.keep:
            _atomic.remove(_layout.checkpoint_name(self._kept.pop(0)), folder)
        return record

    def finish(self, record: Record) -> Record:
        """Write the last checkpoint, and move the folder to those that have ended."""
        folder = self._checked()
        if not self._moved:
            record = self.save(record)
            for seq in self._kept[:-1]:
                _atomic.remove(_layout.checkpoint_name(seq), folder)
            self._kept = [record.seq]
        with write_errors(self._place.path):
            move_to_done(self._place, self._record.saved_at)
        self._moved = True
        self.release()
        return self._record

    def release(self) -> None:
        """Let the lock go."""
        self._lock.release()
        self._folder.close()

    def _checked(self) -> int:
        """Return the open folder if this process still owns the operation."""
        operation = self._place.operation
        folder = self._folder.number
        if folder < 0:
            raise StateError("save", f"operation {operation} was released or has ended")
        if os.getpid() != self._pid:
            raise StateError("save", f"operation {operation} is owned by the parent process")
        if not self._lock.guards(_layout.LOCK, folder):
            raise OperationLostError(operation, self._fence, self._overtaken_by(folder))
        return folder

    def _overtaken_by(self, folder: int) -> int:
        try:
            reading = _layout.read_folder(
                self._place.operation, folder, self._place.limit, newest=True
            )
        except OSError:
            return self._fence + 1
        return max([record.fence for record in reading.records], default=self._fence + 1)

    def __del__(self) -> None:
        if hasattr(self, "_folder"):
            self.release()


def move_to_done(place: Place, ended_at: datetime | None = None) -> None:
    """Move the folder of an operation that has ended; does nothing if it was moved before.

    Args:
        place: where it is.
        ended_at: when it ended; ``None``: when its folder last changed.

    Raises:
        OSError: a call failed.
    """
    operation = place.operation
    with _atomic.folder(place.root) as root, _atomic.folder(_layout.RUNNING, root) as running:
        if ended_at is None:
            changed = os.stat(operation, dir_fd=running, follow_symlinks=False).st_mtime
            ended_at = datetime.fromtimestamp(changed, UTC)
        month = f"{ended_at:%Y-%m}"
        with _atomic.folder(_layout.DONE, root) as done:
            _atomic.make_folder(month, done)
            with _atomic.folder(month, done) as target:
                if operation not in _atomic.names(target):
                    os.rename(operation, operation, src_dir_fd=running, dst_dir_fd=target)
                os.fsync(target)
        os.fsync(running)


def owner_of_this_process() -> str:
    """Return who an owner is, for people to read; nothing is ever decided by it."""
    return f"process {os.getpid()} on {os.uname().nodename}"


@contextmanager
def write_errors(path: str) -> Iterator[None]:
    """Give what the system refuses inside the block as `CheckpointWriteError`."""
    try:
        yield
    except OSError as error:
        raise CheckpointWriteError(path, error.strerror or str(error), error.errno) from error
