"""Start, stop, run for ever: the life of a scheduler."""

from __future__ import annotations

import atexit
import os
import secrets
import socket
import threading
from typing import TYPE_CHECKING

from cronkit import _context, _convert
from cronkit._engine._hooks import run_alone
from cronkit._engine._loop import Loop
from cronkit.abc import DrivenClock
from cronkit.errors import StateError
from cronkit.jobs import ASYNCIO, SchedulerStarted, SchedulerStopped

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import Callable, Mapping
    from datetime import timedelta

    from cronkit._app._registry import Registry
    from cronkit._engine._engine import Engine
    from cronkit.abc import Executor

EXIT_GRACE_SECONDS = 5.0

_LOOK_SECONDS = 0.1
"""How often a waiting shutdown looks whether a signal hurries it."""


class Lifecycle:
    """Brings an engine to life and to rest.

    Attributes:
        running: whether the scheduler is started.
        loop: the thread that drives the engine; ``None`` on a driven clock.
    """

    def __init__(
        self, engine: Engine, registry: Registry, executors: Mapping[str | None, Executor]
    ) -> None:
        self._engine = engine
        self._core = engine.core
        self._registry = registry
        self._executors = executors
        self._stopping: threading.Event | None = None
        self._hurry = False
        self.running = False
        self.loop: Loop | None = None

    def start(self, loop: AbstractEventLoop | None = None) -> None:
        """Start: make the jobs known to the store, arm their timers, begin to fire.

        Args:
            loop: where ``async def`` jobs run; ``None``: on a loop of their own.

        Raises:
            StateError: it is started already.
        """
        core, engine = self._core, self._engine
        with core.lock:
            if self.running:
                raise StateError("start", "the scheduler is started already")
            now = core.clock.now()
            core.owner = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
            core.store.open(core.owner, now)
            self._hurry = False
            engine.attempts.draining = False
            self._start_executors(loop)
            engine.decider.arm(core.jobs.values(), now)
            engine.attempts.hungry = True
            self.running = self._registry.live = True
            if core.hooks.wants(SchedulerStarted):
                core.hooks.emit(SchedulerStarted(at=now))
        if isinstance(core.clock, DrivenClock):
            engine.in_line = True
            core.clock.attach(engine)
        else:
            core.hooks.start()
            self.loop = Loop(engine)
            engine.attempts.wake_by(self.loop.wake)
            self.loop.start()
        atexit.register(self._at_exit)

    def _start_executors(self, loop: AbstractEventLoop | None) -> None:
        clock, attempts = self._core.clock, self._engine.attempts
        started: dict[int, Executor] = {}  # one executor may have several names
        for name, executor in self._executors.items():
            used = started.get(id(executor))
            if used is None:
                used = clock.executor(executor) if isinstance(clock, DrivenClock) else executor
                adopt = getattr(used, "adopt", None)
                if adopt is not None:
                    adopt(loop)
                used.start(attempts.report)
                started[id(executor)] = used
            attempts.executors[name] = used
        run = getattr(attempts.executors[ASYNCIO], "run", None)
        if run is not None:
            self._core.hooks.run_coroutine = run

    def wake(self) -> None:
        """Have the engine look at once."""
        if self.loop is not None:
            self.loop.wake()

    def shutdown(self, *, wait: bool, timeout: float | None) -> None:
        """Stop: take no more, wait for what goes on, write what is left as interrupted."""
        with self._core.lock:
            if not self.running:
                return
            joined = self._stopping
            if joined is None:
                self._stopping = threading.Event()
        if joined is not None:
            if not self._in_own_thread():
                joined.wait(timeout)
            return
        try:
            self._engine.attempts.draining = True
            if wait:
                self._wait_for_runs(timeout)
            self._end()
        finally:
            stopping, self._stopping = self._stopping, None
            if stopping is not None:
                stopping.set()

    def hasten(self) -> None:
        """Have a shutdown that waits wait no longer; safe in a signal handler."""
        self._hurry = True

    async def start_async(self) -> None:
        """Start; ``async def`` jobs run on the loop that awaits this, unless the clock is driven.

        Raises:
            StateError: it is started already.
        """
        import asyncio  # noqa: PLC0415 -- costs 30 ms of import; only async hosts come here

        self.start(asyncio.get_running_loop())

    async def shutdown_async(self) -> None:
        """Stop without holding up the event loop that awaits it."""
        if isinstance(self._core.clock, DrivenClock):
            self.shutdown(wait=True, timeout=None)
            return
        import asyncio  # noqa: PLC0415 -- costs 30 ms of import; only async hosts come here

        await asyncio.to_thread(self.shutdown, wait=True, timeout=None)

    def _wait_for_runs(self, timeout: float | None) -> None:
        attempts, own = self._engine.attempts, _context.active()

        def ended() -> bool:
            others = attempts.running.keys() - ({own.id} if own is not None else set())
            return self._hurry or all(attempts.holds_caller(each) for each in others)

        if own is None or not isinstance(self._core.clock, DrivenClock):
            self._wait_until(ended, timeout)

    def wait_idle(self, timeout: timedelta | float | str | None) -> bool:
        """Wait until no run goes on or waits for a slot; see `Scheduler.wait_idle`."""
        engine, core = self._engine, self._core
        seconds = None if timeout is None else _convert.duration(timeout, "timeout").total_seconds()

        def idle() -> bool:
            attempts = engine.attempts
            with core.lock:
                wakeup = engine.next_wakeup()
                due = wakeup is not None and wakeup <= core.clock.now()
                return not (attempts.running or attempts.hungry or due)

        return not self.running or self._wait_until(idle, seconds)

    def _wait_until(self, done: Callable[[], bool], timeout: float | None) -> bool:
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

    def _end(self) -> None:
        core, engine = self._core, self._engine
        if self.loop is not None:
            self.loop.stop()
            self.loop = None
        with core.lock:
            now = core.clock.now()
            engine.attempts.collect(now)
            engine.attempts.interrupt_all(now)
            self.running = self._registry.live = False
            if isinstance(core.clock, DrivenClock):
                core.clock.detach(engine)
            engine.clear()
        core.store.close(core.owner, now)
        if core.hooks.wants(SchedulerStopped):
            core.hooks.emit(SchedulerStopped(at=now))
        executors = {id(each): each for each in engine.attempts.executors.values()}
        if any(getattr(each, "holds_caller", bool)() for each in executors.values()):
            core.hooks.run_coroutine = run_alone  # the loop that they would run on is this thread's
        core.hooks.stop()
        core.hooks.run_coroutine = run_alone
        for executor in executors.values():
            executor.shutdown(0.0)
        atexit.unregister(self._at_exit)

    def _in_own_thread(self) -> bool:
        return _context.active() is not None or threading.current_thread().name.startswith(
            "cronkit-"
        )

    def _at_exit(self) -> None:
        self.shutdown(wait=True, timeout=EXIT_GRACE_SECONDS)
