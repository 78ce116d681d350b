"""Whether the store answers, and when it is asked again."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from cronkit.jobs import Backoff, StoreBack, StoreLost

if TYPE_CHECKING:
    from datetime import datetime

    from cronkit._engine._core import Core
    from cronkit.errors import StoreError

_LEAST = timedelta(seconds=1)
_BACKOFF = Backoff(attempts=2, base="500ms", max="3s")
"""Added to the least: hosts that lost one server together do not come back in one instant."""


class Outage:
    """The times in which the store does not answer.

    Attributes:
        since: when the present one began; ``None``: the store answers.
        until: when the store is asked again.
        reason: what the store said last.
    """

    __slots__ = ("_asked", "_core", "reason", "since", "until")

    def __init__(self, core: Core) -> None:
        self._core = core
        self._asked = 0
        self.since: datetime | None = None
        self.until: datetime | None = None
        self.reason = ""

    def holds(self, now: datetime) -> bool:
        """Return whether it is too early to ask the store again."""
        # A wall clock that was set back must not make the pause longer.
        return self.until is not None and now < self.until <= now + _LEAST + _BACKOFF.max

    def begin(self, error: StoreError, now: datetime) -> datetime:
        """Take in that the store has not answered; return when to ask it again."""
        self.reason = error.reason
        self._asked += 1
        self.until = now + _LEAST + _BACKOFF.delay(self._core.owner, self._asked)
        if self.since is None:
            self.since = now
            if self._core.hooks.wants(StoreLost):
                self._core.hooks.emit(StoreLost(at=now, reason=str(error)))
        return self.until

    def end(self, now: datetime) -> None:
        """Take in that the store answers."""
        if self.since is None:
            return
        self.since = self.until = None
        self._asked = 0
        if self._core.hooks.wants(StoreBack):
            self._core.hooks.emit(StoreBack(at=now))

    def forget(self) -> None:
        """Know of no outage: the scheduler has stopped."""
        self.since = self.until = None
        self._asked = 0
