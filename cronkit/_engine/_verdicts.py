"""What an attempt comes to: an outcome, or another attempt; and what follows it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from cronkit._convert import ZERO
from cronkit._engine._failing import PAUSES
from cronkit._engine._planner import plan_extra
from cronkit._failure import class_of, is_a
from cronkit.errors import RunCancelledError, RunInterruptedError, RunTimeoutError
from cronkit.jobs import Decision, Ending, Outcome, Verdict, run_id

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from cronkit._attempt import Attempt
    from cronkit.jobs import Job, JobState


def judge(
    attempt: Attempt,
    error: BaseException,
    now: datetime,
    *,
    abandoned: bool = False,
    last: bool = False,
) -> Ending:
    """Return what to write for an attempt that raised or was abandoned.

    Args:
        attempt: the attempt.
        error: what it raised.
        now: the present instant, in UTC.
        abandoned: its timeout ended and its thread goes on.
        last: there is no further attempt, whatever the job's rule says: nobody would take it.
    """
    outcome, reason = _outcome(attempt, error)
    retry_at = None
    if outcome is not Outcome.CANCELLED and not last:
        retry_at = _retry_at(attempt, error, now, ended=not abandoned)
    return Ending(
        run_id=attempt.run_id,
        at=now,
        fence=attempt.taken.fence,
        outcome=None if retry_at is not None else outcome,
        retry_at=retry_at,
        reason=reason,
        error=attempt.text_of(error),
        error_type=class_of(error),
        abandoned=abandoned and retry_at is None,
        notes=attempt.notes,
    )


def _outcome(attempt: Attempt, error: BaseException) -> tuple[Outcome, str | None]:
    asked = attempt.token.reason
    if is_a(error, RunTimeoutError) and asked == "timeout":
        return Outcome.TIMED_OUT, None
    if is_a(error, RunInterruptedError):
        return Outcome.INTERRUPTED, error.reason
    if is_a(error, RunCancelledError):
        return Outcome.CANCELLED, asked or error.reason
    return Outcome.FAILED, None


def _retry_at(
    attempt: Attempt, error: BaseException, now: datetime, *, ended: bool
) -> datetime | None:
    """Return when to try again; ``None``: this was the last attempt."""
    retry, taken = attempt.job.retry, attempt.taken
    asked = attempt.token.reason
    if is_a(error, RunInterruptedError):
        again = attempt.job.on_interrupted == "rerun" and asked is None
        return rerun_at(taken.attempt, now) if again else None
    if taken.attempt >= retry.attempts or asked not in {None, "timeout"}:
        return None
    try:
        wanted = retry.wants(error, ended=ended)
        delay = retry.delay(taken.run_id, taken.attempt, error) if wanted else None
    except BaseException:  # noqa: BLE001 -- the job boundary: retry_on is the user's own function
        return None
    if delay is None or (
        retry.give_up_after is not None
        and taken.first_started_at + retry.give_up_after - now < max(delay, ZERO)
    ):
        return None
    try:
        return now + delay
    except OverflowError:
        return None


def rerun_at(attempt: int, now: datetime) -> datetime:
    """Return when a run that was interrupted may run again.

    The first time that is at once. From then on it may be the run that kills its process, and the
    next, and it must not take down all hosts one after another: the pause doubles.

    Args:
        attempt: the attempt that was interrupted.
        now: the present instant, in UTC.
    """
    return now if attempt == 1 else now + PAUSES.delay("", attempt - 1)


_AFTER = {
    "succeeded": frozenset({Outcome.SUCCEEDED}),
    "failed": frozenset({Outcome.FAILED, Outcome.TIMED_OUT, Outcome.INTERRUPTED}),
    "any": frozenset(Outcome) - {Outcome.SKIPPED, Outcome.MISFIRED},
}


def follow_ups(
    job_of: Callable[[JobState], Job], ending: Ending, parent: str, fire_time: datetime
) -> Callable[[Sequence[JobState]], list[Verdict]]:
    """Return the plan that gives each follower of a run its waiting row.

    A follower takes the fire time and the suffix of its parent, so its id is the same on every
    host and it runs once.

    Args:
        job_of: gives the job of a state.
        ending: how the run has ended.
        parent: the job of the run.
        fire_time: the fire time of the run.
    """
    suffix = ending.run_id.removeprefix(run_id(parent, fire_time))

    def plan(states: Sequence[JobState]) -> list[Verdict]:
        jobs = [(job_of(state), state) for state in states]
        return [
            _follow_up(job, state)
            for job, state in jobs
            if job.parent == parent and ending.outcome in _AFTER[job.on] and job.enabled
        ]

    def _follow_up(job: Job, state: JobState) -> Verdict:
        decision = Decision(
            run_id=run_id(job.id, fire_time, suffix),
            job_id=job.id,
            fire_time=fire_time,
            not_before=ending.at,
            origin="after",
            priority=job.priority,
        )
        if state.pause is not None:
            skipped = attrs.evolve(decision, outcome=Outcome.SKIPPED, reason="paused")
            return Verdict(job.id, (skipped,))
        return plan_extra(job, state, decision)

    return plan
