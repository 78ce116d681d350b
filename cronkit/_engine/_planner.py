"""What becomes of the fire times that are due: run, skip, misfire, queue, and why.

Pure: a job, its state and the present instant go in, a `Verdict` and the next fire time come out.
Nothing here knows a thread, a clock, a store or a log.

The order of judgement is ``max_runs``, pause, ``misfire_grace``, ``coalesce``, ``overlap``.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import attrs

from cronkit._engine._firing import due_at, next_fire
from cronkit._engine._overdue import (
    coalesce,
    fire_before,
    first_fresh,
    newest_due,
    stretch,
    unsearched,
)
from cronkit.jobs import KEEP, Decision, Outcome, Verdict, run_id

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cronkit.jobs import Job, JobState, Rewind

NOT_STOPPED_AFTER = timedelta(seconds=30)
"""How long ``overlap="cancel"`` waits for the old run."""


@attrs.define(weakref_slot=False)
class Plan(Verdict):
    """A verdict on one job, and what to wait for next.

    Attributes:
        fire: the job's next fire time; ``None``: there is none.
        due: `fire` with its jitter: when to look again.

    All instants are in UTC.
    """

    fire: datetime | None = None
    due: datetime | None = None

    @property
    def verdict(self) -> Verdict | None:
        """What to write; ``None``: nothing is due, so that the mark stays."""
        return None if self.mark is None else self


def _wait(job: Job, fire: datetime | None, due: datetime | None) -> Plan:
    """Return that nothing is due, and what to wait for."""
    return Plan(job.id, (), None, KEEP, KEEP, fire, due)


def outlook(job: Job, state: JobState, known: datetime | None = None) -> Plan:
    """Return what to wait for next, judging nothing; its ``due`` may have passed.

    Args:
        job: the job.
        state: what the store knows of it.
        known: the next fire time as it was found earlier. It still is the next one unless the mark
            has come up to it; a mark moves over fire times that are decided, and only forward.
    """
    rules = job.rules
    if not rules.enabled or (rules.max_runs is not None and _spent(job, state)):
        return _wait(job, None, None)
    if state.pause is not None:
        return _wait(job, None, state.pause.until)
    base = state.first_seen if state.mark is None else state.mark
    fire = known if known is not None and known > base else next_fire(job, base)
    return _wait(job, fire, fire if fire is None or rules.jitter is None else due_at(job, fire))


def fire_times(job: Job, state: JobState) -> Iterator[datetime]:
    """Yield the fire times at which the job will run, as far as can be told now, in UTC.

    They end where ``max_runs`` does, begin where a pause ends, and stop where a trigger raises.
    """
    left = None if job.max_runs is None else job.max_runs - state.planned
    base, pause = state.base, state.pause
    if not job.enabled or (pause is not None and pause.until is None):
        return
    if pause is not None and pause.until is not None:
        base = max(base, pause.until)
    while left is None or left > 0:
        try:
            fire = next_fire(job, base)
        except BaseException:  # noqa: BLE001 -- the trigger boundary
            return
        if fire is None:
            return
        yield fire
        base = fire
        left = None if left is None else left - 1


def plan_job(job: Job, state: JobState, now: datetime, known: datetime | None = None) -> Plan:
    """Judge the fire times of `job` that are due at `now`.

    Args:
        job: the job.
        state: what the store knows of it.
        now: the present instant, in UTC.
        known: as for `outlook`.
    """
    rules = job.rules
    if state.pause is not None or rules.max_runs is not None or not rules.enabled:
        look = outlook(job, state, known)
        if look.due is None or look.due > now:
            return look
        if look.fire is None:
            return _plan_end_of_pause(job, state, look.due)
        fire, due = look.fire, look.due
    else:  # most jobs, most of the time
        base = state.first_seen if state.mark is None else state.mark
        found = known if known is not None and known > base else next_fire(job, base)
        if found is None:
            return _wait(job, None, None)
        fire, due = found, due_at(job, found) if rules.jitter else found
        if due > now:
            return _wait(job, fire, due)
    after = next_fire(job, fire)
    rows: Sequence[Decision]
    if after is None or (due_at(job, after) if rules.jitter else after) > now:
        rows, mark = (_judge(job, now, fire, due),), fire
        if state.live:
            rows = _overlap(job, state, rows, now)
    else:
        rows, mark = _plan_many(job, state, now, fire)
        after = next_fire(job, mark)
    if state.rewind is not None:
        rows = _once_more(rows, state.rewind)
    if after is None or (rules.max_runs is not None and _spent(job, state, rows)):
        return Plan(job.id, rows, mark)
    due = due_at(job, after) if rules.jitter else after
    return Plan(job.id, rows, mark, KEEP, KEEP, after, due)


def _plan_end_of_pause(job: Job, state: JobState, until: datetime) -> Plan:
    verdict = plan_unpause(job, state, until)
    base = state.base if verdict.mark is None else verdict.mark
    fire = next_fire(job, base)
    due = None if fire is None else due_at(job, fire)
    return Plan(job.id, verdict.decisions, verdict.mark, verdict.pause, KEEP, fire, due)


def _spent(job: Job, state: JobState, rows: Sequence[Decision] = ()) -> bool:
    """Return whether the trigger has given the job all the runs it may, `rows` included."""
    if job.max_runs is None:
        return False
    return state.planned + sum(row.outcome is None for row in rows) >= job.max_runs


def plan_unpause(job: Job, state: JobState, at: datetime) -> Verdict:
    """End a pause: what fell into it is one row, and nothing is owed."""
    fire = None if _spent(job, state) else next_fire(job, state.base)
    rows: tuple[Decision, ...] = ()
    if fire is not None and fire <= at:
        last = newest_due(job, fire, at, lambda each: each)
        rows = (stretch(job, fire, last, Outcome.SKIPPED, "paused"),)
    if state.rewind is not None:
        rows = tuple(_once_more(rows, state.rewind))
    return Verdict(job.id, rows, max(at, state.base), None)


def _once_more(rows: Sequence[Decision], rewind: Rewind) -> list[Decision]:
    """Tell rows for fire times that come once more apart from those of the first time."""
    names = {
        row.run_id: f"{row.run_id}~{rewind.generation}"
        for row in rows
        if row.fire_time <= rewind.until
    }
    return [
        attrs.evolve(
            row,
            run_id=names.get(row.run_id, row.run_id),
            blocked_by=names.get(row.blocked_by or "", row.blocked_by),
        )
        for row in rows
    ]


def plan_skip_to(state: JobState, at: datetime) -> Verdict:
    """Owe nothing before `at`: the mark moves there, without a row."""
    return Verdict(state.job_id, (), max(at, state.base))


def plan_extra(job: Job, state: JobState, decision: Decision, *, force: bool = False) -> Verdict:
    """Judge a run that no trigger asked for (by hand, backfill, after another job).

    It obeys ``overlap`` unless `force`; it ignores pause and misfire and does not move the mark.
    """
    if not force:
        decision = _overlap(job, state, [decision], decision.not_before)[0]
    return Verdict(job.id, (decision,))


# --- several fire times are due ------------------------------------------------------------------


def _plan_many(
    job: Job, state: JobState, now: datetime, first: datetime
) -> tuple[list[Decision], datetime]:
    def due(fire: datetime) -> datetime:
        return due_at(job, fire)

    newest = newest_due(job, first, now, due)
    rows: list[Decision] = []
    oldest: datetime | None = first
    if job.misfire_grace is not None and due(first) < now - job.misfire_grace:
        oldest = first_fresh(job, first, newest, now - job.misfire_grace)
        last = newest if oldest is None else fire_before(job, oldest, first)
        rows.append(stretch(job, first, last, Outcome.MISFIRED, "misfire_grace"))
    if oldest is not None:
        left, chosen = coalesce(job, oldest, newest)
        judged = _overlap(job, state, [_judge(job, now, fire, due(fire)) for fire in chosen], now)
        rows += [*left, *_up_to_last_run(job, state, judged)]
    rest = unsearched(job, newest, now)
    if rest is not None:
        rows.append(rest)
    return rows, newest if rest is None else now


def _up_to_last_run(job: Job, state: JobState, rows: Sequence[Decision]) -> Sequence[Decision]:
    """Leave out what comes after the last run that the job may have: it does not fire any more."""
    if job.max_runs is None:
        return rows
    left = job.max_runs - state.planned
    for place, row in enumerate(rows):
        left -= row.outcome is None
        if left == 0:
            return rows[: place + 1]
    return rows


# --- fire times that were chosen to run ----------------------------------------------------------


def _judge(job: Job, now: datetime, fire: datetime, due: datetime) -> Decision:
    """Return a row for a chosen fire time, given with its jitter."""
    job_id, rules = job.id, job.rules
    row = Decision(run_id(job_id, fire), job_id, fire, due, rules.priority)
    if rules.misfire_grace is not None and now - due > rules.misfire_grace:
        row.outcome, row.reason = Outcome.MISFIRED, "misfire_grace"
    return row


def _overlap(
    job: Job, state: JobState, rows: Sequence[Decision], now: datetime
) -> Sequence[Decision]:
    """Apply ``overlap`` once for the batch: fire times caught up together follow one another."""
    live = state.live
    if not live or job.overlap == "allow":
        return rows
    blocker = next(iter(live))
    abandoned = next((each for each in live if each.abandoned), None)
    if job.overlap == "skip" or abandoned is not None:
        reason = "overlap" if abandoned is None else "abandoned"
        by = (abandoned or blocker).id
        return [_skipped(row, reason, by) for row in rows]
    if job.overlap == "queue":
        queued = sum(not each.running and each.attempt == 0 for each in live)
        if queued == len(live):
            queued -= 1  # the oldest is about to start: the others wait for it
        kept = max(0, job.queue_limit - queued)
        return [*rows[:kept], *(_skipped(row, "queue_full", blocker.id) for row in rows[kept:])]
    *older, last = rows
    return [
        *(_skipped(row, "overlap", last.run_id) for row in older),
        _replacing(last, tuple(each.id for each in live), now),
    ]


def _skipped(row: Decision, reason: str, blocker: str) -> Decision:
    if row.outcome is not None:
        return row
    return attrs.evolve(row, outcome=Outcome.SKIPPED, reason=reason, blocked_by=blocker)


def _replacing(row: Decision, old: tuple[str, ...], now: datetime) -> Decision:
    if row.outcome is not None:
        return row
    return attrs.evolve(row, cancels=old, give_up_at=now + NOT_STOPPED_AFTER, blocked_by=old[0])
