"""The one thread that drives an engine in real time."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from cronkit._engine._hooks import complain
from cronkit._engine._wake import Wake, is_held_here
from cronkit._failure import name_of

if TYPE_CHECKING:
    from datetime import timedelta

    from cronkit._engine._engine import Engine

_LONGEST_WAIT = 1.0
"""Seconds. A suspended machine or a stepped clock is noticed at the next look."""

_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 5.0


class Loop:
    """Steps an engine when something is due, and looks at the clock at least once a second.

    Its body is total: whatever a step raises is counted and logged, and firing goes on.

    Attributes:
        failures: how many steps raised; the loop goes on after each.
        failing: what the last step raised, in a word; ``None``: it went well.
        last_beat: when it last looked, on the clock's monotonic scale.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._clock = engine.core.clock
        self._wake = Wake()
        self._stopping = False
        self._thread: threading.Thread | None = None
        self.failures = 0
        self.failing: str | None = None
        self.last_beat = self._clock.monotonic()

    def start(self) -> None:
        """Begin."""
        self._engine.watch.begin()
        thread = threading.Thread(target=self._serve, name="cronkit-loop", daemon=True)
        thread.start()
        self._thread = thread

    def wake(self) -> None:
        """Look at once; any thread, also a signal handler."""
        if not self._wake.is_set():
            self._wake.set()

    def stop(self, timeout: float | None = None) -> None:
        """End; waits for the step that is going on, unless it is the caller's own.

        Args:
            timeout: for how many seconds at most; a store or a trigger may hold the step up.
        """
        self._stopping = True
        self._wake.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout)

    def is_held_up_here(self) -> bool:
        """Return whether the calling thread is inside something that the loop needs to end.

        A signal handler may have interrupted it there, or a log handler have been called there.
        """
        if self._thread is threading.current_thread():
            return False
        return self._wake.is_held_here() or is_held_here(self._engine.core.ended)

    def _serve(self) -> None:
        pause, seconds, woken = _FIRST_PAUSE, 0.0, True
        while not self._stopping:
            if self._wake.is_set():  # what is set from here on is seen by the step, or by the wait
                self._wake.clear()
                woken = True
            try:
                self.last_beat = self._clock.monotonic()
                self._engine.watch.look()
                if woken or seconds < _LONGEST_WAIT:  # else it only looked at the clock
                    self._engine.step()
                self.failing = None
                seconds = self._seconds_to_wait()
                woken = self._clock.wait(seconds, self._wake)
            except BaseException as error:  # noqa: BLE001 -- the loop's body is total
                woken = True
                self._failed(error)
                self._wake.wait(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
            else:
                pause = _FIRST_PAUSE

    def _failed(self, error: BaseException) -> None:
        self.failures += 1
        self.failing = name_of(error)
        complain("the scheduler's step failed: %s", self.failing, error=error)

    def _seconds_to_wait(self) -> float:
        when = self._engine.next_wakeup()
        if when is None:
            return _LONGEST_WAIT
        left: timedelta = when - self._clock.now()
        return min(max(left.total_seconds(), 0.0), _LONGEST_WAIT)
