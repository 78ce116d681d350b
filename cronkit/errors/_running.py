"""Jobs as they were given, runs that ended without a result, stores."""

from __future__ import annotations

from cronkit.errors._base import CronkitError, shown


class JobError(CronkitError):
    """Something is wrong with a job as it was given or named."""


class DuplicateJobError(JobError, ValueError):
    """The id is taken by another job.

    Attributes:
        job_id: the id.
    """

    def __init__(self, job_id: str) -> None:
        self.job_id = job_id
        super().__init__(
            f"job id {shown(job_id)} is taken; choose another id= or pass replace=True"
        )


class JobNotFoundError(JobError, LookupError):
    """No job has this id.

    Attributes:
        job_id: the id as given.
        hint: the nearest id that exists, or ``None``.
    """

    def __init__(self, job_id: object, *, hint: str | None = None) -> None:
        self.job_id = job_id
        self.hint = hint
        super().__init__(
            f"no job has the id {shown(job_id)}" + (f"; did you mean {hint!r}?" if hint else "")
        )


class NotCallableError(JobError, TypeError):
    """What was given as a job's function cannot be one.

    Attributes:
        value: the object as given, as text (an arbitrary object may not pickle).
        reason: why it cannot be a job.
    """

    def __init__(self, value: object, reason: str) -> None:
        self.value = shown(value)
        self.reason = reason
        super().__init__(f"{self.value} cannot be a job: {reason}")


class RunError(CronkitError):
    """A run did not end with a result.

    Attributes:
        run_id: the id of the run.
    """

    def __init__(self, run_id: str, message: str) -> None:
        self.run_id = run_id
        super().__init__(f"run {shown(run_id, 200)}: {message}")


class RunTimeoutError(RunError, TimeoutError):
    """An attempt went on longer than its timeout.

    Attributes:
        timeout_seconds: the timeout.
    """

    def __init__(self, run_id: str, timeout_seconds: float) -> None:
        self.timeout_seconds = timeout_seconds
        super().__init__(run_id, f"still going after its timeout of {timeout_seconds:g} s")


class RunCancelledError(RunError):
    """The run was asked to stop, or its job stopped itself.

    Attributes:
        reason: who or what asked (``"by hand"``, ``"timeout"``, ``"shutdown"``).
    """

    def __init__(self, run_id: str, reason: str = "by hand") -> None:
        self.reason = reason
        super().__init__(run_id, f"cancelled ({reason})")


class RunInterruptedError(RunError):
    """The process of the run ended, or was told to, before the run did.

    Attributes:
        reason: what ended it.
    """

    def __init__(self, run_id: str, reason: str) -> None:
        self.reason = reason
        super().__init__(run_id, f"interrupted ({reason})")


class RunNotExecutedError(RunError):
    """The run was skipped or misfired: its function was never called.

    Attributes:
        outcome: ``"skipped"`` or ``"misfired"``.
        reason: why.
    """

    def __init__(self, run_id: str, outcome: str, reason: str) -> None:
        self.outcome = outcome
        self.reason = reason
        super().__init__(run_id, f"{outcome} ({reason}); the function was not called")


class RunFailedError(RunError):
    """The job raised, and the exception itself is not at hand (another process held it).

    Attributes:
        error: the exception as text.
    """

    def __init__(self, run_id: str, error: str) -> None:
        self.error = error
        super().__init__(run_id, f"failed: {error}")


class WaitTimeoutError(RunError, TimeoutError):
    """Only the wait ran out; the run goes on.

    Attributes:
        timeout_seconds: how long the caller waited.
    """

    def __init__(self, run_id: str, timeout_seconds: float) -> None:
        self.timeout_seconds = timeout_seconds
        super().__init__(run_id, f"has not ended within {timeout_seconds:g} s; it goes on")


class StoreError(CronkitError):
    """A store cannot do what was asked.

    Attributes:
        store: which store, without secrets.
        reason: what went wrong.
    """

    def __init__(self, store: str, reason: str) -> None:
        self.store = store
        self.reason = reason
        super().__init__(f"{store}: {reason}")


class FenceLostError(StoreError):
    """A late owner came back after another had taken over; its result is refused.

    Attributes:
        run_id: the run.
        fence: the fence that the late owner holds.
        current: the fence that overtook it, ``None`` where it is not known.
    """

    def __init__(self, store: str, run_id: str, fence: int | None, current: int | None) -> None:
        self.run_id = run_id
        self.fence = fence
        self.current = current
        told = f"fence {fence} was overtaken by {current}"
        if fence is not None and fence == current:
            told = f"another has ended it under the same fence, {fence}"
        super().__init__(store, f"run {run_id}: {told}")


class LockTimeoutError(StoreError, TimeoutError):
    """A lock was not free within the time allowed.

    Attributes:
        timeout_seconds: how long it was tried.
    """

    def __init__(self, store: str, timeout_seconds: float) -> None:
        self.timeout_seconds = timeout_seconds
        super().__init__(store, f"the lock was not free within {timeout_seconds:g} s")
