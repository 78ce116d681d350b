"""The fields of a cron expression as data: bounds, names, macros, and what a text says in them.

It knows neither how a text is read (`_parser`) nor how a date is found (`_search`).

A parsed text is one `FieldSets`: each field is a set of whole numbers, kept as the bits of an int,
so that the next member is a shift and a mask away and a whole expression stays below 1 KiB. For
``*/15 9-17 L,15W * MON#2`` it holds::

    second         bit n = second n                        1 << 0 (no seconds field: 0)
    minute         bit n = minute n                        bits 0, 15, 30, 45
    hour           bit n = hour n                          bits 9 to 17
    day            bit n = day n of the month, 1-31        none
    last_days      bit n = n days before the last          bit 0  (L is bit 0, L-3 is bit 3)
    workdays       bit n = the working day nearest to n    bit 15 (15W)
    last_workdays  bit n = the same for L-n                none   (LW is bit 0, L-3W is bit 3)
    month          bit n = month n, 1-12                   bits 1 to 12
    weekday        bit n = weekday n, 0-6, 0 is Sunday     none
    nth_weekdays   bit 7 * (k - 1) + n = k-th weekday n    bit 8  (MON#2)
    last_weekdays  bit n = last weekday n of the month     none   (MONL is bit 1)
    year           bit n = year 1970 + n; None = any       None
    either         True: a day of either field will do     True   (the OR of two day fields)
    interval       True: second, minute or hour begins     True   (``*/15``)
                   with ``*`` or ``?``
    text           the text as read, in the usual dialect  "*/15 9-17 L,15W * MON#2"
"""

from __future__ import annotations

FIRST_YEAR = 1970
LAST_YEAR = 2099

_MOST_DIGITS = 4
"""A longer run of digits is no value of any field."""


def number(text: str) -> int | None:
    """Read a whole number of 1 to 4 digits; ``None`` if `text` is none.

    Example:
        >>> number("07"), number("-7"), number("12345")
        (7, None, None)
    """
    return int(text) if len(text) <= _MOST_DIGITS and text.isdigit() else None


class Field:
    """One field of the language: its name, its bounds and the names of its values.

    Attributes:
        name: as it stands in messages (``"day-of-month"``).
        low: the smallest value.
        high: the largest value; 7 for day-of-week, where it is Sunday like 0.
        size: after how many values the field begins anew (7 for day-of-week).
        names: the names of the values from `low` on, in upper case; empty if they have none.
        values: the spelling of each value (``"5"``, ``"05"``, ``"MAY"``) to the value.
        bits: the same to its one-member set, and ``"*"`` and ``"?"`` to `full`.
        full: the set of all values; Sunday is bit 0 only.
    """

    __slots__ = ("bits", "full", "high", "low", "name", "names", "size", "values")

    def __init__(
        self, name: str, low: int, high: int, size: int, names: tuple[str, ...] = ()
    ) -> None:
        self.name = name
        self.low = low
        self.high = high
        self.size = size
        self.names = names
        self.full = (1 << (low + size)) - (1 << low)
        self.values: dict[str, int] = {}
        for number in range(low, high + 1):
            self.values[str(number)] = self.values[f"{number:02}"] = number
        self.values.update((spelling, number) for number, spelling in enumerate(names, low))
        self.bits = {
            spelling: 1 << (number if number < low + size else low)
            for spelling, number in self.values.items()
        }
        self.bits["*"] = self.bits["?"] = self.full

    def value(self, text: str) -> int | None:
        """Read one value, a number or a name in upper case; ``None`` if it is not of the field."""
        known = self.values.get(text)
        if known is not None:
            return known
        padded = number(text)
        return padded if padded is not None and self.low <= padded <= self.high else None

    @property
    def allowed(self) -> str:
        """The bounds as a phrase for messages (``"0-59"``, ``"1-12 or JAN-DEC"``)."""
        bounds = f"{self.low}-{self.high}"
        return f"{bounds} or {self.names[0]}-{self.names[-1]}" if self.names else bounds

    def __repr__(self) -> str:
        return f"Field({self.name!r}, {self.low}, {self.high})"


_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")

SECOND = Field("second", 0, 59, 60)
MINUTE = Field("minute", 0, 59, 60)
HOUR = Field("hour", 0, 23, 24)
DAY = Field("day-of-month", 1, 31, 31)
MONTH = Field("month", 1, 12, 12, _MONTHS)
WEEKDAY = Field("day-of-week", 0, 7, 7, _WEEKDAYS)
YEAR = Field("year", FIRST_YEAR, LAST_YEAR, LAST_YEAR - FIRST_YEAR + 1)

FIELDS = (SECOND, MINUTE, HOUR, DAY, MONTH, WEEKDAY, YEAR)

MACROS = {
    "@YEARLY": "0 0 1 1 *",
    "@ANNUALLY": "0 0 1 1 *",
    "@MONTHLY": "0 0 1 * *",
    "@WEEKLY": "0 0 * * 0",
    "@DAILY": "0 0 * * *",
    "@MIDNIGHT": "0 0 * * *",
    "@HOURLY": "0 * * * *",
}


class FieldSets:
    """What a text says, as bit sets; the module docstring lists them.

    Two are equal when they fire at the same times: the text is no part of it.
    """

    __slots__ = (
        "day",
        "either",
        "hour",
        "interval",
        "last_days",
        "last_weekdays",
        "last_workdays",
        "minute",
        "month",
        "nth_weekdays",
        "second",
        "text",
        "weekday",
        "workdays",
        "year",
    )

    def __init__(
        self,
        *,
        minute: int,
        hour: int,
        day: int,
        month: int,
        weekday: int,
        second: int = 1,
        year: int | None = None,
        last_days: int = 0,
        workdays: int = 0,
        last_workdays: int = 0,
        nth_weekdays: int = 0,
        last_weekdays: int = 0,
        either: bool = False,
        interval: bool = False,
        text: str = "",
    ) -> None:
        self.second = second
        self.minute = minute
        self.hour = hour
        self.day = day
        self.month = month
        self.weekday = weekday
        self.year = year
        self.last_days = last_days
        self.workdays = workdays
        self.last_workdays = last_workdays
        self.nth_weekdays = nth_weekdays
        self.last_weekdays = last_weekdays
        self.either = either
        self.interval = interval
        self.text = text

    @property
    def key(self) -> tuple[int | None, ...]:
        """All sets and flags, without the text: what equality and hash compare."""
        return (
            self.second,
            self.minute,
            self.hour,
            self.day,
            self.month,
            self.weekday,
            self.year,
            self.last_days,
            self.workdays,
            self.last_workdays,
            self.nth_weekdays,
            self.last_weekdays,
            self.either,
            self.interval,
        )

    def __eq__(self, other: object) -> bool:
        return self.key == other.key if isinstance(other, FieldSets) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.key)

    def __repr__(self) -> str:
        return f"FieldSets({self.text!r})"
