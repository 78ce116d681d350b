"""What a scheduler shows of itself: upcoming fire times, runs, status."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING

import attrs

from cronkit import _convert
from cronkit._app._health import Health, health_of
from cronkit._engine._planner import fire_times
from cronkit.errors import PolicyError, StoreError
from cronkit.jobs import JobState, Outcome, Pause
from cronkit.triggers import text_of

if TYPE_CHECKING:
    from cronkit._app._lifecycle import Lifecycle
    from cronkit._app._registry import Registry
    from cronkit._context import Attempt
    from cronkit._engine._engine import Engine
    from cronkit.jobs import Job, Run


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
        state: ``"armed"``, ``"paused"``, ``"disabled"``, ``"manual"``, ``"following"`` or
            ``"finished"``.
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
        jobs: its jobs, in the order they were added.
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


class Queries:
    """Reads what the engine and the store know; changes nothing."""

    def __init__(self, engine: Engine, registry: Registry, lifecycle: Lifecycle) -> None:
        self._engine = engine
        self._core = engine.core
        self._registry = registry
        self._lifecycle = lifecycle

    def upcoming(self, until: datetime | str | None, limit: int | None) -> list[FireTime]:
        """Return the next fire times of all jobs, merged; see `Scheduler.upcoming`."""
        if until is None and limit is None:
            limit = len(self._core.jobs)
        if limit is not None:
            _convert.integer(limit, "limit", least=0)
        edge = None
        if until is not None:
            moment = _convert.moment(until, "until")
            edge = _convert.in_zone(moment, self._registry.zone, "until")
        return list(islice(self._merged(edge), limit))

    def _merged(self, until: datetime | None) -> Iterator[FireTime]:
        with self._core.lock:
            jobs = dict(self._core.jobs)
            states = self._states(jobs)
        streams = [_ordered(jobs[job_id], state) for job_id, state in states.items()]
        for fire, _, job_id in heapq.merge(*streams):
            if until is not None and fire >= until:
                return
            yield FireTime(fire_time=fire.astimezone(jobs[job_id].zone), job_id=job_id)

    def _states(self, jobs: Mapping[str, Job]) -> Mapping[str, JobState]:
        """Return the states of jobs; on a scheduler that is not started they begin now."""
        known = self._core.store.states(jobs.keys())
        if self._lifecycle.running:
            return known
        now = self._core.clock.now()
        return {each: _from_now(each, now, known.get(each)) for each in jobs}

    def runs(self, job_id: str | None, outcome: str | None, limit: int | None) -> list[Run]:
        """Return records of runs, the newest fire time first; see `Scheduler.runs`."""
        if outcome is not None:
            _convert.choice(outcome, "outcome", tuple(map(str, Outcome)))
        if limit is not None:
            _convert.integer(limit, "limit", least=0)
        if job_id is not None and not isinstance(job_id, str):
            raise PolicyError("job_id", job_id, "the id of a job")
        core = self._core
        found = core.store.runs(job_id=job_id, outcome=outcome, limit=limit)
        return [core.localized(run) for run in found]

    def status(self) -> Status:
        """Return what this process does; see `Scheduler.status`."""
        core, attempts, lifecycle = self._core, self._engine.attempts, self._lifecycle
        with core.lock:
            states = self._known_states()
            going = Counter(each.job.id for each in attempts.running.values())
            jobs = tuple(
                self._job_status(job, states.get(job.id), going[job.id])
                for job in core.jobs.values()
            )
            return Status(
                running=lifecycle.running,
                now=core.clock.now(),
                timezone=str(self._registry.zone),
                jobs=jobs,
                outcomes={str(each): n for each, n in attempts.tally.outcomes.items()},
                runs_going_on=len(attempts.running),
                going_on=tuple(map(_going, attempts.running.values())),
                abandoned=len(attempts.abandoned),
                lateness=attempts.tally.lateness,
                worst_lateness=attempts.tally.worst_lateness,
                executors={
                    name or "default": dict(each.status())
                    for name, each in attempts.executors.items()
                },
                hooks_failed=core.hooks.failed,
                events_dropped=core.hooks.dropped,
                loop_failures=0 if lifecycle.loop is None else lifecycle.loop.failures,
                health=health_of(self._engine, lifecycle, states.values()),
            )

    def _known_states(self) -> Mapping[str, JobState]:
        """Return what the store knows; nothing while it does not answer."""
        if self._engine.outage.since is not None:
            return {}
        try:
            return self._states(self._core.jobs)
        except StoreError:
            return {}

    def _last_ended(self, job_id: str) -> Run | None:
        try:
            return next(iter(self._core.store.runs(job_id=job_id, ended=True, limit=1)), None)
        except StoreError:
            return None

    def _job_status(self, job: Job, known: JobState | None, going: int) -> JobStatus:
        state, ended = known, None
        if state is None:
            state = _from_now(job.id, self._core.clock.now(), None)
        else:
            ended = self._last_ended(job.id)
        fire = None if state.pause is not None else next(fire_times(job, state), None)
        return JobStatus(
            id=job.id,
            trigger="" if job.trigger is None else text_of(job.trigger),
            state=_state_word(job, state, fire, self._core.jobs),
            next_fire_time=None if fire is None else fire.astimezone(job.zone),
            pause=state.pause,
            running=going,
            last_outcome=None if ended is None else ended.outcome,
            last_fire_time=None if ended is None else ended.fire_time.astimezone(job.zone),
            last_duration=None if ended is None else ended.duration,
            tags=job.tags,
            edited=state.edit is not None,
        )


def _going(attempt: Attempt) -> GoingRun:
    done, total = attempt.progress
    return GoingRun(
        id=attempt.run_id,
        job_id=attempt.job.id,
        fire_time=attempt.taken.fire_time.astimezone(attempt.job.zone),
        attempt=attempt.taken.attempt,
        started_at=attempt.taken.started_at,
        deadline=attempt.deadline,
        cancelled=attempt.token.reason is not None,
        done=done,
        total=total,
    )


def _ordered(job: Job, state: JobState) -> Iterator[tuple[datetime, int, str]]:
    """Yield a job's fire times in a form that compares as runs that are due together do."""
    return ((fire, -job.priority, job.id) for fire in fire_times(job, state))


def _from_now(job_id: str, now: datetime, known: JobState | None) -> JobState:
    if known is None:
        return JobState(job_id=job_id, first_seen=now)
    return JobState(job_id=job_id, first_seen=now, pause=known.pause, planned=known.planned)


def _state_word(job: Job, state: JobState, fire: datetime | None, jobs: Mapping[str, Job]) -> str:
    if not job.enabled:
        return "disabled"
    if job.parent is not None:
        return "following" if job.parent in jobs else "finished"
    if job.trigger is None:
        return "manual"
    if state.pause is not None:
        return "paused"
    return "finished" if fire is None else "armed"
