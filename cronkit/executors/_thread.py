"""`ThreadExecutor`: attempts on daemon threads of its own.

Not the standard thread pool: that one is joined at interpreter exit, so one hung job would keep
the process alive for ever.
"""

from __future__ import annotations

import threading
from queue import SimpleQueue
from typing import TYPE_CHECKING

from cronkit import _convert
from cronkit.executors._call import call

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cronkit._context import Attempt
    from cronkit.abc import Report


class ThreadExecutor:
    """Runs attempts on up to `max_workers` daemon threads.

    A thread cannot be killed. An attempt that outlives its timeout is abandoned: its slot goes to
    a fresh thread, and it is counted until it ends. With `max_abandoned` such threads no new
    attempt starts here.

    Args:
        max_workers: how many attempts go on at once.
        max_abandoned: how many hung threads are put up with.

    Raises:
        PolicyError: a number out of range.
    """

    kills = False

    def __init__(self, max_workers: int = 10, *, max_abandoned: int = 10) -> None:
        self._slots = _convert.integer(max_workers, "max_workers", least=1)
        self._most_abandoned = _convert.integer(max_abandoned, "max_abandoned", least=0)
        self._queue: SimpleQueue[Attempt | None] = SimpleQueue()
        self._idle = threading.Condition(threading.Lock())
        self._report: Report | None = None
        self._busy = 0
        self._threads = 0
        self._serial = 0
        self._abandoned: set[Attempt] = set()

    def start(self, report: Report) -> None:
        """Report to `report` from now on; threads start with the first attempts."""
        self._report = report

    def free(self) -> int:
        """Return how many attempts could start now."""
        if len(self._abandoned) > self._most_abandoned:
            return 0
        return self._slots - self._busy

    def submit(self, attempt: Attempt) -> None:
        """Hand an attempt to a thread."""
        with self._idle:
            self._busy += 1
            if self._threads < min(self._busy, self._slots):
                self._threads += 1
                self._serial += 1
                name = f"cronkit-worker-{self._serial}"
                threading.Thread(target=self._work, name=name, daemon=True).start()
        self._queue.put(attempt)

    def stop(self, attempt: Attempt) -> None:
        """Do nothing: the attempt's cancel token is set, and a thread looks at it or not."""

    def abandon(self, attempt: Attempt) -> None:
        """Give the attempt's slot to others; its thread ends with it."""
        with self._idle:
            self._abandoned.add(attempt)
            self._busy -= 1
            self._threads -= 1
            self._idle.notify_all()

    def shutdown(self, timeout: float | None) -> bool:
        """Wait for what goes on and end the idle threads."""
        with self._idle:
            ended = self._idle.wait_for(lambda: self._busy == 0, timeout)
            for _ in range(self._threads):
                self._queue.put(None)
            self._threads = 0
            if not ended:
                self._queue = SimpleQueue()  # what still goes on ends on the old one
                self._busy = 0
        return ended

    def status(self) -> Mapping[str, int]:
        """Return counts to show: ``slots``, ``busy``, ``abandoned``."""
        return {"slots": self._slots, "busy": self._busy, "abandoned": len(self._abandoned)}

    def _work(self) -> None:
        queue = self._queue
        while (attempt := queue.get()) is not None:
            value, error = call(attempt)
            with self._idle:
                stays = attempt not in self._abandoned
                if stays:
                    self._busy -= 1
                    if not self._busy:
                        self._idle.notify_all()
                else:
                    self._abandoned.discard(attempt)
            if self._report is not None:
                self._report(attempt, value, error)
            del attempt, value, error  # an idle thread must not keep the last result alive
            if not stays:
                return
