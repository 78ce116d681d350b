"""An event loop on a thread of its own, and one that belongs to the host. Knows no jobs."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import wait
from contextlib import suppress
from itertools import count
from typing import TYPE_CHECKING

from cronkit._failure import is_a
from cronkit.errors import RunCancelledError, StateError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

_CLOSE_SECONDS = 1.0
"""How long cancelled tasks may take to end when their loop is closed."""

_LOOK_SECONDS = 1.0
"""How often somebody who waits for a hook looks whether a job blocks the loop."""

_serial = count(1)


class HostLoop:
    """The event loop of the application; it is used and never stopped.

    Attributes:
        loop: the loop.
        own: whether it may be closed, and left for another one when a job blocks it.
    """

    own = False

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop

    @property
    def is_current(self) -> bool:
        """Whether the calling thread is the one that runs the loop."""
        try:
            return asyncio.get_running_loop() is self.loop
        except RuntimeError:
            return False

    def call(self, function: Callable[..., object], *args: object) -> None:
        """Have the loop call a function soon; any thread.

        Raises:
            RuntimeError: the loop is closed.
        """
        self.loop.call_soon_threadsafe(function, *args)

    def run(
        self, coroutine: Coroutine[object, object, object], alive: Callable[[], bool]
    ) -> object:
        """Run a coroutine to its end and return what it returns; not from the loop's own thread.

        Args:
            coroutine: what to run.
            alive: whether it is worth while to wait on.

        Raises:
            RuntimeError: the loop is closed.
            StateError: the loop is blocked.
        """
        future = asyncio.run_coroutine_threadsafe(coroutine, self.loop)
        while wait([future], timeout=_LOOK_SECONDS).not_done:
            if not alive():
                future.cancel()
                raise StateError("run", "a job blocks the event loop")
        return future.result()

    def leave(self) -> None:
        """Have the loop end when it comes to it, if it is an own one."""

    def close(self, within: float) -> bool:  # noqa: ARG002 -- for own loops
        """Have the loop end in so many seconds, if it is an own one; return whether it has."""
        return True

    @staticmethod
    def cancellation() -> BaseException:
        """Return how a coroutine ends that was cancelled before its first step."""
        return asyncio.CancelledError()

    @staticmethod
    def is_cancellation(error: BaseException | None) -> bool:
        """Return whether an exception is how a cancelled coroutine ends, also out of a group."""
        kinds = (asyncio.CancelledError, RunCancelledError)
        if not is_a(error, BaseExceptionGroup):
            return issubclass(type(error), kinds)
        try:
            return error.split(kinds)[1] is None
        except BaseException:  # noqa: BLE001 -- the job boundary: a group may be the user's own
            return False


class LoopThread(HostLoop):
    """An event loop on a daemon thread, so that a hung coroutine does not hold up the exit."""

    own = True

    def __init__(self) -> None:
        super().__init__(asyncio.new_event_loop())
        self._closing = False
        self._thread = threading.Thread(
            target=self._serve, name=f"cronkit-asyncio-{next(_serial)}", daemon=True
        )
        self._thread.start()

    def leave(self) -> None:
        """Have the loop cancel its tasks and end when it comes to it."""
        self._closing = True
        with suppress(RuntimeError):  # it is closed already
            self.call(self.loop.stop)

    def close(self, within: float) -> bool:
        """Cancel the tasks, shut down the async generators, end the thread.

        Returns:
            Whether the thread has ended. A task that refuses to end, or that blocks the loop,
            keeps it.
        """
        self.leave()
        if self._thread is not threading.current_thread():
            self._thread.join(within)
        return not self._thread.is_alive()

    def _serve(self) -> None:
        while not self._closing:
            # A task that a job left behind can raise SystemExit, which asyncio lets through.
            _total(self.loop.run_forever)
        while asyncio.all_tasks(self.loop):
            # A task that refuses to end keeps this thread, as a hung job keeps a worker.
            _total(lambda: self.loop.run_until_complete(_wind_up()))
        _total(lambda: self.loop.run_until_complete(self.loop.shutdown_asyncgens()))
        self.loop.close()


async def _wind_up() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks, timeout=_CLOSE_SECONDS)


def _total(body: Callable[[], object]) -> None:
    with suppress(BaseException):  # the job boundary: what a task raised, asyncio logs
        body()
