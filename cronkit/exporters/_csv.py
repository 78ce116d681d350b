"""CSV as RFC 4180 has it, with cells that a spreadsheet would run made harmless."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import chain
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
        rows: list[Cells] = self._table.cells(batch)
        if self._format.escape_formulas:
            rows = _escaped(rows)
        try:
            self._write([*self._header(), *rows])
        except csv.Error as error:
            raise RowError(0, str(error)) from None
        return self._take()

    def tail(self) -> bytes:
        """Return the header of a table that has no rows, where it is known."""
        self._write(self._header())
        return self._take()

    def state(self) -> Mapping[str, JSON]:
        """Return the columns, once they are known."""
        return {"columns": list(self._table.columns)} if self._table.columns else {}

    def _header(self) -> list[Cells]:
        if self._has_header or self._table.columns is None:
            return []
        self._has_header = True
        if not self._table.named:
            return []
        header = [self._table.columns]
        return _escaped(header) if self._format.escape_formulas else header

    def _take(self) -> bytes:
        text = self._buffer.getvalue()
        self._buffer.seek(0)
        self._buffer.truncate()
        return text.encode(errors="backslashreplace")


def _escaped(rows: list[Cells]) -> list[Cells]:
    """Return the rows with an apostrophe before each text that would run as a formula."""
    # Most batches have none; to look costs a tenth of the writing.
    suspects = [
        cell
        for cell in chain.from_iterable(rows)
        if type(cell) not in _HARMLESS and str(cell)[:1] in _FORMULA
    ]
    if not suspects:
        return rows
    return [tuple(map(_escaped_cell, row)) for row in rows]


def _escaped_cell(cell: object) -> object:
    if type(cell) in _HARMLESS:
        return cell
    text = str(cell)
    return f"'{text}" if text[:1] in _FORMULA else cell
