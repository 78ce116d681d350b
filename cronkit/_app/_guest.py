"""A stay at a shared store while the scheduler is not started: for runs in the calling thread."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from cronkit._engine._heart import Heart
from cronkit.abc import DrivenClock
from cronkit.errors import StoreError

if TYPE_CHECKING:
    from types import TracebackType

    from cronkit._engine._core import Core
    from cronkit.abc import SharedStore


class Guest:
    """Enters a shared store with the first thread that needs it, and leaves with the last.

    Without an owner that beats, other schedulers would take a long run for a lost one. A store of
    this process alone needs none of this.

    Args:
        core: the scheduler's store and clock.
    """

    def __init__(self, core: Core) -> None:
        self._core = core
        self._threads = 0
        self._heart: Heart | None = None

    def __enter__(self) -> None:
        core = self._core
        if not core.shares:
            return
        with core.lock:
            if self._threads == 0:
                core.name_owner()
                core.store.open(core.owner, core.clock.now())
                self._heart = Heart(
                    cast("SharedStore", core.store), core.clock, core.owner, lambda: None
                )
                if not isinstance(core.clock, DrivenClock):
                    self._heart.start()
            self._threads += 1

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        core = self._core
        if not core.shares:
            return
        with core.lock:
            self._threads -= 1
            if self._threads == 0 and self._heart is not None:
                self._heart.stop()
                try:
                    core.store.close(core.owner, core.clock.now())
                except StoreError:
                    if kind is None:
                        raise
