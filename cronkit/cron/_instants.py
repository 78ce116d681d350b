"""Field sets and a zone to instants: what a gap and a fold mean for a cron expression.

It knows no grammar. `nearest` finds one fire time, in either direction; `iterate` many, faster.
"""

from __future__ import annotations

from datetime import MAXYEAR, MINYEAR, datetime, timezone
from zoneinfo import ZoneInfo

from cronkit._zones import (
    DAY,
    LATEST,
    SECOND,
    Shift,
    calm_until,
    clamped,
    from_utc,
    is_calm,
    is_plain,
    last_calm_day,
    look,
    to_utc,
)
from cronkit.cron._search import FIRST_DAY, dates, find, matches, members

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import tzinfo

    from cronkit.cron._expression import CronExpression
    from cronkit.cron._fields import FieldSets

    Times = tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]

PASSES = {"first": (0,), "second": (1,), "both": (0, 1)}
"""Which passes of a fold run, by the value of the option."""


def nearest(
    expression: CronExpression,
    moment: datetime,
    zone: tzinfo,
    forward: bool,  # noqa: FBT001 -- private, and hot
) -> datetime | None:
    """Return the fire time nearest to `moment`, strictly after it, or strictly before it.

    Away from a shift of the zone a wall-clock time has one instant, and the matching wall-clock
    time is the answer. Only the days of the two ends matter: what the zone does between them
    touches no matching time. On the day of a shift `_nearest_to_shift` goes the careful way.
    """
    kind = type(zone)
    fixed = kind is timezone
    if fixed or kind is ZoneInfo:
        try:
            here = moment if moment.tzinfo is zone else moment.astimezone(zone)
            wall = here if forward or not here.microsecond else here.replace(microsecond=0) + SECOND
        except OverflowError:  # within a day of the first or the last datetime there is
            return _nearest_to_shift(expression, moment, zone, forward)
        year, month, day = wall.year, wall.month, wall.day
        if fixed or is_calm(zone, year, month, day):
            found = find(
                expression.fields, (year, month, day, wall.hour, wall.minute, wall.second), forward
            )
            if not found:
                return None
            year, month, day, hour, minute, second = found
            if fixed or is_calm(zone, year, month, day):
                return datetime(year, month, day, hour, minute, second, 0, zone)
    return _nearest_to_shift(expression, moment, zone, forward)


def _nearest_to_shift(
    expression: CronExpression,
    moment: datetime,
    zone: tzinfo,
    forward: bool,  # noqa: FBT001 -- as above
) -> datetime | None:
    """Do what `nearest` does, also where wall-clock time and instants part ways.

    In a fold the passes are looked through one after the other, then what lies beyond it. A time
    found in a gap stands for the first instant after the gap, or for nothing.
    """
    inside = clamped(moment)
    if inside != moment and forward is (moment.year > FIRST_DAY[0]):
        return None
    now = to_utc(inside)
    origin = from_utc(now, zone).replace(tzinfo=None)
    fold = look(origin, zone)
    if isinstance(fold, Shift):
        found = _in_fold(expression, origin, now, fold, forward)
        if found is not None:
            return from_utc(found, zone)
        origin = fold.end - SECOND if forward else fold.start
    passes = PASSES[expression.fold]
    while True:
        wall = _find(expression.fields, origin, forward)
        if wall is None:
            return None
        shift = look(wall, zone)
        if not isinstance(shift, Shift):
            return from_utc(wall - shift, zone)
        if not shift.is_gap:
            return from_utc(shift.instant(wall, passes[0 if forward else -1]), zone)
        if expression.gap == "run" and (shift.at > now if forward else shift.at < now):
            return from_utc(shift.at, zone)
        origin = shift.end - SECOND if forward else shift.start


def _in_fold(
    expression: CronExpression,
    wall: datetime,
    now: datetime,
    fold: Shift,
    forward: bool,  # noqa: FBT001 -- as above
) -> datetime | None:
    """Return the nearest fire time that lies in the same fold as `wall`, as an instant in UTC."""
    current = int(now >= fold.at)
    left = (0, 1)[current:] if forward else (1, 0)[1 - current :]
    for each in left:
        if each in PASSES[expression.fold]:
            found = _find(expression.fields, wall, forward)
            if found is not None and fold.start <= found < fold.end:
                return fold.instant(found, each)
        wall = fold.start - SECOND if forward else fold.end
    return None


def _find(
    fields: FieldSets,
    wall: datetime,
    forward: bool,  # noqa: FBT001 -- as above
) -> datetime | None:
    if not forward and wall.microsecond:
        wall = wall.replace(microsecond=0) + SECOND
    found = find(
        fields, (wall.year, wall.month, wall.day, wall.hour, wall.minute, wall.second), forward
    )
    return None if found is None else datetime(*found)  # noqa: DTZ001 -- a wall-clock time


def is_fire_time(expression: CronExpression, moment: datetime, zone: tzinfo) -> bool:
    """Return whether `moment` is one of the fire times."""
    if not MINYEAR < moment.year < MAXYEAR and clamped(moment) != moment:
        return False
    if is_plain(zone):
        try:
            here = moment if moment.tzinfo is zone else moment.astimezone(zone)
            if type(zone) is timezone or is_calm(zone, here.year, here.month, here.day):
                return matches(expression.fields, here)
        except OverflowError:  # as in `nearest`
            pass
    before = from_utc(to_utc(moment) - datetime.resolution, zone)
    found = nearest(expression, before, zone, forward=True)
    return found is not None and to_utc(found) == to_utc(moment)


def iterate(
    expression: CronExpression, after: datetime, zone: tzinfo, until: datetime | None
) -> Iterator[datetime]:
    """Yield the fire times strictly after `after`, before `until`.

    One careful step, then all that follow up to the next shift without asking the zone for each,
    and so on.
    """
    end = LATEST if until is None else to_utc(clamped(until))
    stop = from_utc(end, zone).replace(tzinfo=None)
    last = nearest(expression, after, zone, forward=True)
    while last is not None and to_utc(last) < end:
        yield last
        if is_plain(zone):
            for found in _run(expression.fields, last, zone, stop):
                yield found
                last = found
        last = nearest(expression, last, zone, forward=True)


def between(
    expression: CronExpression, start: datetime, zone: tzinfo, end: datetime
) -> Iterator[datetime]:
    """Yield the fire times from `start` on, `end` excluded."""
    if to_utc(clamped(start)) < to_utc(clamped(end)) and is_fire_time(expression, start, zone):
        yield from_utc(to_utc(start), zone)
    yield from iterate(expression, start, zone, end)


def _run(fields: FieldSets, start: datetime, zone: tzinfo, stop: datetime) -> Iterator[datetime]:
    """Yield the fire times after `start`, up to the next shift or `stop`."""
    begin = start.replace(fold=0)
    until = stop.replace(tzinfo=zone)
    calm = end = begin - DAY
    parts = _rest_of_day(fields, start)
    whole = [(members(fields.hour), members(fields.minute), members(fields.second))]
    for year, month, day in dates(fields, start.year, start.month, start.day - 1):
        midnight = datetime(year, month, day, 0, 0, 0, 0, zone)
        if midnight > begin:
            begin, parts = midnight, whole
        if midnight > calm:
            calm, end = _look_ahead(midnight, begin, until, zone)
        if begin >= end:
            return
        for hours, minutes, seconds in parts:
            for hour in hours:
                for minute in minutes:
                    for second in seconds:
                        found = datetime(year, month, day, hour, minute, second, 0, zone)
                        if found >= end:
                            return
                        yield found


def _look_ahead(
    midnight: datetime, begin: datetime, until: datetime, zone: tzinfo
) -> tuple[datetime, datetime]:
    """Return the last day that needs no other look, and before what its fire times must be."""
    calm = last_calm_day(midnight)
    if calm is not None:
        return calm, until
    end = calm_until(zone, begin.replace(tzinfo=None))
    return midnight, min(end.replace(tzinfo=zone), until)


def _rest_of_day(fields: FieldSets, wall: datetime) -> list[Times]:
    """Return the times of day after that of `wall`: of its minute, of its hour, of its day."""
    hour, minute = fields.hour & 1 << wall.hour, fields.minute & 1 << wall.minute
    return [
        (members(hour), members(minute), members(fields.second & -2 << wall.second)),
        (members(hour), members(fields.minute & -2 << wall.minute), members(fields.second)),
        (members(fields.hour & -2 << wall.hour), members(fields.minute), members(fields.second)),
    ]
