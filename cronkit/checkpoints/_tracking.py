"""The loop over the items of an operation, and what is saved at the end of each item.

Between two items everything agrees: the count, the state, the position of an export. That moment
is remembered, so that a save after the next item has failed tells of no half of it.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Sized
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from cronkit._context import active
from cronkit._convert import integer
from cronkit.checkpoints._cursor import MOST_ITEMS, Cursor
from cronkit.checkpoints._parts import Parts
from cronkit.checkpoints._stopping import StopSignal
from cronkit.errors import CronkitError, PolicyError, StateError, StateNotSerializableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from cronkit.checkpoints._cursor import Place
    from cronkit.checkpoints._packing import Packing
    from cronkit.checkpoints._records import Progress, Status
    from cronkit.checkpoints._writer import Writer

T = TypeVar("T")

_LOGGER = logging.getLogger("cronkit.checkpoints")
# To copy a state costs 1 µs for 100 keys; at each item a larger copy would cost more than the
# item. A state with more keys is saved by count and time only.
_COPIED = 1000


class _Mark(NamedTuple):
    """What agreed between two items; an interrupt finds the old one or the new one.

    Attributes:
        place: the place in the source.
        state: a copy of the state; ``None``: too large to be copied.
        parts: a mark of each part.
    """

    place: Place
    state: dict[str, Any] | None
    parts: Mapping[str, object]


class Tracker:
    """Counts items and saves.

    Attributes:
        writer: writes the records.
        cursor: where in the source the operation stands.
        parts: what others save with each checkpoint.
        state: what the caller saves.
        tracked: whether the source is known.
        looping: whether the loop over the items is going on.
        ended: whether nothing more may be saved.
    """

    __slots__ = (
        "_key_of", "_marked", "_packing", "_stop", "_tell", "cursor", "ended", "looping", "parts",
        "state", "tracked", "writer",
    )  # fmt: skip

    def __init__(self, writer: Writer, packing: Packing) -> None:
        record = writer.record
        self._packing = packing
        self._key_of: Callable[[Any], object] = _itself
        self._marked: _Mark | None = None
        self._stop = StopSignal()
        self._tell: Callable[[Progress], object] | None = None
        self.writer = writer
        self.cursor = Cursor(record, packing.codec)
        self.parts = Parts(record.parts, record.forced, writer.check)
        self.state: dict[str, Any] = packing.unpack(record)
        self.tracked = False
        self.looping = False
        self.ended = False

    def check(self, what: str) -> None:
        """Raise if the operation has ended."""
        if self.ended:
            operation = self.writer.record.operation
            raise StateError(what, f"operation {operation} was released or has ended")

    def track(
        self,
        items: Iterable[T] | None,
        key: Callable[[T], object] | None,
        cursor: Callable[[Any], Iterable[T]] | None,
        progress: Callable[[Progress], object] | None,
    ) -> Iterator[T]:
        """See `Operation.track`."""
        self.check("track")
        if (items is None) == (cursor is None):
            raise PolicyError("items", items, "either items or cursor=")
        for name, value in (("key", key), ("cursor", cursor), ("progress", progress)):
            if value is not None and not callable(value):
                raise PolicyError(name, value, "a function")
        if items is not None and not isinstance(items, Iterable):
            raise PolicyError("items", items, "an iterable of items")
        if self.tracked:
            raise StateError("track", "an operation has one source of items; chain them")
        self.tracked = True
        self._key_of = key or _itself
        self._tell = progress
        if self.writer.total is None:
            self.writer.total = _length(items)
        return self._loop(items, cursor)

    def _loop(
        self, items: Iterable[T] | None, cursor: Callable[[Any], Iterable[T]] | None
    ) -> Iterator[T]:
        cursor_ = self.cursor
        if self.parts.complete:
            return
        if cursor is not None:
            rest = cursor(self._packing.last_item(self.writer.record))
            if not isinstance(rest, Iterable):
                raise PolicyError("cursor", rest, "a function that returns an iterable of items")
            source = iter(rest)
        else:
            source = iter(() if items is None else items)
            cursor_.skip(source, self._key_of, self.writer.record.operation)
        self._mark()
        self._tell_progress()
        self.looping = True
        with self._stop as stop:
            try:
                for item in source:
                    key = cursor_.key(self._key_of(item))
                    yield item
                    cursor_.place = cursor_.place.after(key)
                    self._between_items(stop)
            finally:
                self.looping = False
                if stop.requested:
                    self.save_mark()

    def _mark(self) -> None:
        state = dict(self.state) if len(self.state) <= _COPIED else None
        self._marked = _Mark(self.cursor.place, state, self.parts.marks())

    def _between_items(self, stop: StopSignal) -> None:
        self._mark()
        run = active()
        cancelled = run is not None and run.cancelled
        if stop.requested or cancelled or self.writer.is_due(self.cursor.place.processed):
            self.save()
        if stop.requested:
            stop.pass_on()
        if run is not None:
            run.raise_if_cancelled()
        self._tell_progress()

    def _tell_progress(self) -> None:
        if self._tell is not None:
            self._tell(self.writer.progress(self.cursor.place.processed))

    def move(self, processed: int | None, last_item: object) -> None:
        """Take over what the caller says of the place; ``None``: it says nothing."""
        place = self.cursor.place
        if processed is not None:
            place = place._replace(
                processed=integer(processed, "processed", least=0, most=MOST_ITEMS)
            )
        if last_item is not None:
            place = place._replace(last_item=self.cursor.key(last_item, "last_item"))
        self.cursor.place = place

    def save(self) -> None:
        """Save the state as it is; inside the loop, with what was done before this item.

        Raises:
            StateError: an export cannot go back to where the item began.
        """
        marks = self._marked.parts if self._marked is not None and self.looping else None
        if not self._save(self.cursor.place, self.state, marks):
            raise StateError("save_checkpoint", "this export cannot be cut inside an item")

    def _save(
        self, place: Place, state: dict[str, Any], marks: Mapping[str, object] | None
    ) -> bool:
        parts = self.parts.capture(marks)
        if parts is None:
            return False
        self.writer.save(place, checked(state), parts)
        return True

    def save_mark(self) -> Exception | None:
        """Save what agreed before the item that did not end; return why that failed."""
        mark = self._marked
        if self.ended or mark is None or mark.state is None:
            return None
        if not self.writer.is_behind(mark.place.processed):
            return None
        try:
            self._save(mark.place, mark.state, mark.parts)
        except (CronkitError, OSError) as failed:
            _LOGGER.warning(
                "checkpoint.failed",
                extra={"operation_id": self.writer.record.operation, "reason": str(failed)},
            )
            return failed
        return None

    def finish(self, what: str, status: Status, reason: str) -> None:
        """Save for the last time and end the operation."""
        self.check(what)
        parts = self.parts.capture() or {}
        self.writer.finish(self.cursor.place, checked(self.state), parts, status, reason)
        self._end()

    def release(self) -> None:
        """Let go of everything; the operation is interrupted if it has not ended."""
        self._end()
        self.parts.close()
        self.writer.release()

    def _end(self) -> None:
        self.ended = True
        # A loop that was left but not collected must not hold the signal back for ever.
        self._stop.end()

    def idempotency_key(self, item: object) -> str:
        """See `Operation.idempotency_key`."""
        key = json.dumps(self.cursor.key(self._key_of(item)))
        return f"{self.writer.record.operation}:{sha256(key.encode()).hexdigest()[:32]}"


def checked(state: object) -> dict[str, Any]:
    """Return `state` if it is a dict.

    Raises:
        StateNotSerializableError: it is not.
    """
    if type(state) is dict:
        return state
    raise StateNotSerializableError("state", type(state).__name__, "a state is a dict")


def _length(items: object) -> int | None:
    return len(items) if isinstance(items, Sized) else None


def _itself(item: object) -> object:
    return item
