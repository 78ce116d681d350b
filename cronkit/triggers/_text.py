"""The words in which a trigger says what it is: durations, zones, instants, long lists.

The text of a trigger decides whether two hosts run the same schedule, so it never depends on the
machine, the day or the order in which values were given.
"""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, tzinfo

_UNITS = (
    ("w", timedelta(weeks=1)),
    ("d", timedelta(days=1)),
    ("h", timedelta(hours=1)),
    ("m", timedelta(minutes=1)),
    ("s", timedelta(seconds=1)),
)
_MILLISECOND = timedelta(milliseconds=1)
_IN_FULL = 8
"""A list longer than this is cut in a text; a digest of the whole stands for the rest."""


def duration_text(duration: timedelta) -> str:
    """Return a duration in the form that is read back as the same duration.

    Example:
        >>> duration_text(timedelta(minutes=90))
        '1h30m'
    """
    parts = []
    for unit, length in _UNITS:
        count, duration = divmod(duration, length)
        if count:
            parts.append(f"{count}{unit}")
    if duration or not parts:
        parts.append(f"{duration / _MILLISECOND:g}ms")
    return "".join(parts)


def zone_name(zone: tzinfo | None) -> str | None:
    """Return the name of a zone, by which two zone objects count as the same."""
    return None if zone is None else str(zone)


def zone_suffix(zone: tzinfo | None) -> str:
    """Return ``" [Europe/Paris]"``, or nothing while there is no zone."""
    return "" if zone is None else f" [{zone}]"


def moment_text(moment: datetime) -> str:
    """Return an instant in UTC with a ``Z``, a naive wall-clock time as it is."""
    if moment.tzinfo is None:
        return moment.isoformat()
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def listed(words: Sequence[str]) -> str:
    """Return the words in a row; a long row as its ends, its length and a digest.

    Example:
        >>> listed(["2026-12-25", "2027-01-01"])
        '2026-12-25, 2027-01-01'
    """
    whole = ", ".join(words)
    if len(words) <= _IN_FULL:
        return whole
    from hashlib import sha256  # noqa: PLC0415 -- costs 3 ms of import

    digest = sha256(whole.encode()).hexdigest()[:8]
    return f"{words[0]} ... {words[-1]} ({len(words)}, sha256 {digest})"
