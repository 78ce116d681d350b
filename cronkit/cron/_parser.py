"""Text to field sets: the grammar of the usual cron dialect.

It knows no dates and no zones. One function reads one rule, which stands in its docstring::

    expression = macro | [second] minute hour day-of-month month day-of-week [year]
    field      = item *("," item)
    item       = base ["/" step]

The functions work on upper-case words. What they cannot read they hand to `_refusal`, which works
out where it stood and what was likely meant: nothing of that is kept while all goes well.
"""

from __future__ import annotations

from cronkit.cron._fields import (
    DAY,
    FIRST_YEAR,
    HOUR,
    MACROS,
    MINUTE,
    MONTH,
    SECOND,
    WEEKDAY,
    YEAR,
    FieldSets,
    number,
)
from cronkit.cron._refusal import Refusal, refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cronkit.cron._fields import Field

_ANY = ("*", "?")
MOST_BACK = 30
"""The longest way back from the last day of a month to its first."""

_NTH = ("1", "2", "3", "4", "5")

_WIDEST = YEAR.size
_ALL = (1 << _WIDEST) - 1
_MULTIPLES = {
    str(step): sum(1 << multiple for multiple in range(0, _WIDEST, step))
    for step in range(1, _WIDEST)
}
"""The multiples of each step, as a set; of a longer step only 0 is within a field."""

_SECONDS, _MINUTES, _HOURS = SECOND.bits, MINUTE.bits, HOUR.bits
_DAYS, _MONTHS, _WEEKDAYS = DAY.bits, MONTH.bits, WEEKDAY.bits


def read(text: str, *, day_rule: str | None = None, seed: str | None = None) -> FieldSets:
    """Return what `text` says.

    Args:
        text: an expression in ASCII, without a zone prefix.
        day_rule: ``"and"`` or ``"or"`` joins the day fields so. Otherwise it is Vixie's rule, kept
            by Debian and cronie: both must agree if one of them begins with a star.
        seed: decides the values of ``H``.

    Raises:
        CronSyntaxError: the text is not of the grammar.

    Example:
        >>> read("0 9 * * mon").text
        '0 9 * * MON'
    """
    text_upper = text.upper()
    words = text_upper.split()
    try:
        if len(words) == 1:
            words = _macro(words[0])
        if "H" in text_upper and any(word[0] == "H" or ",H" in word for word in words):
            from cronkit.cron._seeded import resolve  # noqa: PLC0415 -- hashlib is for H alone

            words = resolve(words, seed)
        return _expression(words, day_rule)
    except Refusal as refusal:
        raise refused(text, refusal) from None


def _macro(word: str) -> list[str]:
    """Read ``macro = "@" name``."""
    if word not in MACROS:
        raise Refusal(None, word)
    return MACROS[word].split()


def _expression(words: list[str], day_rule: str | None) -> FieldSets:
    """Read 5 fields; 6 = seconds first; 7 = seconds first, year last."""
    second_set, year, interval = 1, "*", False
    if len(words) == 5:  # noqa: PLR2004 -- the number of fields is the grammar
        minute, hour, day, month, weekday = words
    else:
        if len(words) == 6:  # noqa: PLR2004 -- seconds first
            second, minute, hour, day, month, weekday = words
        elif len(words) == 7:  # noqa: PLR2004 -- and the year last
            second, minute, hour, day, month, weekday, year = words
        else:
            raise Refusal(None, " ".join(words))
        second_set = _SECONDS.get(second) or field(second, SECOND)
        interval = second[0] in _ANY
    fields = FieldSets(
        second=second_set,
        minute=_MINUTES.get(minute) or field(minute, MINUTE),
        hour=_HOURS.get(hour) or field(hour, HOUR),
        day=_DAYS.get(day, 0),
        month=_MONTHS.get(month) or field(month, MONTH),
        weekday=_WEEKDAYS.get(weekday, 0),
        either=day[0] not in _ANY and weekday[0] not in _ANY,
        interval=interval or minute[0] in _ANY or hour[0] in _ANY,
        text=" ".join(words),
    )
    if not fields.day:
        _days(day, fields)
    if not fields.weekday:
        _weekdays(weekday, fields)
    if year not in _ANY:
        fields.year = field(year, YEAR) >> FIRST_YEAR
    if day_rule is not None:
        fields.either = day_rule == "or" and not _is_bare(day, weekday, fields)
    return fields


def _is_bare(day: str, weekday: str, fields: FieldSets) -> bool:
    """Return whether a day field is a star and nothing less.

    Such a field restricts nothing, also where a day of either will do: otherwise ``or`` would make
    ``0 0 * * MON`` fire every day.
    """
    return (day[0] in _ANY and fields.day == DAY.full) or (
        weekday[0] in _ANY and fields.weekday == WEEKDAY.full
    )


def field(text: str, of: Field) -> int:
    """Read ``field = item *("," item)`` and return its set."""
    bits = of.bits
    result = 0
    for each in text.split(","):
        result |= bits.get(each) or _item(each, of)
    return result


def _item(text: str, of: Field) -> int:
    """Read ``item = ("*" | "?" | value | value "-" value) ["/" step]`` and return its set.

    A range that goes down wraps around the end of the field; ``value "/" step`` goes on to the
    largest value.
    """
    base, slash, count = text.partition("/")
    multiples = (_MULTIPLES.get(count) or _multiples(count)) if slash else _ALL
    if not multiples:
        raise Refusal(of, text)
    if base in _ANY:
        return multiples << of.low & of.full
    first, dash, last = base.partition("-")
    low = of.value(first)
    high = of.value(last) if dash else of.high if slash else low
    if low is None or high is None:
        raise Refusal(of, text)
    if low > high:
        if of is YEAR:
            raise Refusal(of, text)
        # Down from 7 is down from 0: Sunday begins the week as well.
        low, high = (0, high) if low == of.low + of.size else (low, high + of.size)
    members = multiples << low & (2 << high) - 1
    return (members | members >> of.size) & of.full


def _multiples(count: str) -> int:
    """Return the multiples of a step that is not spelled as usual; 0 if it is no step."""
    step = number(count)
    return _MULTIPLES.get(str(step), 1) if step else 0


def _days(text: str, fields: FieldSets) -> None:
    """Read day-of-month: plain days, ``L`` and ``L-n``, ``nW``, ``LW`` and ``L-nW``."""
    for each in text.split(","):
        if each.startswith("L"):
            back = 1 << _days_back(each)
            if each.endswith("W"):
                fields.last_workdays |= back
            else:
                fields.last_days |= back
        elif each.endswith("W"):
            near = DAY.value(each[:-1])
            if near is None:
                raise Refusal(DAY, each)
            fields.workdays |= 1 << near
        else:
            fields.day |= _DAYS.get(each) or _item(each, DAY)


def _days_back(text: str) -> int:
    """Read ``"L" ["-" number] ["W"]`` and return the number, 0-30."""
    back = text[1:].removesuffix("W")
    if not back:
        return 0
    days = number(back[1:])
    if back[0] != "-" or days is None or days > MOST_BACK:
        raise Refusal(DAY, text)
    return days


def _weekdays(text: str, fields: FieldSets) -> None:
    """Read day-of-week: plain weekdays, ``value "#" 1-5``, ``value "L"``."""
    for each in text.split(","):
        name, sign, which = each.partition("#")
        if not sign and not each.endswith("L"):
            fields.weekday |= _WEEKDAYS.get(each) or _item(each, WEEKDAY)
            continue
        weekday = WEEKDAY.value(name if sign else each[:-1])
        if weekday is None or (sign and which not in _NTH):
            raise Refusal(WEEKDAY, each)
        if sign:
            fields.nth_weekdays |= 1 << 7 * (int(which) - 1) + weekday % 7
        else:
            fields.last_weekdays |= 1 << weekday % 7
