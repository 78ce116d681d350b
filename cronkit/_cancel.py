"""The token by which a run is asked to stop."""

from __future__ import annotations

from threading import Event
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class CancelToken:
    """Whether a run is asked to stop, and why. Setting it is final; any thread may set it.

    Attributes:
        reason: why; ``None``: it is not asked to stop.
        wakers: called when it is, in the thread that asks.
    """

    __slots__ = ("_event", "reason", "wakers")

    def __init__(self) -> None:
        self.reason: str | None = None
        self.wakers: tuple[Callable[[], object], ...] = ()
        self._event: Event | None = None

    def set(self, reason: str) -> None:
        """Ask the run to stop; the first reason stays."""
        if self.reason is None:
            self.reason = reason
        if self._event is not None:
            self._event.set()
        for wake in self.wakers:
            wake()

    @property
    def event(self) -> Event:
        """An event that is set with the token, to wait for."""
        if self._event is None:
            self._event = Event()
        # `set` writes the reason before it looks for the event: one of the two sees the other.
        if self.reason is not None:
            self._event.set()
        return self._event
