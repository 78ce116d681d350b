"""The values in which a scheduler shows itself: fire times to come, jobs, runs, the whole."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import attrs

from cronkit._app._health import Health
from cronkit.jobs import Outcome, Pause


@attrs.frozen(kw_only=True)
class FireTime:
    """An instant at which a job's trigger fires.

    Attributes:
        fire_time: the instant, in the zone of the job's trigger.
        job_id: the job.
    """

    fire_time: datetime
    job_id: str


@attrs.frozen(kw_only=True)
class JobStatus:
    """A job as `Scheduler.status` shows it.

    Attributes:
        id: the job.
        trigger: the trigger as text; empty for a job without one.
        state: ``"armed"``, ``"paused"``, ``"disabled"``, ``"manual"``, ``"following"``,
            ``"finished"``, or ``"quarantined"``: a job of the shared store whose function is not
            registered here. It stays there; others may have it.
        next_fire_time: in the zone of the trigger; ``None`` where there is none.
        pause: the pause it is in.
        running: how many of its runs go on in this process.
        last_outcome: of its newest ended run.
        last_fire_time: of its newest ended run.
        last_duration: of its newest ended run that was executed.
        tags: its tags.
        edited: whether a stored edit stands in place of what the code says.
    """

    id: str
    trigger: str
    state: str
    next_fire_time: datetime | None
    pause: Pause | None
    running: int
    last_outcome: Outcome | None
    last_fire_time: datetime | None
    last_duration: timedelta | None
    tags: frozenset[str]
    edited: bool = False


@attrs.frozen(kw_only=True)
class GoingRun:
    """A run that goes on in this process.

    Attributes:
        id: the run.
        job_id: its job.
        fire_time: in the zone of the job's trigger.
        attempt: which attempt it is, counted from 1.
        started_at: when that has started.
        deadline: when its timeout ends; ``None`` without one.
        cancelled: whether it is asked to stop.
        done: how far it has come, as it has said with ``progress``; ``None``: it has not.
        total: what it takes for the whole; ``None``: it has not said.
    """

    id: str
    job_id: str
    fire_time: datetime
    attempt: int
    started_at: datetime
    deadline: datetime | None
    cancelled: bool
    done: float | None
    total: float | None


@attrs.frozen(kw_only=True)
class Status:
    """A scheduler of this process at one instant.

    Attributes:
        running: whether it is started.
        now: the instant.
        timezone: the name of its zone.
        jobs: its jobs, in the order they were added, and those of the store that it does not have.
        outcomes: ended runs of this process by outcome.
        runs_going_on: how many runs go on in this process.
        going_on: those runs, in the order they were taken.
        abandoned: how many timed-out runs have threads that still go on.
        lateness: of the newest run, from its fire time to its start.
        worst_lateness: the greatest since the scheduler was made.
        executors: counts by executor: ``slots``, ``busy``, ``abandoned``.
        hooks_failed: how many deliveries to hooks raised.
        events_dropped: how many events the full queue has refused.
        loop_failures: how many steps of the loop raised.
        health: whether all is well.
    """

    running: bool
    now: datetime
    timezone: str
    jobs: tuple[JobStatus, ...]
    outcomes: Mapping[str, int]
    runs_going_on: int
    going_on: tuple[GoingRun, ...]
    abandoned: int
    lateness: timedelta | None
    worst_lateness: timedelta | None
    executors: Mapping[str, Mapping[str, int]]
    hooks_failed: int
    events_dropped: int
    loop_failures: int
    health: Health
