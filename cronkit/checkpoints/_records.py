"""What is known of an operation: the values that backends keep and that callers are shown.

Values only: no disk, no lock, no clock.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

import attrs

JSON = None | bool | int | float | str | Sequence["JSON"] | Mapping[str, "JSON"]
"""What a JSON text can hold."""

Status = Literal["running", "completed", "failed", "superseded"]
STATUSES: tuple[Status, ...] = ("running", "completed", "failed", "superseded")

CODEC = "json"


@attrs.frozen(kw_only=True)
class Record:
    """One checkpoint as a backend keeps it: facts it may look at, and bytes it may not.

    Attributes:
        operation: the id of the operation.
        type: what kind of work it is.
        key: which one of that kind; type and key are its identity.
        status: ``"running"``, or how it ended.
        reason: why it ended, where somebody said so.
        seq: the number of this checkpoint, rising; 0 is the start.
        fence: the number of the owner that wrote it, rising with each owner.
        forced: the fence of the last owner that took it from one that still held it; 0: none.
        owner: who wrote it, as text.
        created_at: when the operation started, aware, in UTC.
        saved_at: when this was saved, aware, in UTC.
        processed: how many items are done.
        total: how many there are; ``None`` where nobody knows.
        last_item: the key of the last item done, in typed JSON.
        digest: a checksum over the keys of all items done.
        run_job: the job whose run wrote it; ``None`` outside a run.
        run_fence: the fence of that run; ``None`` outside a run or without a durable store.
        parts: what others keep beside the state (the position in an export), by name.
        state_version: the version of the state.
        codec: how the state became bytes.
        compression: how those were compressed; ``None``: not at all.
        size: how many bytes the state has before compression.
        payload: the state.
    """

    operation: str
    type: str
    key: str = ""
    status: Status = "running"
    reason: str = ""
    seq: int = 0
    fence: int = 1
    forced: int = 0
    owner: str = ""
    created_at: datetime
    saved_at: datetime
    processed: int = 0
    total: int | None = None
    last_item: JSON = None
    digest: int = 0
    run_job: str | None = None
    run_fence: int | None = None
    parts: Mapping[str, Mapping[str, JSON]] = attrs.Factory(dict)
    state_version: int = 1
    codec: str = CODEC
    compression: str | None = None
    size: int = 2
    payload: bytes = attrs.field(default=b"{}", repr=False)


@attrs.frozen(kw_only=True)
class Damage:
    """Something that does not hold what was written.

    Attributes:
        operation: the id of the operation.
        where: the file or row.
        reason: what is wrong with it.
    """

    operation: str
    where: str
    reason: str


@attrs.frozen(kw_only=True)
class Removal:
    """Something that `prune` removed, or would remove.

    Attributes:
        where: the file or folder.
        reason: why it may go.
    """

    where: str
    reason: str


@attrs.frozen(kw_only=True)
class Found:
    """An operation as a backend finds it.

    Attributes:
        operation: its id.
        record: its newest good checkpoint; ``None``: none can be read.
        owned: whether somebody works on it now.
        damaged: what cannot be read.
    """

    operation: str
    record: Record | None
    owned: bool = False
    damaged: Sequence[Damage] = ()


@attrs.frozen(kw_only=True)
class Progress:
    """How far an operation has come.

    Attributes:
        processed: how many items are done.
        total: how many there are; ``None`` where nobody knows.
        rate: items a second since this process took the operation up; 0.0 at the start.
    """

    processed: int
    total: int | None
    rate: float = 0.0

    @property
    def fraction(self) -> float | None:
        """The part that is done, 0.0 to 1.0; ``None`` without a total.

        Example:
            >>> Progress(processed=80, total=100).fraction
            0.8
        """
        if self.total is None:
            return None
        return min(1.0, self.processed / self.total) if self.total else 1.0

    @property
    def eta(self) -> timedelta | None:
        """How long the rest will take at this rate; ``None`` where nobody can tell.

        Example:
            >>> Progress(processed=80, total=100, rate=2.0).eta
            datetime.timedelta(seconds=10)
        """
        if self.total is None or self.rate <= 0:
            return None
        return timedelta(seconds=max(0, self.total - self.processed) / self.rate)

    def __str__(self) -> str:
        if self.total is None:
            return str(self.processed)
        return f"{self.processed}/{self.total} ({100 * (self.fraction or 0):.0f} %)"


@attrs.frozen(kw_only=True)
class Checkpoint:
    """One saved state of an operation.

    Attributes:
        operation: the id of the operation.
        type: what kind of work it is.
        key: which one of that kind.
        seq: its number, rising; 0 is the empty state at the start.
        fence: the number of the owner that wrote it.
        saved_at: when it was saved, aware, in UTC.
        progress: how far the operation was.
        last_item: the key of the last item done; ``None`` before the first.
        state: what the work saved.
        state_version: the version of the state.
    """

    operation: str
    type: str
    key: str
    seq: int
    fence: int
    saved_at: datetime
    progress: Progress
    last_item: object
    state: dict[str, Any]
    state_version: int


@attrs.frozen(kw_only=True)
class OperationInfo:
    """An operation seen from outside: read-only, whoever owns it.

    Attributes:
        id: the id of the operation.
        type: what kind of work it is.
        key: which one of that kind.
        status: ``running`` (somebody works on it), ``interrupted`` (began, never ended, nobody
            works on it), ``completed``, ``failed``, ``superseded`` (a new one was started in its
            place), or ``damaged`` (no checkpoint of it can be read).
        reason: why it ended, where somebody said so.
        progress: how far it was at its last checkpoint.
        last_item: the key of the last item done; ``None`` before the first.
        created_at: when it started, aware, in UTC; ``None`` if damaged.
        saved_at: when it was last saved, aware, in UTC; ``None`` if damaged.
        owner: who wrote the last checkpoint, as text.
        owned: whether somebody works on it now.
        fence: the number of that owner.
        damaged: what cannot be read.
    """

    id: str
    type: str = ""
    key: str = ""
    status: str
    reason: str = ""
    progress: Progress = Progress(processed=0, total=None)
    last_item: object = None
    created_at: datetime | None = None
    saved_at: datetime | None = None
    owner: str = ""
    owned: bool
    fence: int = 0
    damaged: Sequence[Damage] = ()
