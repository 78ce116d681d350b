"""Waiting for runs: in real time on the engine's condition, on a driven clock by letting time pass."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from cronkit import _context
from cronkit.abc import DrivenClock
from cronkit.errors import FakeClockStalled, StateError

if TYPE_CHECKING:
    from collections.abc import Callable

    from cronkit._engine._attempts import Attempts
    from cronkit._engine._engine import Engine

_LOOK_SECONDS = 0.1
"""How often a wait looks whether a signal hurries it."""


def held_up(attempts: Attempts) -> bool:
    """Return whether the calling thread runs the event loop that ``async def`` jobs need."""
    return any(getattr(each, "holds_caller", bool)() for each in list(attempts.executors.values()))


def refuse_to_hold_up(attempts: Attempts, call: str, instead: str) -> None:
    """Refuse to block the event loop that ``async def`` jobs run on.

    Raises:
        StateError: the calling thread runs it.
    """
    if held_up(attempts):
        raise StateError(call, f"it would hold up the event loop of the async jobs; {instead}")


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
            return self.hurried or all(attempts.stopping.holds_caller(each) for each in others)

        if own is None or not isinstance(self._core.clock, DrivenClock):
            with suppress(FakeClockStalled):  # what goes on is interrupted, as after a timeout
                self._until(ended, timeout)

    def for_idle(self, timeout: float | None) -> bool:
        """Wait until no run goes on or waits for a slot; return whether that came about.

        Raises:
            StateError: it would hold up the event loop that the runs need.
        """
        engine, core = self._engine, self._core

        def idle() -> bool:
            attempts = engine.attempts
            with core.lock:
                wakeup = engine.next_wakeup()
                due = wakeup is not None and wakeup <= core.clock.now()
                return not (attempts.running or attempts.hungry or due)

        if timeout != 0 and not idle():
            instead = "await asyncio.to_thread(scheduler.wait_idle)"
            refuse_to_hold_up(engine.attempts, "wait_idle", instead)
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
