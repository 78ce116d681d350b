"""What an expression does at each change of a zone's offset in a year, in sentences.

It looks at the wall-clock times that a gap leaves out or a fold repeats, and says by the rules of
the expression (interval or fixed, ``gap``, ``fold``) which of them run, and when.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from cronkit._convert import integer
from cronkit._convert import zone as to_zone
from cronkit._zones import SECOND, from_utc, shifts, to_utc
from cronkit.cron._expression import CronExpression
from cronkit.cron._search import find
from cronkit.errors import PolicyError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import tzinfo

    from cronkit._zones import Shift

_MOST_NAMED = 3
"""More times than this are given as the first and the last of them."""

_FIRST_YEAR, _LAST_YEAR = 2, 9998
_MARGIN = timedelta(days=2)
"""An offset is less than a day, so this far around a year all of its shifts are found."""


class OffsetChange:
    """One change of the offset of a zone, and what an expression does there.

    Attributes:
        at: the instant of the change, aware, as the wall clock shows it from then on.
        before: the offset before it.
        after: the offset from it on.
        effect: what becomes of the fire times in the gap or fold: ``"none"`` (there is none in
            it), ``"moved"`` (they run once, at the end of the gap), ``"skipped"`` (they do not
            run), ``"first"``, ``"second"`` or ``"both"`` (the passes of the fold that run).
        sentence: the same in words.
    """

    __slots__ = ("after", "at", "before", "effect", "sentence")

    def __init__(
        self, at: datetime, before: timedelta, after: timedelta, effect: str, sentence: str
    ) -> None:
        self.at = at
        self.before = before
        self.after = after
        self.effect = effect
        self.sentence = sentence

    def _key(self) -> tuple[datetime, timedelta, timedelta, str, str]:
        return to_utc(self.at), self.before, self.after, self.effect, self.sentence

    def __eq__(self, other: object) -> bool:
        return self._key() == other._key() if isinstance(other, OffsetChange) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._key())

    def __repr__(self) -> str:
        return f"<OffsetChange {self.at.isoformat()} {self.effect}: {self.sentence}>"


def explain(
    expr: CronExpression | str, tz: tzinfo | str | None = None, *, year: int
) -> list[OffsetChange]:
    """Return what `expr` does at each change of the offset of a zone within a year.

    Args:
        expr: an expression, or its text.
        tz: the zone; it may be left out where the expression names its own.
        year: the year in which the missing or repeated times begin, by the wall clock of the zone.

    Returns:
        The changes in order; empty for a zone whose offset does not change in that year.

    Raises:
        CronSyntaxError: the text cannot be read.
        UnknownZoneError: the zone database does not know the zone.
        PolicyError: there is no zone, or another than the expression's, or the year is out of
            range.

    Example:
        >>> for change in explain("30 2 * * *", tz="Europe/Paris", year=2026):
        ...     print(change.sentence)
        on 2026-03-29 02:30 does not exist in Europe/Paris: runs at 03:00
        on 2026-10-25 02:30 comes twice in Europe/Paris: runs on the first pass only
    """
    expression = expr if isinstance(expr, CronExpression) else CronExpression.parse(expr)
    zone = _zone(expression, tz)
    integer(year, "year", least=_FIRST_YEAR, most=_LAST_YEAR)
    start, end = (datetime(each, 1, 1) for each in (year, year + 1))  # noqa: DTZ001 -- naive UTC
    return [
        _change(expression, shift, zone)
        for shift in shifts(zone, start - _MARGIN, end + _MARGIN)
        if shift.start.year == year
    ]


def _zone(expression: CronExpression, tz: tzinfo | str | None) -> tzinfo:
    given = None if tz is None else to_zone(tz, "tz")
    own = expression.zone
    if own is not None and given is not None and str(own) != str(given):
        raise PolicyError("tz", str(given), f"{own}, the zone that the expression names")
    zone = own or given
    if zone is None:
        raise PolicyError("tz", None, "a zone, here or as TZ=... in front of the expression")
    return zone


def _change(expression: CronExpression, shift: Shift, zone: tzinfo) -> OffsetChange:
    times = _times(expression, shift)
    effect = _effect(expression, shift) if times else "none"
    at = from_utc(shift.at, zone)
    if times:
        sentence = _sentence(times, effect, shift, zone)
    else:
        old, new = at.replace(tzinfo=None) - (shift.after - shift.before), at
        sentence = (
            f"on {old:%Y-%m-%d} the clock of {zone} goes from {_clock(old, old)} to "
            f"{_clock(new, old)}: no fire time lies in between"
        )
    return OffsetChange(at, shift.before, shift.after, effect, sentence)


def _effect(expression: CronExpression, shift: Shift) -> str:
    if not shift.is_gap:
        return expression.fold
    return "moved" if expression.gap == "run" else "skipped"


def _sentence(times: list[datetime], effect: str, shift: Shift, zone: tzinfo) -> str:
    """Say what becomes of `times`, all of which lie in the gap or fold."""
    day, many = times[0], len(times) > 1
    shown = [_clock(time, day) for time in times]
    if len(times) > _MOST_NAMED:
        subject = f"all fire times from {shown[0]} to {shown[-1]}"
    else:
        subject = " and ".join(filter(None, (", ".join(shown[:-1]), shown[-1])))
    if shift.is_gap:
        what = "do not exist" if many else "does not exist"
    else:
        what = "come twice" if many else "comes twice"
    run = "run" if many else "runs"
    once = " once," if many else ""
    result = {
        "moved": f"{run}{once} at {_clock(shift.end, day)}",
        "skipped": f"{'do' if many else 'does'} not run",
        "first": f"{run} on the first pass only",
        "second": f"{run} on the second pass only",
        "both": f"{run} on both passes",
    }[effect]
    return f"on {day:%Y-%m-%d} {subject} {what} in {zone}: {result}"


def _times(expression: CronExpression, shift: Shift) -> list[datetime]:
    """Return the fire times between the ends of `shift`; of many, the first ones and the last."""
    found: list[datetime] = []
    wall = shift.start - SECOND
    while len(found) <= _MOST_NAMED:
        following = _find(expression, wall, forward=True)
        if following is None or following >= shift.end:
            return found
        found.append(following)
        wall = following
    last = _find(expression, shift.end, forward=False)
    return [*found, last] if last is not None and last > found[-1] else found


def _find(expression: CronExpression, wall: datetime, *, forward: bool) -> datetime | None:
    at = (wall.year, wall.month, wall.day, wall.hour, wall.minute, wall.second)
    found = find(expression.fields, at, forward)
    return None if found is None else datetime(*found)  # noqa: DTZ001 -- a wall-clock time


def _clock(time: datetime, day: datetime) -> str:
    """Return a time of day, with the seconds and the date only where they say something."""
    clock = f"{time:%H:%M:%S}" if time.second else f"{time:%H:%M}"
    return clock if time.date() == day.date() else f"{time:%Y-%m-%d} {clock}"
