"""Start, stop, run for ever: the life of a scheduler."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING

from cronkit import _context, _convert
from cronkit._app._crew import Crew
from cronkit._app._process import end_with_process, watch_over
from cronkit._app._service import Service
from cronkit._app._waiting import Waiting
from cronkit._app._web_workers import warn_of_company
from cronkit._engine._signals import SignalWatch
from cronkit.abc import DrivenClock
from cronkit.errors import StateError

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import Callable, Mapping
    from datetime import datetime, timedelta

    from cronkit._app._registry import Registry
    from cronkit._app._single import Single
    from cronkit._engine._engine import Engine
    from cronkit._engine._loop import Loop
    from cronkit._engine._wake import Wake
    from cronkit.abc import Executor

DRAIN_SECONDS = 2.0
"""How long a stop waits for the delivery of events."""

_LOOK_SECONDS = 0.5
"""How often the main thread looks up from its wait: Python calls no handler while it waits.

A signal that another thread has received, or that came just before the wait, does not end it.
"""


class Lifecycle:
    """Brings an engine to life and to rest.

    Attributes:
        running: whether the scheduler is started.
    """

    def __init__(
        self,
        engine: Engine,
        registry: Registry,
        executors: Mapping[str | None, Executor],
        single: Single | None = None,
    ) -> None:
        self._engine = engine
        self._core = engine.core
        self._single = single
        self._service = Service(engine, registry, Crew(engine, executors), single)
        self._stopping: threading.Event | None = None
        self._stopper: threading.Thread | None = None
        self._foreground: Wake | None = None
        self._waiting = Waiting(engine)
        self.running = False
        engine.crashed = self._crash
        watch_over(self)

    def start(
        self,
        loop: AbstractEventLoop | None = None,
        *,
        first: Callable[[datetime], None] | None = None,
    ) -> None:
        """Start: make the jobs known to the store, arm their timers, begin to fire.

        Args:
            loop: where ``async def`` jobs run; ``None``: on a loop of their own.
            first: what is done with the jobs before any of them fires.

        Raises:
            StateError: it is started already.
            AlreadyRunningError: another process holds the lock of ``single``.
        """
        with self._core.lock:
            if self.running:
                raise StateError("start", "the scheduler is started already")
            mine = self._single is None or self._single.take()
            if self._single is not None and not mine and not self._single.standby:
                raise self._single.refusal()
            self.running = True
            try:
                self._waiting.hurried = False
                self._service.begin(loop, mine=mine, first=first)
            except BaseException:  # whatever it is, Ctrl-C too: nothing half started stays
                self._end(drain=0.0)
                raise
        end_with_process()
        if self._single is None and not self._core.shares:
            warn_of_company()

    def run_forever(self) -> None:
        """Start, block until a signal or a shutdown, stop; see `Scheduler.run_forever`."""
        if isinstance(self._core.clock, DrivenClock):
            raise StateError("run_forever", "a driven clock does not pass by itself")
        with SignalWatch(self.hasten) as watch:
            self._foreground = watch.stop  # a job or a hook may stop the scheduler too
            try:
                self.start()
                while not watch.stop.wait(_LOOK_SECONDS):
                    pass
            finally:
                self.shutdown(wait=True, timeout=None)
                self._foreground = None

    def shutdown(self, *, wait: bool, timeout: float | None, drain: float = DRAIN_SECONDS) -> None:
        """Stop: take no more, wait for what goes on, write what is left as interrupted.

        Args:
            wait: whether to wait.
            timeout: for how many seconds at most.
            drain: for how many seconds at most events are delivered after that.
        """
        here = threading.current_thread()
        if self._service.loop is not None and self._service.loop.is_held_up_here():
            again = partial(self.shutdown, wait=wait, timeout=timeout, drain=drain)
            threading.Thread(target=again, name="cronkit-stop", daemon=True).start()
            return
        with self._core.lock:
            if not self.running:
                return
            joined, by = self._stopping, self._stopper
            if joined is None:
                self._stopping, self._stopper = threading.Event(), here
        if joined is not None:
            # A signal handler interrupts the very thread that stops; a job or a hook may be what
            # it waits for.
            if by is not here and not _in_own_thread():
                joined.wait(timeout)
            return
        try:
            self._engine.attempts.draining = True
            if wait:
                self._waiting.for_runs(timeout)
        finally:
            self._end(drain=drain)

    def end(self, *, within: float, drain: float) -> None:
        """Stop, because the interpreter ends.

        Args:
            within: for how many seconds to wait for what goes on.
            drain: for how many seconds at most events are delivered after that.
        """
        if not self.running or not self.lock.acquire(timeout=within):
            return  # a store or a trigger holds everything up: nothing can be written any more
        self.lock.release()
        driven = isinstance(self._core.clock, DrivenClock)
        self.shutdown(wait=not driven, timeout=within, drain=drain)

    @property
    def loop(self) -> Loop | None:
        """The thread that drives the engine; ``None`` on a driven clock."""
        return self._service.loop

    @property
    def lock(self) -> threading.RLock:
        """The lock of the engine."""
        return self._core.lock

    def after_fork(self) -> None:
        """Be not started, with new locks: this is a forked child, without the parent's threads."""
        self._core.renew_locks()
        self._service.after_fork()
        self._forget()

    def _crash(self) -> None:
        """Be not started: on a driven clock the process has died."""
        self._service.crash()
        self._forget()

    def _forget(self) -> None:
        """Be not started, without a word to the store or to a hook."""
        self._service.forget()
        self._stopping = self._stopper = self._foreground = None
        self.running = False

    def _end(self, *, drain: float) -> None:
        """Bring everything to rest, and let go on who waits for that."""
        try:
            self._service.end(drain)
        finally:
            self.running = False
            stopping, self._stopping, self._stopper = self._stopping, None, None
            for each in (stopping, self._foreground):
                if each is not None:
                    each.set()

    def hasten(self) -> None:
        """Have a shutdown that waits wait no longer; safe in a signal handler."""
        self._waiting.hurried = True

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

    def wait_idle(self, timeout: timedelta | float | str | None) -> bool:
        """Wait until no run goes on or waits for a slot; see `Scheduler.wait_idle`."""
        seconds = None if timeout is None else _convert.duration(timeout, "timeout").total_seconds()
        return not self.running or self._waiting.for_idle(seconds)


def _in_own_thread() -> bool:
    return _context.active() is not None or threading.current_thread().name.startswith("cronkit-")
