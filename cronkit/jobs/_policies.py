"""The rules a job may be given, as their users write them, and their conversion to typed values.

Conversion happens once, when a job is added; everything later works with timedeltas and instants.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Literal, TypedDict, cast

from cronkit import _convert
from cronkit.errors import PolicyError
from cronkit.jobs._backoff import Backoff, as_backoff

Overlap = Literal["skip", "queue", "allow", "cancel"]
Coalesce = Literal["latest", "earliest", "all"]
OnInterrupted = Literal["record", "rerun"]
After = Literal["succeeded", "failed", "any"]
Duration = timedelta | float | str


_MOST = 1_000_000_000
"""Whole numbers go up to here; more fits no column of a database."""


class Policies(TypedDict, total=False):
    """The rules that a job may be given, by name; a wrong name is a type error.

    Every duration is a timedelta, seconds, or text like ``"30m"``. The defaults are those of
    `Job`. A scheduler takes the same names in ``defaults=``, apart from ``id``, ``args``,
    ``kwargs``, ``start``, ``end`` and ``replace``.
    """

    id: str
    description: str
    tags: Collection[str]
    args: Sequence[object]
    kwargs: Mapping[str, object]
    executor: str | None
    enabled: bool
    priority: int
    start: datetime | str | None
    end: datetime | str | None
    max_runs: int | None
    jitter: Duration | None
    timeout: Duration | None
    retry: Backoff | int
    misfire_grace: Duration | None
    coalesce: Coalesce
    max_catch_up: int
    overlap: Overlap
    queue_limit: int
    max_concurrent: int | None
    on_interrupted: OnInterrupted
    keep_runs: int | None
    replace: bool


def _text(value: object, argument: str) -> str:
    if isinstance(value, str):
        return value
    raise PolicyError(argument, value, "text")


def _tags(value: object, argument: str) -> frozenset[str]:
    if isinstance(value, str) or not isinstance(value, Collection):
        raise PolicyError(argument, value, "a set of names")
    return frozenset(_convert.name(each, argument) for each in value)


def _arguments(value: object, argument: str) -> tuple[object, ...]:
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        return tuple(value)
    raise PolicyError(argument, value, "a list of positional arguments")


def _keywords(value: object, argument: str) -> Mapping[str, object]:
    if isinstance(value, Mapping) and all(isinstance(each, str) for each in value):
        return dict(value)
    raise PolicyError(argument, value, "a mapping of argument names to values")


def _optional(convert: Callable[[object, str], object]) -> Callable[[object, str], object]:
    return lambda value, argument: None if value is None else convert(value, argument)


def _whole(least: int) -> Callable[[object, str], object]:
    return lambda value, argument: _convert.integer(
        cast("int", value), argument, least=least, most=_MOST
    )


def _one_of(*allowed: str) -> Callable[[object, str], object]:
    return lambda value, argument: _convert.choice(cast("str", value), argument, allowed)


def _length(*, zero: bool = True) -> Callable[[object, str], object]:
    return lambda value, argument: _convert.duration(cast("timedelta", value), argument, zero=zero)


_CONVERT: dict[str, Callable[[object, str], object]] = {
    "description": _text,
    "tags": _tags,
    "args": _arguments,
    "kwargs": _keywords,
    "executor": _optional(_text),
    "enabled": lambda value, argument: _convert.flag(cast("bool", value), argument),
    "priority": _whole(-1_000_000),
    "start": _optional(lambda value, argument: _convert.moment(cast("str", value), argument)),
    "end": _optional(lambda value, argument: _convert.moment(cast("str", value), argument)),
    "max_runs": _optional(_whole(1)),
    "jitter": _optional(_length()),
    "timeout": _optional(_length(zero=False)),
    "retry": lambda value, _: as_backoff(value),
    "misfire_grace": _optional(_length()),
    "coalesce": _one_of("latest", "earliest", "all"),
    "max_catch_up": _whole(1),
    "overlap": _one_of("skip", "queue", "allow", "cancel"),
    "queue_limit": _whole(0),
    "max_concurrent": _optional(_whole(1)),
    "on_interrupted": _one_of("record", "rerun"),
    "keep_runs": _optional(_whole(1)),
}

NOT_DEFAULTS = frozenset({"id", "args", "kwargs", "start", "end", "replace"})
_WORDS = frozenset({*_CONVERT, "id", "replace"})


def convert_policies(
    policies: Mapping[str, object], zone: tzinfo, *, forbidden: Collection[str] = ()
) -> dict[str, object]:
    """Return the policies as typed values; ``id`` and ``replace`` are left to the caller.

    Args:
        policies: what the user wrote.
        zone: where naive text of ``start`` and ``end`` is read.
        forbidden: names that are not accepted here.

    Raises:
        TypeError: a name that is no policy, as for any wrong keyword argument.
        PolicyError: a value out of range.
        DurationError: a duration that cannot be read.
    """
    found: dict[str, object] = {}
    for word, value in policies.items():
        if word in forbidden or word not in _WORDS:
            near = _convert.nearest(word, set(_WORDS) - set(forbidden))
            hint = f"; did you mean {near!r}?" if near and near != word else ""
            raise TypeError(f"{word!r} is not a policy that can be given here{hint}")
        convert = _CONVERT.get(word)
        if convert is not None:
            found[word] = convert(value, word)
        elif word == "replace":
            _convert.flag(cast("bool", value), word)
    if "start" in found or "end" in found:
        _place_edges(found, zone)
    return found


def _place_edges(found: dict[str, object], zone: tzinfo) -> None:
    """Read ``start`` and ``end`` in a zone; refuse an end that does not come later."""
    for word in ("start", "end"):
        if (edge := found.get(word)) is not None:
            found[word] = _convert.in_zone(cast("datetime", edge), zone, word)
    start, end = (cast("datetime | None", found.get(word)) for word in ("start", "end"))
    if start is not None and end is not None and end <= start:
        raise PolicyError("end", end.isoformat(), f"later than start, {start.isoformat()}")
