"""When a server that does not answer is asked again, and how long one call may take."""

from __future__ import annotations

import random
from threading import Lock

from cronkit._clock import SystemClock
from cronkit.errors import StoreError

_CLOCK = SystemClock()
_LEAST_SECONDS = 1.05
_MOST_SECONDS = 4.0
_MOST_DOUBLED = 10


class Deadline:
    """A length of time that begins now.

    Example:
        >>> Deadline(2.0).passed
        False
    """

    __slots__ = ("_end", "seconds")

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = _CLOCK.monotonic() + seconds

    @property
    def passed(self) -> bool:
        """Whether it is over."""
        return _CLOCK.monotonic() >= self._end

    @property
    def left(self) -> float:
        """How many seconds are left; zero when it is over."""
        return max(0.0, self._end - _CLOCK.monotonic())


class Gate:
    """Keeps a store from asking a lost server too often, over all its connections.

    After a failure the next try comes more than a second later; with each failure later, up to
    five seconds, by chance, so that a hundred hosts do not come back in one instant.
    """

    __slots__ = ("_closed", "_failures", "_lock", "_reason")

    def __init__(self) -> None:
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
            self._closed = Deadline(_LEAST_SECONDS)

    def failed(self, reason: str) -> None:
        """Take in that the server did not answer."""
        with self._lock:
            self._failures += 1
            self._reason = reason
            spread = min(0.5 * 2 ** min(self._failures, _MOST_DOUBLED), _MOST_SECONDS)
            wait = _LEAST_SECONDS + random.random() * spread  # noqa: S311 -- no secret
            self._closed = Deadline(wait)

    def succeeded(self) -> None:
        """Take in that the server answers."""
        with self._lock:
            self._failures = 0
            self._closed = None
