"""Several fire times of a job are due at once: find them, count them, choose among them. Pure.

A million overdue fire times cost bounded work: the newest is found by the trigger's ``previous``,
and what is left out becomes one row a stretch, counted up to `COUNTED`. A trigger without
``previous`` is stepped at most `STEPS` times; what lies beyond is one stretch too.
"""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, cast

from cronkit._engine._firing import TICK, due_at, next_fire, previous_fire
from cronkit.jobs import Decision, Outcome, run_id
from cronkit.triggers import reversible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cronkit.jobs import Job

COUNTED = 1_000
"""A stretch is counted exactly up to here; a longer one says "at least"."""

STEPS = 10_000
"""How many fire times of a trigger without ``previous`` are looked at."""


def coalesce(job: Job, oldest: datetime, newest: datetime) -> tuple[list[Decision], list[datetime]]:
    """Split the fire times into rows for those left out, and those that run, oldest first."""
    if oldest == newest:
        return [], [oldest]
    if job.coalesce == "latest":
        last = fire_before(job, newest, oldest)
        return [stretch(job, oldest, last, Outcome.SKIPPED, "coalesced")], [newest]
    if job.coalesce == "earliest":
        second = next_fire(job, oldest) or newest
        return [stretch(job, second, newest, Outcome.SKIPPED, "coalesced")], [oldest]
    chosen = _last_ones(job, oldest, newest)
    if chosen[0] == oldest:
        return [], chosen
    last = fire_before(job, chosen[0], oldest)
    return [stretch(job, oldest, last, Outcome.SKIPPED, "catch_up_limit")], chosen


def newest_due(
    job: Job, first: datetime, now: datetime, due: Callable[[datetime], datetime]
) -> datetime:
    """Return the newest fire time that is due at `now`; `first` is known to be.

    Of a trigger that cannot look back it is the newest that can be found in `STEPS` steps.
    """
    if job.trigger is not None and reversible(job.trigger):
        found = previous_fire(job, now + TICK)
        # A delayed fire time is due before the next one: at most one step back is needed.
        while found is not None and found > first and due(found) > now:
            found = previous_fire(job, found)
        return first if found is None else max(found, first)
    newest = first
    for fire in _forward(job, first):
        if due(fire) > now:
            break
        newest = fire
    return newest


def fire_before(job: Job, fire: datetime, first: datetime) -> datetime:
    """Return the fire time before `fire`, but none before `first`."""
    if job.trigger is not None and reversible(job.trigger):
        return max(previous_fire(job, fire) or first, first)
    last = first
    for each in _forward(job, first):
        if each >= fire:
            break
        last = each
    return last


def first_fresh(job: Job, first: datetime, newest: datetime, cut: datetime) -> datetime | None:
    """Return the first fire time due at `cut` or later; ``None``: all are stale."""
    start: datetime | None = cut - (job.jitter or timedelta())
    if job.trigger is not None and reversible(job.trigger):
        # Each is due before the next one comes: all before the last one at `cut` are stale.
        start = previous_fire(job, cut + TICK)
    fire = next_fire(job, (first if start is None else max(start, first)) - TICK)
    while fire is not None and fire <= newest and due_at(job, fire) < cut:
        fire = next_fire(job, fire)
    return None if fire is None or fire > newest else fire


def stretch(job: Job, first: datetime, last: datetime, outcome: Outcome, reason: str) -> Decision:
    """Return one row for all fire times from `first` to `last`."""
    count = 1
    for fire in _forward(job, first):
        if fire > last or count > COUNTED:
            break
        count += 1
    return Decision(
        run_id=run_id(job.id, last),
        job_id=job.id,
        fire_time=last,
        not_before=last,
        outcome=outcome,
        reason=reason,
        first=first,
        count=min(count, COUNTED),
        at_least=count > COUNTED,
        priority=job.priority,
    )


def unsearched(job: Job, newest: datetime, now: datetime) -> Decision | None:
    """Return a row for what lies beyond the steps of a trigger that cannot look back."""
    after = next_fire(job, newest)
    if after is None or due_at(job, after) > now:
        return None
    return Decision(
        run_id=run_id(job.id, now),
        job_id=job.id,
        fire_time=now,
        not_before=now,
        outcome=Outcome.SKIPPED,
        reason="coalesced",
        first=after,
        count=1,
        at_least=True,
        priority=job.priority,
    )


def _last_ones(job: Job, oldest: datetime, newest: datetime) -> list[datetime]:
    """Return up to ``max_catch_up`` fire times ending with `newest`, oldest first."""
    most = job.max_catch_up
    if job.trigger is not None and reversible(job.trigger):
        found = [newest]
        while len(found) < most and found[-1] > oldest:
            before = previous_fire(job, found[-1])
            if before is None or before < oldest:
                break
            found.append(before)
        return found[::-1]
    kept = deque([oldest], maxlen=most)
    for fire in _forward(job, oldest):
        if fire > newest:
            break
        kept.append(fire)
    return list(kept)


def _forward(job: Job, first: datetime) -> Iterator[datetime]:
    """Yield the fire times after `first`, at most `STEPS`."""
    fire: datetime | None = first
    for _ in range(STEPS):
        fire = next_fire(job, cast("datetime", fire))
        if fire is None:
            return
        yield fire
