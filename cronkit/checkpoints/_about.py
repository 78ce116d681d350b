"""``op.json``: what an operation is, for people, for other programs, and to find it again.

Which operation is continued hangs on the type and key in it, so it holds a hash of itself: one bit
that turned over must not make the operation another one, and its work begin anew.
"""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING

from cronkit._files import _atomic
from cronkit._files._framing import DamagedError

if TYPE_CHECKING:
    from cronkit.checkpoints._records import Record

ABOUT = "op.json"

_FORMAT = 1
_LONGEST = 1 << 16


def about(record: Record) -> bytes:
    """Return the file of the operation that `record` is of."""
    facts: dict[str, object] = {
        "format": _FORMAT,
        "id": record.operation,
        "type": record.type,
        "key": record.key,
        "created_at": record.created_at.isoformat(),
    }
    return json.dumps(facts | {"sha256": _digest(facts)}, indent=2).encode() + b"\n"


def identity(folder: int) -> tuple[object, object] | None:
    """Return type and key of the operation in the open `folder`; ``None``: damaged."""
    try:
        facts = json.loads(_atomic.read(ABOUT, folder, _LONGEST))
    except (DamagedError, ValueError, OSError, RecursionError):
        return None
    if not isinstance(facts, dict) or facts.pop("sha256", None) != _digest(facts):
        return None
    return facts.get("type"), facts.get("key")


def _digest(facts: dict[str, object]) -> str:
    return sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
