"""`async def` jobs in fake time: an event loop whose clock is the fake one."""

from __future__ import annotations

import asyncio
import selectors
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from typing_extensions import override

from cronkit._coroutines import apart
from cronkit.errors import FakeClockStalled
from cronkit.executors import AsyncioExecutor
from cronkit.executors._asyncio_loop import HostLoop

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import Callable, Coroutine, Mapping
    from concurrent.futures import Executor
    from contextvars import Context
    from datetime import datetime

    from cronkit._attempt import Attempt
    from cronkit.abc import Report
    from cronkit.testing._agenda import Agenda
    from cronkit.testing._stepper import Stepper

_T = TypeVar("_T")

_RESOLUTION = 1e-6
"""Seconds; the step of a datetime. After a year of fake time a float cannot tell less apart."""

_LONGEST_SECONDS = 86_400.0
_MOST_CANCELLATIONS = 3
"""How often a coroutine that swallows cancellations is cancelled before its loop is closed."""


class _IdleSelector(selectors.DefaultSelector):
    """Waits in fake time: an idle loop says for how long, instead of blocking its thread.

    Attributes:
        idle: called with the seconds until the next timer, ``None`` if there is none.
        threads: how many functions go on in threads; for them the clock stands still.
    """

    def __init__(self, patience_seconds: float) -> None:
        super().__init__()
        self._patience = patience_seconds
        self.idle: Callable[[float | None], None] = lambda _: None
        self.threads = 0

    @override
    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or (timeout is not None and timeout <= 0):
            return ready
        if self.threads:
            ready = super().select(self._patience)
            if not ready:
                raise FakeClockStalled("a thread that a coroutine has started")
            return ready
        self.idle(timeout)
        return []


class FakeLoop(asyncio.SelectorEventLoop):
    """An event loop whose `time` is the monotonic time of a fake clock.

    Attributes:
        idle: called when nothing is left to do now, with the seconds until the next timer.
        stirred: whether something was added since it was last idle.
    """

    def __init__(self, agenda: Agenda) -> None:
        self._agenda = agenda
        self._waits = _IdleSelector(agenda.patience_seconds)
        super().__init__(self._waits)
        self._clock_resolution = _RESOLUTION
        self.stirred = False

    def on_idle(self, idle: Callable[[float | None], None]) -> None:
        """Call `idle` with the seconds until the next timer when nothing is left to do now."""
        self._waits.idle = idle

    @override
    def time(self) -> float:
        return self._agenda.elapsed.total_seconds()

    @override
    def call_soon_threadsafe(
        self, callback: Callable[..., object], *args: object, context: Context | None = None
    ) -> asyncio.Handle:
        self.stirred = True
        return super().call_soon_threadsafe(callback, *args, context=context)

    @override
    def run_in_executor(
        self, executor: Executor | None, func: Callable[..., _T], *args: object
    ) -> asyncio.Future[_T]:
        future = super().run_in_executor(executor, func, *args)
        self._waits.threads += 1
        future.add_done_callback(self._thread_ended)
        return future

    def _thread_ended(self, _: asyncio.Future[_T]) -> None:
        self._waits.threads -= 1


_CRASHED: list[LoopEngine] = []
"""Kept, so that nothing of them is tidied up."""


class LoopEngine(HostLoop):
    """A fake loop as a driven clock sees it: an engine with wake-ups and steps."""

    loop: FakeLoop

    def __init__(self, agenda: Agenda) -> None:
        super().__init__(FakeLoop(agenda))
        self.loop.on_idle(self._rest)
        self._agenda = agenda
        self._wake: timedelta | None = None
        self._resting = False
        self._closing = False
        agenda.engines.append(self)

    def next_wakeup(self) -> datetime | None:
        """Return when a callback or a timer is due."""
        if self.loop.stirred:
            return self._agenda.now
        return None if self._wake is None else self._agenda.origin + self._wake

    def clock_stepped(self, delta: timedelta) -> None:
        """Take no note: an event loop goes by monotonic time."""

    def crash(self) -> None:
        """Stand still for ever: no coroutine is cancelled, none comes to its ``finally``."""
        _CRASHED.append(self)

    def step(self) -> None:
        """Do all that is due now."""
        apart(self._step)  # the host of an async test has a loop in this thread

    def _step(self) -> None:
        try:
            self.loop.stirred = self._resting = False
            while not self._resting:
                with suppress(SystemExit):  # a task raised it, and asyncio lets it through
                    self.loop.run_forever()
        except BaseException:
            self.loop.stirred = True  # Ctrl-C: what it has not come to is due still
            raise
        if self._closing:
            self._closing = False
            self.close()

    def _rest(self, seconds: float | None) -> None:
        self._resting = True
        self._wake = None
        if seconds is not None:
            self._wake = self._agenda.elapsed + timedelta(seconds=seconds)
        self.loop.stop()

    @override
    def run(
        self, coroutine: Coroutine[object, object, object], alive: Callable[[], bool]
    ) -> object:
        """Run a coroutine as far as it comes at this instant; return its result if it has one."""
        task = asyncio.ensure_future(coroutine, loop=self.loop)
        self.step()
        return task.result() if task.done() else None

    @override
    def close(self, within: float = 0.0) -> bool:
        """Cancel the tasks, shut down the async generators, close the loop."""
        if self.is_current:  # a coroutine stops its scheduler: as soon as the loop rests
            self._closing = True
            return False
        for _ in range(_MOST_CANCELLATIONS):
            tasks = sorted(asyncio.all_tasks(self.loop), key=_place)
            if not tasks:
                break
            for task in tasks:
                task.cancel()
            self.step()
        ended = not asyncio.all_tasks(self.loop)
        self.run(self.loop.shutdown_asyncgens(), bool)
        self._agenda.engines.remove(self)
        self.loop.close()
        return ended


def _place(task: asyncio.Task[object]) -> tuple[int, str]:
    """Return the place of a task among others: by its name, and Task-9 before Task-10."""
    name = task.get_name()
    return len(name), name


class FakeAsyncioExecutor(AsyncioExecutor):
    """Runs ``async def`` jobs as tasks of a loop in a fake clock's time."""

    def __init__(self, agenda: Agenda, slots: int) -> None:
        super().__init__(slots)
        self._agenda = agenda
        self._queued: set[Attempt] = set()
        self._start_order = 0

    @override
    def adopt(self, loop: AbstractEventLoop | None) -> None:
        """Keep to the loop in fake time: that of the host runs in real time."""

    @override
    def start(self, report: Report) -> None:
        super().start(report)
        self._start_order = len(self._agenda.engines)

    @override
    def free(self) -> int:
        return super().free() - len(self._queued)

    @override
    def status(self) -> Mapping[str, int]:
        shown = super().status()
        return {**shown, "busy": shown["busy"] + len(self._queued)}

    @override
    def submit(self, attempt: Attempt) -> None:
        self._queued.add(attempt)
        self._agenda.queue(self, attempt, self._start_order)

    def begin(self, attempt: Attempt) -> None:
        """Start an attempt and run it as far as it comes; the stepper calls it in its turn.

        It calls it once more if Ctrl-C came in between.
        """
        home = self._at_home()
        if attempt in self._queued:
            begun = self._going.get(attempt)
            if begun is None:
                super().submit(attempt)
            else:
                begun.begin()
            self._queued.discard(attempt)
            if attempt.token.reason is not None:
                self.stop(attempt)
        home.step()

    @override
    def shutdown(self, timeout: float | None, *, close_within: float = 0.0) -> bool:
        del timeout, close_within  # nothing of this takes real time
        for attempt in list(self._going):
            self.stop(attempt)
        home, self._home = self._home, None
        return home is None or home.close(0.0)

    @override
    def _at_home(self) -> LoopEngine:
        if not isinstance(self._home, LoopEngine):
            self._home = LoopEngine(self._agenda)
        return self._home


def run_in_fake_time(
    stepper: Stepper, attempt: Attempt, coroutine: Coroutine[object, object, object]
) -> object:
    """Run a coroutine to its end in the calling run's thread, which sleeps in fake time."""
    loop = FakeLoop(stepper.agenda)

    def idle(seconds: float | None) -> None:
        longest = _LONGEST_SECONDS if seconds is None else seconds
        stepper.sleep(longest, attempt.token)

    loop.on_idle(idle)
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        return runner.run(coroutine)
