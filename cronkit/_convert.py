"""User input to typed values, once, at the border.

Every public entry hands what it was given to one of these functions and works with typed values
from there on. Nothing here knows jobs, cron or triggers.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronkit._zones import resolve
from cronkit.errors import DurationError, NaiveDatetimeError, PolicyError, UnknownZoneError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

ZERO = timedelta(0)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST = datetime(1, 1, 3, tzinfo=UTC)
LAST = datetime(9999, 12, 30, tzinfo=UTC)
"""Between these, an instant can be written in every zone."""

_UNITS = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1, "ms": 0.001}
_DURATION_FORMS = "a timedelta, seconds, or text like '30m', '1h30m', '500ms', '2d'"
_LONGEST = timedelta(days=366_000)
_NAME_CHARS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")
_LONGEST_NAME = 128


def duration(
    value: timedelta | float | str,
    argument: str,
    *,
    least: timedelta = ZERO,
    zero: bool = True,
) -> timedelta:
    """Return `value` as a timedelta.

    Args:
        value: a timedelta, a number of seconds, or a text such as ``"1h30m"`` (units w, d, h, m,
            s, ms; largest first; each at most once).
        argument: the name to use in the error.
        least: the smallest duration accepted.
        zero: whether a duration of zero is accepted.

    Raises:
        DurationError: `value` has another form or is out of range.

    Example:
        >>> duration("1h30m", "timeout")
        datetime.timedelta(seconds=5400)
    """
    if isinstance(value, timedelta):
        result = value
    elif isinstance(value, str):
        result = _parse_duration(value, argument)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        try:
            result = timedelta(seconds=value)
        except (OverflowError, ValueError):
            raise DurationError(argument, value, "at most 1,000 years") from None
    else:
        raise DurationError(argument, value, _DURATION_FORMS)
    if result < least:
        floor = "zero or more" if not least else f"at least {least.total_seconds():g} s"
        raise DurationError(argument, value, floor)
    if not zero and not result:
        raise DurationError(argument, value, "more than zero")
    if result > _LONGEST:
        raise DurationError(argument, value, "at most 1,000 years")
    return result


def _parse_duration(text: str, argument: str) -> timedelta:
    """Read ``number unit`` pairs; the units must come in falling order."""
    seconds = 0.0
    rest = text.strip()
    left = list(_UNITS)
    if not rest or len(rest) > 40 or not rest.isascii():  # noqa: PLR2004 -- longer than any sensible duration
        raise DurationError(argument, text, _DURATION_FORMS)
    while rest:
        digits = len(rest) - len(rest.lstrip("0123456789."))
        number, rest = rest[:digits], rest[digits:]
        letters = len(rest) - len(rest.lstrip("wdhms"))
        unit, rest = rest[:letters], rest[letters:]
        try:
            amount = float(number)
        except ValueError:
            raise DurationError(argument, text, _DURATION_FORMS) from None
        if unit not in left:
            raise DurationError(argument, text, _DURATION_FORMS)
        left = left[left.index(unit) + 1 :]
        seconds += amount * _UNITS[unit]
    try:
        return timedelta(seconds=seconds)
    except OverflowError:
        raise DurationError(argument, text, "at most 1,000 years") from None


def zone(value: tzinfo | str, argument: str = "timezone") -> tzinfo:
    """Return `value` as a time zone.

    Args:
        value: a name of the tz database (``"Europe/Paris"``), or a tzinfo, which is kept.
        argument: the name to use in the error.

    Raises:
        UnknownZoneError: the zone database does not know the name, or there is no database.
        PolicyError: `value` is neither text nor a tzinfo.

    Example:
        >>> zone("Europe/Paris")
        zoneinfo.ZoneInfo(key='Europe/Paris')
    """
    if isinstance(value, tzinfo):
        return value
    if not isinstance(value, str):
        raise PolicyError(argument, value, "a name of the tz database, or a tzinfo")
    if value == "UTC":
        return UTC
    try:
        return ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        # An odd key raises ValueError, a name that is a folder of the database OSError.
        raise UnknownZoneError(value, hint=_zone_hint(value)) from None


def _zone_hint(name: str) -> str | None:
    from zoneinfo import available_timezones  # noqa: PLC0415 -- walks the disk: error path only

    known = available_timezones()
    if not known:
        return "this system has no zone database; run: pip install tzdata"
    near = nearest(name, known)
    return f"did you mean {near!r}?" if near else None


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word most like `word`, or ``None`` if none is near.

    Example:
        >>> nearest("Europe/Pariss", ["Europe/Paris", "Africa/Lome"])
        'Europe/Paris'
    """
    from difflib import get_close_matches  # noqa: PLC0415 -- error path only

    by_lower = {each.lower(): each for each in known}
    found = get_close_matches(word[:128].lower(), by_lower, n=1)
    return by_lower[found[0]] if found else None


def instant(value: datetime, argument: str) -> datetime:
    """Return `value` if it is an aware datetime.

    Raises:
        NaiveDatetimeError: it has no time zone.
        PolicyError: it is not a datetime.
    """
    if not isinstance(value, datetime):
        raise PolicyError(argument, value, "an aware datetime")
    if value.tzinfo is None or value.utcoffset() is None:
        raise NaiveDatetimeError(argument, value)
    return value


def moment(value: datetime | str, argument: str) -> datetime:
    """Return `value` as a datetime: an aware one, or one read from ISO 8601 text.

    A text without an offset gives a naive datetime, which the caller binds to its zone; a naive
    ``datetime`` object is refused, because nobody can tell what zone its author had in mind.

    Raises:
        NaiveDatetimeError: a naive datetime object.
        PolicyError: neither an aware datetime nor ISO 8601 text.

    Example:
        >>> moment("2026-12-31T23:59:00", "at")
        datetime.datetime(2026, 12, 31, 23, 59)
    """
    if isinstance(value, str):
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            raise PolicyError(
                argument, value, "an ISO 8601 date and time, e.g. '2026-12-31T23:59:00'"
            ) from None
    return instant(value, argument)


def in_zone(value: datetime, zone_: tzinfo, argument: str) -> datetime:
    """Return `value` in UTC; a naive one is read in a zone.

    A wall-clock time that the zone skips stands for the first instant after the gap, one that it
    repeats for the first pass: as for a fixed cron expression.

    Raises:
        PolicyError: it lies at the very end of the calendar, where not every zone can show it.

    Example:
        >>> in_zone(datetime(2026, 3, 29, 2, 30), ZoneInfo("Europe/Paris"), "start").isoformat()
        '2026-03-29T01:00:00+00:00'
    """
    try:
        utc = (resolve(value, zone_) if value.tzinfo is None else value).astimezone(UTC)
    except OverflowError:
        utc = None
    if utc is None or not FIRST <= utc <= LAST:
        raise PolicyError(argument, value.isoformat(), "0001-01-03 to 9999-12-30")
    return utc


def name(value: object, argument: str) -> str:
    """Return `value` if it can be a name: 1-128 letters, digits, ``.``, ``_`` or ``-``.

    Raises:
        PolicyError: it cannot.
    """
    if isinstance(value, str) and 0 < len(value) <= _LONGEST_NAME and _NAME_CHARS.issuperset(value):
        return value
    raise PolicyError(argument, value, "1-128 characters of letters, digits, '.', '_', '-'")


def text(value: str, argument: str, *, most: int) -> str:
    """Return `value` if it is text for a record: 1 to `most` printable characters.

    Raises:
        PolicyError: it is not.
    """
    if isinstance(value, str) and 0 < len(value) <= most and value.isprintable():
        return value
    raise PolicyError(argument, value, f"text of 1-{most} printable characters")


def flag(value: bool, argument: str) -> bool:  # noqa: FBT001 -- the value to convert
    """Return `value` if it is ``True`` or ``False``; nothing else stands for them.

    Raises:
        PolicyError: it is not.
    """
    if isinstance(value, bool):
        return value
    raise PolicyError(argument, value, "True or False")


def integer(value: int, argument: str, *, least: int, most: int | None = None) -> int:
    """Return `value` if it is an int of the range; ``True`` is not an int here.

    Raises:
        PolicyError: it is not.
    """
    if (
        isinstance(value, int)
        and not isinstance(value, bool)
        and value >= least
        and (most is None or value <= most)
    ):
        return value
    upper = f" to {most}" if most is not None else " or more"
    raise PolicyError(argument, value, f"a whole number, {least}{upper}")


def choice(value: str, argument: str, allowed: tuple[str, ...]) -> str:
    """Return `value` if it is one of `allowed`.

    Raises:
        PolicyError: it is not; the error names the nearest.
    """
    if isinstance(value, str) and value in allowed:
        return value
    near = nearest(value, allowed) if isinstance(value, str) else None
    raise PolicyError(
        argument,
        value,
        ", ".join(map(repr, allowed)),
        hint=f"did you mean {near!r}?" if near else None,
    )


__all__ = [
    "EPOCH",
    "ZERO",
    "choice",
    "duration",
    "flag",
    "in_zone",
    "instant",
    "integer",
    "moment",
    "name",
    "nearest",
    "text",
    "zone",
]
