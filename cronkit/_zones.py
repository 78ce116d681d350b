"""Wall-clock time to instant and back, across the changes of a zone's offset.

It knows no cron. A change is a `Shift`; around one, wall-clock time and instants part ways::

                     gap (spring)                     fold (autumn)
    instant     ──────────┬──────────            ──────────┬──────────
    wall clock  ... 01:59 │ 03:00 ...            ... 02:59 │ 02:00 ...
                     start│end                          end│start

    a gap:   the wall-clock times from start to end, end excluded, never are
    a fold:  the wall-clock times from start to end, end excluded, are twice (pass 0, pass 1)

The zones of the standard library answer by PEP 495: the offset of a missing or repeated time with
``fold=0`` is that before the shift, with ``fold=1`` that after it. Other kinds of tzinfo (dateutil,
pytz) do not, so they are asked at instants only, where the answer is never ambiguous.

One rule makes it cheap: the offset of a zone does not change twice within three days. The closest
pair in the tz database is 3 days and 23:40 apart (Africa/Freetown, September 1939), the closest
since 1970 is 6 days and 23:00. So where two instants at most three days apart have the same offset,
there is no shift between them.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import tzinfo

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
_QUARTER = timedelta(minutes=15)

EARLIEST = datetime(1, 1, 2)  # noqa: DTZ001 -- a wall-clock time
LATEST = datetime(9999, 12, 31)  # noqa: DTZ001 -- a wall-clock time
"""Within these, an offset or most of a day more stays in the range of datetime."""

_STRETCH = timedelta(days=3)
"""No zone shifts twice within it."""

_TWO_DAYS = timedelta(days=2)
_LONGEST_MONTH = 31
_LOOK_AHEAD = 3


class Shift:
    """One change of a zone's offset.

    Attributes:
        at: the instant of the change, naive, in UTC.
        before: the offset before it.
        after: the offset from it on.
    """

    __slots__ = ("after", "at", "before")

    def __init__(self, at: datetime, before: timedelta, after: timedelta) -> None:
        self.at = at
        self.before = before
        self.after = after

    @property
    def is_gap(self) -> bool:
        """Whether wall-clock times are left out; otherwise they are repeated."""
        return self.after > self.before

    @property
    def start(self) -> datetime:
        """The first wall-clock time that is missing, or repeated."""
        return self.at + min(self.before, self.after)

    @property
    def end(self) -> datetime:
        """The first wall-clock time behind the missing, or repeated, ones."""
        return self.at + max(self.before, self.after)

    def instant(self, wall: datetime, which: int) -> datetime:
        """Return when `wall` is, in UTC, by the offset before the shift (0) or after it (1)."""
        return wall - (self.after if which else self.before)

    def __repr__(self) -> str:
        return f"Shift({self.at.isoformat()}Z, {self.before} -> {self.after})"


def is_plain(zone: tzinfo) -> bool:
    """Return whether `zone` keeps PEP 495: the two kinds of the standard library do.

    Then ``wall.replace(tzinfo=zone)`` is right away from a shift. pytz needs its own ``localize``.
    """
    kind = type(zone)
    return kind is ZoneInfo or kind is timezone


def clamped(moment: datetime) -> datetime:
    """Return `moment`, moved into the range in which it has a wall-clock time in every zone."""
    wall = moment.replace(tzinfo=None)
    if EARLIEST + DAY <= wall <= LATEST - DAY:
        return moment
    inside = min(max(wall, EARLIEST), LATEST).replace(tzinfo=moment.tzinfo)
    return min(max(inside, EARLIEST.replace(tzinfo=UTC)), LATEST.replace(tzinfo=UTC))


def to_utc(moment: datetime) -> datetime:
    """Return an aware datetime as a naive one in UTC, in which differences are elapsed time."""
    return moment.astimezone(UTC).replace(tzinfo=None)


def from_utc(instant: datetime, zone: tzinfo) -> datetime:
    """Return a naive instant in UTC as an aware datetime of `zone`, with the right ``fold``."""
    return instant.replace(tzinfo=UTC).astimezone(zone)


def offset_at(instant: datetime, zone: tzinfo) -> timedelta:
    """Return the offset of `zone` at a naive instant in UTC."""
    try:
        local = from_utc(instant, zone)
    except OverflowError:  # at the ends of the calendar, where no zone shifts
        local = from_utc(min(max(instant, EARLIEST), LATEST - DAY), zone)
    return _known(local.utcoffset())


def _known(offset: timedelta | None) -> timedelta:
    """Return the offset that a tzinfo gave; one that gives none counts as UTC."""
    return timedelta(0) if offset is None else offset


def look(wall: datetime, zone: tzinfo) -> Shift | timedelta:
    """Return what `zone` does at a naive wall-clock time: its offset, or the shift it lies in."""
    if not is_plain(zone):
        return _look_at_instants(wall, zone)
    before = _known(zone.utcoffset(wall.replace(fold=0)))
    after = _known(zone.utcoffset(wall.replace(fold=1)))
    if before == after:
        return before
    # The shift is behind the instant that one offset gives, and not behind that of the other.
    low, high = sorted((wall - before, wall - after))
    return Shift(_change(low, high, zone, before), before, after)


def _look_at_instants(wall: datetime, zone: tzinfo) -> Shift | timedelta:
    """Do what `look` does for a zone whose wall-clock times cannot be trusted."""
    # An offset is less than a day, so the instant of `wall` lies within a day of `wall` in UTC.
    start, end = max(wall, EARLIEST) - DAY, min(wall, LATEST - DAY) + DAY
    shift = shift_between(start, end, zone)
    if shift is None:
        return offset_at(start, zone)
    if shift.start <= wall < shift.end:
        return shift
    return shift.before if wall < shift.start else shift.after


def shift_between(start: datetime, end: datetime, zone: tzinfo) -> Shift | None:
    """Return the shift of `zone` after `start`, up to `end`: naive instants in UTC.

    The two must be at most three days apart; see the module docstring.
    """
    before, after = offset_at(start, zone), offset_at(end, zone)
    return None if before == after else Shift(_change(start, end, zone, before), before, after)


def _change(low: datetime, high: datetime, zone: tzinfo, before: timedelta) -> datetime:
    """Return the first whole second in UTC, after `low`, up to `high`, with another offset.

    Nearly all shifts are at a quarter of an hour, so these are looked through first.
    """
    quarter = low.replace(minute=low.minute // 15 * 15, second=0, microsecond=0)
    reached = _bisect(quarter, high, _QUARTER, zone, before)
    if offset_at(reached - SECOND, zone) == before:
        return reached
    return _bisect(reached - _QUARTER, reached, SECOND, zone, before)


def _bisect(
    low: datetime, high: datetime, step: timedelta, zone: tzinfo, before: timedelta
) -> datetime:
    """Return the first of `low` + 1 step, `low` + 2 steps ... with another offset than `before`."""
    passed, reached = 0, -((low - high) // step)
    while reached - passed > 1:
        middle = (passed + reached) // 2
        if offset_at(low + middle * step, zone) == before:
            passed = middle
        else:
            reached = middle
    return low + reached * step


def shifts(zone: tzinfo, start: datetime, end: datetime) -> Iterator[Shift]:
    """Yield the shifts of `zone` after `start`, up to `end`: naive instants in UTC."""
    while start < end:
        step = min(start + _STRETCH, end)
        shift = shift_between(start, step, zone)
        if shift is not None:
            yield shift
        start = step


def resolve(wall: datetime, zone: tzinfo, *, later: bool = False) -> datetime:
    """Return the aware datetime of a naive wall-clock time.

    A time that does not exist becomes the first instant after the gap. One that exists twice is
    that of the first pass, or with `later` of the second.

    Example:
        >>> resolve(datetime(2026, 3, 29, 2, 30), ZoneInfo("Europe/Paris")).isoformat()
        '2026-03-29T03:00:00+02:00'
    """
    found = look(wall, zone)
    if isinstance(found, timedelta):
        return from_utc(wall - found, zone)
    if found.is_gap:
        return from_utc(found.at, zone)
    return from_utc(found.instant(wall, int(later)), zone)


def is_calm(zone: tzinfo, year: int, month: int, day: int) -> bool:
    """Return whether no gap and no fold touches a day: each of its times is one instant.

    Nor does a gap end with the day before, for what is left out by it runs at this midnight.

    For zones of the standard library. Questions about a zone come back to the same few months, so
    what was found of a month is kept.
    """
    days = _CALM_DAYS.get((zone, year, month))
    if days is None:
        if len(_CALM_DAYS) >= _MOST_MONTHS:
            _CALM_DAYS.clear()
        days = _CALM_DAYS[zone, year, month] = _calm_days(zone, year, month)
    return days >> day & 1 == 1


_CALM_DAYS: dict[tuple[tzinfo, int, int], int] = {}
_MOST_MONTHS = 1_024


def _calm_days(zone: tzinfo, year: int, month: int) -> int:
    """Return the calm days of a month, as a set (bit n = day n)."""
    if not EARLIEST.year < year < LATEST.year:
        return 0  # a zone may not answer at the ends of the calendar
    days = 0
    midnight = datetime(year, month, 1, tzinfo=zone)
    for day in range(1, _LONGEST_MONTH + 1):
        following = midnight + DAY
        # In a gap or a fold that runs into a day, or out of it, these are the offsets before it
        # and after it.
        before, after = midnight - SECOND, following.replace(fold=1)
        days |= (before.utcoffset() == after.utcoffset()) << day
        midnight = following
    return days


def last_calm_day(midnight: datetime) -> datetime | None:
    """Return an aware midnight up to which no shift touches a day, from the day of `midnight` on.

    ``None`` if one touches that day already. It looks about a week ahead, in a zone of the
    standard library.
    """
    if type(midnight.tzinfo) is timezone:
        return LATEST.replace(tzinfo=midnight.tzinfo)
    if midnight.year >= LATEST.year:  # too near to the end of the calendar to look ahead
        return None
    offset = midnight.utcoffset()
    known = midnight
    for _ in range(_LOOK_AHEAD):
        ahead = known + _STRETCH
        if ahead.utcoffset() != offset:
            break
        known = ahead
    if known > midnight:
        # The day before `known` may run into a gap or a fold around midnight.
        return known - _TWO_DAYS
    end = (midnight + DAY).replace(fold=1)
    return midnight if end.utcoffset() == offset else None


def calm_until(zone: tzinfo, wall: datetime) -> datetime:
    """Return up to when, from a naive `wall` on, wall-clock time and instants keep step.

    The answer is `wall` itself if it lies in a gap or a fold, else the start of the next one if
    that is on the same day, else the end of the day.
    """
    # The instants of day n lie between the midnights n - 1 and n + 2 in UTC.
    day = wall.toordinal()
    shift = shift_between(_midnight(day - 1), _midnight(day + 2), zone)
    if shift is not None and wall < shift.end:
        return max(wall, min(shift.start, _midnight(day + 1)))
    return _midnight(day + 1)


def _midnight(day: int) -> datetime:
    return datetime.fromordinal(min(max(day, 1), LATEST.toordinal()))
