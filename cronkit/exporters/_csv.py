"""CSV as RFC 4180 has it, with cells that a spreadsheet would run made harmless."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from types import NoneType
from typing import TYPE_CHECKING, Any

import attrs

from cronkit.errors import PolicyError
from cronkit.exporters._formats import RowError
from cronkit.exporters._tables import Table, checked_columns

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cronkit.exporters._formats import JSON
    from cronkit.exporters._tables import Cells

# https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA = frozenset("=+-@\t\r")
_HARMLESS = frozenset({int, float, bool, NoneType, Decimal, date, datetime, time, timedelta})
_FORMULA_BYTES = tuple(mark.encode() for mark in "=+-@\t\r")


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

    __slots__ = ("_buffer", "_format", "_has_header", "_table", "_write")

    def __init__(self, format_: Csv, state: Mapping[str, JSON] | None) -> None:
        saved = state.get("columns") if state else None
        columns = tuple(map(str, saved)) if isinstance(saved, (list, tuple)) else format_.columns
        self._format = format_
        self._has_header = saved is not None or not format_.header
        self._table = Table(columns, chosen=format_.columns is not None)
        self._buffer = io.StringIO(newline="")
        self._write = csv.writer(self._buffer, delimiter=format_.delimiter).writerows

    def head(self) -> bytes:
        """Return nothing: the header is written with the first row, which may say what it is."""
        return b""

    def rows(self, batch: Sequence[Any]) -> bytes:
        """Return the rows, and before the first of them the header."""
        rows: list[Cells] = [*self._header(), *self._table.cells(batch)]
        data = self._written(rows)
        if self._format.escape_formulas and _may_run(data, self._format.delimiter.encode()):
            return self._written([tuple(map(_escaped_cell, row)) for row in rows])
        return data

    def tail(self) -> bytes:
        """Return the header of a table that has no rows, where it is known."""
        return self._written([tuple(map(_escaped_cell, row)) for row in self._header()])

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
        try:
            self._write(rows)
        except csv.Error as error:
            raise RowError(0, str(error)) from None
        text = self._buffer.getvalue()
        self._buffer.seek(0)
        self._buffer.truncate()
        return text.encode(errors="backslashreplace")


def _may_run(data: bytes, delimiter: bytes) -> bool:
    """Return whether a cell in `data` may begin with a character that makes it a formula.

    To find two bytes side by side costs a tenth of a look at each cell. It finds too much (a
    negative number), never too little: before a cell stands a delimiter, a quote or a line end.
    """
    if data[:1] in _FORMULA_BYTES:
        return True
    return any(
        before + mark in data
        for mark in _FORMULA_BYTES
        if mark in data
        for before in (delimiter, b'"', b"\n")
    )


def _escaped_cell(cell: object) -> object:
    if type(cell) in _HARMLESS:
        return cell
    text = str(cell)
    return f"'{text}" if text[:1] in _FORMULA else cell
