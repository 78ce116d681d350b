"""The hidden file of an export while it is being written: compressed, hashed, and cut where asked.

Bytes go in; what is on the disk is known to the byte. With gzip, a new member begins at each cut
(a file of several members is one gzip file, RFC 1952 2.2), so that the file can end there.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from hashlib import sha256
from typing import TYPE_CHECKING, Self

import attrs

from cronkit._files import _atomic, _compression
from cronkit.errors import ExportError, ExportWriteError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from cronkit._files._lock import KernelLock

_BUFFER = 1 << 15
# An item of an operation whose rows are larger than this goes to the file before it has ended.
_LARGEST_ITEM = 1 << 20
_CHUNK = 1 << 20
MODE = 0o666  # less the umask: exports are for others to read


@attrs.frozen(kw_only=True)
class Cut:
    """Where a part can end.

    Attributes:
        offset: the size of the file up to here.
        sha256: the hash of the file up to here; ``None``: not known.
    """

    offset: int
    sha256: str | None


class PartFile:
    """A hidden file in an open folder.

    Args:
        path: the folder's path, for messages.
        folder: the open folder, closed with the part.
        name: the file's name.
        descriptor: the file, open at its end.
        compression: ``None``, ``"gzip"`` or ``"zstd"``.
        lock: says to others that somebody writes it; ``None``: an operation owns it.
    """

    __slots__ = (
        "_broken", "_compression", "_descriptor", "_fed", "_folder", "_hash", "_lock", "_mark", "_path",
        "_pending", "_size", "_stream", "_taken", "name",
    )  # fmt: skip

    def __init__(
        self,
        path: str,
        folder: int,
        name: str,
        descriptor: int,
        *,
        compression: str | None,
        lock: KernelLock | None = None,
    ) -> None:
        self._path = path
        self._folder = folder
        self._descriptor: int | None = descriptor
        self._compression = compression
        self._lock = lock
        self._broken = False
        self._hash = sha256()
        self._size = 0  # bytes in the file
        self._stream: _compression.Compressor | None = None
        self._pending = bytearray()
        self._taken = 0  # bytes taken from the caller
        self._fed = 0  # of these, bytes no longer pending
        self._mark: int | None = None
        self.name = name

    @property
    def folder(self) -> int:
        """The open folder."""
        return self._folder

    def skip(self, size: int, expected: str | None) -> None:
        """Take the first `size` bytes of the file as written, and cut off the rest.

        Raises:
            ExportError: they are not there, or not those that were written.
            ExportWriteError: the disk failed.
        """
        with write_errors(f"{self._path}/{self.name}"):
            descriptor = self._open()
            if os.fstat(descriptor).st_size < size:
                raise ExportError(
                    f"{self._path}/{self.name}", "is shorter than its checkpoint says"
                )
            os.ftruncate(descriptor, size)
            os.lseek(descriptor, 0, os.SEEK_SET)
            while chunk := os.read(descriptor, _CHUNK):
                self._hash.update(chunk)
            os.fsync(descriptor)
        self._size = size
        if expected is not None and self._hash.hexdigest() != expected:
            raise ExportError(f"{self._path}/{self.name}", "does not hold what was written")

    def write(self, data: bytes) -> None:
        """Take bytes; they reach the disk with the next cut at the latest.

        Raises:
            ExportWriteError: the disk failed.
        """
        self._taken += len(data)
        if self._mark is None and not self._pending and len(data) >= _BUFFER:
            self._fed = self._taken
            self._send(data)
            return
        self._pending += data
        if len(self._pending) < _BUFFER:
            return
        if self._mark is None or len(self._pending) > _LARGEST_ITEM:
            self._feed(self._taken)
        else:
            self._feed(self._mark)

    def mark(self) -> None:
        """Remember this place: an item has ended here."""
        self._mark = self._taken

    def cut(self, *, at_mark: bool = False) -> Cut | None:
        """Bring everything to the disk and return where the file ends.

        Args:
            at_mark: return where it ended at the mark instead.

        Returns:
            ``None`` if the file cannot be cut at the mark: compressed bytes span it.

        Raises:
            ExportWriteError: the disk failed.
        """
        place = self._mark if at_mark and self._mark is not None else self._taken
        beyond = self._fed - place
        if beyond > 0:
            if self._compression is not None:
                return None
            self._sync()
            return Cut(offset=self._size - beyond, sha256=None)
        return self._cut_at(place)

    def _cut_at(self, place: int) -> Cut:
        self._feed(place)
        if self._stream is not None:
            self._emit(self._stream.flush())
            self._stream = None
        self._sync()
        return Cut(offset=self._size, sha256=self._hash.hexdigest())

    def finish(self) -> Cut:
        """Bring everything to the disk for good; an empty compressed file gets its frame.

        Raises:
            ExportWriteError: the disk failed.
        """
        if self._compression is not None and not self._size and self._stream is None:
            self._stream = _compression.compressor(self._compression)
        return self._cut_at(self._taken)

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
            raise ExportError(f"{self._path}/{self.name}", "is closed")
        if self._broken:
            raise ExportError(f"{self._path}/{self.name}", "could not be written before")
        return self._descriptor

    def _feed(self, place: int) -> None:
        """Send pending bytes up to `place` on their way."""
        count = place - self._fed
        if count <= 0:
            return
        data = bytes(self._pending[:count])
        del self._pending[:count]
        self._fed = place
        self._send(data)

    def _send(self, data: bytes) -> None:
        """Send bytes on their way, through the compression if there is one."""
        if self._compression is not None:
            if self._stream is None:
                self._stream = _compression.compressor(self._compression)
            data = self._stream.compress(data)
        self._emit(data)

    def _emit(self, data: bytes) -> None:
        descriptor = self._open()
        with write_errors(f"{self._path}/{self.name}"):
            try:
                _atomic.write_all(descriptor, data)
            except OSError:
                # Some of it may stand there, and what was pending is gone: nothing may follow.
                self._broken = True
                raise
        self._hash.update(data)
        self._size += len(data)

    def _sync(self) -> None:
        with write_errors(f"{self._path}/{self.name}"):
            os.fsync(self._open())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close(remove=True)


@contextmanager
def write_errors(path: str) -> Iterator[None]:
    """Give what the system refuses inside the block as `ExportWriteError`."""
    try:
        yield
    except ExportError:
        raise
    except OSError as error:
        raise ExportWriteError(path, error.strerror or str(error), error.errno) from error
