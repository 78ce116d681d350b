"""The next or the previous wall-clock time in field sets.

It knows no zone: a wall-clock time is six whole numbers here, and a day has 24 hours.

The search goes from coarse to fine and never tries times one by one. A month is one int with a bit
for each day that matches, worked out by arithmetic from the weekday of its first day. If the day
of the start matches, the time of day is looked for behind the start; otherwise the nearest day
with a bit is taken, with the first (or, backward, the last) time of day. Both directions are one
walk: *nearest* is the lowest bit above, or the highest bit below.
"""

from __future__ import annotations

from cronkit.cron._fields import DAY, FIRST_YEAR, WEEKDAY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from cronkit.cron._fields import FieldSets

    Wall = tuple[int, int, int, int, int, int]

FIRST_DAY = (1, 1, 2)
LAST_DAY = (9999, 12, 30)
"""The range of results: a day short of datetime's own, so that any zone can hold them."""

_LENGTHS = (0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_LEAP_LENGTHS = (0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_SHIFTS = (0, 0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4)
"""Sakamoto's table: what each month adds to the weekday of its first day."""

_WEEKS = 1 | 1 << 7 | 1 << 14 | 1 << 21 | 1 << 28
_WEEK = 127
_SATURDAY = 6


def is_leap(year: int) -> bool:
    """Return whether 29 February exists in `year`."""
    return not year % 4 and (year % 100 != 0 or not year % 400)


def month_days(sets: FieldSets, year: int, month: int) -> int:
    """Return the days of a month that match, as a set (bit n = day n)."""
    length = (_LEAP_LENGTHS if is_leap(year) else _LENGTHS)[month]
    if sets.day == DAY.full and sets.weekday == WEEKDAY.full:
        return (2 << length) - 2
    before = year - (month < 3)  # noqa: PLR2004 -- the leap day comes after February
    first = (before + before // 4 - before // 100 + before // 400 + _SHIFTS[month] + 1) % 7
    return match_days(sets, first, length)


def _days(sets: FieldSets, year: int, month: int) -> int:
    """Return the days of a month that match, none if the month itself does not."""
    if sets.month >> month & 1 and _has_year(sets, year):
        return month_days(sets, year, month)
    return 0


def match_days(sets: FieldSets, first: int, length: int) -> int:
    """Return the days that match in a month of `length` days whose day 1 is weekday `first`."""
    days = sets.day
    if sets.last_days or sets.workdays or sets.last_workdays:
        days |= _counted_days(sets, first, length)
    weekdays = _turned(sets.weekday, first) * _WEEKS << 1
    if sets.nth_weekdays:
        for week in range(0, 35, 7):
            weekdays |= _turned(sets.nth_weekdays >> week & _WEEK, first) << week + 1
    if sets.last_weekdays:
        weekdays |= _turned(sets.last_weekdays, first + length) << length - 6
    every = (2 << length) - 2
    return (days | weekdays if sets.either else days & weekdays) & every


def _turned(weekdays: int, first: int) -> int:
    """Return a week of weekdays as seven days, of which the lowest is weekday `first`."""
    return (weekdays << 7 | weekdays) >> first % 7 & _WEEK


def _counted_days(sets: FieldSets, first: int, length: int) -> int:
    """Return the days that ``L``, ``L-n``, ``nW``, ``LW`` and ``L-nW`` mean in this month."""
    days = 0
    for back in range(length):
        if sets.last_days >> back & 1:
            days |= 1 << length - back
        if sets.last_workdays >> back & 1:
            days |= 1 << _nearest_workday(length - back, first, length)
    for day in range(1, length + 1):
        if sets.workdays >> day & 1:
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


def _beyond(bits: int, member: int, forward: bool) -> int:  # noqa: FBT001 -- private, and hot
    """Return the part of a set above `member`, or below it."""
    return bits & (-2 << member) if forward else bits & ((1 << member) - 1)


def _nearest(bits: int, forward: bool) -> int:  # noqa: FBT001 -- private, and hot
    """Return the lowest member of a set, or the highest."""
    return (bits & -bits if forward else bits).bit_length() - 1


def find(
    sets: FieldSets,
    wall: Wall,
    forward: bool,  # noqa: FBT001 -- private, and hot
) -> Wall | None:
    """Return the first matching time strictly after `wall`, or the last one strictly before.

    ``None`` if there is none between 0001-01-02 and 9999-12-30.
    """
    year, month, day, hour, minute, second = wall
    days = _days(sets, year, month)
    if days >> day & 1:
        time = _find_time(sets, hour, minute, second, forward)
        if time is not None and FIRST_DAY <= wall[:3] <= LAST_DAY:
            return year, month, day, *time
    rest = _beyond(days, day, forward)
    date = (
        (year, month, _nearest(rest, forward)) if rest else _find_month(sets, year, month, forward)
    )
    if date is None or not FIRST_DAY <= date <= LAST_DAY:
        return None
    return (
        *date,
        _nearest(sets.hour, forward),
        _nearest(sets.minute, forward),
        _nearest(sets.second, forward),
    )


def _find_time(
    sets: FieldSets,
    hour: int,
    minute: int,
    second: int,
    forward: bool,  # noqa: FBT001 -- private, and hot
) -> tuple[int, int, int] | None:
    """Return the nearest time of day beyond the given one, on the same day."""
    if sets.hour >> hour & 1:
        if sets.minute >> minute & 1:
            rest = _beyond(sets.second, second, forward)
            if rest:
                return hour, minute, _nearest(rest, forward)
        rest = _beyond(sets.minute, minute, forward)
        if rest:
            return hour, _nearest(rest, forward), _nearest(sets.second, forward)
    rest = _beyond(sets.hour, hour, forward)
    if rest:
        return (
            _nearest(rest, forward),
            _nearest(sets.minute, forward),
            _nearest(sets.second, forward),
        )
    return None


def _find_month(
    sets: FieldSets,
    year: int,
    month: int,
    forward: bool,  # noqa: FBT001 -- private, and hot
) -> tuple[int, int, int] | None:
    """Return the nearest matching day in the months beyond the given one."""
    months = _beyond(sets.month, month, forward) if _has_year(sets, year) else 0
    while True:
        while months:
            month = _nearest(months, forward)
            days = month_days(sets, year, month)
            if days:
                return year, month, _nearest(days, forward)
            months ^= 1 << month
        following = _find_year(sets, year, forward)
        if following is None:
            return None
        year = following
        months = sets.month


def _has_year(sets: FieldSets, year: int) -> bool:
    if sets.year is None:
        return True
    return year >= FIRST_YEAR and bool(sets.year >> year - FIRST_YEAR & 1)


def _find_year(sets: FieldSets, year: int, forward: bool) -> int | None:  # noqa: FBT001 -- as above
    """Return the nearest year beyond `year` that the year field allows."""
    if sets.year is None:
        year += 1 if forward else -1
        return year if FIRST_DAY[0] <= year <= LAST_DAY[0] else None
    # Bit 0 is 1970; a year before it counts as -1, so that the bits beyond it are all of them.
    rest = _beyond(sets.year << 1, max(year - FIRST_YEAR, -1) + 1, forward)
    return FIRST_YEAR + _nearest(rest, forward) - 1 if rest else None


def dates(sets: FieldSets, year: int, month: int, day: int) -> Iterator[tuple[int, int, int]]:
    """Yield the matching days after a day, up to 9999-12-30."""
    days = _beyond(_days(sets, year, month), day, forward=True)
    while True:
        while days:
            day = _nearest(days, forward=True)
            if (year, month, day) > LAST_DAY:
                return
            yield year, month, day
            days ^= 1 << day
        found = _find_month(sets, year, month, forward=True)
        if found is None:
            return
        year, month, day = found
        days = month_days(sets, year, month)


def members(bits: int) -> tuple[int, ...]:
    """Return the members of a set in rising order."""
    return tuple(number for number in range(bits.bit_length()) if bits >> number & 1)


def matches(sets: FieldSets, wall: datetime) -> bool:
    """Return whether a wall-clock time is one of the sets'."""
    return bool(
        sets.minute >> wall.minute & 1
        and sets.hour >> wall.hour & 1
        and sets.second >> wall.second & 1
        and _days(sets, wall.year, wall.month) >> wall.day & 1
        and not wall.microsecond
    )


def fires(sets: FieldSets) -> bool:
    """Return whether any day at all matches.

    Without a year field a month can begin on any weekday, and February with either length, within
    the 400 years after which the calendar repeats; so these few months stand for all.
    """
    months = members(sets.month)
    if sets.year is None:
        return any(
            match_days(sets, first, length)
            for month in months
            for length in {_LENGTHS[month], _LEAP_LENGTHS[month]}
            for first in range(7)
        )
    return any(
        month_days(sets, FIRST_YEAR + bit, month) for bit in members(sets.year) for month in months
    )
