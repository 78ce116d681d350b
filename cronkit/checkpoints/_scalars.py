"""How each type of a single value is written as JSON and read back; the tables of tagged JSON.

A function that reads raises TypeError, ValueError, LookupError or ArithmeticError at what no
function here wrote; the caller says what that means.
"""

from __future__ import annotations

import base64
import math
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from types import NoneType
from typing import TYPE_CHECKING, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from cronkit._files._framing import DamagedError
from cronkit.errors import StateNotSerializableError

if TYPE_CHECKING:
    from collections.abc import Callable

    from cronkit.checkpoints._records import JSON

_LONGEST_INT = 14_000  # bits; Python reads numbers of at most 4,300 digits from text


def _not(value: object, path: str, reason: str) -> StateNotSerializableError:
    return StateNotSerializableError(path, type(value).__name__, reason)


def _write_as_is(value: JSON, _: str) -> JSON:
    return value


def _write_float(value: float, path: str) -> JSON:
    if not math.isfinite(value):
        raise _not(value, path, f"JSON has no {value}")
    return value


def _write_int(value: int, path: str) -> JSON:
    if value.bit_length() > _LONGEST_INT:
        raise _not(value, path, f"it has more than {_LONGEST_INT} bits; save it as text")
    return value


def _write_decimal(value: Decimal, path: str) -> JSON:
    if not value.is_finite():
        raise _not(value, path, f"{value} does not equal itself or has no end")
    return {"$decimal": str(value)}


def _write_datetime(value: datetime, path: str) -> JSON:
    zone = value.tzinfo
    if zone is not None and type(zone) is not timezone and _key(zone) is None:
        raise _not(value, path, "its zone is neither UTC, an offset, nor a named ZoneInfo")
    return {"$datetime": [value.isoformat(), _key(zone), value.fold]}


def _key(zone: tzinfo | None) -> str | None:
    return zone.key if type(zone) is ZoneInfo else None


def _read_datetime(content: list[object]) -> datetime:
    text, key, fold = content
    value = datetime.fromisoformat(_text(text))
    if key is not None:
        try:
            # The wall-clock time is what was saved; its offset may have changed with the zone's
            # rules since.
            value = value.replace(tzinfo=ZoneInfo(_text(key)))
        except (LookupError, ValueError, OSError):
            raise DamagedError(f"holds a datetime of the unknown zone {ascii(key)[:60]}") from None
    return value.replace(fold=1 if fold == 1 else 0)


def _write_time(value: time, path: str) -> JSON:
    if value.tzinfo is not None:
        raise _not(value, path, "a time of day with a zone has no meaning without its day")
    return {"$time": [value.isoformat(), value.fold]}


def _read_time(content: object) -> time:
    text, fold = _pair(content)
    return time.fromisoformat(_text(text)).replace(fold=1 if fold == 1 else 0)


def _write_timedelta(value: timedelta, _: str) -> JSON:
    return {"$timedelta": [value.days, value.seconds, value.microseconds]}


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _pair(value: object) -> tuple[object, object]:
    first, second = _items(value)
    return first, second


def _items(value: object) -> list[object]:
    if not isinstance(value, list):
        raise TypeError
    return value


WRITERS: dict[type, Callable[[Any, str], JSON]] = {
    str: _write_as_is,
    bool: _write_as_is,
    NoneType: _write_as_is,
    int: _write_int,
    float: _write_float,
    Decimal: _write_decimal,
    datetime: _write_datetime,
    date: lambda value, _: {"$date": value.isoformat()},
    time: _write_time,
    timedelta: _write_timedelta,
    UUID: lambda value, _: {"$uuid": str(value)},
    bytes: lambda value, _: {"$bytes": base64.b64encode(value).decode()},
}

SEQUENCES = {tuple: "$tuple", set: "$set", frozenset: "$frozenset"}

READERS: dict[str, Callable[[Any], object]] = {
    "$dict": lambda content: {pair[0]: pair[1] for pair in map(_pair, _items(content))},
    "$tuple": lambda content: tuple(_items(content)),
    "$set": lambda content: set(_items(content)),
    "$frozenset": lambda content: frozenset(_items(content)),
    "$decimal": lambda content: Decimal(_text(content)),
    "$datetime": _read_datetime,
    "$date": lambda content: date.fromisoformat(_text(content)),
    "$time": _read_time,
    "$timedelta": lambda content: timedelta(*_items(content)),  # type: ignore[arg-type]  # TypeError is caught
    "$uuid": lambda content: UUID(_text(content)),
    "$bytes": lambda content: base64.b64decode(_text(content), validate=True),
}
