"""Every exception of cronkit, in one tree.

The root is `CronkitError`; the second base is the builtin that a caller would expect to catch.

::

    CronkitError
    ├ CronSyntaxError(ValueError)
    ├ NaiveDatetimeError(ValueError)
    ├ UnknownZoneError(LookupError)
    ├ DurationError(ValueError)
    ├ PolicyError(ValueError)
    ├ ConfigError(ValueError)
    ├ TriggerSearchError(RuntimeError)
    ├ MissingExtraError(ImportError)
    ├ UnsupportedPlatformError(NotImplementedError)
    ├ JobError
    │   ├ DuplicateJobError(ValueError)
    │   ├ JobNotFoundError(LookupError)
    │   └ NotCallableError(TypeError)
    ├ RunError
    │   ├ RunTimeoutError(TimeoutError)
    │   ├ RunCancelledError
    │   ├ RunInterruptedError
    │   ├ RunNotExecutedError
    │   ├ RunFailedError
    │   └ WaitTimeoutError(TimeoutError)
    ├ StateError(RuntimeError)
    │   ├ AlreadyRunningError
    │   └ FakeClockStalled
    ├ StoreError
    │   ├ FenceLostError
    │   └ LockTimeoutError(TimeoutError)
    ├ CheckpointError
    │   ├ OperationBusyError
    │   ├ OperationLostError
    │   ├ OperationNotFoundError(LookupError)
    │   ├ CorruptCheckpointError
    │   ├ CheckpointWriteError(OSError)
    │   ├ StateVersionError
    │   ├ StateNotSerializableError(TypeError)
    │   └ ResumeMismatchError
    └ ExportError
        └ ExportWriteError(OSError)

Each class builds its message from its attributes, and every instance pickles: an error has to
cross the pipe from a child process whole. "There is no next fire time" is ``None``, not an error.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    _Reduced = tuple[
        Callable[..., "CronkitError"],
        tuple[type["CronkitError"], tuple[object, ...], dict[str, object]],
    ]

_SHOWN = 60
"""Longest form of a user's value inside a message; a hostile input must not flood a log."""


def shown(value: object, limit: int = _SHOWN) -> str:
    """Return `value` as it appears in a message: its repr, escaped to ASCII and clipped.

    Example:
        >>> shown("75")
        "'75'"
        >>> shown("x" * 100, limit=10)
        "'xxxxxx..."
    """
    text = ascii(value[: limit + 1] if isinstance(value, str) else value)
    return text if len(text) <= limit else f"{text[: limit - 3]}..."


def _restore(
    cls: type[CronkitError], args: tuple[object, ...], attributes: dict[str, object]
) -> CronkitError:
    error = cls.__new__(cls)
    error.args = args
    for name, value in attributes.items():
        setattr(error, name, value)
    return error


def _with_errno(reduced: _Reduced, errno: int | None) -> _Reduced:
    """Add the number that an `OSError` keeps outside of its ``__dict__``."""
    make, (cls, args, attributes) = reduced
    return make, (cls, args, {**attributes, "errno": errno})


class CronkitError(Exception):
    """Root of all errors that cronkit raises on purpose."""

    def __reduce__(self) -> _Reduced:
        return _restore, (type(self), self.args, self.__dict__.copy())


class CronSyntaxError(CronkitError, ValueError):
    """A cron expression that cannot be read, or that can never fire.

    Attributes:
        expression: the text as given, clipped to 256 characters.
        field: the name of the field (``"minute"``), or ``"expression"`` for the whole.
        value: the part of the text that is wrong.
        span: its position in `expression`, as ``(start, end)``; ``None`` where there is none.
        allowed: what may stand there, as a phrase (``"0-59"``).
        hint: the word that was likely meant or what to do instead; ``None`` if nothing is near.
        reason: what is wrong, as a phrase (``"75 is not in 0-59"``).

    The message holds the reason and, where the position is known, the text with a caret line under
    it. It is never longer than 200 characters.
    """

    _WINDOW = 50
    _MOST = 200

    def __init__(
        self,
        reason: str,
        *,
        expression: str,
        field: str = "expression",
        value: str = "",
        span: tuple[int, int] | None = None,
        allowed: str = "",
        hint: str | None = None,
    ) -> None:
        self.reason = reason
        self.expression = expression[:256]
        self.field = field
        self.value = value[:256]
        self.span = span
        self.allowed = allowed
        self.hint = hint
        super().__init__(self._message())

    def _message(self) -> str:
        drawing = self._drawing()
        head = f"{self.field}: {self.reason}"
        if self.hint:
            head += f" ({self.hint})"
        room = self._MOST - len(drawing)
        return (head if len(head) <= room else f"{head[: room - 3]}...") + drawing

    def _drawing(self) -> str:
        """Return the text with a caret line, cut to a window around the span."""
        if self.span is None or not self.expression.isprintable():
            return ""
        start, end = self.span
        left = max(0, min(start - 10, len(self.expression) - self._WINDOW))
        text = self.expression[left : left + self._WINDOW]
        width = max(1, min(end, left + self._WINDOW) - start)
        return f"\n    {text}\n    {' ' * (start - left)}{'^' * width}"


class NaiveDatetimeError(CronkitError, ValueError):
    """A datetime without a time zone was given where an instant is needed.

    Attributes:
        argument: the name of the argument.
        value: the naive datetime.
    """

    def __init__(self, argument: str, value: datetime) -> None:
        self.argument = argument
        self.value = value
        super().__init__(
            f"{argument}: {value!r} has no time zone; give it one, e.g. tzinfo=ZoneInfo('UTC')"
        )


class UnknownZoneError(CronkitError, LookupError):
    """A time zone name that the zone database does not know.

    Attributes:
        name: the name as given.
        hint: what to do (a near name, or ``pip install tzdata`` where there is no database).
    """

    def __init__(self, name: object, *, hint: str | None = None) -> None:
        self.name = name
        self.hint = hint
        super().__init__(f"unknown time zone {shown(name)}" + (f"; {hint}" if hint else ""))


class DurationError(CronkitError, ValueError):
    """A duration that cannot be read, or that is out of its range.

    Attributes:
        argument: the name of the argument.
        value: the value as given.
        allowed: what would be accepted.
    """

    def __init__(self, argument: str, value: object, allowed: str) -> None:
        self.argument = argument
        self.value = value
        self.allowed = allowed
        super().__init__(f"{argument}: {shown(value)} is not a duration here; allowed: {allowed}")


class PolicyError(CronkitError, ValueError):
    """An argument of a job, a trigger or a scheduler that is out of its range.

    Attributes:
        argument: the name of the argument.
        value: the value as given.
        allowed: what would be accepted.
        hint: the name that was likely meant; ``None`` if nothing is near.
    """

    def __init__(
        self, argument: str, value: object, allowed: str, *, hint: str | None = None
    ) -> None:
        self.argument = argument
        self.value = value
        self.allowed = allowed
        self.hint = hint
        super().__init__(
            f"{argument}: {shown(value)} is not accepted; allowed: {allowed}"
            + (f" ({hint})" if hint else "")
        )


class ConfigError(CronkitError, ValueError):
    """A configuration that cannot be used; one error lists all that is wrong in a file.

    Attributes:
        path: the file, or ``None`` for a mapping.
        key: the path of the first wrong key (``"scheduler.jobs[2].schedule"``).
        line: its line, counted from 1, or ``None``.
        problems: every problem found, one line each.
    """

    def __init__(
        self,
        problems: Sequence[str],
        *,
        path: str | None = None,
        key: str | None = None,
        line: int | None = None,
    ) -> None:
        self.problems = tuple(problems)
        self.path = path
        self.key = key
        self.line = line
        where = path or "configuration"
        super().__init__("\n".join([f"{where}: {len(self.problems)} problem(s)", *self.problems]))


class TriggerSearchError(CronkitError, RuntimeError):
    """A trigger looked at too many candidates without finding a fire time.

    Attributes:
        trigger: the trigger, as text.
        steps: how many candidates it looked at.
    """

    def __init__(self, trigger: object, steps: int) -> None:
        self.trigger = str(trigger)
        self.steps = steps
        super().__init__(
            f"{shown(self.trigger)}: no fire time among {steps:,} candidates; "
            "the exclusions leave nothing over"
        )


class MissingExtraError(CronkitError, ImportError):
    """A feature needs a package that only an extra brings.

    Attributes:
        feature: what was asked for.
        extra: the extra to install.
    """

    def __init__(self, feature: str, extra: str) -> None:
        self.feature = feature
        self.extra = extra
        super().__init__(f"{feature} needs an extra; run: pip install 'cronkit[{extra}]'")


class UnsupportedPlatformError(CronkitError, NotImplementedError):
    """A feature that this operating system or file system cannot carry.

    Attributes:
        feature: what was asked for.
        reason: why it cannot work here.
    """

    def __init__(self, feature: str, reason: str) -> None:
        self.feature = feature
        self.reason = reason
        super().__init__(f"{feature} is not supported here: {reason}")


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


class StateError(CronkitError, RuntimeError):
    """The call does not fit the state the object is in (start twice, use after shutdown).

    Attributes:
        what: what was called.
        state: the state that forbids it, and what to do.
    """

    def __init__(self, what: str, state: str) -> None:
        self.what = what
        self.state = state
        super().__init__(f"{what}: {state}")


class AlreadyRunningError(StateError):
    """Another scheduler of this host holds the lock.

    Attributes:
        pid: the holder's process id, ``None`` where it is not known.
        host: the holder's host name.
        since: when it took the lock, aware; ``None`` where it is not known.
    """

    def __init__(self, pid: int | None, host: str, since: datetime | None) -> None:
        self.pid = pid
        self.host = host
        self.since = since
        moment = f" since {since.isoformat()}" if since else ""
        super().__init__("start", f"process {pid} on {host} runs this scheduler{moment}")


class FakeClockStalled(StateError):  # noqa: N818 -- names a state of the clock, as the API fixes it
    """Fake time cannot go on: something outside the clock has not answered.

    Attributes:
        waiting_for: what the clock waits for.
    """

    def __init__(self, waiting_for: str) -> None:
        self.waiting_for = waiting_for
        super().__init__("advance", f"fake time stands still; waiting for {waiting_for}")


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
        super().__init__(store, f"run {run_id}: fence {fence} was overtaken by {current}")


class LockTimeoutError(StoreError, TimeoutError):
    """A lock was not free within the time allowed.

    Attributes:
        timeout_seconds: how long it was tried.
    """

    def __init__(self, store: str, timeout_seconds: float) -> None:
        self.timeout_seconds = timeout_seconds
        super().__init__(store, f"the lock was not free within {timeout_seconds:g} s")


class CheckpointError(CronkitError):
    """Saved state cannot be written, read or continued."""


class OperationBusyError(CheckpointError):
    """Another process owns the operation.

    Attributes:
        operation: the id of the operation.
        owner: who holds it, as text.
    """

    def __init__(self, operation: str, owner: str) -> None:
        self.operation = operation
        self.owner = owner
        super().__init__(f"operation {shown(operation, 120)} is owned by {owner}")


class OperationLostError(CheckpointError):
    """The operation was taken over while this owner slept; its writes are refused.

    Attributes:
        operation: the id of the operation.
        fence: the fence of this owner.
        current: the fence that overtook it.
    """

    def __init__(self, operation: str, fence: int, current: int) -> None:
        self.operation = operation
        self.fence = fence
        self.current = current
        super().__init__(
            f"operation {shown(operation, 120)}: fence {fence} was overtaken by {current}"
        )


class OperationNotFoundError(CheckpointError, LookupError):
    """No operation has this id, or it has ended.

    Attributes:
        operation: the id as given.
        reason: what is known of it.
    """

    def __init__(self, operation: str, reason: str = "no operation has this id") -> None:
        self.operation = operation
        self.reason = reason
        super().__init__(f"operation {shown(operation, 120)}: {reason}")


class CorruptCheckpointError(CheckpointError):
    """A checkpoint file does not hold what was written.

    Attributes:
        path: the file.
        reason: what is wrong with it.
    """

    def __init__(self, path: str, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"{path}: {reason}")


class CheckpointWriteError(CheckpointError, OSError):
    """The operating system refused to write a checkpoint; nothing was acknowledged.

    Attributes:
        path: the file or folder.
        reason: the system's own words (``"No space left on device"``).
        errno: the system's number, as in every `OSError`.
    """

    def __init__(self, path: str, reason: str, errno: int | None) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"{path}: cannot save: {reason}")
        self.errno = errno

    def __reduce__(self) -> _Reduced:
        return _with_errno(super().__reduce__(), self.errno)


class StateVersionError(CheckpointError):
    """The saved state is of a version that no migration leads from.

    Attributes:
        found: the version in the file.
        wanted: the version of the code.
    """

    def __init__(self, found: int, wanted: int) -> None:
        self.found = found
        self.wanted = wanted
        super().__init__(f"saved state has version {found}, the code wants {wanted}")


class StateNotSerializableError(CheckpointError, TypeError):
    """A value in the state has no safe form in a file.

    Attributes:
        path: where in the state (``"state['rows'][3]"``).
        type_name: the type of the value.
        reason: why it is refused.
    """

    def __init__(self, path: str, type_name: str, reason: str) -> None:
        self.path = path
        self.type_name = type_name
        self.reason = reason
        super().__init__(f"{path}: {type_name} cannot be saved; {reason}")


class ResumeMismatchError(CheckpointError):
    """The source of the items is not the one that the checkpoint was taken from.

    Attributes:
        operation: the id of the operation.
        expected: what the checkpoint says.
        found: what the source gave.
    """

    def __init__(self, operation: str, expected: object, found: object) -> None:
        self.operation = operation
        self.expected = shown(expected)
        self.found = shown(found)
        super().__init__(
            f"operation {shown(operation, 120)}: expected {self.expected}, found {self.found}; "
            "the source changed since the checkpoint"
        )


class ExportError(CronkitError):
    """An export cannot be written, or its folder cannot be used.

    Attributes:
        path: the folder or file.
        reason: what went wrong.
    """

    def __init__(self, path: str, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"{path}: {reason}")


class ExportWriteError(ExportError, OSError):
    """The operating system refused to write an export; the previous exports are untouched.

    Attributes:
        path: the file or folder.
        reason: the system's own words (``"No space left on device"``).
        errno: the system's number, as in every `OSError`.
    """

    def __init__(self, path: str, reason: str, errno: int | None) -> None:
        super().__init__(path, reason)
        self.errno = errno

    def __reduce__(self) -> _Reduced:
        return _with_errno(super().__reduce__(), self.errno)
