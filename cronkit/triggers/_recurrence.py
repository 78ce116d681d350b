"""The wall-clock times of a recurrence rule, in either direction, without a zone.

How it searches: a rule counts periods (days, weeks, months, years) from the one that holds its
start, and fires in every ``interval``-th. Walking there from the start would cost more each year,
so the expansion begins anew at the period that is asked for. That is only right if nothing of the
rule hangs on its first date any more; `Recurrence.of` therefore writes out what the rule takes from
its start. The expansion itself runs with interval 1: every rule that fires at all then fires within
40 years, so no search is longer, and a date in a period between is a reason to jump to the next.
"""

from __future__ import annotations

from datetime import date, datetime, time
from itertools import islice, takewhile
from typing import TYPE_CHECKING

import attrs

from cronkit.errors import PolicyError, TriggerSearchError
from cronkit.triggers._dateutil import expand
from cronkit.triggers._local import MICROSECOND, MOST_STEPS
from cronkit.triggers._rule_text import RuleParts

if TYPE_CHECKING:
    from collections.abc import Iterator

_WHOLE_CYCLE = datetime(9960, 1, 1)  # noqa: DTZ001 -- wall-clock time
"""From here to 9999 every kind of year occurs, by leap day and by weekday."""
_DAY_PARTS = ("BYMONTHDAY", "BYYEARDAY", "BYWEEKNO")


@attrs.frozen(kw_only=True)
class Recurrence:
    """A rule with its first wall-clock time.

    Attributes:
        parts: the rule, nothing of it left to be taken from the start.
        start: no wall-clock time before it; its period is number 0.
        last: no wall-clock time after it.
    """

    parts: RuleParts
    start: datetime
    last: datetime

    @classmethod
    def of(cls, parts: RuleParts, start: datetime) -> Recurrence:
        """Return the recurrence of a rule that begins at `start`.

        Raises:
            PolicyError: no date of the calendar fits the rule.
            TriggerSearchError: none was found in the periods that the interval leaves.
        """
        whole = _completed(parts, start)
        if next(iter(expand(whole, _WHOLE_CYCLE)), None) is None:
            raise PolicyError("rule", parts.text, "a rule that some date of the calendar fits")
        last = parts.until
        endless = cls(parts=whole, start=start, last=datetime.max)  # noqa: DTZ901 -- wall-clock
        if parts.count is not None:
            *_, last = start, *islice(endless.rising(start), parts.count)
        elif last is None or last.tzinfo is not None:
            next(endless.rising(start), None)  # looks once, so that a vain search ends here
            return endless
        return attrs.evolve(endless, last=last)

    def rising(self, least: datetime) -> Iterator[datetime]:
        """Give the wall-clock times from `least` on, the earliest first.

        Raises:
            TriggerSearchError: 10,000 dates in a row lay in periods that the interval leaves out.
        """
        least = max(least, self.start)
        index = self._aligned(self._index(least))
        for _ in range(MOST_STEPS):
            first = self._first_of(index)
            if first is None:
                return
            for found in expand(self.parts, first):
                index = self._index(found)
                if index % self.parts.interval:
                    break
                if found > self.last:
                    return
                if found >= least:
                    yield found
            else:
                return
            index = self._aligned(index)
        raise TriggerSearchError(self.parts.text, MOST_STEPS)

    def falling(self, end: datetime) -> Iterator[datetime]:
        """Give the wall-clock times before `end`, the latest first.

        A rule is only ever walked forward: it is listed in windows that end where the one before
        began and are twice as long, so that a rare date is found in few of them.
        """
        end = min(end, self.last + MICROSECOND if self.last < end else end)
        interval = self.parts.interval
        index, width = self._index(end) // interval * interval, interval
        while index >= 0:
            first = self._first_of(index)
            if first is not None:
                yield from reversed(self._between(first, end))
                end = first
            if index == 0:
                return
            index, width = max(index - width, 0), width * 2

    def _between(self, least: datetime, end: datetime) -> list[datetime]:
        return list(takewhile(lambda each: each < end, self.rising(least)))

    def _aligned(self, index: int) -> int:
        """Return the first period from `index` on in which the rule may fire."""
        return -(-index // self.parts.interval) * self.parts.interval

    def _index(self, moment: datetime) -> int:
        """Return the number of the period that holds `moment`."""
        freq = self.parts.freq
        if freq == "YEARLY":
            return moment.year - self.start.year
        if freq == "MONTHLY":
            return (moment.year - self.start.year) * 12 + moment.month - self.start.month
        days = moment.toordinal() - self._origin()
        return days if freq == "DAILY" else days // 7

    def _first_of(self, index: int) -> datetime | None:
        """Return the midnight on which period number `index` begins; ``None`` after year 9999."""
        freq = self.parts.freq
        try:
            if freq == "YEARLY":
                return datetime(self.start.year + index, 1, 1)  # noqa: DTZ001 -- wall-clock time
            if freq == "MONTHLY":
                years, month = divmod(self.start.month - 1 + index, 12)
                return datetime(self.start.year + years, month + 1, 1)  # noqa: DTZ001 -- wall-clock time
            days = index if freq == "DAILY" else index * 7
            return datetime.combine(date.fromordinal(max(self._origin() + days, 1)), time())
        except (ValueError, OverflowError):
            return None

    def _origin(self) -> int:
        """Return the ordinal of the day on which period 0 begins, for days and weeks."""
        day = self.start.toordinal()
        if self.parts.freq == "WEEKLY":
            day -= (self.start.weekday() - self.parts.week_start) % 7
        return day


def _completed(parts: RuleParts, start: datetime) -> RuleParts:
    """Return the rule with all that RFC 5545 takes from the start written out."""
    by = dict(parts.by)
    days = parts.days
    for part, number in (
        ("BYHOUR", start.hour),
        ("BYMINUTE", start.minute),
        ("BYSECOND", start.second),
    ):
        by.setdefault(part, (number,))
    if not days and not any(part in by for part in _DAY_PARTS):
        if parts.freq == "WEEKLY":
            days = ((start.weekday(), 0),)
        elif parts.freq in {"MONTHLY", "YEARLY"}:
            by["BYMONTHDAY"] = (start.day,)
            if parts.freq == "YEARLY":
                by.setdefault("BYMONTH", (start.month,))
    elif "BYWEEKNO" in by and not days:
        days = ((start.weekday(), 0),)
    return attrs.evolve(parts, days=days, by=tuple(by.items()))
