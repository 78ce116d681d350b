"""Calendar steps: every month from the 31st, every second week, every two years."""

from __future__ import annotations

from datetime import date, datetime, tzinfo
from itertools import count
from typing import TYPE_CHECKING

import attrs

from cronkit import _convert
from cronkit.errors import PolicyError
from cronkit.triggers import _local, _text
from cronkit.triggers._dateutil import shift
from cronkit.triggers._value import TriggerValue

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST = 100_000
# A Gregorian cycle of 400 years, in months and in days: the mean month to the last digit.
_CYCLE_MONTHS, _CYCLE_DAYS = 4_800, 146_097


@attrs.frozen(init=False, repr=False)
class CalendarSteps(TriggerValue):
    """Fires at ``anchor + n * step`` in wall-clock time; made by `Rule.every`.

    A step is months and days. Each fire time is counted from the anchor, months first, and a day
    that a month lacks becomes its last one. A wall-clock time in a gap stands for the first instant
    after it, one in a fold for the first pass.

    Attributes:
        months: months of a step, years included.
        days: days of a step, weeks included.
        anchor: any one of the fire times; in wall-clock time, or in UTC while it waits for a zone.
        tz: the zone of the wall clock; ``None``: that of the question.
    """

    months: int
    days: int
    anchor: datetime
    tz: tzinfo | None = attrs.field(eq=_text.zone_name)

    def __init__(
        self,
        *,
        months: int,
        days: int,
        anchor: date | str,
        tz: tzinfo | str | None = None,
    ) -> None:
        zone = _local.optional_zone(tz)
        first = _local.wall_in(_local.wall(anchor, "anchor"), zone, "anchor")
        self.__attrs_init__(months=months, days=days, anchor=first, tz=zone)

    @classmethod
    def of(
        cls,
        *,
        years: int,
        months: int,
        weeks: int,
        days: int,
        anchor: date | str,
        tz: tzinfo | str | None,
    ) -> CalendarSteps:
        """Return the trigger from the units of `Rule.every`."""
        units = {"years": years, "months": months, "weeks": weeks, "days": days}
        for unit, number in units.items():
            _convert.integer(number, unit, least=0, most=_MOST)
        if not any(units.values()):
            raise PolicyError("every", units, "years, months, weeks or days of 1 or more")
        return cls(months=years * 12 + months, days=weeks * 7 + days, anchor=anchor, tz=tz)

    def next(self, after: datetime) -> datetime | None:
        """Return the first fire time strictly later than `after`, in constant time.

        Raises:
            NaiveDatetimeError: `after` has no time zone.
        """
        zone = _local.own_zone(self.tz, after, "after")
        utc = _local.as_utc(after, "after")
        wall = utc.astimezone(zone).replace(tzinfo=None)
        return _local.settle(self._walls(wall, zone, 1), utc, zone, later=True)

    def previous(self, before: datetime) -> datetime | None:
        """Return the last fire time strictly earlier than `before`, in constant time.

        Raises:
            NaiveDatetimeError: `before` has no time zone.
        """
        zone = _local.own_zone(self.tz, before, "before")
        utc = _local.as_utc(before, "before")
        wall = _local.wall_before(utc, zone)
        return _local.settle(self._walls(wall, zone, -1), utc, zone, later=False)

    def _walls(self, wall: datetime, zone: tzinfo, direction: int) -> Iterator[datetime]:
        """Give the wall-clock times from one that is at `wall` or just beside it.

        Over n steps the calendar strays less than five days from n mean steps, so an estimate
        that is moved back by that much lies on the near side of `wall`.
        """
        anchor = _local.wall_in(self.anchor, zone, "anchor")
        slack = -5 * direction
        passed = (wall - anchor).days + slack
        step = _CYCLE_DAYS * self.months + _CYCLE_MONTHS * self.days
        estimate = passed * _CYCLE_MONTHS // step + (0 if direction > 0 else 1)
        for number in count(estimate, direction):
            try:
                yield shift(anchor, months=number * self.months, days=number * self.days)
            except OverflowError:
                if number * direction > 0:
                    return

    def bind(self, zone: tzinfo, seed: str) -> CalendarSteps:  # noqa: ARG002 -- the shape of bind
        """Return the trigger with its wall clock in `zone`, where it has no zone yet."""
        if self.tz is not None:
            return self
        anchor = _local.wall_in(self.anchor, zone, "anchor").isoformat()
        return CalendarSteps(months=self.months, days=self.days, anchor=anchor, tz=zone)

    def __str__(self) -> str:
        years, months = divmod(self.months, 12)
        weeks, days = divmod(self.days, 7) if self.days % 7 == 0 else (0, self.days)
        units = {"year": years, "month": months, "week": weeks, "day": days}
        step = " ".join(
            f"{number} {unit}{'s' if number > 1 else ''}"
            for unit, number in units.items()
            if number
        )
        start = _text.moment_text(self.anchor)
        return f"every {step} anchor {start}{_text.zone_suffix(self.tz)}"
