"""A job's fire times: its trigger within its ``start`` and ``end``, with its jitter. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, cast

from cronkit.errors import TriggerAnswerError
from cronkit.triggers import jittered, text_of

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
    trigger, rules = job.trigger, job.rules
    if trigger is None:
        return None
    if rules.start is not None and after < rules.start:
        after = rules.start - TICK
    answer = trigger.next(after)
    if answer is None:
        return None
    fire = answer if answer.__class__ is datetime and answer.tzinfo is UTC else _in_utc(answer)
    if fire is None or fire <= after:  # of the same instant there would be no end
        raise TriggerAnswerError(text_of(trigger), f"next({after.isoformat()})", answer)
    return None if rules.end is not None and fire >= rules.end else fire


def previous_fire(job: Job, before: datetime) -> datetime | None:
    """Return the job's last fire time before `before`, in UTC.

    The job's trigger must be able to look back (`cronkit.triggers.reversible`).
    """
    trigger = cast("ReversibleTrigger", job.trigger)
    before = before if job.end is None else min(before, job.end)
    answer = trigger.previous(before)
    if answer is None:
        return None
    fire = _in_utc(answer)
    if fire is None or fire >= before:
        raise TriggerAnswerError(text_of(trigger), f"previous({before.isoformat()})", answer)
    return None if job.start is not None and fire < job.start else fire


def _in_utc(answer: datetime) -> datetime | None:
    """Return what a trigger gave in UTC; ``None``: it is no instant, as a trigger may be anybody's.

    A naive datetime is refused: converting it would read it in the zone of this machine.
    """
    try:
        return None if answer.tzinfo is None else answer.astimezone(UTC)
    except (AttributeError, TypeError):
        return None


def due_at(job: Job, fire: datetime) -> datetime:
    """Return when a fire time is due, in UTC: its jitter added, short of the next fire time."""
    if not job.jitter or job.trigger is None:
        return fire
    return jittered(job.trigger, fire, job.jitter, job.id)
