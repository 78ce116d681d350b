"""Jitter: a delay that spreads jobs out, and that every host and every replay agrees on."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import TYPE_CHECKING

from cronkit.triggers._text import moment_text

if TYPE_CHECKING:
    from datetime import datetime

    from cronkit.triggers._protocol import Trigger

_MICROSECOND = timedelta(microseconds=1)


def jitter_delay(job_id: str, fire_time: datetime, jitter: timedelta) -> timedelta:
    """Return a delay of 0 up to, and not including, `jitter`, evenly spread.

    It derives from sha256 of the job's id and the fire time, in UTC: nothing is drawn at random, so
    that all hosts agree.

    Args:
        job_id: the job.
        fire_time: the fire time, aware.
        jitter: the longest delay; with zero there is none.

    Example:
        >>> from datetime import datetime
        >>> noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
        >>> print(jitter_delay("poll", noon, timedelta(seconds=20)))
        0:00:00.347652
    """
    from hashlib import sha256  # noqa: PLC0415 -- costs 3 ms of import

    digest = sha256(f"{job_id}@{moment_text(fire_time)}".encode()).digest()
    share = int.from_bytes(digest[:8])
    return (jitter // _MICROSECOND * share >> 64) * _MICROSECOND


def jittered(trigger: Trigger, fire_time: datetime, jitter: timedelta, job_id: str) -> datetime:
    """Return when a fire time is due, its delay included: always before the next fire time.

    Where the next fire time is nearer than `jitter`, the delay is spread over the time up to it.

    Args:
        trigger: the trigger that gave the fire time.
        fire_time: the fire time.
        jitter: the longest delay.
        job_id: the job.

    Returns:
        An aware datetime in the zone of `fire_time`.
    """
    utc = fire_time.astimezone(UTC)
    following = trigger.next(fire_time)
    if following is not None:
        jitter = min(jitter, following.astimezone(UTC) - utc)
    return (utc + jitter_delay(job_id, utc, jitter)).astimezone(fire_time.tzinfo)
