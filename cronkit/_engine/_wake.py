"""An event that a signal handler may set.

Python runs a signal handler in the main thread, between two of its instructions. Should the main
thread be inside ``Event.set`` at that moment, it holds the event's lock, and a ``set`` in the
handler would wait for it for ever. The lock of this event can be taken again by its holder.
"""

from __future__ import annotations

import threading

_SLICE = 1.0
"""Seconds; after this long a wait of the main thread, which runs the handlers, looks again."""


class Wake(threading.Event):
    """A `threading.Event` whose `set` may interrupt any other of its methods in one thread."""

    def __init__(self) -> None:
        super().__init__()
        self._changed = threading.Condition(threading.RLock())
        self._is_set = False

    def is_set(self) -> bool:
        """Return whether it is set."""
        return self._is_set

    def set(self) -> None:
        """Set it and let all who wait go on; in any thread, also in a signal handler."""
        with self._changed:
            self._is_set = True
            self._changed.notify_all()

    def clear(self) -> None:
        """Set it back."""
        self._is_set = False

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is set, for `timeout` seconds at most; return whether it is."""
        if threading.current_thread() is not threading.main_thread():
            with self._changed:
                return self._is_set or self._changed.wait_for(self.is_set, timeout)
        left = timeout
        with self._changed:
            while not self._is_set:
                # A handler of this thread may set it just here, when nobody is there to notify.
                slice_ = _SLICE if left is None else min(left, _SLICE)
                if self._changed.wait(slice_):
                    return True
                if left is not None:
                    left -= slice_
                    if left <= 0:
                        break
            return self._is_set

    def is_held_here(self) -> bool:
        """Return whether the calling thread has been interrupted inside of it."""
        return is_held_here(self._changed)


def is_held_here(condition: threading.Condition) -> bool:
    """Return whether the calling thread has the lock of a condition."""
    try:
        condition.notify(0)
    except RuntimeError:  # what it raises in a thread that has not
        return False
    return True
