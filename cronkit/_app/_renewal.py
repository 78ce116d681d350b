"""New zone data for jobs that go on: `Scheduler.reload_timezones`.

A `ZoneInfo` keeps the rules it was loaded with. After the zone database has been updated each one
in a trigger is replaced by one of the same name that is read anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, cast
from zoneinfo import ZoneInfo

import attrs

from cronkit._engine._planner import plan_skip_to
from cronkit.cron import CronExpression
from cronkit.jobs import Verdict

if TYPE_CHECKING:
    from datetime import datetime

    from cronkit._app._registry import Registry
    from cronkit._engine._engine import Engine
    from cronkit.jobs import Job, JobState

_T = TypeVar("_T")


def reload_timezones(engine: Engine, registry: Registry) -> None:
    """Read zones anew for the scheduler and all its jobs, and look for their next fire times."""
    ZoneInfo.clear_cache()
    core = engine.core
    with core.lock:
        registry.zone = renewed(registry.zone)
        for job_id, job in core.jobs.items():
            core.jobs[job_id] = _renewed_job(job)
        if core.edits is not None:
            core.edits.renew(_renewed_job)
        engine.neighbours.jobs_changed()
        if registry.live:
            now = core.clock.now()
            ids = list(core.jobs)
            for job_id in ids:
                engine.decider.disarm(job_id)
            # What was due by the old rules is decided; a time that the new ones move is not owed.
            engine.decider.change(ids, lambda _, state: _from(state, now), now)


def _renewed_job(job: Job) -> Job:
    return attrs.evolve(job, trigger=renewed(job.trigger), zone=renewed(job.zone))


def _from(state: JobState, now: datetime) -> Verdict:
    return Verdict(state.job_id) if state.pause is not None else plan_skip_to(state, now)


def renewed(value: _T) -> _T:
    """Return a value with each zone in it read anew: a zone, an expression, a built-in trigger.

    Anything else is returned as it is; a trigger of an application has to renew itself.
    """
    new: object = value
    if isinstance(value, ZoneInfo) and value.key is not None:
        new = ZoneInfo(value.key)
    elif isinstance(value, CronExpression):
        new = CronExpression(value.fields, renewed(value.zone), value.gap, value.fold)
    elif isinstance(value, tuple):
        new = tuple(renewed(each) for each in value)
    elif attrs.has(kind := type(value)) and kind.__module__.startswith("cronkit.triggers"):
        new = object.__new__(kind)
        for field in attrs.fields(kind):
            object.__setattr__(new, field.name, renewed(getattr(value, field.name)))
    return cast("_T", new)
