"""Fake time, and what is to happen in it. It starts no thread and runs nothing: `_stepper` does."""

from __future__ import annotations

import heapq
import threading
from bisect import insort
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING

from typing_extensions import override

if TYPE_CHECKING:
    from typing import TypeAlias

    from cronkit._attempt import Attempt
    from cronkit._cancel import CancelToken
    from cronkit.abc import Engine
    from cronkit.testing._aio import FakeAsyncioExecutor
    from cronkit.testing._executor import FakeExecutor

    Fake: TypeAlias = FakeExecutor | FakeAsyncioExecutor

NEVER = datetime.max.replace(tzinfo=UTC)

GONE = timedelta(-1)
"""The wake-up of a sleeper that is awake."""


class Gate:
    """Closed until it is opened, once and for all; one thread waits for that."""

    __slots__ = ("_lock", "is_open")

    def __init__(self) -> None:
        self.is_open = False
        self._lock = threading.Lock()
        self._lock.acquire()

    def open(self) -> None:
        """Let through who waits."""
        self.is_open = True
        self._lock.release()

    def wait(self, seconds: float = -1.0) -> bool:
        """Wait until it is open, for ever or for some seconds; return whether it is."""
        if not self.is_open:
            self._lock.acquire(timeout=seconds)
        return self.is_open


class Sleeper(Gate):
    """A run that sleeps: its wake-up, and the gate it waits at."""

    __slots__ = ("token", "until")

    def __init__(self, until: timedelta, token: CancelToken) -> None:
        super().__init__()
        self.until = until
        self.token = token

    @override
    def open(self) -> None:
        """Let it wake, also before its time; it is on no list any more."""
        self.until = GONE
        self.is_open = True  # not by the parent's: Ctrl-C may come where a call begins
        self._lock.release()


class Agenda:
    """Fake time, and who is to do something in it.

    Attributes:
        origin: the wall-clock instant at which monotonic time is zero; stepping the wall moves it.
        now: the wall-clock time; who drives moves it on as time passes.
        engines: the schedulers started on this clock, in the order they started.
        ready: the attempts to run at this instant, in their order; the attempt stands last.
        patience_seconds: how much real time may pass while fake time stands still.
    """

    __slots__ = (
        "_serial", "_sleepers", "engines", "now", "origin", "patience_seconds", "ready",
    )  # fmt: skip

    def __init__(self, start: datetime, patience_seconds: float) -> None:
        self.origin = self.now = start
        self.engines: list[Engine] = []
        self.ready: list[tuple[int, datetime, str, int, int, Fake, Attempt]] = []
        self.patience_seconds = patience_seconds
        self._serial = count()
        self._sleepers: list[tuple[timedelta, int, Sleeper]] = []

    @property
    def elapsed(self) -> timedelta:
        """Monotonic time."""
        return self.now - self.origin

    def step_wall(self, delta: timedelta) -> None:
        """Move the wall clock only, and tell the schedulers, which in real time notice it soon."""
        now = self.now + delta  # first: it may be beyond the calendar
        self.origin += delta
        self.now = now
        for engine in self.engines:
            engine.clock_stepped(delta)

    def crash(self) -> None:
        """Let everything here stand still for ever."""
        engines, self.engines = self.engines, []
        for engine in engines:
            engine.crash()
        # The threads of runs that sleep wait at their gates; nothing of them is tidied up.
        self.ready = []
        self._sleepers = []

    def queue(self, executor: Fake, attempt: Attempt, start_order: int) -> None:
        """Run an attempt at this instant, in order of priority, fire time, job, start order."""
        job = attempt.job
        entry = (
            -job.rules.priority, attempt.taken.fire_time, job.id, start_order, next(self._serial),
            executor, attempt,
        )  # fmt: skip
        if self.ready:
            insort(self.ready, entry)
        else:
            self.ready.append(entry)

    def unqueue(self, attempt: Attempt) -> None:
        """Run an attempt no more; one that is not queued is no error."""
        self.ready[:] = [each for each in self.ready if each[-1] is not attempt]

    def next(self) -> tuple[datetime, Engine | None, Sleeper | None]:
        """Return what happens next, and when: an engine has something to do, or a run wakes up."""
        found, soonest = None, NEVER
        for engine in self.engines:
            when = engine.next_wakeup()
            if when is not None and when < soonest:
                found, soonest = engine, when
        if self._sleepers:
            sleeper = self._next_sleeper()
            if sleeper is not None and self.origin + sleeper.until < soonest:
                return self.origin + sleeper.until, None, sleeper
        return soonest, found, None

    def _next_sleeper(self) -> Sleeper | None:
        while self._sleepers and self._sleepers[0][2].until != self._sleepers[0][0]:
            heapq.heappop(self._sleepers)
        return self._sleepers[0][2] if self._sleepers else None

    def fall_asleep(self, sleeper: Sleeper) -> None:
        """Note that a run sleeps from now on."""
        heapq.heappush(self._sleepers, (sleeper.until, next(self._serial), sleeper))

    def wake(self, token: CancelToken) -> None:
        """Have the run that sleeps with this token wake up now."""
        for _, _, sleeper in list(self._sleepers):
            if sleeper.token is token and sleeper.until > self.elapsed:
                sleeper.until = self.elapsed
                heapq.heappush(self._sleepers, (sleeper.until, next(self._serial), sleeper))
