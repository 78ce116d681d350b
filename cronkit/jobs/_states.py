"""What passes between the planner and a store: states in, verdicts out.

A store reads `JobState`, hands it to the planner, and writes what the `Verdict` says, in one
transaction. A store knows no policy; the planner knows no store.

`Decision`, `Verdict`, `Taken` and `Ending` are written once and only read afterwards. They are not
frozen, because attrs pays for that with a call a field, and take their first fields by position,
because a keyword costs more than the field: every fire time makes one of each.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Final, Literal

import attrs

from cronkit.jobs._runs import NOTHING, Origin, Outcome


@attrs.frozen(kw_only=True)
class Pause:
    """Why a job does not fire for a while.

    Attributes:
        at: since when.
        until: when it ends by itself; ``None``: when somebody unpauses it.
        by: who paused it.
        why: for what reason.
    """

    at: datetime
    until: datetime | None = None
    by: str | None = None
    why: str | None = None


@attrs.frozen(kw_only=True)
class Edit:
    """What was changed of a job while schedulers ran; it stands in place of what the code says.

    Attributes:
        replaced: the text of the code's trigger at that time; the edit holds as long as the code
            says this.
        trigger: the trigger in its place, as `cronkit.triggers.dump_trigger` writes it; ``None``:
            the code's own.
        policies: the policies in place of the code's own, in the form of JSON.
    """

    replaced: str
    trigger: str | None = None
    policies: Mapping[str, object] = NOTHING


@attrs.frozen(kw_only=True)
class LiveRun:
    """A run that has not ended, as the planner sees it.

    Attributes:
        id: the run.
        running: whether an attempt is going on (else it waits).
        attempt: its newest attempt, 0 before the first.
        abandoned: it timed out and its thread goes on.
    """

    id: str
    running: bool
    attempt: int = 0
    abandoned: bool = False


@attrs.frozen(kw_only=True)
class Rewind:
    """A mark that went back because the wall clock was set back.

    Attributes:
        generation: of the clock, counted from 1; it stands in the ids of the runs as ``~1``.
        until: the mark as it was; up to here fire times come once more.
    """

    generation: int
    until: datetime


@attrs.define(kw_only=True, weakref_slot=False)
class JobState:
    """What a store knows of a job. It belongs to the store; a planner only reads it.

    Attributes:
        job_id: the job.
        first_seen: when a scheduler first started with it; it owes nothing before.
        mark: the newest fire time decided; ``None`` before the first.
        pause: the pause it is in.
        planned: how many runs its trigger has been given.
        live: runs that wait or go on, oldest first.
        rewind: the last time its mark went back; ``None``: never.
        edit: what was changed of the job while schedulers ran.
    """

    job_id: str
    first_seen: datetime
    mark: datetime | None = None
    pause: Pause | None = None
    planned: int = 0
    live: Collection[LiveRun] = ()
    rewind: Rewind | None = None
    edit: Edit | None = None

    @property
    def base(self) -> datetime:
        """The instant after which fire times are still open."""
        return self.first_seen if self.mark is None else self.mark


@attrs.define(weakref_slot=False)
class Decision:
    """What becomes of one fire time, or of one stretch of them.

    Attributes:
        run_id: the id of the row to write.
        job_id: the job.
        fire_time: the fire time; of a stretch the last one.
        outcome: ``None``: the run waits to be taken; else it ends at once, not executed.
        reason: why, where it is not executed.
        not_before: the earliest start, in UTC: the fire time with its jitter.
        priority: the job's priority.
        origin: what asked for it.
        first: of a stretch the first fire time; ``None`` for one fire time.
        count: how many fire times the row stands for.
        at_least: whether `count` is a floor.
        blocked_by: the run that stands in the way.
        cancels: runs that are asked to stop for this one.
        give_up_at: a waiting run that has not started by then ends ``skipped(not_stopped)``.
        force: limits of the job do not hold it back.
        key: idempotency key; a second row of the job with the same key is refused.
        args: arguments in place of the job's own; ``None``: the job's own.
        kwargs: keyword arguments in place of the job's own; ``None``: the job's own.
    """

    run_id: str
    job_id: str
    fire_time: datetime
    not_before: datetime
    priority: int = 0
    outcome: Outcome | None = None
    reason: str | None = None
    origin: Origin = "trigger"
    first: datetime | None = None
    count: int = 1
    at_least: bool = False
    blocked_by: str | None = None
    cancels: tuple[str, ...] = ()
    give_up_at: datetime | None = None
    force: bool = False
    key: str | None = None
    args: tuple[object, ...] | None = None
    kwargs: Mapping[str, object] | None = None


Keep = Literal["keep"]
KEEP: Final[Keep] = "keep"


@attrs.define(weakref_slot=False)
class Verdict:
    """All that one transaction changes of one job.

    Attributes:
        job_id: the job.
        decisions: rows to write, oldest first.
        mark: the new mark; ``None`` leaves it. A store refuses to move it back.
        pause: the new pause, ``None`` to end it, `KEEP` to leave it.
        edit: the new edit, ``None`` to drop it, `KEEP` to leave it.
    """

    job_id: str
    decisions: Sequence[Decision] = ()
    mark: datetime | None = None
    pause: Pause | Keep | None = KEEP
    edit: Edit | Keep | None = KEEP


def plan_of(
    judge: Callable[[JobState], Verdict | None],
) -> Callable[[Sequence[JobState]], list[Verdict]]:
    """Return the plan that judges one job after the other; of some there is nothing to write."""

    def plan(states: Sequence[JobState]) -> list[Verdict]:
        return [each for each in map(judge, states) if each is not None]

    return plan


@attrs.define(weakref_slot=False)
class Taken:
    """A waiting row that has become this scheduler's to run.

    Attributes:
        run_id: the run.
        job_id: the job.
        fire_time: its fire time.
        due: the fire time with its jitter.
        attempt: the attempt to start, counted from 1.
        started_at: the stamp of this start.
        first_started_at: the stamp of the first attempt's start.
        fence: the store's rising number; ``None`` in a memory store.
        origin: what asked for the run.
        args: arguments in place of the job's own; ``None``: the job's own.
        kwargs: keyword arguments in place of the job's own; ``None``: the job's own.
    """

    run_id: str
    job_id: str
    fire_time: datetime
    due: datetime
    attempt: int
    started_at: datetime
    first_started_at: datetime
    fence: int | None = None
    origin: Origin = "trigger"
    args: tuple[object, ...] | None = None
    kwargs: Mapping[str, object] | None = None


@attrs.define(weakref_slot=False)
class Ending:
    """What an attempt comes to, as it is written to the store.

    Attributes:
        run_id: the run.
        fence: the fence under which it was taken; an older one than the store's is refused.
        at: when.
        outcome: the outcome; ``None``: the run waits for another attempt.
        notes: what the job recorded.
        retry_at: with no outcome: the earliest start of the next attempt.
        reason: why, where the outcome alone does not say.
        error: the exception as text.
        error_type: the exception's class, with its module.
        abandoned: the attempt's thread goes on.
    """

    run_id: str
    at: datetime
    fence: int | None = None
    outcome: Outcome | None = None
    notes: Mapping[str, object] = NOTHING
    retry_at: datetime | None = None
    reason: str | None = None
    error: str | None = None
    error_type: str | None = None
    abandoned: bool = False


@attrs.frozen(kw_only=True)
class Closing:
    """The end of an attempt, with what follows from it in the same transaction.

    Attributes:
        ending: what the attempt came to.
        followers: the jobs that `plan` judges.
        plan: gives the followers their rows; ``None``: nothing follows.
    """

    ending: Ending
    followers: tuple[str, ...] = ()
    plan: Callable[[Sequence[JobState]], Sequence[Verdict]] | None = None


@attrs.frozen(kw_only=True)
class Limits:
    """How many runs may go on at once over all schedulers of a store.

    Attributes:
        jobs: by job; a job that is not named has no limit.
        tags: by tag.
        tags_of: the tags of each job that has any, those without a limit here too: another
            scheduler may limit them.
    """

    jobs: Mapping[str, int]
    tags: Mapping[str, int]
    tags_of: Mapping[str, frozenset[str]]
