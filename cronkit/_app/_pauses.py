"""Pausing and unpausing jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cronkit import _convert
from cronkit._engine._planner import plan_unpause
from cronkit.errors import PolicyError
from cronkit.jobs import JobPaused, JobUnpaused, Pause, Verdict

if TYPE_CHECKING:
    from datetime import datetime

    from cronkit._app._registry import Registry
    from cronkit._engine._engine import Engine
    from cronkit.jobs import JobEvent

_LONGEST_NOTE = 1_000


class Pauses:
    """Writes pauses to the store and takes them back."""

    def __init__(self, engine: Engine, registry: Registry) -> None:
        self._engine = engine
        self._core = engine.core
        self._registry = registry

    def pause(
        self,
        job_id: str | None,
        *,
        until: datetime | str | None,
        by: str | None,
        why: str | None,
    ) -> None:
        """Pause one job, or all; see `Scheduler.pause`."""
        core = self._core
        for word, value in (("by", by), ("why", why)):
            if value is not None:
                _convert.text(value, word, most=_LONGEST_NOTE)
        with core.lock:
            ids, now = self._chosen(job_id, "pause"), core.clock.now()
            end = None
            if until is not None:
                moment = _convert.moment(until, "until")
                end = _convert.in_zone(moment, self._registry.zone, "until")
                if end <= now:
                    raise PolicyError("until", end.isoformat(), f"later than {now.isoformat()}")
            pause = Pause(at=now, until=end, by=by, why=why)
            # What is due already is decided first: a pause takes back nothing.
            self._engine.decider.decide(ids, now, start=False)
            self._engine.decider.change(ids, lambda job, _: Verdict(job.id, (), None, pause), now)
            self._engine.attempts.hungry = True
            self._tell(JobPaused, ids, now)

    def begin(self, now: datetime) -> None:
        """Pause all jobs as a scheduler starts; what they owe falls into the pause."""
        ids, pause = list(self._core.jobs), Pause(at=now, why="started paused")
        self._engine.decider.change(ids, lambda job, _: Verdict(job.id, (), None, pause), now)
        self._tell(JobPaused, ids, now)

    def unpause(self, job_id: str | None) -> None:
        """Unpause one job, or all; see `Scheduler.unpause`."""
        core = self._core
        with core.lock:
            ids, now = self._chosen(job_id, "unpause"), core.clock.now()
            states = core.store.states(ids)
            ids = [each for each in ids if states[each].pause is not None]
            self._engine.decider.change(ids, lambda job, state: plan_unpause(job, state, now), now)
            self._tell(JobUnpaused, ids, now)

    def _chosen(self, job_id: str | None, what: str) -> list[str]:
        ids = [self._registry.get(job_id).id] if job_id is not None else list(self._core.jobs)
        self._registry.require_live(what)
        return ids

    def _tell(self, kind: type[JobEvent], ids: list[str], now: datetime) -> None:
        if self._core.hooks.wants(kind):
            for job_id in ids:
                self._core.hooks.emit(kind(at=now, job_id=job_id))
