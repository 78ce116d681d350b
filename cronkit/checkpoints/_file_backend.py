"""Operations as folders of small immutable files on a local disk; see `_layout` for the tree.

Everything is looked up inside open folders and never through a link. A network file system is
refused: a kernel lock there does not tell who is alive.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cronkit._convert import integer
from cronkit._files import _atomic
from cronkit._files._lock import KernelLock, is_held
from cronkit._files._mounts import refuse_network
from cronkit._files._paths import folder_path
from cronkit.checkpoints import _layout, _taking
from cronkit.checkpoints._archive import Archive
from cronkit.checkpoints._owned_folder import OwnedFolder, Place, move_to_done, write_errors
from cronkit.checkpoints._records import Removal
from cronkit.errors import LockTimeoutError, OperationNotFoundError, UnsupportedPlatformError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cronkit.checkpoints._records import Damage, Found, Record

_FEATURE = "a checkpoint folder"
_START_SECONDS = 10.0


class FileBackend:
    """Keeps operations in a folder, which is made (0700) if it is not there.

    Args:
        path: the folder.
        max_checkpoints: how many checkpoints of an operation stay, 2 or more.
        max_state_bytes: a larger state in a file is damage.

    Raises:
        UnsupportedPlatformError: the folder is on a network file system, or this is Windows.
        CheckpointWriteError: the folder cannot be made.
        PolicyError: a number is out of its range, or `path` is no path.
    """

    __slots__ = ("_archive", "_keep", "_limit", "_root")

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        max_checkpoints: int = 3,
        max_state_bytes: int = 64 << 20,
    ) -> None:
        self._keep = integer(max_checkpoints, "max_checkpoints", least=2)
        self._limit = integer(max_state_bytes, "max_state_bytes", least=2)
        if sys.platform == "win32":
            raise UnsupportedPlatformError(_FEATURE, "Windows has no open folders")
        path = folder_path(path, "place")
        refuse_network(path, _FEATURE)
        self._root = os.path.realpath(path)
        self._archive = Archive(self._root, self._limit)
        with write_errors(self._root):
            _atomic.make_folders(Path(self._root), 0o700)
            with _atomic.folder(self._root) as root:
                for name in (_layout.RUNNING, _layout.DONE):
                    _atomic.make_folder(name, root)

    def begin(self, record: Record, *, resume: bool) -> OwnedFolder:
        """See `CheckpointBackend.begin`."""
        place = self._place(record.operation)
        with self._start_lock():
            for operation in self._archive.with_identity(record.type, record.key):
                # One that ended meanwhile is in nobody's way.
                with suppress(OperationNotFoundError):
                    if resume:
                        return _taking.take(self._place(operation))
                    _taking.supersede(self._place(operation))
            with write_errors(place.path):
                return _taking.create(place, record)

    def own(self, operation: str, *, force: bool = False) -> OwnedFolder:
        """See `CheckpointBackend.own`."""
        place = self._place(operation)
        if not force:
            return _taking.take(place)
        with self._start_lock():
            return _taking.take(place, force=True)

    def running(self) -> Sequence[Found]:
        """See `CheckpointBackend.running`."""
        within = self._archive.within(_layout.RUNNING)
        return sorted((each for each in within if _runs(each, _layout.RUNNING)), key=_age)

    def finished(self) -> Iterator[Found]:
        """See `CheckpointBackend.finished`."""
        # The owner of the first ones died between the last checkpoint and the move.
        for place in (_layout.RUNNING, *self._archive.months()):
            found = [each for each in self._archive.within(place) if not _runs(each, place)]
            yield from sorted(found, key=_age, reverse=True)

    def find(self, operation: str) -> Found:
        """See `CheckpointBackend.find`."""
        found = self._archive.find(_layout.checked_id(operation))
        if found is None:
            raise OperationNotFoundError(operation)
        return found

    def verify(self) -> Sequence[Damage]:
        """See `CheckpointBackend.verify`."""
        places = (_layout.RUNNING, *self._archive.months())
        return [damage for place in places for damage in self._archive.verify(place)]

    def prune(self, before: datetime | None, *, dry_run: bool) -> Sequence[Removal]:
        """See `CheckpointBackend.prune`.

        What has ended goes by whole months: one that was over before `before`.
        """
        removals = []
        with self._start_lock():
            for name in self._half_made():
                where = f"{self._root}/{_layout.RUNNING}/{name}"
                removals.append(Removal(where=where, reason="its process died while it was made"))
                if not dry_run:
                    self._remove(_layout.RUNNING, name)
        if not dry_run:
            self._move_ended()
        if before is None:
            return removals
        for month in self._archive.months():
            if _first_day_after(month) <= before:
                removals += self._prune_month(month, dry_run=dry_run)
        return removals

    def __repr__(self) -> str:
        return f"FileBackend({self._root!r})"

    def _place(self, operation: str) -> Place:
        return Place(self._root, _layout.checked_id(operation), self._keep, self._limit)

    @contextmanager
    def _start_lock(self) -> Iterator[None]:
        """Exclude others who start, force or prune; the death of a holder frees it."""
        lock = KernelLock(f"{self._root}/{_layout.START_LOCK}")
        with write_errors(lock.path):
            mine = lock.acquire(_START_SECONDS)
        if not mine:
            raise LockTimeoutError(lock.path, _START_SECONDS)
        try:
            yield
        finally:
            lock.release()

    def _half_made(self) -> list[str]:
        with self._archive.opened(_layout.RUNNING) as running:
            return sorted(name for name in _atomic.names(running) if name.startswith(_layout.NEW))

    def _move_ended(self) -> None:
        """Move what ended and whose owner died before it was moved."""
        for found in self._archive.within(_layout.RUNNING):
            if found.record is None or _runs(found, _layout.RUNNING) or found.owned:
                continue
            with write_errors(self._root):
                move_to_done(self._place(found.operation), found.record.saved_at)

    def _prune_month(self, month: str, *, dry_run: bool) -> list[Removal]:
        removals = []
        with self._archive.opened(month) as folder:
            names = [
                name
                for name in sorted(filter(_layout.is_operation, _atomic.names(folder)))
                if _atomic.is_folder(name, folder)
            ]
        for name in names:
            where = f"{self._root}/{month}/{name}"
            removals.append(Removal(where=where, reason="ended long enough ago"))
            if not dry_run:
                self._remove(month, name)
        if not dry_run:
            # Whatever else somebody put there keeps the folder.
            with suppress(OSError), self._archive.opened(_layout.DONE) as done:
                os.rmdir(month.partition("/")[2], dir_fd=done)
        return removals

    def _remove(self, place: str, name: str) -> None:
        """Remove the folder of an operation, and of its files only those that were written here."""
        with suppress(OSError), self._archive.opened(place) as outer:
            with _atomic.folder(name, outer) as folder:
                if is_held(_layout.LOCK, folder):
                    return
                for each in filter(_layout.is_ours, _atomic.names(folder)):
                    _atomic.remove(each, folder)
            os.rmdir(name, dir_fd=outer)


def _runs(found: Found, place: str) -> bool:
    """Return whether what lies in `place` has not ended; nobody knows of a damaged one there."""
    return place == _layout.RUNNING and (found.record is None or found.record.status == "running")


def _age(found: Found) -> str:
    return found.record.created_at.isoformat() if found.record else ""


def _first_day_after(month: str) -> datetime:
    year, number = map(int, month.partition("/")[2].split("-"))
    return datetime(year + number // 12, number % 12 + 1, 1, tzinfo=UTC)
