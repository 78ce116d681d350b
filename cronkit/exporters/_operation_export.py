"""The file of an operation: written over several processes, each item in it once.

It knows an operation only by the Protocol here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, Self, runtime_checkable

from cronkit.errors import ExportError, PolicyError, StateError
from cronkit.exporters._hidden import (
    fresh_part,
    old_part,
    operation_name,
    remove_of_operation,
)
from cronkit.exporters._part import Cut
from cronkit.exporters._position import Position, read_position, write_position
from cronkit.exporters._records import ExportResult
from cronkit.exporters._shelf import locked

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

    from cronkit.exporters._formats import JSON
    from cronkit.exporters._part import PartFile
    from cronkit.exporters._rotating import RotatingExporter


class Positions(Protocol):
    """Where an operation keeps the positions of what moves with its items.

    Attributes:
        complete: whether a file has all that it will ever have.
        forced: the fence of the last owner that took the operation from one that still held it.
    """

    complete: bool
    forced: int

    @property
    def check(self) -> Callable[[], None]:
        """What raises if another process has taken the operation."""
        ...

    def saved(self, name: str) -> Mapping[str, JSON] | None:
        """Return what the last checkpoint holds under this name; ``None``: nothing."""
        ...

    def attach(self, name: str, part: Any) -> None:
        """Save the position of `part` with every checkpoint from now on."""
        ...

    def detach(self, name: str) -> None:
        """Save its position no more; what was saved stays."""
        ...


class Counted(Protocol):
    """How far an operation is."""

    @property
    def processed(self) -> int:
        """How many items are done."""
        ...


@runtime_checkable
class ResumableOperation(Protocol):
    """What an export needs of an operation; `cronkit.checkpoints.Operation` has it."""

    @property
    def id(self) -> str:
        """The id of the operation."""
        ...

    @property
    def fence(self) -> int:
        """A number that rises with each owner."""
        ...

    @property
    def parts(self) -> Positions:
        """Where the position of the file is kept."""
        ...

    @property
    def progress(self) -> Counted:
        """How far it is."""
        ...

    def save_checkpoint(self) -> None:
        """Save the state, and the positions with it."""
        ...


class _Mark(NamedTuple):
    """Where the file can go back to.

    Attributes:
        place: the mark of the part; ``None``: its end.
        rows: how many rows stand before it.
        state: what the writer needs to go on there.
    """

    place: int | None
    rows: int
    state: Mapping[str, JSON]


class OperationExport:
    """The file of an operation: each item stands in it once, after any number of crashes.

    Each checkpoint of the operation first brings the rows to the disk and keeps their place. Who
    continues the operation cuts the file there and writes on. The file appears when the block is
    left normally; by an exception it stays hidden, to be continued.

    Attributes:
        result: what it came to, after the block.
    """

    __slots__ = (
        "_exporter", "_fence", "_key", "_operation", "_part", "_position", "_rows", "_writer",
        "result",
    )  # fmt: skip

    def __init__(self, exporter: RotatingExporter, operation: ResumableOperation) -> None:
        if exporter.directory.compression not in {None, "gzip"}:
            allowed = "None or 'gzip': no other can be cut and continued"
            raise PolicyError("compression", exporter.directory.compression, allowed)
        if not exporter.format.resumable:
            raise PolicyError("format", exporter.format, "a resumable format")
        if not exporter.directory.manifest:
            raise PolicyError("manifest", False, "True: it tells what was published already")
        self._exporter = exporter
        self._operation = operation
        self._key = f"export:{exporter.key}"
        self._part: PartFile | None = None
        self._position: Position | None = None
        self._fence = operation.fence
        self._rows = 0
        self._writer = exporter.format.writer()
        self.result: ExportResult | None = None

    def __enter__(self) -> Self:
        operation = self._operation
        operation.parts.check()
        saved = operation.parts.saved(self._key)
        if saved is not None:
            self._continue(read_position(saved, str(self._exporter.directory.path)))
        elif operation.progress.processed:
            raise ExportError(
                str(self._exporter.directory.path),
                f"operation {operation.id} has done {operation.progress.processed} items "
                f"without {self._exporter.key}; start it anew to have them in the file",
            )
        else:
            name = operation_name(self._exporter.key, operation.id, operation.fence)
            self._part = fresh_part(self._exporter.directory, name)
            self._part.write(self._writer.head())
        operation.parts.attach(self._key, self)
        return self

    def _continue(self, position: Position) -> None:
        """Go on where the last checkpoint was, or at the end if the file was complete."""
        operation, directory = self._operation, self._exporter.directory
        if position.done:
            # All that was left to do is to publish it; there is nothing more to write.
            self._position = position
            operation.parts.complete = True
            self.result = self._published()
            if self.result is not None:
                return
        copy = None
        if operation.parts.forced > position.fence:
            self._fence = operation.fence
            copy = operation_name(self._exporter.key, operation.id, operation.fence)
        else:
            self._fence = position.fence
        self._part = old_part(directory, position.file, position.offset, position.sha256, copy)
        self._rows = position.rows
        self._writer = self._exporter.format.writer(position.state)

    def _published(self) -> ExportResult | None:
        """Return what this operation has published, and remove what else it had hidden."""
        directory, key = self._exporter.directory, self._exporter.key
        with locked(directory.path, manifest=directory.manifest) as shelf:
            for entry in shelf.entries(key):
                if entry.part == self._operation.id and shelf.is_ours(entry):
                    remove_of_operation(shelf, key, self._operation.id)
                    return ExportResult(
                        path=directory.path / entry.name,
                        rows=entry.rows,
                        bytes=entry.bytes,
                        sha256=entry.sha256,
                    )
        return None

    def write(self, row: Any) -> None:
        """Write one row.

        Raises:
            ExportError: the row has no form in the format; its number is named.
            ExportWriteError: the disk failed.
            StateError: not inside the ``with`` block.
        """
        if self._part is None or self._position is not None:
            raise StateError(
                "write", "only inside the with block, while the export is not complete"
            )
        self._part.write(self._exporter.encode(self._writer, [row], self._rows))
        self._rows += 1

    def mark(self) -> _Mark | None:
        """Return a mark of this place: an item has just ended here; the operation calls it."""
        if self._part is None or self._position is not None:
            return None
        return _Mark(self._part.mark(), self._rows, self._writer.state())

    def capture(self, mark: _Mark | None = None) -> Mapping[str, JSON] | None:
        """Bring the rows to the disk and return their place; the operation calls it.

        Raises:
            ExportWriteError: the disk failed.
        """
        if self._position is None:
            if self._part is None:
                raise StateError("save_checkpoint", "the export is closed")
            mark = mark or _Mark(None, self._rows, self._writer.state())
            cut = self._part.cut(mark.place)
            if cut is None:
                return None
            return write_position(self._place(cut, mark.rows, mark.state))
        return write_position(self._position)

    def _place(
        self, cut: Cut, rows: int, state: Mapping[str, JSON], *, done: bool = False
    ) -> Position:
        return Position(
            file=self._part.file.name if self._part else "",
            fence=self._fence,
            offset=cut.offset,
            sha256=cut.sha256,
            rows=rows,
            state=state,
            done=done,
        )

    def close(self) -> None:
        """Close the hidden file and leave it for whoever continues; the operation calls it."""
        part, self._part = self._part, None
        if part is not None:
            part.file.close(remove=False)

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # After an exception the operation saves once more, and then closes this.
        if exc is None and self._part is not None:
            self._complete(self._part)

    def _complete(self, part: PartFile) -> None:
        """Save that nothing more will be written, then let the file appear.

        A crash in between leaves a complete hidden file, and a checkpoint that says so.
        """
        operation = self._operation
        if self._position is None:
            part.write(self._writer.tail())
            cut = part.finish()
            self._position = self._place(cut, self._rows, self._writer.state(), done=True)
            operation.parts.complete = True
            operation.save_checkpoint()
        position = self._position
        self.result = self._exporter.publish(
            part,
            Cut(offset=position.offset, sha256=position.sha256),
            position.rows,
            part_id=operation.id,
            check=operation.parts.check,
        )
        self.close()
        # An owner that was frozen, or died before its first checkpoint, left a file of its own.
        self._published()
        operation.parts.detach(self._key)
