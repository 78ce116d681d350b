"""A record as the header of a file, and back; every field of a file is checked.

A file can be damaged in a way that its hash does not show, or be made by hand. Nothing in it is
looked up as a name of code.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cronkit._files._compression import SUFFIXES
from cronkit._files._framing import DamagedError
from cronkit.checkpoints._records import CODEC, STATUSES, Record

if TYPE_CHECKING:
    from collections.abc import Callable

FORMAT = 1


def header(record: Record) -> bytes:
    """Return all of `record` but its payload as JSON."""
    facts: dict[str, object] = {
        name: getattr(record, name) for name in _CHECKS if name not in {"created_at", "saved_at"}
    }
    facts |= {
        "format": FORMAT,
        "created_at": record.created_at.isoformat(),
        "saved_at": record.saved_at.isoformat(),
        "progress": round(min(1.0, record.processed / record.total), 6) if record.total else None,
    }
    return json.dumps(facts, separators=(",", ":"), allow_nan=False).encode()


def record_of(data: bytes, payload: bytes) -> Record:
    """Return the record that `header` wrote as `data`.

    Raises:
        DamagedError: a field is missing or is not what it may be.
    """
    try:
        facts = json.loads(data)
    except (ValueError, RecursionError):
        raise DamagedError("its header is not JSON") from None
    if not isinstance(facts, dict) or facts.get("format") != FORMAT:
        raise DamagedError(f"its header is not of format {FORMAT}")
    fields: dict[str, object] = {}
    for name, check in _CHECKS.items():
        value = facts.get(name)
        if name not in facts or not check(value):
            raise DamagedError(f"its header has no valid {name!r}")
        fields[name] = _instant(value) if name in {"created_at", "saved_at"} else value
    return Record(payload=payload, **fields)  # type: ignore[arg-type]  # each was checked above


def _instant(value: object) -> datetime:
    return datetime.fromisoformat(str(value)).astimezone(UTC)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_instant(value: object) -> bool:
    try:
        aware = datetime.fromisoformat(str(value)).tzinfo is not None
        _instant(value)
    except (ValueError, OverflowError):
        return False
    return aware


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_parts(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(part, dict) for part in value.values())


def _is_count_or_none(value: object) -> bool:
    return value is None or _is_count(value)


_CHECKS: dict[str, Callable[[object], bool]] = {
    "operation": _is_text,
    "type": _is_text,
    "key": _is_text,
    "status": lambda value: value in STATUSES,
    "reason": _is_text,
    "seq": _is_count,
    "fence": _is_count,
    "forced": _is_count,
    "owner": _is_text,
    "created_at": _is_instant,
    "saved_at": _is_instant,
    "processed": _is_count,
    "total": _is_count_or_none,
    "last_item": lambda _: True,
    "digest": _is_count,
    "run_job": lambda value: value is None or isinstance(value, str),
    "run_fence": _is_count_or_none,
    "parts": _is_parts,
    "state_version": _is_count,
    "codec": lambda value: value == CODEC,
    "compression": lambda value: value is None or (isinstance(value, str) and value in SUFFIXES),
    "size": _is_count,
}
