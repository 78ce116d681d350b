"""`AsyncioExecutor`: ``async def`` jobs on one event loop.

asyncio is imported with the first of them: it costs 30 ms, and a program without them pays nothing.
"""

from __future__ import annotations

import inspect
import threading
from typing import TYPE_CHECKING

from cronkit import _convert
from cronkit.errors import NotCallableError
from cronkit.executors._call import refuse_to_block
from cronkit.executors._stopped import stopped
from cronkit.jobs import is_async

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Task
    from collections.abc import Callable, Coroutine, Mapping

    from cronkit._attempt import Attempt
    from cronkit.abc import Report
    from cronkit.executors._asyncio_loop import HostLoop
    from cronkit.jobs import Job


CLOSE_SECONDS = 2.0
"""How long the close of a loop may take: cancelled tasks have half of it."""

_IN_PARENT: list[HostLoop] = []
"""Loops that have stayed in the parent of this forked process: to drop one would close it."""


class _Going:
    """An attempt that goes on as a task of a loop.

    Attributes:
        home: the loop.
        heard: whether a stop has reached the loop.
    """

    __slots__ = ("_attempt", "_came", "_end", "_task", "heard", "home")

    def __init__(self, attempt: Attempt, home: HostLoop, end: Report) -> None:
        self._attempt = attempt
        self._end = end
        self._task: Task[None] | None = None
        self._came: tuple[object, BaseException | None] | None = None
        self.home = home
        self.heard = False

    def begin(self) -> None:
        """Create the task, if there is none yet; any thread."""
        self._call(self._begin)

    def cancel(self) -> None:
        """Cancel the task; any thread."""
        self._call(self._cancel)

    def _call(self, step: Callable[[], None]) -> None:
        try:
            self.home.call(step)
        except RuntimeError as closed:  # the host has closed its loop under our feet
            self._end(self._attempt, None, closed)

    def _begin(self) -> None:
        if self._task is not None:
            return
        self._task = self.home.loop.create_task(self._serve(), name=self._attempt.run_id)
        self._task.add_done_callback(self._done)

    def _cancel(self) -> None:
        self.heard = True
        if self._task is not None:
            self._task.cancel()

    async def _serve(self) -> None:
        try:
            answer = self._attempt.call()
            value = await answer if inspect.isawaitable(answer) else answer
        except BaseException as error:  # noqa: BLE001 -- the job boundary
            self._attempt.tell(error)
            self._came = (None, error)
        else:
            self._came = (value, None)

    def _done(self, task: Task[None]) -> None:
        """Report. Not in `_serve`: a task that is cancelled before its first step never gets there."""
        del task
        value, error = self._came or (None, self.home.cancellation())
        # The token wakes a sleep before the stop reaches the loop: `heard` may be too late here.
        by_request = self.home.is_cancellation(error)
        self._end(self._attempt, *stopped(self._attempt, value, error, by_request=by_request))


class AsyncioExecutor:
    """Runs ``async def`` jobs as tasks of one event loop.

    Every scheduler has one under the name ``"asyncio"``, and ``async def`` functions use it without
    being told. The loop is the host's when the scheduler is started with ``async with``, else one
    on a thread of its own. A timeout cancels the task.

    A coroutine that blocks the loop holds up all others. When it outlives its timeout, later
    attempts get a fresh loop (not on a host's loop, which nobody can replace).

    Args:
        max_concurrent: how many attempts go on at once.

    Raises:
        PolicyError: `max_concurrent` is out of range.

    Example:
        >>> from cronkit import Scheduler
        >>> from cronkit.executors import AsyncioExecutor
        >>> scheduler = Scheduler(executors={"asyncio": AsyncioExecutor(max_concurrent=500)})
        >>> @scheduler.every("1m")
        ... async def poll(): ...
        >>> scheduler["poll"].runs_on
        'asyncio'
    """

    kills = True

    def __init__(self, max_concurrent: int = 100) -> None:
        self._slots = _convert.integer(max_concurrent, "max_concurrent", least=1)
        self._report: Report | None = None
        self._home: HostLoop | None = None
        self._left: list[HostLoop] = []
        self._ended = threading.Condition()
        self._going: dict[Attempt, _Going] = {}
        self._abandoned: dict[Attempt, _Going] = {}

    def accepts(self, job: Job) -> None:
        """Refuse a job that is not ``async def``.

        Raises:
            NotCallableError: it would hold up the loop.
        """
        if not is_async(job.func):
            raise NotCallableError(job.func, "the asyncio executor runs async def functions only")

    def adopt(self, loop: AbstractEventLoop | None) -> None:
        """Run on this loop, which the caller keeps going; ``None``: on a loop of its own."""
        if loop is None:
            self._home = None
            return
        from cronkit.executors._asyncio_loop import HostLoop  # noqa: PLC0415 -- imports asyncio

        self._home = HostLoop(loop)

    def start(self, report: Report) -> None:
        """Report to `report` from now on; a loop of its own starts with the first attempt."""
        self._report = report
        self._going.clear()
        self._abandoned.clear()

    def free(self) -> int:
        """Return how many attempts could start now."""
        return self._slots - len(self._going)

    def submit(self, attempt: Attempt) -> None:
        """Start an attempt as a task of the loop."""
        attempt.sleeper = refuse_to_block
        going = _Going(attempt, self._at_home(), self._end)
        with self._ended:
            self._going[attempt] = going
        going.begin()

    def stop(self, attempt: Attempt) -> None:
        """Cancel the attempt's task; its cancel token is set already."""
        going = self._going.get(attempt)
        if going is not None:
            going.cancel()

    def abandon(self, attempt: Attempt) -> None:
        """Give the attempt's slot to others; leave a loop that it blocks."""
        with self._ended:
            going = self._going.pop(attempt, None)
            if going is None:
                return
            self._abandoned[attempt] = going
            if going.home is self._home and going.home.own and not going.heard:
                self._left.append(going.home)
                self._home = None
            self._ended.notify_all()

    def shutdown(self, timeout: float | None, *, close_within: float = CLOSE_SECONDS) -> bool:
        """Wait for what goes on, cancel the rest, close the loop if it is an own one.

        Args:
            timeout: how many seconds to wait for what goes on; ``None``: without limit.
            close_within: how many seconds the loop has to close; a job may block it.
        """
        home, self._home = self._home, None
        left, self._left = self._left, []
        with self._ended:
            held_up = home is not None and home.is_current
            self._ended.wait_for(lambda: not self._going, 0.0 if held_up else timeout)
        for attempt in list(self._going):
            self.stop(attempt)
        for each in left:
            each.leave()
        return (home is None or home.close(close_within)) and not self._going

    def status(self) -> Mapping[str, int]:
        """Return counts to show: ``slots``, ``busy``, ``abandoned``."""
        return {
            "slots": self._slots,
            "busy": len(self._going),
            "abandoned": len(self._abandoned),
        }

    def run(self, coroutine: Coroutine[object, object, object]) -> object:
        """Run the coroutine of a hook to its end, on the loop of the jobs; return its result.

        Raises:
            StateError: a job blocks the loop.
        """
        home = self._at_home()
        return home.run(coroutine, lambda: home not in self._left)

    def holds_caller(self) -> bool:
        """Return whether the calling thread runs the loop, so that waiting would hold it up."""
        return self._home is not None and self._home.is_current

    def after_fork(self) -> None:
        """Begin anew in a forked child: the thread of the loop has stayed in the parent."""
        if self._home is not None:
            _IN_PARENT.append(self._home)
        self._home, self._left = None, []
        self._ended = threading.Condition()
        self._going, self._abandoned = {}, {}

    def _at_home(self) -> HostLoop:
        home = self._home
        if home is None:
            from cronkit.executors._asyncio_loop import LoopThread  # noqa: PLC0415 -- asyncio

            home = self._home = LoopThread()
        return home

    def _end(self, attempt: Attempt, value: object, error: BaseException | None) -> None:
        with self._ended:
            going = self._going.pop(attempt, None) or self._abandoned.pop(attempt, None)
            self._ended.notify_all()
        if going is not None and self._report is not None:
            self._report(attempt, value, error)
