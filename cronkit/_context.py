"""What a job sees of its own run: `current_run()`."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING

from cronkit import _convert
from cronkit._run_log import RunLog
from cronkit.errors import PolicyError, RunCancelledError, RunTimeoutError, StateError

if TYPE_CHECKING:
    import logging
    from collections.abc import Mapping
    from datetime import datetime, timedelta

    from cronkit._attempt import Attempt

ACTIVE: ContextVar[Attempt] = ContextVar("cronkit_run")
"""The attempt that goes on in this thread or task."""


class RunContext:
    """The run that is going on, as its job sees it.

    Attributes:
        id: the id of the run, stable for a fire time on every host.
        job_id: the job.
        fire_time: the instant the trigger gave, in the trigger's zone.
        attempt: which attempt this is, counted from 1.
        deadline: when its timeout ends, in UTC; ``None`` without one.
        fence: the store's rising number for this job; ``None`` with a memory store.
        tags: the job's tags.
        lateness: from the fire time (with its jitter) to the start of the first attempt.
    """

    __slots__ = ("_attempt", "_job", "_taken", "progress_now")

    def __init__(self, attempt: Attempt) -> None:
        self._attempt = attempt
        self._taken = attempt.taken
        self._job = attempt.job
        self.progress_now: tuple[float, float | None] | None = None

    @property
    def id(self) -> str:
        """The id of the run."""
        return self._taken.run_id

    @property
    def job_id(self) -> str:
        """The id of the job."""
        return self._taken.job_id

    @property
    def fire_time(self) -> datetime:
        """The instant the trigger gave, in the trigger's zone."""
        return self._taken.fire_time.astimezone(self._job.zone)

    @property
    def attempt(self) -> int:
        """Which attempt this is, counted from 1."""
        return self._taken.attempt

    @property
    def fence(self) -> int | None:
        """The store's rising number for this job; ``None`` with a memory store."""
        return self._taken.fence

    @property
    def tags(self) -> frozenset[str]:
        """The job's tags."""
        return self._job.tags

    @property
    def lateness(self) -> timedelta:
        """From the fire time, with its jitter, to the start of the first attempt."""
        return self._taken.first_started_at - self._taken.due

    @property
    def deadline(self) -> datetime | None:
        """When the attempt's timeout ends, in UTC; ``None`` without one."""
        return self._attempt.deadline

    @property
    def remaining(self) -> timedelta | None:
        """How long until the deadline, zero when it has passed; ``None`` without a timeout."""
        deadline = self.deadline
        if deadline is None:
            return None
        return max(deadline - self._attempt.clock.now(), _convert.ZERO)

    @property
    def cancelled(self) -> bool:
        """Whether this run is asked to stop."""
        return self._attempt.token.reason is not None

    @property
    def log(self) -> logging.LoggerAdapter[logging.Logger]:
        """A logger whose records carry ``job_id``, ``run_id``, ``fire_time`` and ``attempt``."""
        return RunLog(
            {
                "job_id": self.job_id,
                "run_id": self.id,
                "fire_time": self.fire_time.isoformat(),
                "attempt": self.attempt,
            }
        )

    def raise_if_cancelled(self) -> None:
        """Raise if this run is asked to stop; a long job calls it between its steps.

        Raises:
            RunTimeoutError: the attempt's timeout has ended.
            RunCancelledError: somebody asked it to stop.
        """
        reason = self._attempt.token.reason
        if reason == "timeout" and self._job.timeout is not None:
            raise RunTimeoutError(self.id, self._job.timeout.total_seconds())
        if reason is not None:
            raise RunCancelledError(self.id, reason)

    def sleep(self, length: timedelta | float | str) -> None:
        """Sleep in the scheduler's time; wake at once when the run is asked to stop.

        Args:
            length: a timedelta, seconds, or text like ``"2s"``.

        Raises:
            RunTimeoutError: the attempt's timeout ended.
            RunCancelledError: the run was asked to stop.
            DurationError: `length` cannot be read.
        """
        seconds = _convert.duration(length, "sleep").total_seconds()
        self.raise_if_cancelled()
        attempt = self._attempt
        if attempt.sleeper is None:
            attempt.clock.wait(seconds, attempt.token.event)
        else:
            attempt.sleeper(seconds, attempt.token)
        self.raise_if_cancelled()

    async def asleep(self, length: timedelta | float | str) -> None:
        """Sleep like `sleep`, in an ``async def`` job or a task that it started.

        Raises:
            RunTimeoutError: the attempt's timeout ended.
            RunCancelledError: the run was asked to stop.
            DurationError: `length` cannot be read.
        """
        from asyncio import CancelledError  # noqa: PLC0415 -- costs 30 ms; only async jobs come here

        from cronkit._coroutines import sleep  # noqa: PLC0415 -- imports asyncio

        seconds = _convert.duration(length, "asleep").total_seconds()
        self.raise_if_cancelled()
        try:
            await sleep(seconds, self._attempt.token)
        except CancelledError:
            self.raise_if_cancelled()
            raise
        self.raise_if_cancelled()

    def progress(self, done: float, *, total: float | None = None) -> None:
        """Say how far this run has come; `Scheduler.status` shows it in ``going_on``.

        Raises:
            PolicyError: `done` or `total` is no number.
        """
        if not hasattr(done, "__float__"):
            raise PolicyError("done", done, "a number")
        if total is not None and not hasattr(total, "__float__"):
            raise PolicyError("total", total, "a number, or None")
        self.progress_now = (done, total)

    def note(self, **facts: object) -> None:
        """Record facts with the run; they stand in ``Run.notes``."""
        attempt = self._attempt
        if attempt.facts is None:
            attempt.facts = {}
        attempt.facts.update(facts)

    @property
    def notes(self) -> Mapping[str, object]:
        """What the job has recorded so far."""
        return dict(self._attempt.facts or ())

    def __repr__(self) -> str:
        return f"<RunContext {self.id} attempt {self.attempt}>"


def active() -> RunContext | None:
    """Return the run that is going on in this thread or task; ``None`` outside of one."""
    attempt = ACTIVE.get(None)
    return None if attempt is None else attempt.context


def current_run() -> RunContext:
    """Return the run that is going on here.

    It is known in the thread, coroutine or child process that runs the job, and in what those
    start with their own context (``asyncio`` tasks, ``asyncio.to_thread``).

    Raises:
        StateError: no run is going on here.

    Example:
        >>> from cronkit import Scheduler
        >>> scheduler = Scheduler()
        >>> @scheduler.job()
        ... def report():
        ...     return current_run().job_id
        >>> scheduler.run_now("report").result()
        'report'
    """
    run = active()
    if run is None:
        raise StateError("current_run", "no run is going on here; call it inside a job")
    return run
