"""The one thread that drives an engine in real time."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from cronkit._engine._hooks import complain
from cronkit._engine._wake import Wake
from cronkit._failure import name_of

if TYPE_CHECKING:
    from cronkit._engine._engine import Engine

_LONGEST_WAIT = 1.5
"""Seconds. A suspended machine or a stepped clock is noticed at the next look, within two seconds.

Each look of an idle process costs half a millisecond: nothing of it is left in the caches.
"""

_EARLY = 0.01
"""Seconds before a fire time at which to wake from a longer sleep, and to rehearse a step.

A machine that has slept comes back one or two milliseconds late, and takes as long again until the
code of a step is in its caches: now that is over in time.
"""

_NEAR = 0.0005
"""Seconds before a fire time to wake and wait for the rest of it.

From a sleep of some milliseconds a thread comes back 0.3 ms late, from a shorter one 0.1 ms.
"""

_BRINK = 0.0002
"""Seconds before a fire time from which on the loop sleeps no more: from the shortest sleep a
thread comes back 0.1 ms late. So much is spent at each instant that it has slept for.
"""

_WORTHWHILE = 4
"""A wait this many times `_EARLY` or `_NEAR` is long; a shorter one is not cut in two."""

_GATHERING = 0.00005
"""Seconds for attempts that are just ending: their outcomes fit into the same transaction.

Of a burst of short runs a transaction so writes what all slots have ended, and not half of it.
"""

_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 5.0


class Loop:
    """Steps an engine when something is due, and looks at the clock at least every two seconds.

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
        self._never = Wake()
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
        return _is_held_here(self._engine.core.ended)

    def _serve(self) -> None:
        pause, woken, due = _FIRST_PAUSE, True, True
        while True:
            if self._wake.is_set():  # what is set from here on is seen by the step, or by the wait
                self._wake.clear()
                woken = True
            if self._stopping:  # only now: who stops it says so first, and wakes it then
                return
            try:
                self.last_beat = self._clock.monotonic()
                self._engine.watch.look()
                if woken or due:  # else it only looked at the clock
                    if self._engine.expects_more:
                        self._clock.wait(_GATHERING, self._never)
                    self._engine.step()
                self.failing = None
                woken, due = self._wait()
            except BaseException as error:  # noqa: BLE001 -- the loop's body is total
                woken = True
                self._failed(error)
                self._wake.wait(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
            else:
                pause = _FIRST_PAUSE

    def _wait(self) -> tuple[bool, bool]:
        """Wait for what comes next; return whether it was woken, and whether something is due."""
        clock, wake = self._clock, self._wake
        when = self._engine.next_wakeup()
        if when is None or (left := (when - clock.now()).total_seconds()) > _LONGEST_WAIT:
            return clock.wait(_LONGEST_WAIT, wake), False
        if left <= _WORTHWHILE * _NEAR:
            return left > 0 and clock.wait(left, wake), True
        end = clock.monotonic() + left  # the wall clock may be set meanwhile
        if left > _WORTHWHILE * _EARLY:
            if clock.wait(left - _EARLY, wake):
                return True, False
            self._rehearse()
        for ahead in (_NEAR, _BRINK):
            if (left := end - clock.monotonic()) > ahead and clock.wait(left - ahead, wake):
                return True, False
        while end > clock.monotonic():
            if clock.wait(0.0, wake):
                return True, False
        return False, True

    def _rehearse(self) -> None:
        """Do what a step begins with, and act on nothing."""
        self._engine.watch.rehearse()
        self._engine.next_wakeup()

    def _failed(self, error: BaseException) -> None:
        self.failures += 1
        self.failing = name_of(error)
        complain("the scheduler's step failed: %s", self.failing, error=error)


def _is_held_here(condition: threading.Condition) -> bool:
    """Return whether the calling thread has the lock of a condition."""
    try:
        condition.notify(0)
    except RuntimeError:  # what it raises in a thread that has not
        return False
    return True
