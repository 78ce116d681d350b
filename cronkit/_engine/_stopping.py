"""Has attempts end before they would by themselves, and gives up on those that do not.

Everything here happens under the engine's lock.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from cronkit.errors import RunTimeoutError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from cronkit._attempt import Attempt
    from cronkit._engine._outcomes import Outcomes
    from cronkit._engine._timers import Timers
    from cronkit.abc import Executor

TIMEOUT = "\0timeout "
"""What the timers of timeouts begin with, before the run's id; no job id begins with a NUL."""

_TO_DIE = timedelta(seconds=5)
"""How long an attempt may take to end when its executor kills it; then it is abandoned."""


class Stopping:
    """Asks attempts to stop: at the end of their time, by hand, for a newer run, at shutdown.

    Args:
        timers: where timeouts are waited for.
        running: the attempts that go on, by run id.
        outcomes: takes what becomes of an attempt that does not stop.

    Attributes:
        executors: who runs the attempts, by name.
    """

    __slots__ = ("_dying", "_outcomes", "_running", "_timers", "executors")

    def __init__(self, timers: Timers, running: Mapping[str, Attempt], outcomes: Outcomes) -> None:
        self._timers = timers
        self._running = running
        self._outcomes = outcomes
        self._dying: set[str] = set()
        self.executors: dict[str | None, Executor] = {}

    def limit(self, attempt: Attempt, timeout: timedelta) -> None:
        """Have an attempt end when its time is over."""
        self._timers.arm(TIMEOUT + attempt.run_id, attempt.taken.started_at + timeout)

    def ended(self, run_id: str) -> None:
        """Take note that an attempt with a timeout has ended."""
        self._timers.disarm(TIMEOUT + run_id)
        self._dying.discard(run_id)

    def time_out(self, run_id: str, now: datetime) -> None:
        """End an attempt whose time is over."""
        attempt = self._running.get(run_id)
        if attempt is None or attempt.job.timeout is None or run_id in self._outcomes.run_ids():
            return  # one that has ended in time may still be on its way to the store
        attempt.token.set("timeout")
        executor = self._executor_of(attempt)
        if executor.kills and run_id not in self._dying:
            self._dying.add(run_id)
            self._timers.arm(TIMEOUT + run_id, now + _TO_DIE)
            executor.stop(attempt)
            return
        executor.abandon(attempt)
        error = RunTimeoutError(run_id, attempt.job.timeout.total_seconds())
        self._outcomes.abandon(attempt, error, now)
        executor.stop(attempt)

    def stop(self, run_id: str, reason: str) -> bool:
        """Ask a run of this scheduler to stop; return whether it goes on here."""
        attempt = self._running.get(run_id)
        if attempt is None:
            return False
        attempt.token.set(reason)
        self._executor_of(attempt).stop(attempt)
        return True

    def holds_caller(self, run_id: str) -> bool:
        """Return whether a run needs the very thread that calls this in order to go on."""
        attempt = self._running.get(run_id)
        if attempt is None:
            return False
        held = getattr(self._executor_of(attempt), "holds_caller", None)
        return held is not None and held()

    def forget(self) -> None:
        """Know of no attempt any more."""
        self._dying.clear()

    def _executor_of(self, attempt: Attempt) -> Executor:
        return self.executors[attempt.job.runs_on]
