"""The real clock: the only place in the package that asks the operating system for the time.

Everything else takes a clock (`cronkit.abc.Clock`), so that a test can hand in another one.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime

TYPE_CHECKING = False
if TYPE_CHECKING:
    from threading import Event


class SystemClock:
    """Wall-clock and monotonic time of this machine.

    Example:
        >>> SystemClock().now().tzinfo
        datetime.timezone.utc
    """

    __slots__ = ()

    EARLIEST = datetime(2026, 1, 1, tzinfo=UTC)
    """No clock that was ever set shows an earlier time: this package was written later.

    A machine without a battery begins at 1970 until it reaches a time server. A scheduler decides
    nothing by such a clock.
    """

    def now(self) -> datetime:
        """Return the wall-clock time as an aware datetime in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds on a clock that never steps; only differences mean anything."""
        return time.monotonic()

    def wait(self, seconds: float | None, wake: Event) -> bool:
        """Block until `wake` is set or `seconds` have passed; return whether it was set.

        ``None`` waits for `wake` alone. The event is left as it is.
        """
        return wake.wait(seconds)

    def __repr__(self) -> str:
        return "SystemClock()"
