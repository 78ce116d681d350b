"""One scheduler's engine: all that is due at an instant, done in one step.

It is driven from outside: by the loop's thread in real time, by a `FakeClock` in its own. It
never waits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cronkit._engine._attempts import Attempts
from cronkit._engine._decider import Decider
from cronkit._engine._timers import Timers

if TYPE_CHECKING:
    from datetime import datetime

    from cronkit._engine._core import Core


class Engine:
    """Decides what is due, starts what waits, writes what has ended.

    Attributes:
        core: clock, store, hooks and jobs.
        attempts: the runs that are going on.
        decider: the jobs' next fire times.
        in_line: whether events are delivered by `step`, in the thread that calls it.
    """

    def __init__(self, core: Core, *, max_concurrent_runs: int | None) -> None:
        self.core = core
        self._timers = Timers()
        self.attempts = Attempts(core, self._timers, most=max_concurrent_runs)
        self.decider = Decider(core, self._timers, self.attempts.replace)
        self.attempts.decider = self.decider
        self.in_line = False

    def next_wakeup(self) -> datetime | None:
        """Return when `step` has something to do; ``None``: nothing is planned."""
        attempts = self.attempts
        with self.core.lock:
            if attempts.hungry or attempts.reports:
                return self.core.clock.now()
            return self._timers.next()

    def step(self) -> None:
        """Do all that is due now."""
        core, attempts = self.core, self.attempts
        with core.lock:
            now = core.clock.now()
            core.hooks.listen()
            if attempts.reports:
                attempts.collect(now)
            due = self._timers.pop_due(now)
            if due:
                self._ring(due, now)
            if attempts.draining:
                attempts.hungry = False
            elif attempts.hungry:
                attempts.start(now)
        if self.in_line and core.hooks.queue:
            core.hooks.deliver()

    def _ring(self, keys: list[str], now: datetime) -> None:
        jobs = []
        for key in keys:
            if key[0] == "\0":
                self.attempts.ring(key, now)
            elif key in self.core.jobs:
                jobs.append(key)
        if jobs and not self.attempts.draining and self.decider.decide(jobs, now):
            self.attempts.hungry = True

    def clear(self) -> None:
        """Wait for nothing any more; the scheduler has stopped."""
        with self.core.lock:
            for job_id in self.core.jobs:
                self.decider.disarm(job_id)
            self._timers.disarm_all()
            self.attempts.hungry = False
