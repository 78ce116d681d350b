"""The next or the previous wall-clock time in field sets.

It knows no zone: a wall-clock time is six whole numbers here, and a day has 24 hours.

The search goes from coarse to fine and never tries times one by one. A month is one int with a bit
for each day that matches, worked out by arithmetic from the weekday of its first day. If the day
of the start matches, the time of day is looked for beyond the start; otherwise the nearest day
with a bit is taken, with the first (or, backward, the last) time of day. Both directions are one
walk: the nearest member is the lowest bit above, or the highest bit below.

These few functions are what a `next` costs, so the two bit operations stand in them written out:
``bits & (-2 << n)`` is the part of a set above n, ``bits & ((1 << n) - 1)`` the part below;
``(bits & -bits).bit_length() - 1`` is the lowest member, ``bits.bit_length() - 1`` the highest.
"""

from __future__ import annotations

from cronkit.cron._fields import DAY, FIRST_YEAR, MONTH, WEEKDAY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from cronkit.cron._fields import FieldSets

    Wall = tuple[int, int, int, int, int, int]

FIRST_DAY = (1, 1, 2)
LAST_DAY = (9999, 12, 30)
"""The range of results: a day short of datetime's own, so that any zone can hold them."""

_ALL_DAYS = DAY.full
_ALL_WEEKDAYS = WEEKDAY.full
_ALL_MONTHS = MONTH.full
SAFE_DAYS = (1 << 29) - 2
"""The days that every month has: with one of them and a weekday, an expression fires."""

_LENGTHS = (0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_FEBRUARY = 2
_FEBRUARY_ONLY = 1 << _FEBRUARY
_DAY_29 = 1 << 29
_SATURDAY = 6
_SHIFTS = (0, 1, 4, 3, 6, 1, 4, 6, 2, 5, 0, 3, 5)
"""Sakamoto's table for day 1: what each month adds to the weekday of its first day."""

_WEEK = 0b1111111
_WEEKS = 1 | 1 << 7 | 1 << 14 | 1 << 21 | 1 << 28


def find(
    fields: FieldSets,
    wall: Wall,
    forward: bool,  # noqa: FBT001 -- private, and hot
) -> Wall | None:
    """Return the first matching time strictly after `wall`, or the last one strictly before.

    ``None`` if there is none between 0001-01-02 and 9999-12-30.
    """
    year, month, day, hour, minute, second = wall
    if forward and fields.second == 1 and fields.hour >> hour & 1 and 1 < year < LAST_DAY[0]:
        rest = fields.minute & (-2 << minute)
        if rest and _fires_each_day(fields):  # later in the same hour: what most questions come to
            return year, month, day, hour, (rest & -rest).bit_length() - 1, 0
    days = month_days(fields, year, month)
    time = _find_time(fields, hour, minute, second, forward) if days >> day & 1 else None
    if time is None:
        rest = days & (-2 << day if forward else (1 << day) - 1)
        if rest:
            day = (rest & -rest if forward else rest).bit_length() - 1
        else:
            found = _find_month(fields, year, month, forward)
            if found is None:
                return None
            year, month, day = found
        time = _nearest_time(fields, forward)
    if not 1 < year < LAST_DAY[0] and not FIRST_DAY <= (year, month, day) <= LAST_DAY:
        return _find_inside(fields, year, forward)
    return year, month, day, *time


def _fires_each_day(fields: FieldSets) -> bool:
    return (
        fields.day == _ALL_DAYS
        and fields.weekday == _ALL_WEEKDAYS
        and fields.month == _ALL_MONTHS
        and fields.year is None
    )


def _find_inside(fields: FieldSets, year: int, forward: bool) -> Wall | None:  # noqa: FBT001 -- as above
    """Go on from the end of the range, if the search comes from outside of it."""
    if forward and year == FIRST_DAY[0]:
        return find(fields, (*FIRST_DAY[:2], FIRST_DAY[2] - 1, 23, 59, 59), forward)
    if not forward and year == LAST_DAY[0]:
        return find(fields, (*LAST_DAY[:2], LAST_DAY[2] + 1, 0, 0, 0), forward)
    return None


def _find_time(
    fields: FieldSets,
    hour: int,
    minute: int,
    second: int,
    forward: bool,  # noqa: FBT001 -- private, and hot
) -> tuple[int, int, int] | None:
    """Return the nearest time of day beyond the given one, on the same day."""
    seconds, minutes, hours = fields.second, fields.minute, fields.hour
    if hours >> hour & 1:
        if minutes >> minute & 1:
            rest = seconds & (-2 << second if forward else (1 << second) - 1)
            if rest:
                return hour, minute, (rest & -rest if forward else rest).bit_length() - 1
        rest = minutes & (-2 << minute if forward else (1 << minute) - 1)
        if rest:
            minute = (rest & -rest if forward else rest).bit_length() - 1
            return hour, minute, (seconds & -seconds if forward else seconds).bit_length() - 1
    rest = hours & (-2 << hour if forward else (1 << hour) - 1)
    if not rest:
        return None
    _, minute, second = _nearest_time(fields, forward)
    return (rest & -rest if forward else rest).bit_length() - 1, minute, second


def _nearest_time(fields: FieldSets, forward: bool) -> tuple[int, int, int]:  # noqa: FBT001 -- as above
    """Return the first time of a day, or the last."""
    hours, minutes, seconds = fields.hour, fields.minute, fields.second
    if forward:
        hours, minutes, seconds = hours & -hours, minutes & -minutes, seconds & -seconds
    return hours.bit_length() - 1, minutes.bit_length() - 1, seconds.bit_length() - 1


def _find_month(
    fields: FieldSets,
    year: int,
    month: int,
    forward: bool,  # noqa: FBT001 -- private, and hot
) -> tuple[int, int, int] | None:
    """Return the nearest matching day in the months beyond the given one."""
    months = fields.month & (-2 << month if forward else (1 << month) - 1)
    while True:
        while months:
            month = (months & -months if forward else months).bit_length() - 1
            days = month_days(fields, year, month)
            if days:
                return year, month, (days & -days if forward else days).bit_length() - 1
            months ^= 1 << month
        following = _find_year(fields, year, forward)
        if following is None:
            return None
        year = following
        months = fields.month


def _find_year(fields: FieldSets, year: int, forward: bool) -> int | None:  # noqa: FBT001 -- as above
    """Return the nearest year beyond `year` that the year field allows."""
    if fields.year is None:
        if fields.month == _FEBRUARY_ONLY and _is_leap_day(fields):
            year += 4 - year % 4 if forward else -(year % 4 or 4)
        else:
            year += 1 if forward else -1
        return year if FIRST_DAY[0] <= year <= LAST_DAY[0] else None
    # Bit 0 is 1970; a year before it counts as -1, and one more makes room for it.
    bits, bit = fields.year << 1, max(year - FIRST_YEAR, -1) + 1
    rest = bits & (-2 << bit if forward else (1 << bit) - 1)
    return FIRST_YEAR + (rest & -rest if forward else rest).bit_length() - 2 if rest else None


def _is_leap_day(fields: FieldSets) -> bool:
    """Return whether 29 is the only day of the month that can match."""
    counted = fields.last_days or fields.workdays or fields.last_workdays
    return fields.day == _DAY_29 and not fields.either and not counted


def month_days(fields: FieldSets, year: int, month: int) -> int:
    """Return the days of a month that match, as a set (bit n = day n)."""
    if not fields.month >> month & 1:
        return 0
    if fields.year is not None and (year < FIRST_YEAR or not fields.year >> year - FIRST_YEAR & 1):
        return 0
    length = _LENGTHS[month]
    if month == _FEBRUARY and not year % 4 and (year % 100 or not year % 400):
        length = 29
    if fields.day == _ALL_DAYS and fields.weekday == _ALL_WEEKDAYS:
        return (2 << length) - 2
    before = year - 1 if month <= _FEBRUARY else year
    first = before + before // 4 - before // 100 + before // 400 + _SHIFTS[month]
    return match_days(fields, first % 7, length)


def match_days(fields: FieldSets, first: int, length: int) -> int:
    """Return the days that match in a month of `length` days whose day 1 is weekday `first`."""
    days = fields.day
    if fields.last_days or fields.workdays or fields.last_workdays:
        days |= _counted_days(fields, first, length)
    weekdays = _turned(fields.weekday, first) * _WEEKS << 1
    if fields.nth_weekdays:
        for week in range(0, 35, 7):
            weekdays |= _turned(fields.nth_weekdays >> week & _WEEK, first) << week + 1
    if fields.last_weekdays:
        weekdays |= _turned(fields.last_weekdays, (first + length) % 7) << length - 6
    every = (2 << length) - 2
    return (days | weekdays if fields.either else days & weekdays) & every


def _turned(weekdays: int, first: int) -> int:
    """Return a set of weekdays as a set of seven days, the lowest of which is weekday `first`."""
    return (weekdays << 7 | weekdays) >> first & _WEEK


def _counted_days(fields: FieldSets, first: int, length: int) -> int:
    """Return the days that ``L``, ``L-n``, ``nW``, ``LW`` and ``L-nW`` mean in this month."""
    days = 0
    for back in range(length):
        if fields.last_days >> back & 1:
            days |= 1 << length - back
        if fields.last_workdays >> back & 1:
            days |= 1 << _nearest_workday(length - back, first, length)
    for day in range(1, length + 1):
        if fields.workdays >> day & 1:
            days |= 1 << _nearest_workday(day, first, length)
    return days


def _nearest_workday(day: int, first: int, length: int) -> int:
    """Return the day from Monday to Friday nearest to `day`, without leaving the month."""
    weekday = (first + day - 1) % 7
    if weekday == _SATURDAY:
        return day - 1 if day > 1 else day + 2
    if weekday == 0:
        return day + 1 if day < length else day - 2
    return day


def dates(fields: FieldSets, year: int, month: int, day: int) -> Iterator[tuple[int, int, int]]:
    """Yield the matching days after a day, up to 9999-12-30."""
    days = month_days(fields, year, month) & -2 << day
    while True:
        while days:
            day = (days & -days).bit_length() - 1
            if (year, month, day) > LAST_DAY:
                return
            yield year, month, day
            days ^= 1 << day
        found = _find_month(fields, year, month, forward=True)
        if found is None:
            return
        year, month, day = found
        days = month_days(fields, year, month)


def members(bits: int) -> tuple[int, ...]:
    """Return the members of a set in rising order."""
    return tuple(number for number in range(bits.bit_length()) if bits >> number & 1)


def matches(fields: FieldSets, wall: datetime) -> bool:
    """Return whether a wall-clock time is one of the sets'."""
    return bool(
        fields.minute >> wall.minute & 1
        and fields.hour >> wall.hour & 1
        and fields.second >> wall.second & 1
        and month_days(fields, wall.year, wall.month) >> wall.day & 1
        and not wall.microsecond
    )


def fires(fields: FieldSets) -> bool:
    """Return whether any day at all matches.

    Without a year field a month can begin on any weekday, and February with either length, within
    the 400 years after which the calendar repeats; so these few months stand for all.
    """
    if fields.year is not None:
        years = [FIRST_YEAR + bit for bit in members(fields.year)]
        return any(month_days(fields, year, month) for year in years for month in range(1, 13))
    return any(
        match_days(fields, first, length)
        for month in members(fields.month)
        for length in ((28, 29) if month == _FEBRUARY else (_LENGTHS[month],))
        for first in range(7)
    )
