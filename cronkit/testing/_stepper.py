"""Steps schedulers through fake time, one thread at a time.

::

    driver   steps the engines, runs attempts, wakes sleepers; whoever holds the baton
    base     the thread that called advance(); driver unless a run of its own sleeps
    helper   a thread that drives while the base, or another helper, sleeps inside a run

Exactly one thread runs at any time. A run that sleeps gives the baton to a helper and gets it back
at its wake-up; when the helper has woken somebody it has nothing left to do and ends. A run whose
code names ``sleep`` starts on a helper from the beginning, so that ``advance`` can return while it
sleeps.
"""

from __future__ import annotations

import heapq
import threading
from bisect import insort
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from typing import TYPE_CHECKING

from cronkit.errors import StateError
from cronkit.executors._call import call
from cronkit.testing._executor import FakeExecutor
from cronkit.testing._sleepers import may_sleep

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import TypeAlias

    from cronkit._cancel import CancelToken
    from cronkit._context import Attempt
    from cronkit.abc import Engine
    from cronkit.testing._aio import FakeAsyncioExecutor

    Fake: TypeAlias = FakeExecutor | FakeAsyncioExecutor


_NEVER = datetime.max.replace(tzinfo=UTC)

_GONE = timedelta(-1)
"""The wake-up of a sleeper that is awake."""


class _Sleeper:
    """A run that sleeps: its wake-up, the gate it waits at, and whether that was opened."""

    __slots__ = ("gate", "is_open", "token", "until")

    def __init__(self, until: timedelta, token: CancelToken) -> None:
        self.until = until
        self.token = token
        self.is_open = False
        self.gate = threading.Lock()
        self.gate.acquire()

    def open(self) -> None:
        """Let it wake."""
        self.is_open = True
        self.gate.release()


class Stepper:
    """Fake time and what happens in it.

    Attributes:
        origin: the wall-clock instant at which monotonic time is zero; stepping the wall moves it.
        elapsed: monotonic time.
        now: the wall-clock time.
        engines: the schedulers started on this clock, in the order they started.
        driving: the thread that is inside a call that lets time pass; ``None`` outside of one.
    """

    def __init__(self, start: datetime) -> None:
        self.origin = start
        self.elapsed = timedelta(0)
        self.engines: list[Engine] = []
        self.driving: threading.Thread | None = None
        self._serial = count()
        self._ready: list[tuple[int, datetime, str, int, int, Fake, Attempt]] = []
        self._sleepers: list[tuple[timedelta, int, _Sleeper]] = []
        self._base_gate: threading.Lock | None = None
        self._base_sleeper: _Sleeper | None = None
        self._done: Callable[[], bool] = lambda: False
        self._target = start
        self._failure: BaseException | None = None
        self.now = start

    def step_wall(self, delta: timedelta) -> None:
        """Move the wall clock only, and tell the schedulers, which in real time notice it soon."""
        self.origin += delta
        self.now += delta
        for engine in self.engines:
            engine.clock_stepped(delta)

    def crash(self) -> None:
        """Let everything on this clock stand still for ever.

        Raises:
            StateError: called while time passes.
        """
        if self.driving is not None:
            raise StateError("crash", "a job or a hook cannot outlive it; call it between advances")
        engines, self.engines = self.engines, []
        for engine in engines:
            engine.crash()
        # The threads of runs that sleep wait at their gates; nothing of them is tidied up.
        self._ready = []
        self._sleepers = []

    def queue(self, executor: Fake, attempt: Attempt, start_order: int) -> None:
        """Run an attempt at this instant, in order of priority, fire time, job, start order."""
        taken, job = attempt.taken, attempt.job
        insort(
            self._ready,
            (
                -job.priority,
                taken.fire_time,
                job.id,
                start_order,
                next(self._serial),
                executor,
                attempt,
            ),
        )

    def run(self, target: datetime | None, done: Callable[[], bool]) -> bool:
        """Let time pass until `target`, or until `done()`; return whether it is done.

        Without a target it stops when nothing is left to happen.

        Raises:
            StateError: called while time passes already, from a job, a hook, or another thread.
        """
        if self.driving is not None:
            raise StateError(
                "advance", "time passes already; only the thread that drives the clock may call it"
            )
        self.driving = threading.current_thread()
        self._target = _NEVER if target is None else target
        self._done = done
        self._failure = None
        try:
            self._drive(is_base=True)
        finally:
            self.driving = None
        if self._failure is not None:
            raise self._failure
        if target is not None and not done():
            self.elapsed += max(target - self.now, timedelta(0))
            self.now = max(target, self.now)
        return done()

    # --- driving ---------------------------------------------------------------------------------

    def _drive(self, *, is_base: bool) -> None:
        """Do what comes next until the target is reached, or the baton is given away."""
        while True:
            if self._base_sleeper is None and self.now > self._target:
                return  # a run has slept beyond it; what it has made ready is left to the next call
            if self._ready and self._failure is None:
                self._run_next(is_base=is_base)
                if not is_base and self._give_to_base():
                    return
                continue
            if self._failure is not None or (self._base_sleeper is None and self._done()):
                self._rouse_base()
                return
            when, engine, sleeper = self._next()
            if when is _NEVER or (self._base_sleeper is None and when > self._target):
                return
            if when > self.now:
                self.elapsed += when - self.now
                self.now = when
            if engine is not None:
                engine.step()
            elif sleeper is not None and self._wake(sleeper, is_base=is_base):
                return

    def _run_next(self, *, is_base: bool) -> None:
        executor, attempt = self._ready.pop(0)[-2:]
        if not isinstance(executor, FakeExecutor):
            executor.begin(attempt)
        elif is_base and may_sleep(attempt.job.func):
            self._lend(partial(self._help, partial(self._execute_apart, executor, attempt)))
        else:
            self._execute(executor, attempt)

    def _next(self) -> tuple[datetime, Engine | None, _Sleeper | None]:
        """Return what happens next, and when: an engine has something to do, or a run wakes up."""
        found, soonest = None, _NEVER
        for engine in self.engines:
            when = engine.next_wakeup()
            if when is not None and when < soonest:
                found, soonest = engine, when
        sleeper = self._next_sleeper() if self._sleepers else None
        if sleeper is not None and self.origin + sleeper.until < soonest:
            return self.origin + sleeper.until, None, sleeper
        return soonest, found, None

    def _next_sleeper(self) -> _Sleeper | None:
        while self._sleepers and self._sleepers[0][2].until != self._sleepers[0][0]:
            heapq.heappop(self._sleepers)
        return self._sleepers[0][2] if self._sleepers else None

    def _execute(self, executor: FakeExecutor, attempt: Attempt) -> None:
        attempt.sleeper = self.sleep
        value, error = call(attempt, self._run_coroutine)
        executor.ended(attempt, value, error)

    def _run_coroutine(
        self, attempt: Attempt, coroutine: Coroutine[object, object, object]
    ) -> object:
        from cronkit.testing._aio import run_in_fake_time  # noqa: PLC0415 -- imports asyncio

        return run_in_fake_time(self, attempt, coroutine)

    # --- the baton -------------------------------------------------------------------------------

    def sleep(self, seconds: float, token: CancelToken) -> None:
        """Sleep inside a run: give the baton away, get it back at the wake-up."""
        is_base = threading.current_thread() is self.driving
        sleeper = _Sleeper(self.elapsed + timedelta(seconds=seconds), token)
        heapq.heappush(self._sleepers, (sleeper.until, next(self._serial), sleeper))
        if is_base:
            self._base_sleeper = sleeper
        if is_base or not self._give_to_base():
            self._help(partial(self._drive, is_base=False))
        interrupt: BaseException | None = None
        while not sleeper.is_open:
            try:
                sleeper.gate.acquire()
            except BaseException as error:  # noqa: BLE001 -- a signal: Ctrl-C
                self._failure = interrupt = error
        if interrupt is not None:
            raise interrupt

    def wake(self, token: CancelToken) -> None:
        """Wake the run that sleeps with this token, now."""
        for _, _, sleeper in list(self._sleepers):
            if sleeper.token is token and sleeper.until > self.elapsed:
                sleeper.until = self.elapsed
                heapq.heappush(self._sleepers, (sleeper.until, next(self._serial), sleeper))

    def _wake(self, sleeper: _Sleeper, *, is_base: bool) -> bool:
        """Give the baton to a sleeper; return whether this thread has nothing left to do."""
        heapq.heappop(self._sleepers)
        if is_base:
            self._lend(sleeper.open)
            return False
        if sleeper is self._base_sleeper:
            self._base_sleeper = None
        sleeper.open()
        return True

    def _rouse_base(self) -> None:
        """Give the baton to the base if it sleeps, however long it wanted to."""
        sleeper, self._base_sleeper = self._base_sleeper, None
        if sleeper is not None:
            sleeper.until = _GONE
            sleeper.open()

    def _lend(self, hand_over: Callable[[], None]) -> None:
        """The base gives the baton away and waits until it comes back."""
        gate = self._base_gate = threading.Lock()
        gate.acquire()
        hand_over()
        gate.acquire()

    def _give_to_base(self) -> bool:
        """Give the baton to the base if it waits for it; return whether it did."""
        gate, self._base_gate = self._base_gate, None
        if gate is None:
            return False
        gate.release()
        return True

    def _execute_apart(self, executor: FakeExecutor, attempt: Attempt) -> None:
        """Run an attempt in a helper; go on driving if the base has fallen asleep meanwhile."""
        self._execute(executor, attempt)
        if not self._give_to_base():
            self._drive(is_base=False)

    def _help(self, work: Callable[[], None]) -> None:
        """Start a helper with the baton."""

        def serve() -> None:
            try:
                work()
            except BaseException as error:  # noqa: BLE001 -- raised again where time is driven
                self._failure = error
                if not self._give_to_base():
                    self._rouse_base()

        threading.Thread(target=serve, name="cronkit-fake", daemon=True).start()
