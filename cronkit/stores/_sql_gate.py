"""When a server that does not answer is asked again, and how long one call may take."""

from __future__ import annotations

from random import random
from threading import Lock
from typing import TYPE_CHECKING

from cronkit._clock import SystemClock
from cronkit.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

    from cronkit.abc import Clock

_CLOCK = SystemClock()
_LEAST_SECONDS = 1.05
_MOST_SECONDS = 4.0
_MOST_DOUBLED = 10


class Deadline:
    """A length of time that begins now.

    Args:
        seconds: how long it is.
        clock: where the time is read.

    Attributes:
        seconds: as given.

    Example:
        >>> Deadline(2.0).passed
        False
    """

    __slots__ = ("_clock", "_end", "seconds")

    def __init__(self, seconds: float, *, clock: Clock = _CLOCK) -> None:
        self.seconds = seconds
        self._clock = clock
        self._end = clock.monotonic() + seconds

    @property
    def passed(self) -> bool:
        """Whether it is over."""
        return self._clock.monotonic() >= self._end

    @property
    def left(self) -> float:
        """How many seconds are left; zero when it is over."""
        return max(0.0, self._end - self._clock.monotonic())


class Gate:
    """Keeps a store from asking a lost server too often, over all its connections.

    After a failure the next try comes more than a second later; with each failure later, up to
    five seconds, by chance, so that a hundred hosts do not come back in one instant.

    Args:
        clock: where the time is read.
        chance: gives numbers from 0 to 1.
    """

    __slots__ = ("_chance", "_clock", "_closed", "_failures", "_lock", "_reason")

    def __init__(self, *, clock: Clock = _CLOCK, chance: Callable[[], float] = random) -> None:
        self._clock = clock
        self._chance = chance
        self._lock = Lock()
        self._failures = 0
        self._reason = ""
        self._closed: Deadline | None = None

    def enter(self, name: str) -> None:
        """Return if the server may be asked now, and close the gate until the answer.

        Raises:
            StoreError: it was asked a moment ago; says what came of that.
        """
        with self._lock:
            if self._closed is not None and not self._closed.passed:
                raise StoreError(name, self._reason or "a connection is being opened")
            self._close(_LEAST_SECONDS)

    def failed(self, reason: str) -> None:
        """Take in that the server did not answer."""
        with self._lock:
            self._failures += 1
            self._reason = reason
            spread = min(0.5 * 2 ** min(self._failures, _MOST_DOUBLED), _MOST_SECONDS)
            self._close(_LEAST_SECONDS + self._chance() * spread)

    def succeeded(self) -> None:
        """Take in that the server answers."""
        with self._lock:
            self._failures = 0
            self._closed = None

    def _close(self, seconds: float) -> None:
        self._closed = Deadline(seconds, clock=self._clock)
