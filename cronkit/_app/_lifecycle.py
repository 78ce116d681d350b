"""Start, stop, run for ever: the life of a scheduler."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, cast

from cronkit import _context, _convert
from cronkit._app._crew import Crew
from cronkit._app._process import end_with_process, watch_over
from cronkit._app._waiting import Waiting
from cronkit._app._web_workers import warn_of_company
from cronkit._engine._hooks import complain
from cronkit._engine._loop import Loop
from cronkit._engine._signals import SignalWatch
from cronkit.abc import DrivenClock
from cronkit.errors import StateError, StoreError
from cronkit.jobs import SchedulerStarted, SchedulerStopped

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import Mapping
    from datetime import datetime, timedelta

    from cronkit._app._registry import Registry
    from cronkit._app._single import Single
    from cronkit._engine._engine import Engine
    from cronkit._engine._wake import Wake
    from cronkit.abc import Executor, SharedStore

DRAIN_SECONDS = 2.0
"""How long a stop waits for the delivery of events."""


class Lifecycle:
    """Brings an engine to life and to rest.

    Attributes:
        running: whether the scheduler is started.
        loop: the thread that drives the engine; ``None`` on a driven clock.
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
        self._registry = registry
        self._single = single
        self._crew = Crew(engine, executors)
        self._stopping: threading.Event | None = None
        self._stopper: threading.Thread | None = None
        self._foreground: Wake | None = None
        self._waiting = Waiting(engine)
        self.running = False
        self.loop: Loop | None = None
        engine.crashed = self._crash
        watch_over(self)

    def start(self, loop: AbstractEventLoop | None = None) -> None:
        """Start: make the jobs known to the store, arm their timers, begin to fire.

        Args:
            loop: where ``async def`` jobs run; ``None``: on a loop of their own.

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
                self._begin(loop, mine=mine)
            except BaseException:
                self._end(drain=0.0)
                raise
        end_with_process()
        if self._single is None and not self._core.shares:
            warn_of_company()

    def _begin(self, loop: AbstractEventLoop | None, *, mine: bool) -> None:
        core, engine = self._core, self._engine
        now = core.clock.now()
        core.name_owner()
        self._waiting.hurried = False
        engine.attempts.draining = False
        self._crew.start(loop)
        if not isinstance(core.clock, DrivenClock):
            self.loop = Loop(engine)
            core.wake = self.loop.wake
        if mine:
            self._go_live(now)
        else:
            engine.stand_by(self._take_over, now)
        if isinstance(core.clock, DrivenClock):
            engine.in_line = True
            core.clock.attach(engine)
        elif self.loop is not None:
            core.hooks.start()
            self.loop.start()

    def _take_over(self, now: datetime) -> bool:
        """Become the active one if the lock is free by now."""
        if self._single is None or not self._single.take():
            return False
        self._go_live(now)
        return True

    def _go_live(self, now: datetime) -> None:
        """Make scheduler and jobs known to the store, and fire from now on."""
        core, engine = self._core, self._engine
        engine.connect(now)
        if engine.outage.since is None:
            self._registry.forgive(now)
        self._registry.live = True
        if core.hooks.wants(SchedulerStarted):
            core.hooks.emit(SchedulerStarted(at=now))
        if core.shares:
            heart = engine.neighbours.meet(cast("SharedStore", core.store), core.wake)
            if isinstance(core.clock, DrivenClock):
                engine.beat_by_timer(now)
            else:
                heart.start()

    def run_forever(self) -> None:
        """Start, block until a signal or a shutdown, stop; see `Scheduler.run_forever`."""
        if isinstance(self._core.clock, DrivenClock):
            raise StateError("run_forever", "a driven clock does not pass by itself")
        with SignalWatch(self.hasten) as watch:
            self._foreground = watch.stop  # a job or a hook may stop the scheduler too
            try:
                self.start()
                watch.stop.wait()
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
    def lock(self) -> threading.RLock:
        """The lock of the engine."""
        return self._core.lock

    def after_fork(self) -> None:
        """Be not started, with new locks: this is a forked child, without the parent's threads."""
        self._core.renew_locks()
        self._engine.express.after_fork()
        self._crew.after_fork()
        begin_anew = getattr(self._core.store, "after_fork", None)
        if begin_anew is not None:
            begin_anew()
        self._forget()

    def _crash(self) -> None:
        """Be not started: on a driven clock the process has died."""
        abandon = getattr(self._core.store, "abandon", None)
        if abandon is not None:
            abandon(self._core.owner)
        self._release()
        self._forget()

    def _forget(self) -> None:
        """Be not started, without a word to the store or to a hook."""
        core, engine = self._core, self._engine
        core.hooks.after_fork()
        engine.clear()
        engine.neighbours.heart = None
        engine.attempts.forget()
        if isinstance(core.clock, DrivenClock):
            core.clock.detach(engine)
        self.loop = self._stopping = self._stopper = self._foreground = None
        self.running = self._registry.live = False

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

    def _end(self, *, drain: float) -> None:
        """Bring every part to rest, whatever another part raises meanwhile."""
        raised = []
        for bring_to_rest in (
            self._stop_loop,
            self._stop_runs,
            self._close_store,
            self._release,
            self._tell_stopped,
            lambda: self._crew.stop_hooks(drain),
            self._crew.stop,
        ):
            try:
                bring_to_rest()
            except BaseException as error:  # noqa: BLE001 -- raised again below
                raised.append(error)
        self.running = False
        stopping, self._stopping, self._stopper = self._stopping, None, None
        for each in (stopping, self._foreground):
            if each is not None:
                each.set()
        if raised:
            raise raised[0]

    def _stop_loop(self) -> None:
        loop, self.loop = self.loop, None
        if loop is not None:
            loop.stop()

    def _stop_runs(self) -> None:
        core, engine = self._core, self._engine
        with core.lock:
            self._registry.live = False
            if isinstance(core.clock, DrivenClock):
                core.clock.detach(engine)
            engine.wind_up(core.clock.now())

    def _close_store(self) -> None:
        core, heart = self._core, self._engine.neighbours.heart
        if heart is not None:
            heart.stop()
        self._engine.neighbours.heart = None
        now = core.clock.now()
        try:
            ended = core.store.close(core.owner, now)
        except StoreError as error:
            if not core.shares:
                raise
            complain("the store could not be closed: %s", error)
            return
        for run in ended:
            self._engine.attempts.ended_elsewhere(run, now)

    def _release(self) -> None:
        if self._single is not None:
            self._single.release()

    def _tell_stopped(self) -> None:
        core = self._core
        if core.hooks.wants(SchedulerStopped):
            core.hooks.emit(SchedulerStopped(at=core.clock.now()))


def _in_own_thread() -> bool:
    return _context.active() is not None or threading.current_thread().name.startswith("cronkit-")
