"""One piece of long work in the hands of this process: what its caller sees.

What is written and when is in `_writer`, the place in the source in `_cursor`, the loop in
`_tracking`. It knows nothing of files.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar

from cronkit.checkpoints._cursor import MOST_ITEMS
from cronkit.checkpoints._tracking import Tracker, checked
from cronkit.errors import OperationLostError, StateError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import TracebackType

    from cronkit.checkpoints._packing import Packing
    from cronkit.checkpoints._parts import Parts
    from cronkit.checkpoints._records import Checkpoint, Progress
    from cronkit.checkpoints._writer import Writer

T = TypeVar("T")

_LONGEST_REASON = 1000


class Operation:
    """Long work that this process owns, until it ends, is released, or the process dies.

    Made by `CheckpointManager.operation`, `start_operation` and `resume`. As a context manager it
    completes when the block is left normally; when the block is left by an exception, it saves
    and stays interrupted, to be continued.

    Attributes:
        id: the id, the same over all interruptions.
        type: what kind of work it is.
        key: which one of that kind.
        fence: a number that rises with each owner; hand it downstream to shut out a late one.
        resumed: whether this continues an interrupted operation.
        parts: what others save with each checkpoint; exporters use it.

    Example:
        >>> from cronkit.checkpoints import CheckpointManager
        >>> manager = CheckpointManager("checkpoints", every=2)
        >>> with manager.operation("squares", total=3) as operation:
        ...     for number in operation.track([1, 2, 3]):
        ...         operation.state["sum"] = operation.state.get("sum", 0) + number**2
        >>> operation.state
        {'sum': 14}
    """

    __slots__ = ("_packing", "_tracker", "fence", "id", "key", "resumed", "type")

    def __init__(self, writer: Writer, packing: Packing, *, resumed: bool) -> None:
        record = writer.record
        self._packing = packing
        self._tracker = Tracker(writer, packing)
        self.id = record.operation
        self.type = record.type
        self.key = record.key
        self.fence = record.fence
        self.resumed = resumed

    @property
    def state(self) -> dict[str, Any]:
        """What is saved with the position, a dict that the work changes as it goes.

        Change it after the work of an item, so that it never tells of half an item. When an item
        raises, what it put into or took out of the dict is not saved; what it changed inside of a
        list or dict that lies in it, is.
        """
        return self._tracker.state

    @state.setter
    def state(self, value: dict[str, Any]) -> None:
        self._tracker.state = checked(value)

    @property
    def parts(self) -> Parts:
        """What others save with each checkpoint; exporters use it."""
        return self._tracker.parts

    @property
    def progress(self) -> Progress:
        """How far it is, in items done, total, fraction, rate, time left."""
        return self._tracker.writer.progress(self._tracker.cursor.place.processed)

    def track(
        self,
        items: Iterable[T] | None = None,
        *,
        key: Callable[[T], object] | None = None,
        cursor: Callable[[Any], Iterable[T]] | None = None,
        progress: Callable[[Progress], object] | None = None,
    ) -> Iterator[T]:
        """Yield the items that are not done yet, and save as it goes.

        An item counts as done when the loop asks for the next one. After an interruption the
        items done are passed over; those since the last checkpoint come again, none is left out.

        In the main thread a SIGTERM waits for the end of the item: the state is saved, and then
        the signal has its way. Inside a run that is asked to stop, the state is saved and the loop
        ends by the error of `RunContext.raise_if_cancelled`.

        Args:
            items: the source; it has to give the same items in the same order each time.
            key: what an item is known by: text, a number, a UUID, a date, or a tuple of these;
                without it, the item itself.
            cursor: in place of `items`, a function that is given the key of the last item done
                (``None`` at the start) and returns the items after it.
            progress: called with a `Progress` before the first item and after each.

        Raises:
            ResumeMismatchError: the source does not begin with the items done (when the loop
                starts).
            StateNotSerializableError: a key or the state has no safe form.
            PolicyError: not exactly one of `items` and `cursor` was given.
            StateError: the operation has ended, or has been tracked before.
        """
        return self._tracker.track(items, key, cursor, progress)

    def save_checkpoint(
        self,
        state: Mapping[str, Any] | None = None,
        *,
        processed: int | None = None,
        last_item: object = None,
    ) -> None:
        """Save now; when this returns, the checkpoint survives a power cut.

        Args:
            state: the state from now on; without it, `state` of this operation as it is.
            processed: how many items are done. Without it, what `track` has counted, or else a
                whole number that the state holds as ``processed_count``.
            last_item: the key of the last item done.

        Raises:
            StateNotSerializableError: a value has no safe form; its path is named, and no byte
                was written.
            OperationLostError: another process has taken the operation.
            CheckpointWriteError: the disk failed; nothing was acknowledged.
            StateError: the operation has ended, or `processed` was given inside `track`.
        """
        tracker = self._tracker
        tracker.check("save_checkpoint")
        if state is not None:
            tracker.state = checked(dict(state) if isinstance(state, Mapping) else state)
        if not tracker.tracked:
            if processed is None:
                processed = _whole(tracker.state.get("processed_count"))
            tracker.move(processed, last_item)
        elif processed is not None or last_item is not None:
            raise StateError("save_checkpoint", "track() counts the items of this operation")
        tracker.save()

    def get_last_checkpoint(self) -> Checkpoint:
        """Return the last checkpoint that is durable; the one of the start holds an empty state.

        Raises:
            CorruptCheckpointError: its state is not what was written.
            StateVersionError: no migration leads from its version to the code's.
        """
        return self._packing.checkpoint(self._tracker.writer.record)

    def idempotency_key(self, item: object) -> str:
        """Return a text that is the same each time this operation comes to `item`.

        Hand it to a service that is called for the item: what a crash repeats, it can tell.

        Args:
            item: an item of `track`, or without `track` the key of one.
        """
        return self._tracker.idempotency_key(item)

    def complete(self) -> None:
        """End the operation as done; it is no longer listed as interrupted.

        Raises:
            StateError: it has ended.
            OperationLostError: another process has taken the operation.
            CheckpointWriteError: the disk failed; the operation goes on.
        """
        self._tracker.finish("complete", "completed", "")

    def fail(self, reason: str = "") -> None:
        """End the operation for good without success: nobody shall continue it.

        Raises:
            StateError: it has ended.
            OperationLostError: another process has taken the operation.
            CheckpointWriteError: the disk failed; the operation goes on.
        """
        self._tracker.finish("fail", "failed", str(reason)[:_LONGEST_REASON])

    def release(self) -> None:
        """Own the operation no more, without ending it: it is interrupted. May be called again."""
        self._tracker.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._tracker.ended:
            return
        try:
            if exc is None:
                self.complete()
            elif not isinstance(exc, OperationLostError):
                failed = self._tracker.save_mark()
                if failed is not None:
                    exc.add_note(f"the last items could not be saved: {failed}")
        finally:
            self.release()

    def __repr__(self) -> str:
        return f"<Operation {self.id} at {self.progress}>"


def _whole(value: object) -> int | None:
    """Return `value` if it can be a count of items; anything else says nothing about items."""
    return value if type(value) is int and 0 <= value <= MOST_ITEMS else None
