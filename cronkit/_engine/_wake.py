"""An event that a signal handler may set.

Python runs a signal handler in the main thread, between two of its instructions. Should the main
thread be inside ``Event.set`` at that moment, it holds the event's lock, and a ``set`` in the
handler would wait for it for ever. Here nobody holds a lock: there is a gate, which is closed while
the event is not set, and who waits wants to pass it.
"""

from __future__ import annotations

import threading
from contextlib import suppress


class Wake(threading.Event):
    """A `threading.Event` whose `set` may interrupt any other of its methods in one thread.

    Who waits for it is also who sets it back.
    """

    def __init__(self) -> None:  # nothing of the parent's is used: its lock is what is not wanted
        self._is_set = False
        self._gate = threading.Lock()
        self._gate.acquire()

    def is_set(self) -> bool:
        """Return whether it is set."""
        return self._is_set

    def set(self) -> None:
        """Set it and let all who wait go on; in any thread, also in a signal handler."""
        self._is_set = True
        self._open()

    def clear(self) -> None:
        """Set it back."""
        self._is_set = False
        self._gate.acquire(blocking=False)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is set, for `timeout` seconds at most; return whether it is."""
        seconds = -1.0 if timeout is None else max(timeout, 0.0)
        while not self._is_set and self._gate.acquire(timeout=seconds):
            if self.is_set():
                self._open()  # for others who wait
        return self._is_set

    def __repr__(self) -> str:
        return f"<Wake {'set' if self._is_set else 'unset'}>"

    def _open(self) -> None:
        if self._gate.locked():
            with suppress(RuntimeError):  # another one has opened it just now
                self._gate.release()
