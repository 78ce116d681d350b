"""Between wall-clock times and instants, at the two ends of the calendar too.

The rule for a wall-clock time that a zone skips or repeats is that of a fixed cron expression: one
in a gap stands for the first instant after it, one in a fold for the first pass.
"""

from __future__ import annotations

from datetime import MAXYEAR, MINYEAR, UTC, date, datetime, time, timedelta, tzinfo
from typing import TYPE_CHECKING

from cronkit import _convert, _zones
from cronkit.errors import PolicyError

if TYPE_CHECKING:
    from collections.abc import Iterable

MICROSECOND = timedelta(microseconds=1)
MOST_STEPS = 10_000
"""How many candidates any search of a trigger looks at before it gives up."""

LONGEST_FOLD = timedelta(hours=25)
"""No zone ever repeated more of its wall clock: Manila and Alaska moved the date line by a day."""


def as_utc(moment: datetime, argument: str) -> datetime:
    """Return an aware datetime in UTC, moved in by three days where the calendar ends.

    Raises:
        NaiveDatetimeError: it has no time zone.
    """
    if moment.__class__ is datetime and moment.tzinfo is UTC and MINYEAR < moment.year < MAXYEAR:
        return moment
    try:
        utc = _convert.instant(moment, argument).astimezone(UTC)
    except OverflowError:
        return _convert.FIRST if moment.year == 1 else _convert.LAST
    return min(max(utc, _convert.FIRST), _convert.LAST)


def own_zone(tz: tzinfo | None, moment: datetime, argument: str) -> tzinfo:
    """Return the zone to answer in: the trigger's own, else that of the question.

    Raises:
        NaiveDatetimeError: `moment` has no time zone.
        PolicyError: it is no datetime.
    """
    if tz is not None and moment.__class__ is datetime and moment.tzinfo is UTC:
        return tz
    own = _convert.instant(moment, argument).tzinfo
    return tz or own or UTC


def optional_zone(tz: tzinfo | str | None) -> tzinfo | None:
    """Return what a user gave as ``tz=`` as a zone; ``None`` stays, to be bound later.

    Raises:
        UnknownZoneError: the zone database does not know the name.
        PolicyError: neither text nor a tzinfo.
    """
    return None if tz is None else _convert.zone(tz, "tz")


def in_calendar(utc: datetime) -> bool:
    """Return whether an instant can be written in every zone."""
    return _convert.FIRST <= utc <= _convert.LAST


def wall(moment: date | str, argument: str) -> datetime:
    """Return a wall-clock time or an instant from what a user gave; a date is its midnight.

    Raises:
        NaiveDatetimeError: a naive datetime object.
        PolicyError: another type, or text that is not ISO 8601.
    """
    if isinstance(moment, date) and not isinstance(moment, datetime):
        return datetime.combine(moment, time())
    return _convert.moment(moment, argument)


def day(value: date | str, argument: str) -> date:
    """Return a calendar day from a date or ISO text.

    Raises:
        PolicyError: it is neither; a datetime is no day, because its zone would have to be guessed.
    """
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    elif isinstance(value, date) and not isinstance(value, datetime):
        return value
    raise PolicyError(argument, value, "a date, or ISO text like '2026-12-25'")


def resolve(moment: datetime, zone: tzinfo, *, later: bool = False) -> datetime:
    """Return the instant, in UTC, that a wall-clock time stands for in `zone`.

    With `later`, one in a fold stands for the second pass.

    Raises:
        OverflowError: it lies at the very end of the calendar.
    """
    return _zones.resolve(moment, zone, later=later).astimezone(UTC)


def bound_moment(moment: datetime, zone: tzinfo, argument: str) -> datetime:
    """Return `moment` as an instant in UTC; a naive one is read in `zone`.

    Raises:
        PolicyError: it lies at the very end of the calendar, where not every zone can show it.
    """
    return _convert.in_zone(moment, zone, argument)


def wall_in(moment: datetime, zone: tzinfo | None, argument: str) -> datetime:
    """Return the wall-clock time of `moment` in `zone`.

    A naive one is returned as it is; without a zone, an aware one in UTC, to wait for its zone.
    """
    if moment.tzinfo is None:
        return moment.replace(fold=0)
    utc = bound_moment(moment, UTC, argument)
    return utc if zone is None else utc.astimezone(zone).replace(tzinfo=None, fold=0)


def wall_before(utc: datetime, zone: tzinfo) -> datetime:
    """Return a wall-clock time that everything earlier than `utc` as an instant lies before.

    In the second pass of a fold that is more than the wall clock shows: what the clock is yet to
    show again stands for the first pass, which is over.
    """
    local = utc.astimezone(zone)
    return local.replace(tzinfo=None, fold=0) + (LONGEST_FOLD if local.fold else timedelta(0))


def settle(
    walls: Iterable[datetime], utc: datetime, zone: tzinfo, *, later: bool
) -> datetime | None:
    """Return the first wall-clock time that lies beyond `utc` as an instant.

    Args:
        walls: wall-clock times, rising where `later`, else falling.
        utc: the instant to get beyond.
        zone: the zone of the wall-clock times and of the result.
        later: whether to look for a later or an earlier instant.
    """
    for candidate in walls:
        edge = _beyond_calendar(candidate)
        if edge:
            if (edge > 0) == later:
                return None
            continue
        found = resolve(candidate, zone)
        if found > utc if later else found < utc:
            return found.astimezone(zone) if in_calendar(found) else None
    return None


def _beyond_calendar(wall: datetime) -> int:
    """Return -1 before and 1 after the wall-clock times that every zone can place, else 0."""
    return (wall > _convert.LAST.replace(tzinfo=None)) - (
        wall < _convert.FIRST.replace(tzinfo=None)
    )
