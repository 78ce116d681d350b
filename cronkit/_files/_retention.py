"""Which files of a rotating set may go, and why: a pure decision.

Items and a rule go in, what is to be deleted comes out, each with its reason. Nothing here
touches a disk or a clock.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import attrs

from cronkit._convert import duration, integer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence


def _last(value: int) -> int:
    return integer(value, "last", least=0)


def _daily(value: int) -> int:
    return integer(value, "daily", least=0)


def _weekly(value: int) -> int:
    return integer(value, "weekly", least=0)


def _monthly(value: int) -> int:
    return integer(value, "monthly", least=0)


def _within(value: timedelta | float | str | None) -> timedelta | None:
    return None if value is None else duration(value, "within", zero=False)


def _total_size(value: int | None) -> int | None:
    return None if value is None else integer(value, "total_size", least=1)


@attrs.frozen(kw_only=True)
class Keep:
    """What a rotating set keeps. A file stays if any rule keeps it; the newest always stays.

    Args:
        last: the newest so many.
        within: all that are not older than this (a timedelta, seconds, or text like ``"30d"``).
        total_size: bytes; of what the other rules keep, the oldest go until the rest fits.
        daily: the newest of each of the last so many days that have any.
        weekly: the same for ISO weeks.
        monthly: the same for months.

    Raises:
        PolicyError: a number is negative or not whole.
        DurationError: `within` cannot be read.

    Example:
        >>> Keep(last=7, monthly=12)
        Keep(last=7, within=None, total_size=None, daily=0, weekly=0, monthly=12)
    """

    last: int = attrs.field(default=5, converter=_last)
    within: timedelta | None = attrs.field(default=None, converter=_within)
    total_size: int | None = attrs.field(default=None, converter=_total_size)
    daily: int = attrs.field(default=0, converter=_daily)
    weekly: int = attrs.field(default=0, converter=_weekly)
    monthly: int = attrs.field(default=0, converter=_monthly)

    def __str__(self) -> str:
        rules = [f"the last {self.last}"] if self.last else []
        if self.within is not None:
            rules.append(f"{self.within} back")
        rules += [
            f"{count} {name}"
            for count, name in (
                (self.daily, "days"),
                (self.weekly, "weeks"),
                (self.monthly, "months"),
            )
            if count
        ]
        return ", ".join(rules) or "the newest only"


@attrs.frozen(kw_only=True)
class Item:
    """One file of a set.

    Attributes:
        name: its name.
        made_at: when it was made, aware, in the zone whose days and months count.
        size: bytes.
    """

    name: str
    made_at: datetime
    size: int


@attrs.frozen(kw_only=True)
class Doomed:
    """One file that may go.

    Attributes:
        name: its name.
        reason: which rule lets it go, as a phrase.
    """

    name: str
    reason: str


def doomed(items: Sequence[Item], keep: Keep, now: datetime) -> list[Doomed]:
    """Return what may go, oldest first.

    Args:
        items: the set, the newest first; the first of them never goes.
        keep: the rule.
        now: the present instant, aware.

    Example:
        >>> from datetime import UTC
        >>> days = [datetime(2026, 3, day, tzinfo=UTC) for day in (3, 2, 1)]
        >>> items = [Item(name=f"{t:%d}", made_at=t, size=1) for t in days]
        >>> [each.name for each in doomed(items, Keep(last=2), days[0])]
        ['01']
    """
    kept = _kept(items, keep, now)
    fitting = _fitting([item for item in items if item.name in kept], keep.total_size)
    gone = []
    for item in reversed(items):
        if item.name not in kept:
            gone.append(Doomed(name=item.name, reason=f"not among what is kept: {keep}"))
        elif item.name not in fitting:
            reason = f"with the newer ones larger than {keep.total_size} bytes"
            gone.append(Doomed(name=item.name, reason=reason))
    return gone


def _kept(items: Sequence[Item], keep: Keep, now: datetime) -> set[str]:
    kept = {item.name for item in items[: max(1, keep.last)]}
    if keep.within is not None:
        kept.update(item.name for item in items if now - item.made_at <= keep.within)
    kept.update(_newest_of_each(items, keep.daily, lambda made_at: made_at.date()))
    kept.update(_newest_of_each(items, keep.weekly, lambda made_at: made_at.isocalendar()[:2]))
    kept.update(_newest_of_each(items, keep.monthly, lambda made_at: (made_at.year, made_at.month)))
    return kept


def _newest_of_each(
    items: Iterable[Item], periods: int, period_of: Callable[[datetime], object]
) -> list[str]:
    """Return the names of the newest item of each of the newest `periods` periods."""
    newest: dict[object, str] = {}
    for item in items:
        newest.setdefault(period_of(item.made_at), item.name)
    return list(newest.values())[:periods]


def _fitting(items: Sequence[Item], total_size: int | None) -> set[str]:
    """Return the newest whose sizes sum up to at most `total_size`, and the newest in any case."""
    fitting = {item.name for item in items[:1]}
    size = 0
    for item in items:
        size += item.size
        if total_size is not None and size > total_size:
            break
        fitting.add(item.name)
    return fitting
