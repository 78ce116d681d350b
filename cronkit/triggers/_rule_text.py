"""The text of a recurrence rule (RFC 5545, section 3.3.10), read into its parts.

It knows the grammar and which parts may stand together; it computes no date. The RFC's table of
what each part means at each frequency is held to, where a lenient reader would guess.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING

import attrs

from cronkit._convert import nearest
from cronkit.errors import PolicyError

if TYPE_CHECKING:
    from typing import NoReturn

FREQUENCIES = ("YEARLY", "MONTHLY", "WEEKLY", "DAILY")
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")

_LONGEST = 512
_TOO_OFTEN = ("HOURLY", "MINUTELY", "SECONDLY")
_TIMES_A_DAY = 1_440

# For each part that holds numbers: its range, and whether it also counts from the end.
_NUMBERS = {
    "INTERVAL": (1, 10_000, False),
    "COUNT": (1, 10_000, False),
    "BYMONTH": (1, 12, False),
    "BYWEEKNO": (1, 53, True),
    "BYYEARDAY": (1, 366, True),
    "BYMONTHDAY": (1, 31, True),
    "BYHOUR": (0, 23, False),
    "BYMINUTE": (0, 59, False),
    "BYSECOND": (0, 59, False),
    "BYSETPOS": (1, 366, True),
}
_SINGLE = ("INTERVAL", "COUNT")
_PARTS = ("FREQ", *_NUMBERS, "UNTIL", "WKST", "BYDAY")

# The parts that a frequency leaves no room for, by the RFC's table.
_NOT_WITH = {
    "YEARLY": (),
    "MONTHLY": ("BYWEEKNO", "BYYEARDAY"),
    "WEEKLY": ("BYWEEKNO", "BYYEARDAY", "BYMONTHDAY"),
    "DAILY": ("BYWEEKNO", "BYYEARDAY"),
}
# How far an ordinal such as the 2 of 2MO may count.
_ORDINALS = {"YEARLY": 53, "MONTHLY": 5, "WEEKLY": 0, "DAILY": 0}


@attrs.frozen(kw_only=True)
class RuleParts:
    """A recurrence rule, read.

    Attributes:
        freq: one of `FREQUENCIES`.
        interval: every how many periods.
        count: how many fire times in all; ``None``: no limit.
        until: no fire time after it: naive for a wall-clock time, aware for an instant.
        week_start: the first day of a week, Monday = 0.
        days: the weekdays as ``(weekday, ordinal)``; an ordinal of 0 stands for every one.
        by: the other parts that hold numbers, as ``(name, numbers)``, in a fixed order.
        text: the rule in capitals, its parts in a fixed order.
    """

    freq: str
    interval: int
    count: int | None
    until: datetime | None
    week_start: int
    days: tuple[tuple[int, int], ...]
    by: tuple[tuple[str, tuple[int, ...]], ...]
    text: str

    def numbers(self, part: str) -> tuple[int, ...]:
        """Return the numbers of a part, none where the rule does not have it."""
        return dict(self.by).get(part, ())


def parse_rule(text: str) -> RuleParts:
    """Return the parts of a rule.

    Args:
        text: ``FREQ=MONTHLY;BYDAY=-1FR``, in any case, with or without ``RRULE:`` in front.

    Raises:
        PolicyError: a part is unknown, twice there, out of range, or has no place beside another.

    Example:
        >>> parse_rule("freq=monthly;byday=-1fr").days
        ((4, -1),)
    """
    values = _split(text)
    freq = _frequency(values)
    for part in _NOT_WITH[freq]:
        if part in values:
            _refuse(f"{part}={values[part]}", f"no {part} where FREQ={freq}")
    numbers = {part: _numbers(part, values[part]) for part in _NUMBERS if part in values}
    _check_together(values, numbers)
    return RuleParts(
        freq=freq,
        interval=numbers.get("INTERVAL", (1,))[0],
        count=numbers["COUNT"][0] if "COUNT" in numbers else None,
        until=_until(values["UNTIL"]) if "UNTIL" in values else None,
        week_start=_weekday(values.get("WKST", "MO"), 0)[0],
        days=_days(values.get("BYDAY", ""), freq),
        by=tuple((part, numbers[part]) for part in numbers if part not in _SINGLE),
        text=";".join(
            f"{part}={values[part]}"
            for part in _PARTS
            if part in values and values[part] != {"INTERVAL": "1", "WKST": "MO"}.get(part)
        ),
    )


def _refuse(value: object, allowed: str, hint: str | None = None) -> NoReturn:
    raise PolicyError("rule", value, allowed, hint=hint) from None


def _split(text: str) -> dict[str, str]:
    """Cut ``PART=value;PART=value`` into a mapping."""
    if not isinstance(text, str) or len(text) > _LONGEST or not text.isascii():
        _refuse(text, f"an RFC 5545 rule of at most {_LONGEST} ASCII characters")
    values: dict[str, str] = {}
    for piece in text.strip().upper().removeprefix("RRULE:").rstrip(";").split(";"):
        part, equals, value = (each.strip() for each in piece.partition("="))
        if part.startswith("DTSTART"):
            _refuse(piece, "a rule without DTSTART", "give it as start= and tz=")
        if part not in _PARTS:
            near = nearest(part, _PARTS)
            hint = f"did you mean {near!r}?" if near else None
            _refuse(piece, "parts " + ", ".join(_PARTS), hint)
        if not equals or not value:
            _refuse(piece, f"{part}= and a value")
        if part in values:
            _refuse(piece, f"{part} once")
        values[part] = value
    return values


def _frequency(values: dict[str, str]) -> str:
    freq = values.get("FREQ", "")
    if freq in _TOO_OFTEN:
        _refuse(f"FREQ={freq}", f"FREQ of {', '.join(FREQUENCIES)}", "use Every or Cron")
    if freq not in FREQUENCIES:
        _refuse(f"FREQ={freq}", f"FREQ of {', '.join(FREQUENCIES)}")
    return freq


def _numbers(part: str, value: str) -> tuple[int, ...]:
    """Read a list of numbers in the range of its part; sorted, each once."""
    least, most, from_end = _NUMBERS[part]
    allowed = f"{part} of {least} to {most}" + (f" or -{most} to -{least}" if from_end else "")
    words = value.split(",")
    if part in _SINGLE and len(words) > 1:
        _refuse(f"{part}={value}", f"one number {allowed}")
    found = set()
    for word in words:
        digits = word[1:] if word.startswith(("+", "-") if from_end else "+") else word
        if not digits.isdigit() or not least <= int(digits) <= most:
            _refuse(f"{part}={word}", allowed)
        found.add(int(word))
    return tuple(sorted(found))


def _days(value: str, freq: str) -> tuple[tuple[int, int], ...]:
    return tuple(sorted({_weekday(word, _ORDINALS[freq]) for word in value.split(",") if value}))


def _weekday(word: str, most: int) -> tuple[int, int]:
    """Read ``MO``, ``2MO`` or ``-1FR`` as the day, Monday = 0, and its ordinal."""
    number, name = word[:-2], word[-2:]
    if name not in WEEKDAYS:
        _refuse(word, f"a weekday of {', '.join(WEEKDAYS)}")
    if not number:
        return WEEKDAYS.index(name), 0
    digits = number[1:] if number[0] in "+-" else number
    if not most:
        _refuse(word, "a number before the weekday only where FREQ is MONTHLY or YEARLY")
    if not digits.isdigit() or not 1 <= int(digits) <= most:
        _refuse(word, f"a number from 1 to {most} or -{most} to -1 before the weekday")
    return WEEKDAYS.index(name), int(number)


def _until(value: str) -> datetime:
    """Read the last moment: a date stands for the whole day, a ``Z`` makes an instant."""
    try:
        return datetime.combine(date.fromisoformat(value), time.max)
    except ValueError:
        pass
    try:
        found = datetime.fromisoformat(value)
        return found if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        _refuse(f"UNTIL={value}", "UNTIL like 20261231, 20261231T235900 or 20261231T225900Z")


def _check_together(values: dict[str, str], numbers: dict[str, tuple[int, ...]]) -> None:
    """Refuse what the RFC leaves without a meaning, and more times a day than a cron minute."""
    if "COUNT" in values and "UNTIL" in values:
        _refuse(values["UNTIL"], "COUNT or UNTIL, not both")
    if "BYSETPOS" in values and not any(
        part.startswith("BY") and part != "BYSETPOS" for part in values
    ):
        _refuse(f"BYSETPOS={values['BYSETPOS']}", "BYSETPOS beside another BY part")
    ordinal = any(not word.isalpha() for word in values.get("BYDAY", "MO").split(","))
    if "BYWEEKNO" in values and ordinal:
        _refuse(values["BYDAY"], "weekdays without a number beside BYWEEKNO")
    times = 1
    for part in ("BYHOUR", "BYMINUTE", "BYSECOND"):
        times *= len(numbers.get(part, (0,)))
    if times > _TIMES_A_DAY:
        _refuse(times, f"at most {_TIMES_A_DAY} times a day", "use Every or Cron")
