"""The executors of a scheduler, started and stopped with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cronkit._app._waiting import held_up
from cronkit._engine._hooks import run_alone
from cronkit.abc import DrivenClock
from cronkit.executors import AsyncioExecutor
from cronkit.jobs import ASYNCIO

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import Iterable, Mapping

    from cronkit._engine._engine import Engine
    from cronkit.abc import Executor, Report


class Crew:
    """Hands the executors to the engine: those that were given, or what a driven clock has for them.

    Args:
        engine: what hands attempts to executors.
        given: the executors by name; ``None`` is the name of the default.
    """

    def __init__(self, engine: Engine, given: Mapping[str | None, Executor]) -> None:
        self._core = engine.core
        self._attempts = engine.attempts
        self._express = engine.express
        self._given = given

    def start(self, loop: AbstractEventLoop | None) -> None:
        """Start them; ``async def`` jobs and hooks run on `loop`, or on a loop of their own."""
        clock, attempts = self._core.clock, self._attempts
        started: dict[int, Executor] = {}  # one executor may have several names
        for name, executor in self._given.items():
            used = started.get(id(executor))
            if used is None:
                meet = getattr(executor, "meet", None)
                if meet is not None:
                    meet(self._core.store)
                used = clock.executor(executor) if isinstance(clock, DrivenClock) else executor
                adopt = getattr(used, "adopt", None)
                if adopt is not None:
                    adopt(loop)
                used.start(self._report_of(used))
                started[id(executor)] = used
            attempts.executors[name] = used
        run = getattr(attempts.executors[ASYNCIO], "run", None)
        if run is not None:
            self._core.hooks.run_coroutine = run

    def _report_of(self, executor: Executor) -> Report:
        """Return what an executor is to call with what attempts came to."""
        if self._core.shares or not getattr(executor, "prompt", False):
            return self._attempts.outcomes.report
        express = self._express
        return express.report_in_turn if getattr(executor, "in_turn", False) else express.report

    def stop(self, close_within: float) -> None:
        """Stop them; what still goes on has its outcome already.

        Args:
            close_within: how many seconds an event loop has to close.
        """
        for each in _distinct(self._attempts.executors.values()):
            if isinstance(each, AsyncioExecutor):
                each.shutdown(0.0, close_within=close_within)
            else:
                each.shutdown(0.0)

    def stop_hooks(self, drain: float) -> None:
        """Deliver what is queued, for `drain` seconds at most, and end the hook thread."""
        hooks = self._core.hooks
        if held_up(self._attempts):
            hooks.run_coroutine = run_alone  # the loop that they would run on is this thread's
        hooks.stop(drain)
        hooks.run_coroutine = run_alone

    def after_fork(self) -> None:
        """Have them begin anew in a forked child, which has none of their threads."""
        for each in _distinct((*self._given.values(), *self._attempts.executors.values())):
            begin_anew = getattr(each, "after_fork", None)
            if begin_anew is not None:
                begin_anew()


def _distinct(executors: Iterable[Executor]) -> Iterable[Executor]:
    return {id(each): each for each in executors}.values()
