"""Expressions written for the croniter package, with the meaning that croniter gives them.

croniter reads the text; what it made of each field is written down again in the usual dialect and
read by our own parser. So nothing of croniter is on the path of `next`, and ``str`` of the
expression shows what it means here. The differences that matter:

- seconds come last, as the sixth field, and the year is the seventh;
- ``5-5`` and ``MON-MON`` mean the whole field; ``L5`` is the last Friday; ``W15`` is ``15W``;
- both day fields join by *or* unless one of them is a bare star: ``*/2`` counts as restricted;
- beside ``#`` or ``W`` croniter ignores the other day field, or part of it; so does this;
- ``H`` takes croniter's own hash of the seed, and with a seed the macros stand for hashed times;
- ``R`` is drawn at random when the text is read: two hosts get two schedules.

In gaps and folds the rules of cronkit hold, in this dialect too.
"""

from __future__ import annotations

from cronkit.cron._fields import DAY, FIELDS, MONTH, SECOND, WEEKDAY, YEAR
from cronkit.cron._parser import field
from cronkit.cron._parser import read as read_usual
from cronkit.cron._refusal import Refusal
from cronkit.cron._search import fires
from cronkit.errors import CronSyntaxError, shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from datetime import datetime

    from croniter import croniter

    from cronkit.cron._fields import Field, FieldSets

_ORDER = (*FIELDS[1:6], SECOND, YEAR)
"""croniter's order: minute hour day-of-month month day-of-week [second [year]]."""

_ALLOWED = "croniter's grammar: minute hour day month day-of-week [second [year]]"
_COUNTS = (5, 6, 7)
_FEBRUARY = 2
_SHORTEST_MONTH, _LONGEST_MONTH = 28, 31
_RUN = 3


def read(text: str, *, day_rule: str | None = None, seed: str | None = None) -> FieldSets:
    """Return what `text` says to croniter.

    Args:
        text: an expression for croniter, without a zone prefix.
        day_rule: ``"and"`` as croniter's ``day_or=False``; ``"or"`` and ``None`` are its default.
        seed: croniter's ``hash_id``.

    Raises:
        CronSyntaxError: croniter refuses the text, it never fires, or it means what cannot be said
            in fields.

    Example:
        >>> read("*/5 9 * * L5 30").text
        '30 */5 9 * * 5L'
    """
    found = _ask(text, seed)
    if isinstance(found, str):
        raise _refused(text, seed, found)
    words = [
        _word(values, written, of)
        for values, written, of in zip(found.expanded, found.expressions, _ORDER, strict=False)
    ]
    words[2], words[4], both = _days(text, found, day_rule)
    minute_to_weekday, second, year = words[:5], words[5:6], words[6:]
    fields = read_usual(
        " ".join([*second, *minute_to_weekday, *year]), day_rule="and" if both else None
    )
    if not fires(fields):
        raise _error(text, f"no date fits {fields.text!r}", 2)
    return fields


def _ask(text: str, seed: str | None) -> croniter | str:
    """Return croniter's reading of `text`, or why it refuses."""
    from croniter import croniter  # noqa: PLC0415 -- it costs 28 ms of import

    try:
        return croniter(text.strip(), 0.0, hash_id=seed)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        # Its own errors are ValueErrors; a few texts surprise it.
        return str(error) or type(error).__name__


def _refused(text: str, seed: str | None, reason: str) -> CronSyntaxError:
    """Return the error for a text that croniter refuses; it names the first field at fault."""
    words = text.split()
    if len(words) in _COUNTS:
        for place, word in enumerate(words):
            alone = ["*"] * len(words)
            alone[place] = word
            if isinstance(_ask(" ".join(alone), seed), str):
                missing = "hash_id" in reason
                why = "H needs a seed" if missing else f"croniter does not read {shown(word, 24)}"
                return _error(text, why, place)
    return CronSyntaxError(f"croniter refuses it: {reason}", expression=text, allowed=_ALLOWED)


def _error(text: str, reason: str, place: int) -> CronSyntaxError:
    """Return the error for the word at `place` in croniter's order."""
    start = end = 0
    for word in text.split()[: place + 1]:
        start = text.index(word, end)
        end = start + len(word)
    return CronSyntaxError(
        reason,
        expression=text,
        field=_ORDER[place].name,
        value=text[start:end],
        span=(start, end),
        allowed=_ALLOWED,
    )


def _numbers(values: Iterable[object], of: Field) -> list[int]:
    """Return the numbers of a field; a star among them stands for all."""
    found = list(values)
    if "*" in found:
        return list(range(of.low, of.low + of.size))
    return sorted(value for value in found if isinstance(value, int))


def _word(values: Iterable[object], written: str, of: Field) -> str:
    """Return one field in the usual dialect: as written where that means the same, else listed."""
    numbers = _numbers(values, of)
    try:
        if field(written.upper(), of) == sum(1 << number for number in numbers):
            return written.upper()
    except Refusal:
        pass
    return _listed(numbers)


def _listed(numbers: list[int]) -> str:
    """Return numbers as a list of values and ranges."""
    items = []
    rest = numbers
    while rest:
        run = 1
        while run < len(rest) and rest[run] == rest[0] + run:
            run += 1
        run = run if run >= _RUN else 1
        items.append(f"{rest[0]}-{rest[run - 1]}" if run > 1 else f"{rest[0]}")
        rest = rest[run:]
    return ",".join(items)


def _days(text: str, found: croniter, day_rule: str | None) -> tuple[str, str, bool]:
    """Return day-of-month and day-of-week so that our rule joins them as croniter does.

    croniter asks both fields one after the other, and for *or* once with each of them blanked. But
    ``#`` and ``W`` are no part of what it blanks: they hold in both questions.

    Returns:
        The two words, and whether both have to agree although no star begins one of them.
    """
    monthly, weekly = found.expanded[2][0] != "*", found.expanded[4][0] != "*"
    day = _day(text, found) if monthly else "*"
    weekday = _weekday(found) if weekly else "*"
    if not (monthly and weekly):
        return day, weekday, False
    near, nth = bool(_nearest(found)), bool(found.nth_weekday_of_month)
    if day_rule == "and" or (near and nth):
        return day, weekday, True
    return "*" if nth else day, "*" if near else weekday, False


def _nearest(found: croniter) -> Collection[int]:
    """Return the days before ``W``; croniter 6 does not know it."""
    return getattr(found, "nearest_weekday", ())


def _day(text: str, found: croniter) -> str:
    for day in _nearest(found):
        return _workday(text, found, day)
    values: list[object] = list(found.expanded[2])
    numbers = _numbers(values, DAY)
    return ",".join([_listed(numbers)] * bool(numbers) + ["L"] * ("l" in values))


def _workday(text: str, found: croniter, day: int) -> str:
    """Return ``nW``, which croniter draws back to the last day of a shorter month."""
    if day == _LONGEST_MONTH:
        return "LW"
    if day > _SHORTEST_MONTH and _FEBRUARY in _numbers(found.expanded[3], MONTH):
        raise _error(text, f"{day}W means another day in February than elsewhere", 2)
    return f"{day}W"


def _weekday(found: croniter) -> str:
    found_nth = found.nth_weekday_of_month.items()
    nth: dict[object, list[object]] = {day: list(which) for day, which in found_nth}
    if not nth:
        return _listed(_numbers(found.expanded[4], WEEKDAY))
    return ",".join(
        f"{day}L" if which == "l" else f"{day}#{which}"
        for day in sorted(nth, key=str)
        for which in sorted(nth[day], key=str)
    )


def fire_times(text: str, after: datetime, seed: str | None = None) -> Iterator[datetime]:
    """Yield the fire times that croniter itself finds, to compare with.

    Args:
        text: an expression for croniter, without a zone prefix.
        after: where croniter starts, in the zone to match in.
        seed: croniter's ``hash_id``.

    Raises:
        CronSyntaxError: croniter refuses the text.
    """
    from croniter import CroniterBadDateError, croniter  # noqa: PLC0415 -- as in `_ask`

    found = _ask(text, seed)
    if isinstance(found, str):
        raise _refused(text, seed, found)
    walk = croniter(text.strip(), after, type(after), hash_id=seed)
    while True:
        try:
            yield walk.get_next()
        except CroniterBadDateError:
            return
