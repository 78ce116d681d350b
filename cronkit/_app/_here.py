"""A run by hand of a scheduler that is not started: in the thread that asks for it."""

from __future__ import annotations

from threading import Event
from typing import TYPE_CHECKING

from cronkit._context import active
from cronkit.abc import DrivenClock
from cronkit.errors import StateError
from cronkit.executors import InlineExecutor

if TYPE_CHECKING:
    from cronkit._engine._engine import Engine
    from cronkit.abc import Clock
    from cronkit.jobs import Job

_MOMENT = 0.05
"""Seconds after which to look again whether another thread's run has ended."""


def run_here(engine: Engine, run_id: str, job: Job) -> None:
    """Run what waits of a job, until a run of it has ended; a retry is waited for.

    Raises:
        StateError: a run that goes on holds it back, and will not end: the caller is inside of it.
    """
    core, attempts = engine.core, engine.attempts
    here = InlineExecutor()
    here.start(attempts.outcomes.report)
    while True:
        with core.lock:
            attempts.outcomes.collect(core.clock.now())
            attempts.outcomes.write()
            run = core.store.get(run_id)
            if run is None or run.outcome is not None:
                break
            now = core.clock.now()
            taken = core.store.take(core.owner, [job.id], 1, attempts.limits, now)
            begun = [attempts.begin(each, now) for each in taken]
            soon = core.store.next_waiting([job.id], core.clock.now())
        for attempt in begun:
            here.submit(attempt)
        if taken:
            continue
        seconds = None if soon is None else (soon - core.clock.now()).total_seconds()
        if seconds is None or (seconds <= 0 and _nobody_else(engine)):
            raise StateError("run_now", f"run {run_id} is held back by a run that goes on")
        _pause(core.clock, seconds if seconds > 0 else _MOMENT)
    core.hooks.deliver()


def _nobody_else(engine: Engine) -> bool:
    """Return whether only the caller could end the run that holds up what it asks for."""
    caller = active()
    is_inside = caller is not None and caller.id in engine.attempts.running
    return is_inside or isinstance(engine.core.clock, DrivenClock)


def _pause(clock: Clock, seconds: float) -> None:
    if isinstance(clock, DrivenClock):
        clock.run_until(lambda: False, seconds)
    else:
        clock.wait(seconds, Event())
