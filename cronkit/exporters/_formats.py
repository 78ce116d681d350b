"""How rows become bytes: the Protocols of a format, and what the formats here share.

A format is a value that makes one writer for each file. A writer turns rows into bytes in batches
and says what a later process needs to go on behind them. It opens no file.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any, Protocol
from uuid import UUID

import attrs

from cronkit.errors import shown

JSON = None | bool | int | float | str | Sequence["JSON"] | Mapping[str, "JSON"]
"""What a JSON text can hold."""

BATCH = 1000
"""Rows that a writer is given at once: enough that a batch costs what its rows cost."""


class FormatWriter(Protocol):
    """Turns the rows of one file into bytes."""

    def head(self) -> bytes:
        """Return what stands before the first row; called once a file."""
        ...

    def rows(self, batch: Sequence[Any]) -> bytes:
        """Return the bytes of one or more rows.

        Raises:
            RowError: a row has no form here. A TypeError or ValueError of a format of your own
                is taken for one.
        """
        ...

    def tail(self) -> bytes:
        """Return what stands behind the last row."""
        ...

    def state(self) -> Mapping[str, JSON]:
        """Return what `Format.writer` needs to go on behind the rows so far, as JSON."""
        ...


class Format(Protocol):
    """How an export is written."""

    @property
    def extension(self) -> str:
        """The extension of its files, e.g. ``"json"``."""
        ...

    @property
    def resumable(self) -> bool:
        """Whether a file can be cut behind a row and continued there."""
        ...

    def writer(self, state: Mapping[str, JSON] | None = None) -> FormatWriter:
        """Return the writer of a new file, or of one that goes on from `state`."""
        ...


class RowError(ValueError):
    """A row has no form in a format; whoever counts rows says which row it is.

    Attributes:
        index: its place in the batch, from 0.
    """

    def __init__(self, index: int, reason: str) -> None:
        self.index = index
        super().__init__(reason)


def plain(value: object) -> object:
    """Return `value`, which JSON does not know, as something that it knows.

    Dates and times as ISO 8601, durations as seconds, decimals and UUIDs as text, enums as their
    values, attrs instances and other mappings as objects.

    Raises:
        TypeError: there is no such form.

    Example:
        >>> plain(Decimal("1.10"))
        '1.10'
    """
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, (Decimal, UUID)):
        return str(value)
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, Mapping):
        return dict(value)
    if attrs.has(type(value)):
        return fields(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def fields(value: Any) -> dict[str, object]:
    """Return the fields of an attrs instance, in their order."""
    return {field.name: getattr(value, field.name) for field in attrs.fields(type(value))}


def text_encoder() -> Callable[[object], str]:
    """Return a function that writes one value as one line of JSON.

    The standard library's own call makes its C encoder anew for each value, which costs as much
    as a short row does.

    Example:
        >>> text_encoder()({"title": "Amélie", "year": 2001})
        '{"title":"Amélie","year":2001}'
    """
    make = getattr(json.encoder, "c_make_encoder", None)
    if make is None:
        return json.JSONEncoder(
            ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=plain
        ).encode
    quote = json.encoder.encode_basestring
    encode = make(None, plain, quote, None, ":", ",", False, False, False)
    return lambda value: "".join(encode(value, 0))


def encoded(encode: Callable[[object], str], batch: Sequence[object]) -> list[str]:
    """Return each row of `batch` as JSON.

    Raises:
        RowError: a row has no form in JSON.
    """
    try:
        return [encode(row) for row in batch]
    except (TypeError, ValueError, RecursionError):
        pass
    for index, row in enumerate(batch):
        try:
            encode(row)
        except (TypeError, ValueError, RecursionError) as error:
            raise RowError(index, f"{shown(row)}: {error}") from None
    return []
