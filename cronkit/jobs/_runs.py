"""A run as a record: what was due, what became of it, and why.

`Run` is what `Scheduler.runs()` returns and what an event carries. It is a plain value; stores
keep rows of their own shape and build a `Run` when somebody looks.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Literal

import attrs

from cronkit.errors import shown

NOTHING: Mapping[str, object] = MappingProxyType({})


class Outcome(StrEnum):
    """How a run ended. Nothing ends without one."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"
    MISFIRED = "misfired"
    INTERRUPTED = "interrupted"


NOT_EXECUTED = frozenset({Outcome.SKIPPED, Outcome.MISFIRED})

Phase = Literal["waiting", "running", "ended"]
Origin = Literal["trigger", "hand", "backfill", "after"]


def run_id(job_id: str, fire_time: datetime, suffix: str = "") -> str:
    """Return the id of a run: the job, ``@``, the fire time in UTC, and what tells equals apart.

    The same fire time has the same id on every host, which makes it the idempotency key to hand
    to other systems.

    Args:
        job_id: the job.
        fire_time: an aware datetime; its fraction of a second is written only where there is one.
        suffix: empty for a run by trigger, ``#n`` by hand, ``#bn`` backfill, ``~g`` for a clock
            generation.

    Example:
        >>> run_id("report", datetime(2026, 11, 22, 9, tzinfo=UTC))
        'report@2026-11-22T09:00:00Z'
    """
    if fire_time.tzinfo is not UTC:  # first: in a fold two instants of one zone compare as equal
        fire_time = fire_time.astimezone(UTC)
    moment, text = _newest[0]
    if fire_time != moment:
        text = _written(fire_time)
        _newest[0] = fire_time, text
    return f"{job_id}@{text}{suffix}"


_newest: list[tuple[datetime, str]] = [(datetime.min.replace(tzinfo=UTC), "")]
"""The newest fire time that was written, and as what: many jobs fire at one instant."""


def _written(fire_time: datetime) -> str:
    # isoformat takes four times as long.
    ordinal = fire_time.toordinal()
    known, day = _newest_day[0]
    if ordinal != known:
        day = date.fromordinal(ordinal).isoformat()
        _newest_day[0] = ordinal, day
    second = _SECONDS[fire_time.second]
    if micro := fire_time.microsecond:
        second = f"{second[:-1]}.{micro:06}Z"
    return f"{day}{_HOURS[fire_time.hour]}{_MINUTES[fire_time.minute]}{second}"


_HOURS = tuple(f"T{number:02}" for number in range(24))
_MINUTES = tuple(f":{number:02}" for number in range(60))
_SECONDS = tuple(f":{number:02}Z" for number in range(60))

_newest_day: list[tuple[int, str]] = [(0, "")]
"""The newest day that was written, by its ordinal."""


@attrs.frozen(kw_only=True)
class Run:
    """One execution of a job for one fire time, or one stretch of fire times left out.

    Attributes:
        id: unique in its store, see `run_id`.
        job_id: the job.
        fire_time: the instant the trigger gave; of a stretch the last one.
        phase: ``"waiting"``, ``"running"`` or ``"ended"``.
        outcome: how it ended; ``None`` before that.
        reason: why, in a word, where the outcome alone does not say (``"overlap"``, ``"paused"``).
        origin: ``"trigger"``, ``"hand"``, ``"backfill"`` or ``"after"``.
        attempt: the newest attempt, counted from 1; 0 before the first.
        not_before: waiting runs: the earliest start.
        started_at: when the newest attempt started.
        ended_at: when the outcome was written.
        lateness: from fire time (with its jitter) to the start of the first attempt.
        duration: from the start of the first attempt to the end.
        owner: the scheduler that took it.
        fence: the store's rising number for this job; ``None`` in a memory store.
        error: the exception as text; ``None`` without one.
        error_type: the exception's class, with its module.
        blocked_by: the run that stood in the way.
        first: of a stretch the first fire time left out; else the fire time.
        count: how many fire times a stretch leaves out; 1 for a run.
        at_least: whether `count` is a floor, not exact.
        abandoned: it timed out and its thread still goes on.
        notes: what the job recorded by ``current_run().note(...)``.
        key: the idempotency key of a run by hand.
        priority: the job's priority when it was decided.

    Example:
        >>> noon = datetime(2026, 11, 22, 12, tzinfo=UTC)
        >>> run = Run(id=run_id("report", noon), job_id="report", fire_time=noon, attempt=1,
        ...           outcome=Outcome.FAILED, error="no network")
        >>> print(run)
        report@2026-11-22T12:00:00Z failed 'no network'
    """

    id: str
    job_id: str
    fire_time: datetime
    phase: Phase = "ended"
    outcome: Outcome | None = None
    reason: str | None = None
    origin: Origin = "trigger"
    attempt: int = 0
    not_before: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    lateness: timedelta | None = None
    duration: timedelta | None = None
    owner: str | None = None
    fence: int | None = None
    error: str | None = None
    error_type: str | None = None
    blocked_by: str | None = None
    first: datetime | None = None
    count: int = 1
    at_least: bool = False
    abandoned: bool = False
    notes: Mapping[str, object] = NOTHING
    key: str | None = None
    priority: int = 0

    @property
    def executed(self) -> bool:
        """Whether the job's function was called."""
        return self.attempt > 0

    def __str__(self) -> str:
        """Return in a line which run it is and what became of it."""
        words = [self.id, self.outcome or self.phase]
        if self.reason is not None:
            words.append(f"({self.reason})")
        if self.count > 1:
            words.append(f"{'at least ' if self.at_least else ''}{self.count} fire times")
        if self.attempt > 1:
            words.append(f"at attempt {self.attempt}")
        if self.error is not None:
            words.append(shown(self.error))
        return " ".join(words)
