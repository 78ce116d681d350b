"""`ThreadExecutor`: attempts on daemon threads of its own.

Not the standard thread pool: that one is joined at interpreter exit, so one hung job would keep
the process alive for ever.
"""

from __future__ import annotations

import threading
from queue import SimpleQueue
from threading import get_ident
from typing import TYPE_CHECKING

from cronkit import _convert
from cronkit.executors._call import call

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cronkit._attempt import Attempt
    from cronkit.abc import Report

    Queue = SimpleQueue[Attempt | None]


class _Worker:
    """What a worker thread is at.

    Attributes:
        is_free: whether it has ended an attempt and has not looked for the next one yet.
        attempt: the next one, handed over by itself while it reported the last one.
    """

    __slots__ = ("attempt", "is_free")

    def __init__(self) -> None:
        self.is_free = False
        self.attempt: Attempt | None = None


class ThreadExecutor:
    """Runs attempts on up to `max_workers` daemon threads.

    A thread cannot be killed. An attempt that outlives its timeout is abandoned: its slot goes to
    a fresh thread, and it is counted until it ends. With `max_abandoned` such threads no new
    attempt starts here until one of them ends.

    Args:
        max_workers: how many attempts go on at once.
        max_abandoned: how many hung threads are put up with.

    Raises:
        PolicyError: a number out of range.
    """

    kills = False
    prompt = True

    def __init__(self, max_workers: int = 10, *, max_abandoned: int = 10) -> None:
        self._slots = _convert.integer(max_workers, "max_workers", least=1)
        self._most_abandoned = _convert.integer(max_abandoned, "max_abandoned", least=1)
        self._report: Report | None = None
        self._serial = 0
        self._forget()

    def _forget(self) -> None:
        """Begin with no thread and no attempt; the lock is new too."""
        self._queue: Queue = SimpleQueue()
        self._lock = threading.Lock()
        self._idle = threading.Condition(self._lock)
        self._workers: dict[int, _Worker] = {}  # by the identity of the thread
        # An attempt is in one of these from `submit` to its end; each in `_going` has a thread.
        self._going: set[Attempt] = set()
        self._abandoned: set[Attempt] = set()
        self._threads = 0

    def start(self, report: Report) -> None:
        """Report to `report` from now on; threads start with the first attempts."""
        self._report = report

    def free(self) -> int:
        """Return how many attempts could start now."""
        if len(self._abandoned) >= self._most_abandoned:
            return 0
        return self._slots - len(self._going)

    def submit(self, attempt: Attempt) -> None:
        """Hand an attempt to a thread; where the system has none left, the attempt fails."""
        here = self._workers.get(get_ident())
        is_free = here is not None and here.is_free
        if is_free:
            self._going.add(attempt)
        if not is_free or self._threads < len(self._going):
            refused = self._queue_up(attempt, to_thread=not is_free)
            if refused is not None:
                if self._report is not None:
                    self._report(attempt, None, refused)
                return
        if here is not None and is_free:  # no other thread has to be woken, and no lock taken
            here.is_free, here.attempt = False, attempt

    def _queue_up(self, attempt: Attempt, *, to_thread: bool) -> RuntimeError | None:
        """Have a thread for an attempt, and give it to one; return why there is none."""
        with self._lock:
            self._going.add(attempt)
            try:
                if self._threads < len(self._going):
                    self._start_thread()
            except RuntimeError as error:
                self._going.discard(attempt)
                self._idle.notify_all()
                return error
            if to_thread:
                self._queue.put(attempt)
        return None

    def _start_thread(self) -> None:
        self._serial += 1
        name = f"cronkit-worker-{self._serial}"
        threading.Thread(target=self._work, args=(self._queue,), name=name, daemon=True).start()
        self._threads += 1

    def stop(self, attempt: Attempt) -> None:
        """Do nothing: the attempt's cancel token is set, and a thread looks at it or not."""

    def abandon(self, attempt: Attempt) -> None:
        """Give the attempt's slot to others; its thread ends with it."""
        with self._lock:
            if self._leaves(attempt):  # else it has just ended, and its report is on its way
                self._abandoned.add(attempt)
                self._threads -= 1
                self._idle.notify_all()

    def _leaves(self, attempt: Attempt) -> bool:
        """Take an attempt from those that go on; return whether nobody else has.

        One step of the interpreter: of a worker that ends it without the lock, and of who abandons
        it under the lock, one has it.
        """
        try:
            self._going.remove(attempt)
        except KeyError:
            return False
        return True

    def shutdown(self, timeout: float | None) -> bool:
        """Wait for what goes on and end the idle threads; what goes on then is abandoned."""
        with self._lock:
            ended = self._idle.wait_for(lambda: not self._going, timeout)
            for attempt in tuple(self._going):
                if self._leaves(attempt):
                    self._abandoned.add(attempt)
            # A thread that is busy still takes nothing more: it finds its attempt abandoned.
            queue, self._queue = self._queue, SimpleQueue()
            for _ in range(self._threads):
                queue.put(None)
            self._threads = 0
        return ended

    def after_fork(self) -> None:
        """Begin anew in a forked child, which has none of the threads."""
        self._forget()

    def status(self) -> Mapping[str, int]:
        """Return counts to show: ``slots``, ``busy``, ``abandoned``."""
        return {
            "slots": self._slots,
            "busy": len(self._going),
            "abandoned": len(self._abandoned),
            "max_abandoned": self._most_abandoned,
        }

    def _work(self, queue: Queue) -> None:
        workers, me = self._workers, get_ident()
        here = workers[me] = _Worker()
        try:
            while (attempt := here.attempt or queue.get()) is not None:
                here.attempt = None
                if not self._serve(attempt, here):
                    return
                del attempt  # an idle thread must not keep the last one alive
        finally:
            if workers.get(me) is here:
                del workers[me]

    def _serve(self, attempt: Attempt, here: _Worker) -> bool:
        """Run an attempt to its end; return whether the thread may go on to the next."""
        value, error = call(attempt)
        stays = self._leaves(attempt)
        if not (stays and self._going):  # the lock is for what is rare: a burst has no use for it
            with self._lock:
                self._abandoned.discard(attempt)
                self._idle.notify_all()
        here.is_free = stays
        if self._report is not None:
            self._report(attempt, value, error)
        here.is_free = False
        return stays
