"""What hooks are told. Events are plain values; one is built only when somebody wants it.

`log_name` is the event's name in the log (``"run.succeeded"``), `level` its level there. A class that
adds no field is a plain one: to have attrs make 16 more would be a tenth of the import.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar

import attrs

from cronkit.jobs._runs import Run

INFO, WARNING, ERROR = 20, 30, 40
"""The numbers of `logging`, which this floor does not import."""


@attrs.frozen(kw_only=True)
class Event:
    """Something that happened, at an instant of the scheduler's clock."""

    log_name: ClassVar[str]
    level: ClassVar[int] = INFO

    at: datetime


@attrs.frozen(kw_only=True)
class JobEvent(Event):
    """Something happened to a job."""

    job_id: str


@attrs.frozen(kw_only=True)
class RunEvent(Event):
    """Something happened to a run.

    `run` is its record at that moment; `error` is what its attempt raised, if this process held it.
    """

    run: Run
    error: BaseException | None = attrs.field(default=None, eq=False, repr=False)


class SchedulerStarted(Event):
    """The scheduler fires from now on."""

    __slots__ = ()
    log_name: ClassVar[str] = "scheduler.started"


class SchedulerStopped(Event):
    """The scheduler fires no more."""

    __slots__ = ()
    log_name: ClassVar[str] = "scheduler.stopped"


class JobAdded(JobEvent):
    """A job was added."""

    __slots__ = ()
    log_name: ClassVar[str] = "scheduler.job_added"


class JobChanged(JobEvent):
    """A job has another trigger or other policies."""

    __slots__ = ()
    log_name: ClassVar[str] = "scheduler.job_changed"


class JobRemoved(JobEvent):
    """A job was removed."""

    __slots__ = ()
    log_name: ClassVar[str] = "scheduler.job_removed"


class JobPaused(JobEvent):
    """A job does not fire until it is unpaused."""

    __slots__ = ()
    log_name: ClassVar[str] = "scheduler.job_paused"


class JobUnpaused(JobEvent):
    """A job fires again."""

    __slots__ = ()
    log_name: ClassVar[str] = "scheduler.job_unpaused"


class RunWaiting(RunEvent):
    """A fire time came, and its run waits for a slot."""

    __slots__ = ()
    log_name: ClassVar[str] = "scheduler.job_triggered"


class AttemptStarted(RunEvent):
    """An attempt of a run started."""

    __slots__ = ()
    log_name: ClassVar[str] = "run.attempt_started"


@attrs.frozen(kw_only=True)
class AttemptFailed(RunEvent):
    """An attempt failed; the run tries again at `retry_at`."""

    log_name: ClassVar[str] = "run.attempt_failed"
    level: ClassVar[int] = WARNING

    retry_at: datetime


class RunSucceeded(RunEvent):
    """A run ended with a result."""

    __slots__ = ()
    log_name: ClassVar[str] = "run.succeeded"


class RunFailed(RunEvent):
    """A run's last attempt raised."""

    __slots__ = ()
    log_name: ClassVar[str] = "run.failed"
    level: ClassVar[int] = ERROR


class RunTimedOut(RunEvent):
    """A run's last attempt went on longer than its timeout."""

    __slots__ = ()
    log_name: ClassVar[str] = "run.timed_out"
    level: ClassVar[int] = ERROR


class RunCancelled(RunEvent):
    """A run was stopped on request."""

    __slots__ = ()
    log_name: ClassVar[str] = "run.cancelled"


class RunInterrupted(RunEvent):
    """A run's process ended, or was told to, before the run did."""

    __slots__ = ()
    log_name: ClassVar[str] = "run.interrupted"
    level: ClassVar[int] = ERROR


class RunSkipped(RunEvent):
    """A fire time, or a stretch of them, did not run; `run.reason` says why."""

    __slots__ = ()
    log_name: ClassVar[str] = "run.skipped"
    level: ClassVar[int] = WARNING


class RunMisfired(RunEvent):
    """A fire time was decided later than its job's grace allows."""

    __slots__ = ()
    log_name: ClassVar[str] = "run.misfired"
    level: ClassVar[int] = WARNING


@attrs.frozen(kw_only=True)
class StoreLost(Event):
    """The store does not answer; nothing is decided until it does. `reason` is what it said."""

    log_name: ClassVar[str] = "scheduler.store_lost"
    level: ClassVar[int] = ERROR

    reason: str = ""


class StoreBack(Event):
    """The store answers again."""

    __slots__ = ()
    log_name: ClassVar[str] = "scheduler.store_back"


@attrs.frozen(kw_only=True)
class ClockStepped(Event):
    """The wall clock was set by `delta`, forward or back."""

    log_name: ClassVar[str] = "scheduler.clock_stepped"
    level: ClassVar[int] = WARNING

    delta: timedelta

    @property
    def reason(self) -> str:
        """By how much, as the log shows it."""
        return f"by {self.delta.total_seconds():+.3f} s"


class EditDropped(JobEvent):
    """A stored edit lost to a change of the trigger in the code."""

    __slots__ = ()
    log_name: ClassVar[str] = "scheduler.edit_dropped"
    level: ClassVar[int] = WARNING


@attrs.frozen(kw_only=True)
class HookFailed(Event):
    """A hook raised; `error` says what."""

    log_name: ClassVar[str] = "scheduler.hook_failed"
    level: ClassVar[int] = WARNING

    hook: str
    error: str


BY_OUTCOME: dict[str, type[RunEvent]] = {
    "succeeded": RunSucceeded,
    "failed": RunFailed,
    "timed_out": RunTimedOut,
    "cancelled": RunCancelled,
    "interrupted": RunInterrupted,
    "skipped": RunSkipped,
    "misfired": RunMisfired,
}
"""The event that tells of each outcome."""
