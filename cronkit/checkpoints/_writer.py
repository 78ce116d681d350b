"""When an operation is saved, and what a saved record says."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import attrs

from cronkit._convert import duration, integer
from cronkit.checkpoints._records import Progress, Status

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cronkit._context import RunContext
    from cronkit.abc import Clock
    from cronkit.checkpoints._backend import OwnedOperation
    from cronkit.checkpoints._cursor import Place
    from cronkit.checkpoints._packing import Packing
    from cronkit.checkpoints._records import JSON, Record

_LOGGER = logging.getLogger("cronkit.checkpoints")


def _every(value: int | None) -> int | None:
    return None if value is None else integer(value, "every", least=1)


def _every_seconds(value: timedelta | float | str | None) -> timedelta | None:
    return None if value is None else duration(value, "every_seconds")


@attrs.frozen(kw_only=True)
class Cadence:
    """How often an operation is saved: after so many items or so much time, what comes first."""

    every: int | None = attrs.field(converter=_every)
    every_seconds: timedelta | None = attrs.field(converter=_every_seconds)


class Writer:
    """Saves one owned operation.

    Attributes:
        total: how many items there are; ``None`` where nobody knows.
    """

    __slots__ = (
        "_cadence", "_clock", "_owned", "_packing", "_processed", "_run", "_saved_at",
        "_started_at", "_started_from", "total",
    )  # fmt: skip

    def __init__(
        self,
        owned: OwnedOperation,
        packing: Packing,
        cadence: Cadence,
        clock: Clock,
        run: RunContext | None,
    ) -> None:
        self._owned = owned
        self._packing = packing
        self._cadence = cadence
        self._clock = clock
        self._run = run
        self.total = owned.record.total
        self._processed = self._started_from = owned.record.processed
        self._saved_at = self._started_at = clock.monotonic()

    @property
    def record(self) -> Record:
        """The last record that is durable."""
        return self._owned.record

    def progress(self, processed: int) -> Progress:
        """Return how far the operation is when `processed` items are done."""
        seconds = self._clock.monotonic() - self._started_at
        done = processed - self._started_from
        return Progress(
            processed=processed, total=self.total, rate=done / seconds if seconds > 0 else 0.0
        )

    def is_due(self, processed: int) -> bool:
        """Return whether it is time to save, now that `processed` items are done."""
        every, seconds = self._cadence.every, self._cadence.every_seconds
        if every is not None and processed - self._processed >= every:
            return True
        return (
            seconds is not None
            and self._clock.monotonic() - self._saved_at >= seconds.total_seconds()
        )

    def is_behind(self, processed: int) -> bool:
        """Return whether items were done since the last save."""
        return processed != self._processed

    def save(
        self, place: Place, state: dict[str, Any], parts: Mapping[str, Mapping[str, JSON]]
    ) -> None:
        """Make this position and `state` durable."""
        record = self._owned.save(self._record(place, state, parts))
        self._processed = record.processed
        self._saved_at = self._clock.monotonic()
        _LOGGER.debug("checkpoint.saved", extra=_extra(record))

    def finish(
        self,
        place: Place,
        state: dict[str, Any],
        parts: Mapping[str, Mapping[str, JSON]],
        status: Status,
        reason: str,
    ) -> None:
        """Save for the last time and end the operation."""
        record = self._record(place, state, parts)
        record = self._owned.finish(attrs.evolve(record, status=status, reason=reason))
        level = logging.INFO if status == "completed" else logging.WARNING
        _LOGGER.log(level, "operation.%s", status, extra=_extra(record) | {"reason": reason})

    def check(self) -> None:
        """Raise if another owner has taken the operation."""
        self._owned.check()

    def release(self) -> None:
        """Own the operation no more."""
        self._owned.release()

    def _record(
        self, place: Place, state: dict[str, Any], parts: Mapping[str, Mapping[str, JSON]]
    ) -> Record:
        record = attrs.evolve(
            self._owned.record,
            saved_at=self._clock.now(),
            processed=place.processed,
            total=self.total,
            last_item=place.last_item,
            digest=place.digest,
            parts=parts,
        )
        if self._run is not None and self._run.fence is not None:
            record = attrs.evolve(record, run_job=self._run.job_id, run_fence=self._run.fence)
        return self._packing.pack(record, state)


def _extra(record: Record) -> dict[str, object]:
    return {
        "operation_id": record.operation,
        "operation_type": record.type,
        "seq": record.seq,
        "fence": record.fence,
        "processed": record.processed,
        "total": record.total,
    }


def log_taken(owned: OwnedOperation, *, resumed: bool) -> None:
    """Say that this process works on an operation now, and what of it could not be read."""
    record = owned.record
    event = "operation.resumed" if resumed else "operation.started"
    _LOGGER.info(event, extra=_extra(record))
    for damage in owned.damaged:
        extra = _extra(record) | {"where": damage.where, "reason": damage.reason}
        _LOGGER.warning("checkpoint.damaged", extra=extra)
