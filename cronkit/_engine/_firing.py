"""A job's fire times: its trigger within its ``start`` and ``end``, with its jitter. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, cast

from cronkit.triggers import jittered

if TYPE_CHECKING:
    from cronkit.jobs import Job
    from cronkit.triggers import ReversibleTrigger

TICK = timedelta(microseconds=1)
"""The smallest step of a datetime: turns "at or after" into "strictly after"."""


def next_fire(job: Job, after: datetime) -> datetime | None:
    """Return the job's first fire time after `after`, within its ``start`` and ``end``, in UTC.

    In UTC, because two datetimes of one zone compare by their wall-clock time: in a fold the later
    of two instants can look like the earlier one.
    """
    trigger = job.trigger
    if trigger is None:
        return None
    if job.start is not None and after < job.start:
        after = job.start - TICK
    fire = trigger.next(after)
    if fire is None:
        return None
    fire = fire.astimezone(UTC)
    return None if job.end is not None and fire >= job.end else fire


def previous_fire(job: Job, before: datetime) -> datetime | None:
    """Return the job's last fire time before `before`, in UTC.

    The job's trigger must be able to look back (`cronkit.triggers.reversible`).
    """
    trigger = cast("ReversibleTrigger", job.trigger)
    fire = trigger.previous(before if job.end is None else min(before, job.end))
    if fire is None:
        return None
    fire = fire.astimezone(UTC)
    return None if job.start is not None and fire < job.start else fire


def due_at(job: Job, fire: datetime) -> datetime:
    """Return when a fire time is due, in UTC: its jitter added, short of the next fire time."""
    if not job.jitter or job.trigger is None:
        return fire
    return jittered(job.trigger, fire, job.jitter, job.id)
