"""What hooks are told. Events are plain values; one is built only when somebody wants it.

`log_name` is the event's name in the log (``"run.succeeded"``), `level` its level there.
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


@attrs.frozen(kw_only=True)
class SchedulerStarted(Event):
    """The scheduler fires from now on."""

    log_name: ClassVar[str] = "scheduler.started"


@attrs.frozen(kw_only=True)
class SchedulerStopped(Event):
    """The scheduler fires no more."""

    log_name: ClassVar[str] = "scheduler.stopped"


@attrs.frozen(kw_only=True)
class JobAdded(JobEvent):
    """A job was added."""

    log_name: ClassVar[str] = "scheduler.job_added"


@attrs.frozen(kw_only=True)
class JobChanged(JobEvent):
    """A job has another trigger or other policies."""

    log_name: ClassVar[str] = "scheduler.job_changed"


@attrs.frozen(kw_only=True)
class JobRemoved(JobEvent):
    """A job was removed."""

    log_name: ClassVar[str] = "scheduler.job_removed"


@attrs.frozen(kw_only=True)
class JobPaused(JobEvent):
    """A job does not fire until it is unpaused."""

    log_name: ClassVar[str] = "scheduler.job_paused"


@attrs.frozen(kw_only=True)
class JobUnpaused(JobEvent):
    """A job fires again."""

    log_name: ClassVar[str] = "scheduler.job_unpaused"


@attrs.frozen(kw_only=True)
class RunWaiting(RunEvent):
    """A fire time came, and its run waits for a slot."""

    log_name: ClassVar[str] = "scheduler.job_triggered"


@attrs.frozen(kw_only=True)
class AttemptStarted(RunEvent):
    """An attempt of a run started."""

    log_name: ClassVar[str] = "run.attempt_started"


@attrs.frozen(kw_only=True)
class AttemptFailed(RunEvent):
    """An attempt failed; the run tries again at `retry_at`."""

    log_name: ClassVar[str] = "run.attempt_failed"
    level: ClassVar[int] = WARNING

    retry_at: datetime


@attrs.frozen(kw_only=True)
class RunSucceeded(RunEvent):
    """A run ended with a result."""

    log_name: ClassVar[str] = "run.succeeded"


@attrs.frozen(kw_only=True)
class RunFailed(RunEvent):
    """A run's last attempt raised."""

    log_name: ClassVar[str] = "run.failed"
    level: ClassVar[int] = ERROR


@attrs.frozen(kw_only=True)
class RunTimedOut(RunEvent):
    """A run's last attempt went on longer than its timeout."""

    log_name: ClassVar[str] = "run.timed_out"
    level: ClassVar[int] = ERROR


@attrs.frozen(kw_only=True)
class RunCancelled(RunEvent):
    """A run was stopped on request."""

    log_name: ClassVar[str] = "run.cancelled"


@attrs.frozen(kw_only=True)
class RunInterrupted(RunEvent):
    """A run's process ended, or was told to, before the run did."""

    log_name: ClassVar[str] = "run.interrupted"
    level: ClassVar[int] = ERROR


@attrs.frozen(kw_only=True)
class RunSkipped(RunEvent):
    """A fire time, or a stretch of them, did not run; `run.reason` says why."""

    log_name: ClassVar[str] = "run.skipped"
    level: ClassVar[int] = WARNING


@attrs.frozen(kw_only=True)
class RunMisfired(RunEvent):
    """A fire time was decided later than its job's grace allows."""

    log_name: ClassVar[str] = "run.misfired"
    level: ClassVar[int] = WARNING


@attrs.frozen(kw_only=True)
class StoreLost(Event):
    """The store does not answer; nothing is decided until it does. `reason` is what it said."""

    log_name: ClassVar[str] = "scheduler.store_lost"
    level: ClassVar[int] = ERROR

    reason: str = ""


@attrs.frozen(kw_only=True)
class StoreBack(Event):
    """The store answers again."""

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


@attrs.frozen(kw_only=True)
class EditDropped(JobEvent):
    """A stored edit lost to a change of the trigger in the code."""

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
