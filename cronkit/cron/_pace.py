"""The pace of an expression: most have fire times that all lie the same step apart.

So have ``*/15 * * * *``, ``0 9 * * *`` and ``0 9 * * MON`` on a wall clock that is never set. From
one fire time of such an expression the next is an addition away, as far as the zone keeps its
offset; `_search` is needed for the first one only.
"""

from __future__ import annotations

from datetime import MAXYEAR, MINYEAR, UTC, datetime, timedelta, timezone

from cronkit._zones import DAY, LATEST, is_calm, is_plain, last_calm_day
from cronkit.cron._fields import DAY as DAY_OF_MONTH
from cronkit.cron._fields import HOUR, MINUTE, MONTH, SECOND, WEEKDAY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import tzinfo

    from cronkit.cron._fields import FieldSets

    Pace = tuple[datetime, datetime, datetime, timedelta, datetime]
    """A question, in UTC; its answer, in UTC; the same answer in the zone; the step to the next
    answer, in either; the first instant, in UTC, from which the step can no longer be trusted."""

_WEEK = timedelta(weeks=1)
_NONE = timedelta(0)
_LAST_YEAR = datetime(LATEST.year, 1, 1, tzinfo=UTC)
_LEVELS = (
    (SECOND.size, timedelta(seconds=1)),
    (MINUTE.size, timedelta(minutes=1)),
    (HOUR.size, timedelta(hours=1)),
    (WEEKDAY.size, DAY),
)


def even_step(fields: FieldSets) -> timedelta:
    """Return how far apart any two neighbours of the wall-clock times lie; zero: not all alike.

    Example:
        >>> from cronkit.cron import CronExpression
        >>> for text in ("*/15 * * * *", "0 9 * * MON", "*/7 * * * *"):
        ...     print(even_step(CronExpression.parse(text).fields))
        0:15:00
        7 days, 0:00:00
        0:00:00
    """
    if not _goes_by_week(fields):
        return _NONE
    weekdays = WEEKDAY.full if fields.either else fields.weekday
    step = None
    for bits, (size, unit) in zip(
        (fields.second, fields.minute, fields.hour, weekdays), _LEVELS, strict=True
    ):
        count = bits.bit_count()
        if step is not None and count < size:  # what repeats within this unit pauses
            return _NONE
        if step is None and count > 1:
            gap, left = divmod(size, count)
            first = (bits & -bits).bit_length() - 1
            if left or bits != sum(1 << number for number in range(first, size, gap)):
                return _NONE
            step = gap * unit
    return step or _WEEK


def _goes_by_week(fields: FieldSets) -> bool:
    """Return whether nothing but the weekday tells one date from another."""
    return (
        fields.day == DAY_OF_MONTH.full
        and fields.month == MONTH.full
        and fields.year is None
        and not (fields.last_days or fields.workdays or fields.last_workdays)
        and not (fields.nth_weekdays or fields.last_weekdays)
    )


def pace_from(
    fields: FieldSets, zone: tzinfo | None, asked: datetime, answer: datetime
) -> Pace | tuple[()]:
    """Return what a fire time tells of those after it; empty: nothing, nor will a later one.

    Args:
        fields: what fires.
        zone: where, always; ``None``: in the zone of each question.
        asked: a question.
        answer: the first fire time after it, in `zone`.
    """
    step = even_step(fields)
    if not step or zone is None or not is_plain(zone):
        return ()
    if asked.year == MINYEAR or answer.year == MAXYEAR:
        return ()  # there an answer depends on the zone in which a question is written
    utc = answer.astimezone(UTC)
    if type(zone) is timezone:
        limit = _LAST_YEAR
    elif step < DAY:
        limit = min(utc + _calm_from(answer, zone) - step, _LAST_YEAR)
    else:  # no zone is calm for long enough to be worth a look ahead
        return ()
    return asked.astimezone(UTC), utc, answer, step, limit


def _calm_from(answer: datetime, zone: tzinfo) -> timedelta:
    """Return for how long, from a fire time on, each wall-clock time has one instant.

    Zero if it is on the day of a shift: then it may itself stand for a time that was left out.
    """
    if not is_calm(zone, answer.year, answer.month, answer.day):
        return _NONE
    midnight = answer.replace(hour=0, minute=0, second=0, fold=0)
    calm = last_calm_day(midnight)
    return _NONE if calm is None else calm + DAY - answer
