"""A hidden file that only grows: what is on the disk is known to the byte, and by its hash."""

from __future__ import annotations

import os
from contextlib import contextmanager
from hashlib import sha256
from typing import TYPE_CHECKING

from cronkit._files import _atomic
from cronkit.errors import ExportError, ExportWriteError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cronkit._files._lock import KernelLock

_CHUNK = 1 << 20
MODE = 0o666  # less the umask: exports are for others to read


class GrowingFile:
    """A file in an open folder, open at its end.

    Args:
        path: the folder's path, for messages.
        folder: the open folder, closed with the file.
        name: the file's name.
        descriptor: the file.
        lock: says to others that somebody writes it; ``None``: an operation owns it.

    Attributes:
        name: the file's name.
        where: its path, for messages.
        size: its bytes.
    """

    __slots__ = ("_descriptor", "_folder", "_hash", "_lock", "name", "size", "where")

    def __init__(
        self, path: str, folder: int, name: str, descriptor: int, lock: KernelLock | None = None
    ) -> None:
        self.where = f"{path}/{name}"
        self._folder = folder
        self._descriptor: int | None = descriptor
        self._lock = lock
        self._hash = sha256()
        self.name = name
        self.size = 0

    @property
    def sha256(self) -> str:
        """The hash of all its bytes, in hexadecimal."""
        return self._hash.hexdigest()

    def skip(self, size: int, expected: str | None) -> None:
        """Take the first `size` bytes of the file as written, and cut off the rest.

        Raises:
            ExportError: they are not there, or not those that were written.
            ExportWriteError: the disk failed.
        """
        with write_errors(self.where):
            descriptor = self._open()
            if os.fstat(descriptor).st_size < size:
                raise ExportError(self.where, "is shorter than its checkpoint says")
            os.ftruncate(descriptor, size)
            os.lseek(descriptor, 0, os.SEEK_SET)
            while chunk := os.read(descriptor, _CHUNK):
                self._hash.update(chunk)
            os.fsync(descriptor)
        self.size = size
        if expected is not None and self.sha256 != expected:
            raise ExportError(self.where, "does not hold what was written")

    def append(self, data: bytes) -> None:
        """Write `data` at the end.

        Raises:
            ExportWriteError: the disk failed; how much of it stands there is not known.
        """
        descriptor = self._open()
        with write_errors(self.where):
            _atomic.write_all(descriptor, data)
        self._hash.update(data)
        self.size += len(data)

    def sync(self) -> None:
        """Bring everything to the disk.

        Raises:
            ExportWriteError: the disk failed.
        """
        with write_errors(self.where):
            os.fsync(self._open())

    def identity(self) -> tuple[int, int]:
        """Return the number of the file in its file system, and when it was last written (ns)."""
        status = os.fstat(self._open())
        return status.st_ino, status.st_mtime_ns

    def close(self, *, remove: bool) -> None:
        """Close the file; `remove` takes its hidden name away, whatever other names it has."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is None:
            return
        if remove:
            _atomic.remove(self.name, self._folder)
        os.close(descriptor)
        os.close(self._folder)
        if self._lock is not None:
            self._lock.release()

    def _open(self) -> int:
        if self._descriptor is None:
            raise ExportError(self.where, "is closed")
        return self._descriptor


@contextmanager
def write_errors(path: str) -> Iterator[None]:
    """Give what the system refuses inside the block as `ExportWriteError`."""
    try:
        yield
    except ExportError:
        raise
    except OSError as error:
        raise ExportWriteError(path, error.strerror or str(error), error.errno) from error
