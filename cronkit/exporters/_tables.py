"""Rows as tuples of cells, and cells as text: what CSV and Markdown share.

A row is a dict, an attrs instance, or a sequence. Most columns hold numbers, or text in which
nothing stands that has a meaning in the format. So cells are looked at by columns, with a few calls
into C for each; only the cells of a column where something was found are gone through one by one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from operator import countOf, itemgetter
from typing import TYPE_CHECKING, Any, TypeGuard

import attrs

from cronkit.errors import PolicyError, shown
from cronkit.exporters._formats import RowError, fields

if TYPE_CHECKING:
    from collections.abc import Callable

Cells = tuple[Any, ...]

NUMBERS: frozenset[type] = frozenset({int, float, bool})
"""Types whose values are written as they show themselves."""

EDGE = "\x1f"
"""What stands between the cells of a column that is looked at as one text."""

_TEXT = {str}


def checked_columns(value: Sequence[str] | None) -> tuple[str, ...] | None:
    """Return `value` as the names of columns.

    Raises:
        PolicyError: it is empty, a name is no text, or one stands there twice.
    """
    if value is None:
        return None
    if isinstance(value, str) or not isinstance(value, Sequence) or not value:
        raise PolicyError("columns", value, "a list of column names")
    if not all(isinstance(name, str) for name in value) or len(set(value)) < len(value):
        raise PolicyError("columns", value, "a list of different column names")
    return tuple(value)


class Table:
    """The columns of one file, and the way from rows to cells.

    Args:
        columns: their names; ``None``: the first row says them.
        chosen: whether the caller named them; what a row has beside them is then left out on
            purpose, and otherwise refused.

    Attributes:
        columns: their names; a sequence numbers them.
        named: whether they have names of their own.
    """

    __slots__ = ("_chosen", "_get", "columns", "named")

    def __init__(self, columns: tuple[str, ...] | None, *, chosen: bool) -> None:
        self._chosen = chosen
        self.named = True
        self._get: Callable[[Any], Cells] | None = None
        self.columns: tuple[str, ...] | None = None
        if columns is not None:
            self._set(columns)

    def _set(self, columns: tuple[str, ...]) -> None:
        self.columns = columns
        get = itemgetter(*columns)
        self._get = get if len(columns) > 1 else lambda row: (get(row),)

    def cells(self, batch: Sequence[Any]) -> list[Cells]:
        """Return the cells of each row.

        Raises:
            RowError: a row has other columns than the table.
        """
        if self.columns is None:
            self._learn(batch[0])
        columns = self.columns or ()
        if countOf(map(type, batch), dict) == len(batch) and (
            self._chosen or countOf(map(len, batch), len(columns)) == len(batch)
        ):
            try:
                return list(map(self._get, batch))  # type: ignore[arg-type]  # set with the columns
            except KeyError:
                pass
        return [self._cells(index, row, columns) for index, row in enumerate(batch)]

    def _learn(self, row: object) -> None:
        """Take the columns from the first row; a sequence numbers them."""
        if isinstance(row, Mapping):
            names = [str(name) for name in row]
        elif attrs.has(type(row)):
            names = list(fields(row))
        elif _is_sequence(row):
            names = [str(number) for number in range(1, len(row) + 1)]
            self.named = False
        else:
            raise RowError(0, f"{shown(row)} is neither a dict, an attrs instance nor a sequence")
        if not names:
            raise RowError(0, "the first row has no columns")
        self._set(tuple(names))

    def _cells(self, index: int, row: Any, columns: tuple[str, ...]) -> Cells:
        if _is_sequence(row):
            if len(row) != len(columns):
                raise RowError(index, f"it has {len(row)} cells, the table {len(columns)}")
            return tuple(row)
        found = row if isinstance(row, Mapping) else fields(row) if attrs.has(type(row)) else None
        if found is None:
            raise RowError(
                index, f"{shown(row)} is neither a dict, an attrs instance nor a sequence"
            )
        if not self._chosen:
            for name in found:
                if name not in columns:
                    raise RowError(index, f"it has {shown(name)} beside the columns {columns}")
        return tuple(found.get(name) for name in columns)


def formatted(
    rows: Sequence[Cells],
    line: str,
    *,
    cell: Callable[[object], str],
    is_plain: Callable[[str], bool],
    numbers: frozenset[type] = NUMBERS,
) -> str:
    r"""Return `rows` as text.

    Args:
        rows: all of one length.
        line: of a row, with ``%s`` in the place of each cell.
        cell: a value as the text of its cell.
        is_plain: whether text cells, joined by `EDGE`, are their own text; ``False`` if in doubt.
        numbers: the types of values that are their own text.

    Example:
        >>> rows = [(1, "a"), (2, "b\n")]
        >>> formatted(rows, "%s %s;", cell=repr, is_plain=lambda text: "\n" not in text)
        "1 'a';2 'b\\n';"
    """
    cells = tuple(chain.from_iterable(rows))
    width = len(cells) // max(1, len(rows))
    changed: dict[int, list[str]] = {}
    for index in range(width):
        column = cells[index::width]
        kinds = _kinds(column)
        if not (kinds <= numbers or (kinds == _TEXT and is_plain(EDGE.join(column)))):
            changed[index] = list(map(cell, column))
    if changed:
        written: list[object] = list(cells)
        for index, texts in changed.items():
            written[index::width] = texts
        cells = tuple(written)
    return (line * len(rows)) % cells


def _kinds(column: Cells) -> set[type]:
    # To count is faster than to build a set, and most columns hold one type.
    first = type(column[0])
    return {first} if countOf(map(type, column), first) == len(column) else set(map(type, column))


def text_of(value: object) -> str:
    """Return what a cell shows: nothing for ``None``, the text itself of a kind of text.

    Example:
        >>> text_of(None), text_of(1.5)
        ('', '1.5')
    """
    if type(value) is str:
        return value
    if value is None:
        return ""
    # An enum of texts shows its name, and is its text.
    return str.__str__(value) if isinstance(value, str) else str(value)


def _is_sequence(row: object) -> TypeGuard[Sequence[object]]:
    return isinstance(row, Sequence) and not isinstance(row, (str, bytes))
