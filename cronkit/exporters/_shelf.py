"""The folder of exports while its lock is held: names are given, files appear, old ones go.

A file appears by a link, which never overwrites: complete, or not at all. Its line in the manifest
is written before, so that a crash in between leaves a line without a file, never a file that
nobody will ever delete.
"""

from __future__ import annotations

import errno
import logging
import os
import stat
from contextlib import contextmanager
from hashlib import sha256
from typing import TYPE_CHECKING

import attrs

from cronkit._files import _atomic
from cronkit._files._lock import KernelLock
from cronkit._files._retention import Item, Keep, doomed
from cronkit.errors import CronkitError, LockTimeoutError
from cronkit.exporters._growing import write_errors
from cronkit.exporters._manifest import LOCK, Entry, Manifest
from cronkit.exporters._names import Grammar, Stamp
from cronkit.exporters._records import Deletion, ExportInfo

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime, tzinfo
    from pathlib import Path

_LOGGER = logging.getLogger("cronkit.exporters")
_LOCK_SECONDS = 60.0
_CHUNK = 1 << 20


@contextmanager
def locked(
    path: Path, *, manifest: bool, patience_seconds: float = _LOCK_SECONDS
) -> Iterator[Shelf]:
    """Open the folder and hold its lock.

    Args:
        path: the folder.
        manifest: whether it has one.
        patience_seconds: how long to wait for the lock.

    Raises:
        LockTimeoutError: another process holds it and does not move.
        ExportWriteError: the folder or its manifest cannot be read or written.
    """
    lock = KernelLock(str(path / LOCK), private=False)
    with write_errors(str(path)):
        mine = lock.acquire(patience_seconds)
    if not mine:
        raise LockTimeoutError(lock.path, patience_seconds)
    try:
        with write_errors(str(path)), _atomic.folder(str(path)) as folder:
            yield Shelf(path, folder, manifest=manifest)
    finally:
        lock.release()


class Shelf:
    """A folder of exports whose lock is held.

    Args:
        path: the folder.
        folder: the open folder.
        manifest: whether it has a manifest.

    Attributes:
        path: the folder.
        folder: the open folder.
    """

    __slots__ = ("_manifest", "folder", "path")

    def __init__(self, path: Path, folder: int, *, manifest: bool) -> None:
        self.path = path
        self.folder = folder
        self._manifest = Manifest(folder) if manifest else None

    def entries(self, key: str) -> list[Entry]:
        """Return what the manifest knows of one export, the newest first."""
        return self._manifest.of(key) if self._manifest else []

    def keys(self) -> list[str]:
        """Return which exports the manifest knows."""
        entries = self._manifest.entries.values() if self._manifest else ()
        return sorted({entry.key for entry in entries})

    def publish(self, part: str, entry: Entry, grammar: Grammar, suffix: str) -> Entry:
        """Give the hidden file `part` a name after the newest one.

        Args:
            part: its hidden name, which goes.
            entry: what is known of it, without serial and name.
            grammar: the names of this export.
            suffix: what its compression adds to a name.

        Raises:
            OSError: a call failed.
        """
        stamp = self._newest(grammar)
        while True:
            stamp = grammar.next(stamp, entry.made_at)
            entry = attrs.evolve(entry, name=grammar.write(stamp, suffix))
            if self._manifest is not None:
                entry = attrs.evolve(entry, serial=self._manifest.next_serial())
                self._manifest.add(entry)
            if self._appear(part, entry.name):
                break
            # Somebody who asks for no lock has just taken the name.
            if self._manifest is not None:
                self._manifest.forget([entry.serial])
        os.fsync(self.folder)
        _atomic.remove(part, self.folder)
        return entry

    def _appear(self, part: str, name: str) -> bool:
        """Let the file `part` have the name `name` too; return false if the name is taken."""
        folder = self.folder
        try:
            os.link(part, name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
        except FileExistsError:
            return False
        except OSError as error:
            if error.errno not in {errno.EPERM, errno.EOPNOTSUPP}:
                raise
            # A file system without hard links (FAT): whoever asks for the lock is kept out by it.
            if name in self.names():
                return False
            os.rename(part, name, src_dir_fd=folder, dst_dir_fd=folder)
        return True

    def _newest(self, grammar: Grammar) -> Stamp | None:
        """Return the place of the newest name, in the folder or in the manifest."""
        names = [*_atomic.names(self.folder), *(e.name for e in self.entries(grammar.key))]
        return max((stamp for stamp in map(grammar.read, names) if stamp), default=None)

    def prune(
        self, keys: Iterable[str], keep: Keep, now: datetime, *, dry_run: bool
    ) -> list[Deletion]:
        """Delete what the rule lets go of each export; return it with its reason, oldest first.

        Raises:
            OSError: a call failed.
        """
        deletions: list[Deletion] = []
        gone: list[int] = []
        for key in keys:
            entries = self.entries(key)
            present = {entry.name: entry for entry in entries if self.is_ours(entry)}
            items = [
                Item(
                    name=entry.name,
                    made_at=entry.made_at.astimezone(now.tzinfo),
                    size=entry.bytes,
                )
                for entry in present.values()
            ]
            for each in doomed(items, keep, now):
                deletions.append(Deletion(path=self.path / each.name, reason=each.reason))
                gone.append(present[each.name].serial)
            # The newest line stays without its file: the next name has to come after it.
            gone += [entry.serial for entry in entries[1:] if entry.name not in present]
        if not dry_run:
            self._delete(deletions, gone)
        return deletions

    def _delete(self, deletions: list[Deletion], gone: list[int]) -> None:
        for deletion in deletions:
            os.unlink(deletion.path.name, dir_fd=self.folder)
            _LOGGER.info(
                "export.deleted", extra={"path": str(deletion.path), "reason": deletion.reason}
            )
        if deletions:
            os.fsync(self.folder)
        if self._manifest is not None:
            self._manifest.forget(gone)

    def is_ours(self, entry: Entry) -> bool:
        """Return whether the file of an entry is there, and is what was written."""
        try:
            grammar = Grammar(entry.export, entry.extension, entry.pattern)
            status = os.stat(entry.name, dir_fd=self.folder, follow_symlinks=False)
        except (CronkitError, OSError):
            return False
        if grammar.read(entry.name) is None or not stat.S_ISREG(status.st_mode):
            return False
        if status.st_size != entry.bytes:
            return False
        if (status.st_ino, status.st_mtime_ns) == (entry.inode, entry.written_at):
            return True
        # In a folder that was copied or restored files are others; then the bytes decide.
        return self._hash(entry.name) == entry.sha256

    def _hash(self, name: str) -> str:
        digest = sha256()
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=self.folder)
        try:
            while chunk := os.read(descriptor, _CHUNK):
                digest.update(chunk)
        finally:
            os.close(descriptor)
        return digest.hexdigest()

    def names(self) -> list[str]:
        """Return what is in the folder."""
        return _atomic.names(self.folder)

    def infos(self, zone: tzinfo) -> list[ExportInfo]:
        """Return all exports in the manifest, the oldest first."""
        return [
            ExportInfo(
                path=self.path / entry.name,
                export=entry.export,
                serial=entry.serial,
                made_at=entry.made_at.astimezone(zone),
                rows=entry.rows,
                bytes=entry.bytes,
                sha256=entry.sha256,
                present=self.is_ours(entry),
            )
            for entry in (self._manifest.entries.values() if self._manifest else ())
        ]
