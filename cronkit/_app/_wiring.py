"""Puts the parts of a scheduler together: what was given, checked and converted once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeVar

from cronkit import _convert, _shapes
from cronkit._app._hand import ByHand
from cronkit._app._lifecycle import Lifecycle
from cronkit._app._pauses import Pauses
from cronkit._app._queries import Queries
from cronkit._app._registry import Registry
from cronkit._engine._core import Core
from cronkit._engine._engine import Engine
from cronkit._engine._hooks import Hooks
from cronkit.errors import PolicyError
from cronkit.executors import AsyncioExecutor, ThreadExecutor
from cronkit.jobs import ASYNCIO
from cronkit.stores import MemoryStore

if TYPE_CHECKING:
    from datetime import timedelta, tzinfo

    from cronkit._app._single import Single
    from cronkit.abc import Clock, Executor, Store

_T = TypeVar("_T")


class App:
    """The private objects of one scheduler."""

    __slots__ = ("by_hand", "core", "engine", "lifecycle", "pauses", "queries", "registry")

    def __init__(
        self,
        *,
        timezone: tzinfo | str,
        clock: Clock | None,
        store: Store | None,
        executor: Executor | None,
        executors: Mapping[str, Executor] | None,
        max_concurrent_runs: int | None,
        limits: Mapping[str, int] | None,
        defaults: Mapping[str, object] | None,
        single: str | os.PathLike[str] | None,
        standby: bool,
    ) -> None:
        zone = _convert.zone(timezone)
        clock = _shapes.clock(clock)
        store = MemoryStore() if store is None else _store(store)
        if max_concurrent_runs is not None:
            _convert.integer(max_concurrent_runs, "max_concurrent_runs", least=1)
        named: dict[str | None, Executor] = {
            _convert.name(name, "executors"): _executor(each, f"executors[{name!r}]")
            for name, each in _mapping(executors, "executors").items()
        }
        default = ThreadExecutor() if executor is None else _executor(executor, "executor")
        named[None] = default
        if ASYNCIO not in named:
            takes_coroutines = isinstance(default, AsyncioExecutor)
            named[ASYNCIO] = default if takes_coroutines else AsyncioExecutor()
        self.core = Core(clock, store, Hooks(clock))
        self.engine = Engine(self.core, max_concurrent_runs=max_concurrent_runs)
        self.registry = Registry(
            self.engine,
            zone,
            defaults=_mapping(defaults, "defaults"),
            limits=_mapping(limits, "limits"),
            executors=named,
        )
        self.lifecycle = Lifecycle(
            self.engine, self.registry, named, _single(single, clock, standby=standby)
        )
        self.by_hand = ByHand(self.engine, self.registry, self.lifecycle)
        self.pauses = Pauses(self.engine, self.registry)
        self.queries = Queries(self.engine, self.registry, self.lifecycle)

    def start(self, *, paused: bool) -> None:
        """Begin to fire; see `Scheduler.start`."""
        self.lifecycle.start(first=self.pauses.begin if _convert.flag(paused, "paused") else None)

    def shutdown(self, *, wait: bool, timeout: timedelta | float | str | None) -> None:
        """Fire no more; see `Scheduler.shutdown`."""
        seconds = None if timeout is None else _convert.duration(timeout, "timeout").total_seconds()
        self.lifecycle.shutdown(wait=_convert.flag(wait, "wait"), timeout=seconds)


def _single(path: str | os.PathLike[str] | None, clock: Clock, *, standby: bool) -> Single | None:
    _convert.flag(standby, "standby")
    if path is not None:
        if not isinstance(path, (str, os.PathLike)) or not os.fspath(path):
            raise PolicyError("single", path, "the path of a lock file")
        from cronkit._app._single import Single  # noqa: PLC0415 -- costs 8 ms of import

        return Single(path, clock, standby=standby)
    if standby:
        raise PolicyError("standby", standby, "True only together with single=")
    return None


def _store(value: Store) -> Store:
    methods = ("decide", "take", "finish", "register", "runs")
    return _shapes.shaped(
        value, "store", methods, "a store, e.g. SQLiteStore('state.db') or open_store(url)"
    )


def _executor(value: Executor, argument: str) -> Executor:
    methods = ("start", "free", "submit", "stop", "shutdown")
    return _shapes.shaped(value, argument, methods, "an executor, e.g. ThreadExecutor()")


def _mapping(value: Mapping[str, _T] | None, argument: str) -> Mapping[str, _T]:
    """Return `value` if it is a mapping; ``None`` stands for an empty one."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise PolicyError(argument, value, "a mapping by name")
    return value
