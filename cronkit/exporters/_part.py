"""An export while it is being written: buffered, compressed, and cut where asked.

With gzip, a new member begins at each cut (a file of several members is one gzip file, RFC 1952
2.2), so that the file can end there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import attrs

from cronkit._files import _compression
from cronkit.errors import ExportError

if TYPE_CHECKING:
    from types import TracebackType

    from cronkit.exporters._growing import GrowingFile

_BUFFER = 1 << 15
# An item of an operation whose rows are larger than this goes to the file before it has ended.
_LARGEST_ITEM = 1 << 20


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
    """A hidden file that takes bytes and can end at any place that is asked for in time.

    Args:
        file: the file.
        compression: ``None``, ``"gzip"`` or ``"zstd"``.

    Attributes:
        file: the file.
    """

    __slots__ = (
        "_broken",
        "_compression",
        "_fed",
        "_mark",
        "_pending",
        "_stream",
        "_taken",
        "file",
    )

    def __init__(self, file: GrowingFile, compression: str | None) -> None:
        self.file = file
        self._compression = compression
        self._stream: _compression.Compressor | None = None
        self._pending = bytearray()
        self._taken = 0  # bytes taken from the caller
        self._fed = 0  # of these, bytes no longer pending
        self._mark: int | None = None
        self._broken = False

    def write(self, data: bytes) -> None:
        """Take bytes; they reach the disk with the next cut at the latest.

        Raises:
            ExportWriteError: the disk failed.
        """
        self._begin()
        self._taken += len(data)
        if self._mark is None and not self._pending and len(data) >= _BUFFER:
            self._fed = self._taken
            self._send(data)
        else:
            self._pending += data
            if len(self._pending) >= _BUFFER:
                fits = len(self._pending) <= _LARGEST_ITEM
                self._feed(self._mark if fits and self._mark is not None else self._taken)
        self._broken = False

    def mark(self) -> int:
        """Return a mark of this place: an item has ended here."""
        self._mark = self._taken
        return self._taken

    def cut(self, mark: int | None = None) -> Cut | None:
        """Bring everything to the disk and return where the file ends.

        Args:
            mark: return where it ended at this mark instead.

        Returns:
            ``None`` if the file cannot be cut at the mark: compressed bytes span it.

        Raises:
            ExportWriteError: the disk failed.
            ExportError: something was not written to its end before.
        """
        self._begin()
        place = self._taken if mark is None else mark
        beyond = self._fed - place
        found: Cut | None = None
        if beyond <= 0:
            found = self._cut_at(place)
        elif self._compression is None:
            self.file.sync()
            found = Cut(offset=self.file.size - beyond, sha256=None)
        self._broken = False
        return found

    def finish(self) -> Cut:
        """Bring everything to the disk for good; an empty compressed file gets its frame.

        Raises:
            ExportWriteError: the disk failed.
            ExportError: something was not written to its end before.
        """
        self._begin()
        if self._compression is not None and not self.file.size and self._stream is None:
            self._stream = _compression.compressor(self._compression)
        found = self._cut_at(self._taken)
        self._broken = False
        return found

    def _begin(self) -> None:
        """Let nothing follow what was broken off, by the disk or by an interrupt.

        What is pending, in the compressor and on the disk no longer fits together then.
        """
        if self._broken:
            raise ExportError(self.file.where, "could not be written before")
        self._broken = True

    def _cut_at(self, place: int) -> Cut:
        self._feed(place)
        if self._stream is not None:
            self.file.append(self._stream.flush())
            self._stream = None
        self.file.sync()
        return Cut(offset=self.file.size, sha256=self.file.sha256)

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
        self.file.append(data)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.file.close(remove=True)
