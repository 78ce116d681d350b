"""`RunHandle`: what `Scheduler.run_now` returns; waits for a run, reads its result, cancels it."""

from __future__ import annotations

from contextlib import suppress
from threading import Event
from typing import TYPE_CHECKING

from cronkit import _convert
from cronkit.errors import (
    RunCancelledError,
    RunFailedError,
    RunInterruptedError,
    RunNotExecutedError,
    RunTimeoutError,
    StoreError,
    WaitTimeoutError,
)
from cronkit.jobs import NOT_EXECUTED, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from datetime import timedelta
    from typing import Protocol

    from cronkit.jobs import Run

    class Desk(Protocol):
        """What a handle asks of its scheduler."""

        def get(self, run_id: str) -> Run | None:
            """Return the record of a run."""
            ...

        def cancel(self, run_id: str) -> bool:
            """Ask a run to stop."""
            ...

        def wait(self, handle: RunHandle, timeout: float | None) -> bool:
            """Wait in the scheduler's time until the run has ended."""
            ...

        def refuse_itself(self, handle: RunHandle) -> None:
            """Refuse a run that waits for its own end."""
            ...

        @property
        def look_seconds(self) -> float | None:
            """How often to ask the store about a run that may end elsewhere."""
            ...


class RunHandle:
    """A run that was asked for by hand.

    In a coroutine, await it: that gives what `result` gives and holds up no event loop.

    Attributes:
        id: the id of the run.
        ended: set when the run has ended in this process.
        wakers: called then, in the thread that writes its outcome.

    Example:
        >>> import asyncio
        >>> from cronkit import Scheduler
        >>> scheduler = Scheduler()
        >>> @scheduler.job()
        ... async def answer():
        ...     return 42
        >>> async def main():
        ...     async with scheduler, asyncio.timeout(30):
        ...         return await scheduler.run_now("answer")
        >>> asyncio.run(main())
        42
    """

    __slots__ = ("_desk", "_error", "_run", "_value", "ended", "id", "wakers")

    def __init__(self, run_id: str, desk: Desk) -> None:
        self.id = run_id
        self._desk = desk
        self.ended = Event()
        self.wakers: list[Callable[[], object]] = []
        self._value: object = None
        self._error: BaseException | None = None
        self._run: Run | None = None

    def complete(self, value: object, error: BaseException | None) -> None:
        """Take what the run came to; the engine calls it once."""
        self._value = value
        self._error = error
        with suppress(StoreError):  # lost since the outcome was written; who waits asks it later
            self._run = self._desk.get(self.id)
        self.ended.set()
        for wake in list(self.wakers):
            wake()

    @property
    def done(self) -> bool:
        """Whether the run has ended; while the store does not answer, not that anybody knew."""
        if self.ended.is_set():
            return True
        try:
            run = self._desk.get(self.id)
        except StoreError:
            return False
        return run is None or run.outcome is not None

    def wait(self, timeout: timedelta | float | str | None = None) -> Run | None:
        """Wait for the end of the run; on a fake clock, let its time pass.

        A store that does not answer is waited for, as long as `timeout` allows.

        Args:
            timeout: a timedelta, seconds, or text like ``"30s"``; ``None`` waits without limit.

        Returns:
            The record of the run, or ``None`` if the wait ran out first.

        Raises:
            StateError: called on the event loop that ``async def`` jobs run on, which it would
                hold up: await the handle there; or by the run itself.
            StoreError: the run has ended, and the store was lost before it said how.
        """
        seconds = None if timeout is None else _convert.duration(timeout, "timeout").total_seconds()
        if not self.done and not self._desk.wait(self, seconds):
            return None
        try:
            found = self._desk.get(self.id)
        except StoreError:
            if self._run is None:
                raise
            found = None
        return found or self._run  # the store may have pruned it meanwhile

    def result(self, timeout: timedelta | float | str | None = None) -> object:
        """Wait for the end of the run and return what its function returned.

        A run of another process has no result here: it gives ``None``.

        Raises:
            WaitTimeoutError: the wait ran out; the run goes on.
            RunTimeoutError: the run's last attempt timed out.
            RunCancelledError: the run was cancelled.
            RunInterruptedError: its process ended before it did.
            RunNotExecutedError: it was skipped or misfired.
            RunFailedError: it failed in another process.
            StateError: as `wait`.
            BaseException: what the job itself raised.
        """
        run = self.wait(timeout)
        if run is None:
            seconds = (
                0.0 if timeout is None else _convert.duration(timeout, "timeout").total_seconds()
            )
            raise WaitTimeoutError(self.id, seconds)
        if run.outcome is Outcome.SUCCEEDED:
            return self._value
        raise self._failure(run)

    def __await__(self) -> Generator[object, None, object]:
        """Wait for the end of the run in a coroutine; give or raise what `result` does.

        A job that failed with `asyncio.CancelledError` raises `RunFailedError` here: nobody has
        cancelled who awaits it.
        """
        from asyncio import CancelledError  # noqa: PLC0415 -- costs 30 ms; coroutines come here

        from cronkit._coroutines import until_ended  # noqa: PLC0415 -- imports asyncio

        self._desk.refuse_itself(self)
        yield from until_ended(self, self._desk.look_seconds).__await__()
        try:
            return self.result(0)
        except CancelledError as error:
            raise RunFailedError(self.id, "it has cancelled itself") from error

    def _failure(self, run: Run) -> BaseException:
        reason = run.reason or str(run.outcome)
        if run.outcome in NOT_EXECUTED:
            return RunNotExecutedError(run.id, str(run.outcome), reason)
        if self._error is not None:
            return self._error
        if run.outcome is Outcome.CANCELLED:
            return RunCancelledError(run.id, reason)
        if run.outcome is Outcome.INTERRUPTED:
            return RunInterruptedError(run.id, reason)
        if run.outcome is Outcome.TIMED_OUT:
            return RunTimeoutError(run.id, 0.0)
        return RunFailedError(run.id, run.error or reason)

    def cancel(self) -> bool:
        """Ask the run to stop; return whether it had not ended yet.

        A waiting run ends at once. One that goes on gets its cancel token set: a thread stops
        where its job looks at it, see `RunContext.raise_if_cancelled`.
        """
        return self._desk.cancel(self.id)

    def __repr__(self) -> str:
        return f"<RunHandle {self.id}>"
