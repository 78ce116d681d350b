"""What a scheduler shows of itself: upcoming fire times, runs, status."""

from __future__ import annotations

import heapq
from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING, cast

from cronkit import _convert
from cronkit._app._health import health_of
from cronkit._app._status import FireTime, GoingRun, JobStatus, Status
from cronkit._engine._planner import fire_times
from cronkit.errors import StoreError
from cronkit.jobs import JobState, Outcome
from cronkit.triggers import text_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from datetime import datetime

    from cronkit._app._lifecycle import Lifecycle
    from cronkit._app._registry import Registry
    from cronkit._attempt import Attempt
    from cronkit._engine._engine import Engine
    from cronkit.abc import SharedStore
    from cronkit.jobs import Job, Run, StoredJob

_MOST = 1_000_000_000


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
            _convert.integer(limit, "limit", least=0, most=_MOST)
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
            _convert.integer(limit, "limit", least=0, most=_MOST)
        if job_id is not None:
            _convert.name(job_id, "job_id")
        core = self._core
        # Never the store's lock alone: a signal handler may stop the scheduler here.
        with core.lock:
            found = core.store.runs(job_id=job_id, outcome=outcome, limit=limit)
        return [core.localized(run) for run in found]

    def status(self) -> Status:
        """Return what this process does; see `Scheduler.status`."""
        core, attempts, lifecycle = self._core, self._engine.attempts, self._lifecycle
        with core.lock:
            states = self._known_states()
            ended = self._last_ended(states.keys())
            going = Counter(each.job.id for each in attempts.running.values())
            jobs = tuple(
                self._job_status(job, states.get(job.id), ended.get(job.id), going[job.id])
                for job in core.jobs.values()
            ) + tuple(map(_quarantined, self._unknown()))
            return Status(
                running=lifecycle.running,
                now=core.clock.now(),
                timezone=str(self._registry.zone),
                jobs=jobs,
                outcomes={str(each): n for each, n in attempts.endings.tally.outcomes.items() if n},
                runs_going_on=len(attempts.running),
                going_on=tuple(map(_going, attempts.running.values())),
                abandoned=len(attempts.abandoned),
                lateness=attempts.endings.tally.lateness,
                worst_lateness=attempts.endings.tally.worst_lateness,
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

    def _unknown(self) -> list[StoredJob]:
        """Return the jobs of a shared store that are not registered here."""
        core = self._core
        if not core.shares or self._engine.outage.since is not None:
            return []
        try:
            known = cast("SharedStore", core.store).known_jobs()
        except StoreError:
            return []
        return [each for each in known if each.id not in core.jobs]

    def _last_ended(self, job_ids: Collection[str]) -> Mapping[str, Run]:
        """Return the newest ended runs of these jobs; none while the store does not answer."""
        if not job_ids:
            return {}
        try:
            return self._core.store.last_ended(job_ids)
        except StoreError:
            return {}

    def _job_status(
        self, job: Job, known: JobState | None, ended: Run | None, going: int
    ) -> JobStatus:
        state = known
        if state is None:
            state = _from_now(job.id, self._core.clock.now(), None)
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


def _quarantined(job: StoredJob) -> JobStatus:
    return JobStatus(
        id=job.id,
        trigger=job.trigger,
        state="quarantined",
        next_fire_time=None,
        pause=None,
        running=0,
        last_outcome=None,
        last_fire_time=None,
        last_duration=None,
        tags=job.tags,
        edited=job.edited,
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
