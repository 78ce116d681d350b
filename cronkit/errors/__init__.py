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
    ├ TriggerAnswerError(ValueError)
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

Names are loaded on first use, so that the cron language loads the few that it raises.
"""

from __future__ import annotations

from cronkit._lazy import lazy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cronkit.errors._base import (
        CronkitError,
        shown,
    )
    from cronkit.errors._input import (
        CronSyntaxError,
        DurationError,
        NaiveDatetimeError,
        PolicyError,
        UnknownZoneError,
    )
    from cronkit.errors._running import (
        DuplicateJobError,
        FenceLostError,
        JobError,
        JobNotFoundError,
        LockTimeoutError,
        NotCallableError,
        RunCancelledError,
        RunError,
        RunFailedError,
        RunInterruptedError,
        RunNotExecutedError,
        RunTimeoutError,
        StoreError,
        WaitTimeoutError,
    )
    from cronkit.errors._saving import (
        CheckpointError,
        CheckpointWriteError,
        CorruptCheckpointError,
        ExportError,
        ExportWriteError,
        OperationBusyError,
        OperationLostError,
        OperationNotFoundError,
        ResumeMismatchError,
        StateNotSerializableError,
        StateVersionError,
    )
    from cronkit.errors._setting import (
        AlreadyRunningError,
        ConfigError,
        FakeClockStalled,
        MissingExtraError,
        StateError,
        TriggerAnswerError,
        TriggerSearchError,
        UnsupportedPlatformError,
    )

_HOMES = {
    "cronkit.errors._base": (
        "CronkitError",
        "shown",
    ),
    "cronkit.errors._input": (
        "CronSyntaxError",
        "DurationError",
        "NaiveDatetimeError",
        "PolicyError",
        "UnknownZoneError",
    ),
    "cronkit.errors._setting": (
        "AlreadyRunningError",
        "ConfigError",
        "FakeClockStalled",
        "MissingExtraError",
        "StateError",
        "TriggerAnswerError",
        "TriggerSearchError",
        "UnsupportedPlatformError",
    ),
    "cronkit.errors._running": (
        "DuplicateJobError",
        "FenceLostError",
        "JobError",
        "JobNotFoundError",
        "LockTimeoutError",
        "NotCallableError",
        "RunCancelledError",
        "RunError",
        "RunFailedError",
        "RunInterruptedError",
        "RunNotExecutedError",
        "RunTimeoutError",
        "StoreError",
        "WaitTimeoutError",
    ),
    "cronkit.errors._saving": (
        "CheckpointError",
        "CheckpointWriteError",
        "CorruptCheckpointError",
        "ExportError",
        "ExportWriteError",
        "OperationBusyError",
        "OperationLostError",
        "OperationNotFoundError",
        "ResumeMismatchError",
        "StateNotSerializableError",
        "StateVersionError",
    ),
}

__all__ = [
    "AlreadyRunningError",
    "CheckpointError",
    "CheckpointWriteError",
    "ConfigError",
    "CorruptCheckpointError",
    "CronSyntaxError",
    "CronkitError",
    "DuplicateJobError",
    "DurationError",
    "ExportError",
    "ExportWriteError",
    "FakeClockStalled",
    "FenceLostError",
    "JobError",
    "JobNotFoundError",
    "LockTimeoutError",
    "MissingExtraError",
    "NaiveDatetimeError",
    "NotCallableError",
    "OperationBusyError",
    "OperationLostError",
    "OperationNotFoundError",
    "PolicyError",
    "ResumeMismatchError",
    "RunCancelledError",
    "RunError",
    "RunFailedError",
    "RunInterruptedError",
    "RunNotExecutedError",
    "RunTimeoutError",
    "StateError",
    "StateNotSerializableError",
    "StateVersionError",
    "StoreError",
    "TriggerAnswerError",
    "TriggerSearchError",
    "UnknownZoneError",
    "UnsupportedPlatformError",
    "WaitTimeoutError",
    "shown",
]

__getattr__ = lazy("cronkit.errors", _HOMES)


def __dir__() -> list[str]:
    return __all__
