"""Calendar rules that no cron expression can say: RFC 5545 rules and calendar steps."""

from __future__ import annotations

from datetime import UTC, date, datetime, tzinfo

import attrs

from cronkit.triggers import _local, _text
from cronkit.triggers._recurrence import Recurrence
from cronkit.triggers._rule_text import RuleParts, parse_rule
from cronkit.triggers._steps import CalendarSteps
from cronkit.triggers._value import TriggerValue

_EPOCH_DAY = "1970-01-01"


@attrs.frozen(init=False, repr=False)
class Rule(TriggerValue):
    """Fires by a recurrence rule of RFC 5545, in wall-clock time.

    ``FREQ`` is YEARLY, MONTHLY, WEEKLY or DAILY; what is more frequent is for `Every` and `Cron`. A
    wall-clock time in a gap stands for the first instant after it, one in a fold for the first
    pass. ``UNTIL`` includes its moment, and a date alone includes that day. ``COUNT`` counts from
    `start`.

    Args:
        rule: the value of an ``RRULE`` property.
        start: the ``DTSTART``: no fire time before it, the periods of ``INTERVAL`` count from it,
            and it fills in what the rule leaves open (the time of day, the weekday, the day of the
            month). A date, an aware datetime, or ISO 8601 text; default: midnight of 1 January
            1970, as for `Every`.
        tz: the zone of the wall clock; default: the zone the trigger is bound to.

    Attributes:
        parts: the rule, read.
        start: the start; in wall-clock time, or in UTC while it waits for a zone.
        tz: the zone; ``None``: that of the question.

    Raises:
        PolicyError: the rule cannot be read, or no date of the calendar fits it.
        NaiveDatetimeError: the start is a datetime without a zone.
        TriggerSearchError: in the periods that ``INTERVAL`` leaves the rule does not fire.
        UnknownZoneError: the zone database does not know `tz`.

    Example:
        >>> from zoneinfo import ZoneInfo
        >>> last_friday = Rule("FREQ=MONTHLY;BYDAY=-1FR;BYHOUR=17", start="2026-01-01")
        >>> last_friday.next(datetime(2026, 3, 1, tzinfo=ZoneInfo("Europe/Paris"))).isoformat()
        '2026-03-27T17:00:00+01:00'
    """

    parts: RuleParts
    start: datetime
    tz: tzinfo | None = attrs.field(eq=_text.zone_name)
    _recurrence: Recurrence | None = attrs.field(eq=False)

    def __init__(
        self,
        rule: str,
        *,
        start: date | str = _EPOCH_DAY,
        tz: tzinfo | str | None = None,
    ) -> None:
        zone = _local.optional_zone(tz)
        parts = parse_rule(rule)
        first = _local.wall_in(_local.wall(start, "start"), zone, "start")
        recurrence = None if first.tzinfo else Recurrence.of(parts, first)
        self.__attrs_init__(parts=parts, start=first, tz=zone, recurrence=recurrence)

    @staticmethod
    def every(
        *,
        years: int = 0,
        months: int = 0,
        weeks: int = 0,
        days: int = 0,
        anchor: date | str = _EPOCH_DAY,
        tz: tzinfo | str | None = None,
    ) -> CalendarSteps:
        """Return calendar steps from an anchor: ``anchor + n * step``, for every whole number n.

        Each is counted from the anchor, so that a short month shifts nothing that follows:
        monthly from 31 January gives 28 February and then 31 March.

        Args:
            years: years of a step.
            months: months of a step.
            weeks: weeks of a step.
            days: days of a step.
            anchor: any one of the fire times, in wall-clock time: a date, an aware datetime, or
                ISO 8601 text.
            tz: the zone of the wall clock; default: the zone the trigger is bound to.

        Raises:
            PolicyError: no step at all, or one that is not a whole number of 0 or more.
            NaiveDatetimeError: the anchor is a datetime without a zone.
            UnknownZoneError: the zone database does not know `tz`.

        Example:
            >>> print(Rule.every(months=1, anchor="2026-01-31T09:00"))
            every 1 month anchor 2026-01-31T09:00:00
        """
        return CalendarSteps.of(
            years=years, months=months, weeks=weeks, days=days, anchor=anchor, tz=tz
        )

    def next(self, after: datetime) -> datetime | None:
        """Return the first fire time strictly later than `after`, or ``None`` after the last.

        Raises:
            NaiveDatetimeError: `after` has no time zone.
            TriggerSearchError: 10,000 dates lay in periods that ``INTERVAL`` leaves out.
        """
        zone = _local.own_zone(self.tz, after, "after")
        utc = _local.as_utc(after, "after")
        wall = utc.astimezone(zone).replace(tzinfo=None)
        found = _local.settle(self._in(zone).rising(wall), utc, zone, later=True)
        end = self._end()
        return None if found and end and found.astimezone(UTC) > end else found

    def previous(self, before: datetime) -> datetime | None:
        """Return the last fire time strictly earlier than `before`, or ``None`` before the first.

        Raises:
            NaiveDatetimeError: `before` has no time zone.
            TriggerSearchError: 10,000 dates lay in periods that ``INTERVAL`` leaves out.
        """
        zone = _local.own_zone(self.tz, before, "before")
        utc = _local.as_utc(before, "before")
        end = self._end()
        if end and utc > end:
            utc = end + _local.MICROSECOND
        wall = _local.wall_before(utc, zone)
        return _local.settle(self._in(zone).falling(wall), utc, zone, later=False)

    def _in(self, zone: tzinfo) -> Recurrence:
        if self._recurrence is not None:
            return self._recurrence
        return Recurrence.of(self.parts, _local.wall_in(self.start, zone, "start"))

    def _end(self) -> datetime | None:
        """Return the instant of an ``UNTIL`` with a ``Z``; one without is the recurrence's own."""
        until = self.parts.until
        return until if until is not None and until.tzinfo is not None else None

    def bind(self, zone: tzinfo, seed: str) -> Rule:  # noqa: ARG002 -- the shape of bind
        """Return the trigger with its wall clock in `zone`, where it has no zone yet."""
        if self.tz is not None:
            return self
        start = _local.wall_in(self.start, zone, "start").isoformat()
        return Rule(self.parts.text, start=start, tz=zone)

    def __str__(self) -> str:
        start = _text.moment_text(self.start)
        return f"rule {self.parts.text} from {start}{_text.zone_suffix(self.tz)}"
