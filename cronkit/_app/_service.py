"""What is at work between a start and a stop: the loop, the heart, the executors, the hooks."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from cronkit._engine._hooks import complain
from cronkit._engine._loop import Loop
from cronkit.abc import DrivenClock
from cronkit.errors import StoreError
from cronkit.jobs import SchedulerStarted, SchedulerStopped

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import Callable
    from datetime import datetime

    from cronkit._app._crew import Crew
    from cronkit._app._registry import Registry
    from cronkit._app._single import Single
    from cronkit._engine._engine import Engine
    from cronkit.abc import SharedStore


class Service:
    """Sets the parts of a scheduler to work in their order, and brings them to rest.

    Args:
        engine: what decides, takes and writes.
        registry: the jobs.
        crew: the executors.
        single: the lock that makes it the only one of the host; ``None``: there may be others.

    Attributes:
        loop: the thread that drives the engine; ``None`` on a driven clock, and at rest.
    """

    def __init__(
        self, engine: Engine, registry: Registry, crew: Crew, single: Single | None
    ) -> None:
        self._engine = engine
        self._core = engine.core
        self._registry = registry
        self._crew = crew
        self._single = single
        self._first: Callable[[datetime], None] | None = None
        self.loop: Loop | None = None

    def begin(
        self,
        loop: AbstractEventLoop | None,
        *,
        mine: bool,
        first: Callable[[datetime], None] | None,
    ) -> None:
        """Set everything to work, or stand by.

        Args:
            loop: where ``async def`` jobs run; ``None``: on a loop of their own.
            mine: whether the lock of `single` is held; else it stands by.
            first: what is done with the jobs before any of them fires.
        """
        core, engine = self._core, self._engine
        self._first = first
        now = core.clock.now()
        core.name_owner()
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
        if self._first is not None:
            self._first(now)
        if core.shares:
            heart = engine.neighbours.meet(cast("SharedStore", core.store), core.wake)
            if isinstance(core.clock, DrivenClock):
                engine.beat_by_timer(now)
            else:
                heart.start()

    def end(self, drain: float) -> None:
        """Bring every part to rest, whatever another part raises meanwhile; then raise that.

        Args:
            drain: for how many seconds at most events are delivered, and as many again for an event
                loop to close.
        """
        raised = []
        for bring_to_rest in (
            self._stop_loop,
            self._stop_runs,
            self._close_store,
            self._release,
            self._tell_stopped,
            lambda: self._crew.stop_hooks(drain),
            lambda: self._crew.stop(drain),
        ):
            try:
                bring_to_rest()
            except BaseException as error:  # noqa: BLE001 -- raised again below
                raised.append(error)
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
            self._engine.attempts.endings.elsewhere(run, now)

    def _release(self) -> None:
        if self._single is not None:
            self._single.release()

    def _tell_stopped(self) -> None:
        core = self._core
        if core.hooks.wants(SchedulerStopped):
            core.hooks.emit(SchedulerStopped(at=core.clock.now()))

    def after_fork(self) -> None:
        """Have every part begin anew in a forked child, which has none of the threads."""
        self._engine.express.after_fork()
        self._crew.after_fork()
        begin_anew = getattr(self._core.store, "after_fork", None)
        if begin_anew is not None:
            begin_anew()

    def crash(self) -> None:
        """Leave everything as the death of the process would."""
        abandon = getattr(self._core.store, "abandon", None)
        if abandon is not None:
            abandon(self._core.owner)
        self._release()

    def forget(self) -> None:
        """Be at rest, without a word to the store or to a hook."""
        core, engine = self._core, self._engine
        core.hooks.after_fork()
        engine.clear()
        engine.neighbours.heart = None
        engine.attempts.forget()
        if isinstance(core.clock, DrivenClock):
            core.clock.detach(engine)
        self.loop = None
        self._registry.live = False
