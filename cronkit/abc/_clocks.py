"""What tells the time, and what a clock that is moved by hand drives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, timedelta
    from threading import Event

    from cronkit.abc._runs import Executor


class Clock(Protocol):
    """Where a scheduler reads the time."""

    def now(self) -> datetime:
        """Return the wall-clock time, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds on a clock that never steps."""
        ...

    def wait(self, seconds: float | None, wake: Event) -> bool:
        """Block until `wake` is set or `seconds` have passed; return whether it was set."""
        ...


class Engine(Protocol):
    """What a driven clock drives: one scheduler, seen as steps in time."""

    def next_wakeup(self) -> datetime | None:
        """Return when `step` has something to do; ``None``: nothing is planned."""
        ...

    def step(self) -> None:
        """Do all that is due at the clock's present instant."""
        ...

    def clock_stepped(self, delta: timedelta) -> None:
        """Take note that the wall clock was set by `delta`, while no time has passed."""
        ...

    def crash(self) -> None:
        """Stop without a word, as the death of the process would."""
        ...


@runtime_checkable
class DrivenClock(Clock, Protocol):
    """A clock that is moved by hand and steps its schedulers itself."""

    def attach(self, engine: Engine) -> None:
        """Step `engine` from now on."""
        ...

    def detach(self, engine: Engine) -> None:
        """Step `engine` no more."""
        ...

    def executor(self, real: Executor) -> Executor:
        """Return what runs jobs in this clock's time, in place of `real` and with its slots."""
        ...

    def run_until(self, done: Callable[[], bool], timeout: float | None) -> bool:
        """Let time pass until `done()` or for `timeout` seconds; return whether it is done."""
        ...
