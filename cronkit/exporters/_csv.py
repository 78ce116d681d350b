"""CSV as RFC 4180 has it, with cells that a spreadsheet would run made harmless."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from math import inf, nan
from typing import TYPE_CHECKING, Any

import attrs

from cronkit.errors import PolicyError
from cronkit.exporters._tables import (
    EDGE,
    NUMBERS,
    Table,
    checked_columns,
    formatted,
    text_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cronkit.exporters._formats import JSON
    from cronkit.exporters._tables import Cells

# https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA = frozenset("=+-@\t\r")
_HARMLESS = frozenset({int, float, bool, Decimal, date, datetime, time, timedelta})
_QUOTED = ('"', "\r", "\n")
_IN_NUMBERS = frozenset("".join(map(str, [*range(10), -1.5, 1e-9, 1e20, True, False, nan, inf])))


def _delimiter(value: str) -> str:
    if isinstance(value, str) and len(value) == 1 and value not in '"\r\n':
        return value
    raise PolicyError("delimiter", value, "one character, neither a quote nor a line end")


def _flag(_: object, field: attrs.Attribute[bool], value: object) -> None:
    if not isinstance(value, bool):
        raise PolicyError(field.name, value, "True or False")


@attrs.frozen(kw_only=True)
class Csv:
    r"""Comma-separated values in UTF-8, lines ended by CR LF.

    A cell is ``str(value)``, an empty one ``None``. A text that begins with ``=``, ``+``, ``-``,
    ``@``, a tab or a carriage return gets an apostrophe before it, or a spreadsheet would run it.

    Args:
        columns: which columns, in which order; without it, those of the first row, and a row that
            has others is refused.
        header: whether the first line names the columns; sequences have no names.
        delimiter: what stands between cells.
        escape_formulas: whether text that would run as a formula is made harmless.

    Example:
        >>> writer = Csv().writer()
        >>> writer.rows([{"title": "=1+1", "year": -5}])
        b"title,year\r\n'=1+1,-5\r\n"
    """

    extension = "csv"
    resumable = True

    columns: tuple[str, ...] | None = attrs.field(default=None, converter=checked_columns)
    header: bool = attrs.field(default=True, validator=_flag)
    delimiter: str = attrs.field(default=",", converter=_delimiter)
    escape_formulas: bool = attrs.field(default=True, validator=_flag)

    def writer(self, state: Mapping[str, JSON] | None = None) -> CsvWriter:
        """Return the writer of a file."""
        return CsvWriter(self, state)


class CsvWriter:
    """Writes one CSV file."""

    __slots__ = ("_escapes", "_format", "_has_header", "_line", "_numbers", "_quoted", "_table")

    def __init__(self, format_: Csv, state: Mapping[str, JSON] | None) -> None:
        saved = state.get("columns") if state else None
        columns = tuple(map(str, saved)) if isinstance(saved, (list, tuple)) else format_.columns
        self._format = format_
        self._has_header = saved is not None or not format_.header
        self._table = Table(columns, chosen=format_.columns is not None)
        self._quoted = (format_.delimiter, *_QUOTED)
        self._escapes = _FORMULA if format_.escape_formulas else frozenset()
        self._numbers = NUMBERS if format_.delimiter not in _IN_NUMBERS else frozenset[type]()
        self._line = ""

    def head(self) -> bytes:
        """Return nothing: the header is written with the first row, which may say what it is."""
        return b""

    def rows(self, batch: Sequence[Any]) -> bytes:
        """Return the rows, and before the first of them the header."""
        rows = self._table.cells(batch)
        return self._written([*self._header(), *rows] if not self._has_header else rows)

    def tail(self) -> bytes:
        """Return the header of a table that has no rows, where it is known."""
        return self._written(self._header())

    def state(self) -> Mapping[str, JSON]:
        """Return the columns, once they are known."""
        return {"columns": list(self._table.columns)} if self._table.columns else {}

    def _header(self) -> list[Cells]:
        if self._has_header or self._table.columns is None:
            return []
        self._has_header = True
        if not self._table.named:
            return []
        return [self._table.columns]

    def _written(self, rows: list[Cells]) -> bytes:
        count = len(self._table.columns or ())
        if not self._line:
            self._line = self._format.delimiter.replace("%", "%%").join(["%s"] * count) + "\r\n"
        # A line of nothing would be no row.
        text = formatted(
            rows,
            self._line,
            cell=self._cell if count > 1 else lambda value: self._cell(value) or '""',
            is_plain=self._is_plain if count > 1 else lambda _: False,
            numbers=self._numbers,
        )
        return text.encode(errors="backslashreplace")

    def _is_plain(self, joined: str) -> bool:
        """Return whether no text among those that are joined is quoted or would run."""
        if any(mark in joined for mark in self._quoted):
            return False
        return not any(
            mark in joined and (joined[0] == mark or EDGE + mark in joined)
            for mark in self._escapes
        )

    def _cell(self, value: object) -> str:
        text = text_of(value)
        if text[:1] in self._escapes and type(value) not in _HARMLESS:
            text = f"'{text}"
        if '"' in text:
            return '"' + text.replace('"', '""') + '"'
        if self._format.delimiter in text or "\n" in text or "\r" in text:
            return f'"{text}"'
        return text
