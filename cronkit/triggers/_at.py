"""Named instants: once on New Year's Eve, or on each date of a list."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING

import attrs

from cronkit.errors import PolicyError
from cronkit.triggers import _local, _text
from cronkit.triggers._value import TriggerValue

if TYPE_CHECKING:
    from collections.abc import Iterable


@attrs.frozen(init=False, repr=False)
class At(TriggerValue):
    """Fires at each of the given instants, once.

    Text without an offset is read in `tz`, else in the zone the trigger is bound to: the
    scheduler's. In a gap of that zone it stands for the first instant after the gap, in a fold for
    the first pass.

    Args:
        instants: aware datetimes, or ISO 8601 text; in any order, doubles count once.
        tz: the zone of text without an offset, and of the fire times.

    Attributes:
        instants: the instants in UTC, in order; text that waits for a zone is naive.
        tz: the zone; ``None``: that of the question.

    Raises:
        NaiveDatetimeError: a datetime without a zone.
        PolicyError: no instant at all, or one that is neither a datetime nor ISO 8601 text.
        UnknownZoneError: the zone database does not know `tz`.

    Example:
        >>> print(At("2026-12-31T23:59:00", tz="Europe/Paris"))
        at 2026-12-31T23:59:00+01:00 [Europe/Paris]
    """

    instants: tuple[datetime, ...]
    tz: tzinfo | None = attrs.field(eq=_text.zone_name)

    def __init__(self, *instants: datetime | str, tz: tzinfo | str | None = None) -> None:
        if not instants:
            raise PolicyError("instants", instants, "one instant or more")
        zone = _local.optional_zone(tz)
        found = [_local.wall(each, "instants") for each in instants]
        self.__attrs_init__(instants=_in_order(found, zone), tz=zone)

    def next(self, after: datetime) -> datetime | None:
        """Return the first instant strictly later than `after`; ``None`` after the last.

        Raises:
            NaiveDatetimeError: `after` has no time zone.
        """
        if (
            self.tz is not None
            and after.__class__ is datetime
            and after.tzinfo is UTC
            and self.instants[-1] <= after
        ):
            return None  # what every job of one instant asks in the end
        zone = _local.own_zone(self.tz, after, "after")
        instants = self._in(zone)
        index = bisect_right(instants, _local.as_utc(after, "after"))
        return instants[index].astimezone(zone) if index < len(instants) else None

    def previous(self, before: datetime) -> datetime | None:
        """Return the last instant strictly earlier than `before`; ``None`` before the first.

        Raises:
            NaiveDatetimeError: `before` has no time zone.
        """
        zone = _local.own_zone(self.tz, before, "before")
        instants = self._in(zone)
        index = bisect_left(instants, _local.as_utc(before, "before"))
        return instants[index - 1].astimezone(zone) if index else None

    def _in(self, zone: tzinfo) -> tuple[datetime, ...]:
        return self.instants if self.tz is not None else _in_order(self.instants, zone)

    def bind(self, zone: tzinfo, seed: str) -> At:  # noqa: ARG002 -- the shape of bind
        """Return the trigger with its text read in `zone`, where it has no zone yet."""
        return self if self.tz is not None else At(*self._in(zone), tz=zone)

    def __str__(self) -> str:
        words = [
            (each.astimezone(self.tz) if self.tz else each).isoformat() for each in self.instants
        ]
        return f"at {_text.listed(words)}{_text.zone_suffix(self.tz)}"


def _in_order(instants: Iterable[datetime], zone: tzinfo | None) -> tuple[datetime, ...]:
    """Return the instants in UTC and in order; without a zone, naive ones stay and come first."""
    found = {
        each
        if zone is None and each.tzinfo is None
        else _local.bound_moment(each, zone or UTC, "instant")
        for each in instants
    }
    return tuple(
        sorted(found, key=lambda each: (each.tzinfo is not None, each.replace(tzinfo=None)))
    )
