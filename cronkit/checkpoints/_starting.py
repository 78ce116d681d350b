"""What a new operation begins with, and what must not continue one."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from cronkit import _convert
from cronkit.checkpoints._cursor import MOST_ITEMS
from cronkit.checkpoints._records import Record
from cronkit.errors import FenceLostError, PolicyError, ResumeMismatchError, StateError

if TYPE_CHECKING:
    from datetime import datetime

    from cronkit._context import RunContext

_LONGEST_KEY = 256


def first_record(
    type_: str | None, key: str, total: int | None, now: datetime, run: RunContext | None
) -> Record:
    """Return the record of an operation that starts now; its type may come from the run.

    Raises:
        StateError: no type was given outside of a run.
        PolicyError: an argument is out of its range.
    """
    if type_ is None:
        if run is None:
            raise StateError("operation", "no run is going on here; give the operation a type")
        type_ = run.job_id
    name = _convert.name(type_, "type")
    if not isinstance(key, str) or len(key) > _LONGEST_KEY:
        raise PolicyError("key", key, f"text of at most {_LONGEST_KEY} characters")
    if total is not None:
        _convert.integer(total, "total", least=0, most=MOST_ITEMS)
    return Record(
        # The stamp is for people; the random part makes it one of a kind.
        operation=f"{name.lstrip('.')}-{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}",
        type=name,
        key=key,
        total=total,
        created_at=now,
        saved_at=now,
    )


def refuse_late_run(record: Record, run: RunContext | None) -> None:
    """Raise if a later run of the same job has worked on the operation.

    Raises:
        FenceLostError: it has.
    """
    if run is None or run.fence is None or record.run_fence is None:
        return
    if record.run_job == run.job_id and run.fence < record.run_fence:
        raise FenceLostError(f"operation {record.operation}", run.id, run.fence, record.run_fence)


def refuse_small_total(record: Record, total: int | None) -> None:
    """Raise if more items are done than there are.

    Raises:
        ResumeMismatchError: they are.
    """
    if total is not None and record.processed > total:
        done = f"{record.processed} items or more"
        raise ResumeMismatchError(record.operation, done, f"total={total}")
