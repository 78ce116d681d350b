"""A new file for free text, open in a ``with`` block."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from cronkit.errors import PolicyError, StateError
from cronkit.exporters._hidden import new_part

if TYPE_CHECKING:
    from types import TracebackType

    from cronkit.exporters._part import PartFile
    from cronkit.exporters._records import ExportResult
    from cronkit.exporters._rotating import RotatingExporter


class TextExport:
    """A new file for free text; it appears when the ``with`` block is left normally.

    Attributes:
        result: what it came to, after the block.

    Example:
        >>> from cronkit.exporters import ExportDirectory
        >>> poem = ExportDirectory("out").rotating("haiku", format="md")
        >>> with poem.open() as out:
        ...     out.write("An old silent pond")
        >>> out.result.bytes
        18
    """

    __slots__ = ("_exporter", "_part", "result")

    def __init__(self, exporter: RotatingExporter) -> None:
        self._exporter = exporter
        self._part: PartFile | None = None
        self.result: ExportResult | None = None

    def __enter__(self) -> Self:
        if self.result is not None or self._part is not None:
            raise StateError("open", "an export is opened once; call open() again")
        self._part = new_part(self._exporter.directory, self._exporter.name)
        return self

    def write(self, text: str) -> None:
        """Write text, in UTF-8.

        Raises:
            ExportWriteError: the disk failed.
            StateError: not inside the ``with`` block.
            PolicyError: `text` is no text.
        """
        if self._part is None:
            raise StateError("write", "only inside the with block of open()")
        if not isinstance(text, str):
            raise PolicyError("text", text, "text; rows are written by write() of the exporter")
        self._part.write(text.encode(errors="backslashreplace"))

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        part, self._part = self._part, None
        if part is None:
            return
        with part:
            if exc is None:
                self.result = self._exporter.publish(part, part.finish(), None)
