"""`FakeClock`: time that moves when a test says so, and drives the real scheduler."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from cronkit import _convert
from cronkit.errors import DurationError, NaiveDatetimeError, PolicyError, StateError
from cronkit.executors import AsyncioExecutor
from cronkit.testing._agenda import Agenda
from cronkit.testing._executor import FakeExecutor
from cronkit.testing._standing import StandingExecutor
from cronkit.testing._stepper import Stepper

if TYPE_CHECKING:
    from collections.abc import Callable
    from threading import Event

    from cronkit.abc import Engine, Executor

_WITHIN = "a length that stays within the calendar"


class FakeClock:
    """A clock for tests: it stands still until `advance`.

    A scheduler made with ``Scheduler(clock=clock)`` starts no thread. Its planner and store are the
    real ones; `advance` steps it from instant to instant and runs each job in the calling thread.
    A job that uses ``current_run().sleep`` sleeps in fake time.

    A run whose code names ``sleep`` gets a thread of its own, so that `advance` can return while it
    sleeps; still only one thread runs at any time. Should a run sleep without naming it (deep in a
    library), time goes on until it wakes before `advance` returns.

    Args:
        start: the first instant: an aware datetime, or ISO 8601 text with an offset.
        patience: how much real time may pass while fake time stands still for a process, or for a
            thread that a coroutine has started, without a word from it; then `FakeClockStalled`.

    Raises:
        NaiveDatetimeError: `start` has no offset.
        PolicyError: `start` is no instant.
        DurationError: `patience` cannot be read.

    Example:
        >>> from cronkit import Scheduler
        >>> clock = FakeClock("2026-03-28T12:00+01:00")
        >>> scheduler = Scheduler(clock=clock, timezone="Europe/Paris")
        >>> seen = []
        >>> @scheduler.cron("30 2 * * *")
        ... def nightly():
        ...     seen.append(clock.now())
        >>> with scheduler:
        ...     clock.advance("2d")
        >>> [each.isoformat() for each in seen]
        ['2026-03-29T01:00:00+00:00', '2026-03-30T00:30:00+00:00']
    """

    def __init__(
        self,
        start: datetime | str = "2026-01-01T00:00:00+00:00",
        *,
        patience: timedelta | float | str = "30s",
    ) -> None:
        seconds = _convert.duration(patience, "patience", zero=False).total_seconds()
        self._agenda = Agenda(_instant(start, "start"), seconds)
        self._stepper = Stepper(self._agenda)
        self._owner = threading.current_thread()

    # --- the clock of a scheduler ----------------------------------------------------------------

    def now(self) -> datetime:
        """Return the fake wall-clock time, aware, in UTC."""
        return self._agenda.now

    def monotonic(self) -> float:
        """Return the seconds that have passed; `step_wall` does not change them."""
        return self._agenda.elapsed.total_seconds()

    def wait(self, seconds: float | None, wake: Event) -> bool:
        """Let `seconds` pass, or time until `wake` is set; return whether it is."""
        return self.run_until(wake.is_set, seconds)

    def attach(self, engine: Engine) -> None:
        """Step `engine` from now on; `Scheduler.start` calls it."""
        self._agenda.engines.append(engine)

    def detach(self, engine: Engine) -> None:
        """Step `engine` no more; `Scheduler.shutdown` calls it."""
        if engine in self._agenda.engines:
            self._agenda.engines.remove(engine)

    def executor(self, real: Executor) -> Executor:
        """Return what runs jobs in this clock's time, in place of `real` and with its slots."""
        counts = real.status()
        if getattr(real, "outside", False):
            return StandingExecutor(self._agenda, real)
        if isinstance(real, AsyncioExecutor):
            from cronkit.testing._aio import FakeAsyncioExecutor  # noqa: PLC0415 -- imports asyncio

            return FakeAsyncioExecutor(self._agenda, counts["slots"])
        return FakeExecutor(self._agenda, counts)

    def run_until(self, done: Callable[[], bool], timeout: float | None) -> bool:
        """Let time pass until `done()`, for `timeout` seconds at most; return whether it is done.

        With ``None`` it stops when nothing is left to happen.

        Raises:
            StateError: time passes already, or this is not the thread that made the clock.
        """
        self._check_thread()
        target = None if timeout is None else self.now() + timedelta(seconds=timeout)
        return self._stepper.run(target, done)

    # --- the hands of a test ---------------------------------------------------------------------

    def advance(self, length: timedelta | float | str) -> None:
        """Let time pass: run all that is due in it, in order, and return when that is done.

        Args:
            length: a timedelta, seconds, or text like ``"1d"``; zero runs what is due now.

        Raises:
            DurationError: `length` cannot be read or is negative.
            StateError: time passes already, or this is not the thread that made the clock.
            FakeClockStalled: a run says nothing, or Ctrl-C has left it at work.
        """
        self._check_thread()
        self._stepper.run(_later(self.now(), length))

    async def advance_async(self, length: timedelta | float | str) -> None:
        """Let time pass like `advance`, from a coroutine; its event loop goes on meanwhile.

        Jobs run in another thread, ``async def`` jobs on a loop of their own.

        Args:
            length: a timedelta, seconds, or text like ``"1d"``; zero runs what is due now.

        Raises:
            DurationError: `length` cannot be read or is negative.
            StateError: time passes already.
        """
        import asyncio  # noqa: PLC0415 -- costs 30 ms of import; only async tests come here

        target = _later(self.now(), length)
        await asyncio.to_thread(self._stepper.run, target)

    def advance_to(self, moment: datetime | str) -> None:
        """Let time pass until an instant, see `advance`.

        Raises:
            PolicyError: the instant has passed, or is none.
            NaiveDatetimeError: it has no offset.
            StateError: time passes already, or this is not the thread that made the clock.
        """
        target = _instant(moment, "moment")
        if target < self.now():
            raise PolicyError("moment", target.isoformat(), f"{self.now().isoformat()} or later")
        self._check_thread()
        self._stepper.run(target)

    def step_wall(self, delta: timedelta | float | str) -> None:
        """Set the wall clock forward or back; no time passes.

        Args:
            delta: a timedelta, seconds, or text like ``"1h"``, ``"+1h"`` and ``"-1h"``.

        Raises:
            DurationError: `delta` cannot be read.
        """
        try:
            self._agenda.step_wall(_signed(delta))
        except OverflowError:
            raise DurationError("delta", delta, _WITHIN) from None

    def crash(self) -> None:
        """Replay a kill: the schedulers on this clock stop at once, without any shutdown.

        Runs that sleep sleep for ever; nothing is written. A scheduler that is started afterwards
        on the same store finds what they held: those runs end as ``interrupted``, or wait again
        with ``on_interrupted="rerun"``. A run that Ctrl-C has left at work troubles nobody more.

        Raises:
            StateError: called from a job or a hook.

        Example:
            >>> from cronkit import Scheduler, current_run
            >>> from cronkit.stores import MemoryStore
            >>> clock, store = FakeClock(), MemoryStore()
            >>> def make():
            ...     scheduler = Scheduler(clock=clock, store=store)
            ...     scheduler.every("1h", id="long")(lambda: current_run().sleep("10m"))
            ...     return scheduler
            >>> make().start()
            >>> clock.advance("1h")
            >>> clock.crash()
            >>> with make() as scheduler:
            ...     print(scheduler.runs()[0].outcome)
            interrupted
        """
        self._stepper.crash()
        self._stepper = Stepper(self._agenda)

    def _check_thread(self) -> None:
        if threading.current_thread() is not self._owner and self._stepper.driving is None:
            raise StateError("advance", "call it from the thread that made the clock")

    def __repr__(self) -> str:
        return f"<FakeClock {self.now().isoformat()}>"


def _instant(value: datetime | str, argument: str) -> datetime:
    moment = _convert.moment(value, argument)
    if moment.tzinfo is None:
        raise NaiveDatetimeError(argument, moment)
    return _convert.in_zone(moment, moment.tzinfo, argument)


def _later(now: datetime, length: timedelta | float | str) -> datetime:
    try:
        return now + _convert.duration(length, "length")
    except OverflowError:
        raise DurationError("length", length, _WITHIN) from None


def _signed(delta: timedelta | float | str) -> timedelta:
    """Return a length of time that may be negative."""
    sign, size = 1, delta
    if isinstance(delta, str) and delta[:1] in {"+", "-"}:
        sign, size = 1 - 2 * (delta[0] == "-"), delta[1:]
    elif isinstance(delta, timedelta):
        sign, size = (-1, -delta) if delta < _convert.ZERO else (1, delta)
    elif isinstance(delta, (int, float)) and not isinstance(delta, bool) and delta < 0:
        sign, size = -1, -delta
    try:
        return sign * _convert.duration(size, "delta")
    except DurationError as error:
        raise DurationError("delta", delta, f"{error.allowed}, with or without a sign") from None
