"""Waiting for runs: in real time on the engine's condition, on a driven clock by letting time pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cronkit import _context
from cronkit.abc import DrivenClock

if TYPE_CHECKING:
    from collections.abc import Callable

    from cronkit._engine._engine import Engine

_LOOK_SECONDS = 0.1
"""How often a wait looks whether a signal hurries it."""


class Waiting:
    """Waits until an engine has nothing more to do.

    Attributes:
        hurried: whether `for_runs` waits no longer; a signal handler sets it.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._core = engine.core
        self.hurried = False

    def for_runs(self, timeout: float | None) -> None:
        """Wait until no run goes on, the caller's own apart, and those that need its thread."""
        attempts, own = self._engine.attempts, _context.active()

        def ended() -> bool:
            others = attempts.running.keys() - ({own.id} if own is not None else set())
            return self.hurried or all(attempts.holds_caller(each) for each in others)

        if own is None or not isinstance(self._core.clock, DrivenClock):
            self._until(ended, timeout)

    def for_idle(self, timeout: float | None) -> bool:
        """Wait until no run goes on or waits for a slot; return whether that came about."""
        engine, core = self._engine, self._core

        def idle() -> bool:
            attempts = engine.attempts
            with core.lock:
                wakeup = engine.next_wakeup()
                due = wakeup is not None and wakeup <= core.clock.now()
                return not (attempts.running or attempts.hungry or due)

        return self._until(idle, timeout)

    def _until(self, done: Callable[[], bool], timeout: float | None) -> bool:
        core = self._core
        if done():
            return True
        if isinstance(core.clock, DrivenClock):
            return core.clock.run_until(done, timeout)
        limit = None if timeout is None else core.clock.monotonic() + timeout
        with core.ended:
            core.awaited += 1
            try:
                while not done():
                    if limit is not None and core.clock.monotonic() >= limit:
                        return False
                    core.ended.wait(_LOOK_SECONDS)
            finally:
                core.awaited -= 1
        return True
