"""How an operation comes into the hands of this process: started, taken over, or superseded."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from typing import TYPE_CHECKING

import attrs

from cronkit._files import _atomic
from cronkit._files._lock import KernelLock
from cronkit.checkpoints import _layout
from cronkit.checkpoints._about import ABOUT, about
from cronkit.checkpoints._owned_folder import (
    OwnedFolder,
    move_to_done,
    owner_of_this_process,
    write_errors,
)
from cronkit.errors import CorruptCheckpointError, OperationBusyError, OperationNotFoundError

if TYPE_CHECKING:
    from cronkit._files._atomic import OpenFolder
    from cronkit.checkpoints._layout import Reading
    from cronkit.checkpoints._owned_folder import Place
    from cronkit.checkpoints._records import Record

# Those who only ask hold a lock for microseconds; an owner holds it for good.
_OWN_SECONDS = 0.25


def create(place: Place, record: Record) -> OwnedFolder:
    """Start an operation: its folder appears whole, and owned.

    Raises:
        OSError: a call failed.
    """
    hidden = f"{_layout.NEW}{secrets.token_hex(4)}"
    record = attrs.evolve(record, owner=owner_of_this_process())
    with _atomic.folder(place.root) as root, _atomic.folder(_layout.RUNNING, root) as running:
        os.mkdir(hidden, 0o700, dir_fd=running)
        folder = _atomic.OpenFolder(hidden, running)
        lock = KernelLock(f"{place.root}/{_layout.RUNNING}/{hidden}/{_layout.LOCK}")
        try:
            lock.acquire()
            _atomic.replace(ABOUT, folder.number, [about(record)])
            name = _layout.checkpoint_name(record.seq)
            _atomic.replace(name, folder.number, _layout.frame(record))
            os.rename(hidden, place.operation, src_dir_fd=running, dst_dir_fd=running)
            os.fsync(running)
        except BaseException:
            lock.release()
            folder.close()
            raise
    return OwnedFolder(
        place, folder, lock, record, fence=record.fence, following=record.seq + 1, kept=[record.seq]
    )


def take(place: Place, *, force: bool = False) -> OwnedFolder:
    """Own an operation that nobody works on, or by force one that somebody holds.

    Raises:
        OperationBusyError: somebody works on it.
        OperationNotFoundError: there is none, or it has ended.
        CorruptCheckpointError: none of its checkpoints can be read.
        CheckpointWriteError: the disk failed.
    """
    folder = _open(place)
    lock: KernelLock | None = None
    try:
        with write_errors(place.path):
            lock = _lock(place, folder, force=force)
        owned = _owned(place, folder, lock)
        record = owned.record
        owned.save(attrs.evolve(record, forced=owned.fence if force else record.forced))
    except BaseException:
        if lock is not None:
            lock.release()
        folder.close()
        raise
    return owned


def supersede(place: Place) -> None:
    """End an interrupted operation, in whatever state its checkpoints are, for a new one.

    Raises:
        OperationBusyError: somebody works on it.
        OperationNotFoundError: there is none, or it has ended.
        CheckpointWriteError: the disk failed.
    """
    try:
        owned = take(place)
    except CorruptCheckpointError:
        with write_errors(place.path):
            move_to_done(place)
    else:
        owned.finish(attrs.evolve(owned.record, status="superseded", reason="a new one started"))


def _open(place: Place) -> OpenFolder:
    with _atomic.folder(place.root) as root, _atomic.folder(_layout.RUNNING, root) as running:
        try:
            return _atomic.OpenFolder(place.operation, running)
        except FileNotFoundError:
            raise OperationNotFoundError(place.operation, "it does not run") from None
        except NotADirectoryError:
            raise CorruptCheckpointError(place.path, "is no folder, or is a link") from None


def _lock(place: Place, folder: OpenFolder, *, force: bool) -> KernelLock:
    """Take the lock of the open `folder`; by force, put a new one in its place."""
    if force:
        name = f".lock-{secrets.token_hex(4)}"
        lock = KernelLock(f"{place.path}/{name}")
        lock.acquire()
        os.rename(name, _layout.LOCK, src_dir_fd=folder.number, dst_dir_fd=folder.number)
        os.fsync(folder.number)
        return lock
    lock = KernelLock(f"{place.path}/{_layout.LOCK}")
    try:
        mine = lock.acquire(_OWN_SECONDS)
    except FileNotFoundError:
        raise OperationNotFoundError(place.operation, "it has ended") from None
    if not mine:
        reading = _layout.read_folder(place.operation, folder.number, place.limit, newest=True)
        owner = reading.records[0].owner if reading.records else "another process"
        raise OperationBusyError(place.operation, owner)
    return lock


def _owned(place: Place, folder: OpenFolder, lock: KernelLock) -> OwnedFolder:
    # Since the folder was opened it may have been moved away, with another put in its place.
    if not lock.guards(_layout.LOCK, folder.number):
        raise OperationNotFoundError(place.operation, "it has ended")
    reading = _layout.read_folder(place.operation, folder.number, place.limit, newest=False)
    if not reading.records:
        raise CorruptCheckpointError(
            place.path, f"none of its {len(reading.damaged)} checkpoints can be read"
        )
    newest = reading.records[0]
    if newest.status != "running":
        # Its owner died between the last checkpoint and the move.
        with write_errors(place.path):
            move_to_done(place, newest.saved_at)
        raise OperationNotFoundError(place.operation, "it has ended")
    highest = _clean(folder.number, reading)
    fence = max(record.fence for record in reading.records) + 1
    return OwnedFolder(
        place,
        folder,
        lock,
        newest,
        fence=fence,
        # An owner that froze in the middle of a save may still rename one file, to the next
        # number; the one after that is out of its reach.
        following=highest + 2,
        kept=[record.seq for record in reversed(reading.records)],
        damaged=_layout.damages(place.operation, place.path, reading.damaged),
    )


def _clean(folder: int, reading: Reading) -> int:
    """Set damaged files aside, remove what a crash left; return the highest number in use."""
    for seq, _ in reading.damaged:
        name = _layout.checkpoint_name(seq)
        with suppress(OSError):
            os.rename(name, name + _layout.DAMAGED, src_dir_fd=folder, dst_dir_fd=folder)
    names = _atomic.names(folder)
    for name in filter(_layout.is_left_over, names):
        _atomic.remove(name, folder)
    return _layout.highest(names)
