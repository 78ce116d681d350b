"""One export of a folder: each time it is written, a new file appears and old ones go."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sized
from itertools import islice
from typing import TYPE_CHECKING, Any, overload

from cronkit._context import active
from cronkit._convert import integer
from cronkit._files._compression import SUFFIXES
from cronkit.errors import ExportError, FenceLostError, PolicyError
from cronkit.exporters._formats import BATCH, RowError
from cronkit.exporters._hidden import new_part, sweep
from cronkit.exporters._latest import link_latest, refuse_latest
from cronkit.exporters._manifest import Entry
from cronkit.exporters._operation_export import OperationExport, ResumableOperation
from cronkit.exporters._records import ExportProgress, ExportResult
from cronkit.exporters._shelf import locked
from cronkit.exporters._text_export import TextExport

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cronkit._context import RunContext
    from cronkit.exporters._directory import ExportDirectory
    from cronkit.exporters._formats import Format, FormatWriter
    from cronkit.exporters._names import Grammar
    from cronkit.exporters._part import Cut, PartFile
    from cronkit.exporters._shelf import Shelf

_LOGGER = logging.getLogger("cronkit.exporters")


class RotatingExporter:
    """Writes one export into a folder; made by `ExportDirectory.rotating`.

    Example:
        >>> from cronkit.exporters import ExportDirectory, Keep
        >>> films = ExportDirectory("out", keep=Keep(last=5)).rotating("films", format="csv")
        >>> films.write([{"title": "Heat", "year": 1995}]).rows
        1
    """

    __slots__ = ("_directory", "_format", "_grammar")

    def __init__(self, directory: ExportDirectory, grammar: Grammar, format_: Format) -> None:
        self._directory = directory
        self._grammar = grammar
        self._format = format_

    @property
    def name(self) -> str:
        """The name of this export."""
        return self._grammar.name

    @property
    def key(self) -> str:
        """What tells this export from the others of its folder, its name and extension."""
        return self._grammar.key

    @property
    def format(self) -> Format:
        """How its files are written."""
        return self._format

    @property
    def directory(self) -> ExportDirectory:
        """The folder it writes into."""
        return self._directory

    def write(
        self,
        rows: Iterable[Any],
        *,
        total: int | None = None,
        progress: Callable[[ExportProgress], object] | None = None,
    ) -> ExportResult:
        """Write `rows` to a new file; it appears when it is complete, and then old ones go.

        Rows are taken from the iterable as they are written: a million need no more memory than a
        thousand. Inside a run the result is recorded with it.

        Args:
            rows: dicts, attrs instances or sequences; JSON takes any value.
            total: how many there will be, for `progress`.
            progress: called with an `ExportProgress` after each thousand rows, and at the end.

        Raises:
            ExportError: a row has no form in the format; its number is named. No file appears.
            ExportWriteError: the disk failed; no file appears, the previous ones stay.
            LockTimeoutError: another process holds the folder's lock and does not move.
            FenceLostError: a later run of this job has written this export.
            PolicyError: `rows` is a text or a dict; another argument is not what it may be.
        """
        if isinstance(rows, (str, bytes, Mapping)) or not isinstance(rows, Iterable):
            raise PolicyError("rows", rows, "an iterable of rows")
        if progress is not None and not callable(progress):
            raise PolicyError("progress", progress, "a function")
        if total is not None:
            integer(total, "total", least=0)
        if total is None and isinstance(rows, Sized):
            total = len(rows)
        writer = self._format.writer()
        with new_part(self._directory, self.name) as part:
            size = _write(part, writer.head())
            source, count = iter(rows), 0
            while batch := list(islice(source, BATCH)):
                size += _write(part, self.encode(writer, batch, count))
                count += len(batch)
                if progress is not None:
                    progress(ExportProgress(rows=count, total=total, bytes=size))
            _write(part, writer.tail())
            return self.publish(part, part.finish(), count)

    @overload
    def open(self) -> TextExport: ...

    @overload
    def open(self, *, operation: ResumableOperation) -> OperationExport: ...

    def open(self, *, operation: ResumableOperation | None = None) -> TextExport | OperationExport:
        """Open a new file, to be used in a ``with`` block; it appears when that is left normally.

        Args:
            operation: without it, the file takes free text by ``write(text)``. With it, it takes
                rows by ``write(row)``, and its place is saved with each checkpoint: after any
                number of crashes each item stands in the file once.

        Raises:
            PolicyError: the compression or the format cannot be cut and continued; `operation` is
                none.
            ExportError: what the operation has written is not there any more.
            ExportWriteError: the disk failed.
            LockTimeoutError: another process holds the folder's lock and does not move.
            StateError: the operation writes this export already, or has ended.
        """
        if operation is None:
            return TextExport(self)
        if not isinstance(operation, ResumableOperation):
            raise PolicyError("operation", operation, "an Operation")
        return OperationExport(self, operation)

    def encode(self, writer: FormatWriter, batch: Sequence[Any], before: int) -> bytes:
        """Return the bytes of some rows, of which `before` rows stand before them.

        Raises:
            ExportError: a row has no form in the format.
        """
        try:
            return writer.rows(batch)
        except (TypeError, ValueError) as error:
            where = f"{self._directory.path}/{self.name}"
            raise ExportError(where, f"{_which(error, batch, before)}: {error}") from error

    def publish(
        self,
        part: PartFile,
        cut: Cut,
        rows: int | None,
        *,
        part_id: str | None = None,
        check: Callable[[], None] = lambda: None,
    ) -> ExportResult:
        """Let a finished part appear; used by what `open` returns."""
        directory, run = self._directory, active()
        now = directory.now()
        inode, written_at = part.file.identity()
        entry = Entry(
            serial=0,
            name="",
            export=self.name,
            pattern=self._grammar.pattern,
            extension=self._format.extension,
            made_at=now,
            rows=rows,
            bytes=cut.offset,
            sha256=cut.sha256 or "",
            inode=inode,
            written_at=written_at,
            part=part_id,
            job=run.job_id if run else None,
            fence=run.fence if run else None,
        )
        with locked(directory.path, manifest=directory.manifest) as shelf:
            _refuse_late(shelf.entries(self.key), run)
            check()
            entry = self._appear(shelf, part, entry)
            facts = self._facts(entry)
            _LOGGER.info("export.published", extra=facts | {"export": self.name})
            deletions = directory.rotate(shelf, self.key, now)
            sweep(shelf, self.name)
        if run is not None:
            run.note(export=facts)
        return ExportResult(
            path=directory.path / entry.name,
            rows=rows,
            bytes=entry.bytes,
            sha256=entry.sha256,
            deleted=deletions,
        )

    def _appear(self, shelf: Shelf, part: PartFile, entry: Entry) -> Entry:
        suffix = SUFFIXES[self._directory.compression]
        latest = f"{self.name}-latest.{self._format.extension}{suffix}"
        if self._directory.latest:
            refuse_latest(shelf, latest)
        entry = shelf.publish(part.file.name, entry, self._grammar, suffix)
        if self._directory.latest:
            link_latest(shelf, latest, entry.name)
        return entry

    def _facts(self, entry: Entry) -> dict[str, object]:
        """Return what is logged, and recorded with a run."""
        return {
            "path": str(self._directory.path / entry.name),
            "rows": entry.rows,
            "bytes": entry.bytes,
            "sha256": entry.sha256,
        }

    def __repr__(self) -> str:
        return f"<RotatingExporter {self.name} in {str(self._directory.path)!r}>"


def _write(part: PartFile, data: bytes) -> int:
    part.write(data)
    return len(data)


def _which(error: Exception, batch: Sequence[Any], before: int) -> str:
    """Return which rows an error is about; only the formats here say which one it is."""
    if isinstance(error, RowError):
        return f"row {before + error.index + 1}"
    if len(batch) == 1:
        return f"row {before + 1}"
    return f"rows {before + 1} to {before + len(batch)}"


def _refuse_late(entries: Sequence[Entry], run: RunContext | None) -> None:
    """Raise if a later run of the same job has written this export."""
    if run is None or run.fence is None:
        return
    for entry in entries:
        if entry.job == run.job_id and entry.fence is not None and entry.fence > run.fence:
            raise FenceLostError(f"export {entry.export}", run.id, run.fence, entry.fence)
