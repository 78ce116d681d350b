"""Saved state and exports."""

from __future__ import annotations

from cronkit.errors._base import CronkitError, shown, with_errno

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cronkit.errors._base import Reduced


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

    def __reduce__(self) -> Reduced:
        return with_errno(super().__reduce__(), self.errno)


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

    def __reduce__(self) -> Reduced:
        return with_errno(super().__reduce__(), self.errno)
