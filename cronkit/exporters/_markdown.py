"""Markdown: a table, or a listing in groups whose lines the caller writes."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import attrs

from cronkit.errors import PolicyError, shown
from cronkit.exporters._formats import RowError
from cronkit.exporters._tables import Table, checked_columns, formatted, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cronkit.exporters._formats import JSON, FormatWriter
    from cronkit.exporters._tables import Cells

# The order matters: what a later pair writes, an earlier one must not see.
_IN_CELLS = (
    ("\\", "\\\\"),
    ("&", "&amp;"),
    ("<", "&lt;"),
    *((mark, f"\\{mark}") for mark in "|*_`[]~"),
    ("\r\n", "<br>"),
    ("\n", "<br>"),
    ("\r", "<br>"),
)
# One character each: to look for two takes ten times as long.
_MEANT = tuple(meant for meant, _ in _IN_CELLS if len(meant) == 1)
_ACTIVE = re.compile(r"([\\`*_{}\[\]<>#|~])")


@attrs.frozen(kw_only=True)
class Markdown:
    """A table of rows, or with `line` a listing, under headings with `group`.

    Text in cells, headings and the title is escaped. What `line` returns is Markdown and stands
    as it is.

    Args:
        title: the heading of the file.
        columns: which columns, in which order; without it, those of the first row.
        line: a function from a row to its line of the listing.
        group: a function from a row to its group; a heading comes whenever it changes, so sort
            the rows by it.

    Raises:
        PolicyError: a column and a line, or a group without a line.

    Example:
        >>> albums = [{"artist": "Air", "title": "Moon Safari", "year": 1998}]
        >>> markdown = Markdown(
        ...     group=lambda album: album["artist"],
        ...     line=lambda album: f"- {album['title']} ({album['year']})",
        ... )
        >>> print(markdown.writer().rows(albums).decode().strip())
        ## Air
        <BLANKLINE>
        - Moon Safari (1998)
    """

    extension = "md"
    resumable = True

    title: str | None = None
    columns: tuple[str, ...] | None = attrs.field(default=None, converter=checked_columns)
    line: Callable[[Any], str] | None = None
    group: Callable[[Any], object] | None = None

    def __attrs_post_init__(self) -> None:
        if self.title is not None and not isinstance(self.title, str):
            raise PolicyError("title", self.title, "text")
        for name, value in (("line", self.line), ("group", self.group)):
            if value is not None and not callable(value):
                raise PolicyError(name, value, "a function of a row")
        if self.columns is not None and self.line is not None:
            raise PolicyError(
                "columns", self.columns, "either columns (a table) or line (a listing)"
            )
        if self.group is not None and self.line is None:
            raise PolicyError("group", self.group, "only together with line=")

    def writer(self, state: Mapping[str, JSON] | None = None) -> FormatWriter:
        """Return the writer of a file."""
        if self.line is not None:
            return ListingWriter(self, self.line, state)
        return TableWriter(self, state)


def _title(format_: Markdown) -> bytes:
    return f"# {inline(format_.title)}\n\n".encode() if format_.title else b""


class TableWriter:
    """Writes one Markdown table."""

    __slots__ = ("_format", "_has_header", "_table")

    def __init__(self, format_: Markdown, state: Mapping[str, JSON] | None) -> None:
        saved = state.get("columns") if state else None
        columns = tuple(map(str, saved)) if isinstance(saved, (list, tuple)) else format_.columns
        self._format = format_
        self._has_header = saved is not None
        self._table = Table(columns, chosen=format_.columns is not None)

    def head(self) -> bytes:
        """Return the title."""
        return _title(self._format)

    def rows(self, batch: Sequence[Any]) -> bytes:
        """Return the rows, and before the first of them the names of the columns."""
        rows = self._table.cells(batch)
        header = self._header()
        return (header + self._lines(rows)).encode(errors="backslashreplace")

    def tail(self) -> bytes:
        """Return the names of the columns of a table that has no rows, where they are known."""
        return self._header().encode(errors="backslashreplace") if self._table.columns else b""

    def state(self) -> Mapping[str, JSON]:
        """Return the columns, once they are known."""
        return {"columns": list(self._table.columns)} if self._table.columns else {}

    def _header(self) -> str:
        columns = self._table.columns or ()
        if self._has_header:
            return ""
        self._has_header = True
        return self._lines([columns]) + "|" + " --- |" * len(columns) + "\n"

    @staticmethod
    def _lines(rows: list[Cells]) -> str:
        line = "|" + " %s |" * len(rows[0]) + "\n"
        return formatted(rows, line, cell=_cell, is_plain=_is_plain)


def _is_plain(joined: str) -> bool:
    return not any(meant in joined for meant in _MEANT)


def _cell(value: object) -> str:
    text = text_of(value)
    for meant, shown_ in _IN_CELLS:
        text = text.replace(meant, shown_)
    return text


class ListingWriter:
    """Writes one listing."""

    __slots__ = ("_format", "_group", "_has_rows", "_line")

    def __init__(
        self, format_: Markdown, line: Callable[[Any], str], state: Mapping[str, JSON] | None
    ) -> None:
        self._format = format_
        self._line = line
        self._has_rows = bool(state and state.get("has_rows"))
        group = state.get("group") if state else None
        self._group = group if isinstance(group, str) else None

    def head(self) -> bytes:
        """Return the title."""
        return _title(self._format)

    def rows(self, batch: Sequence[Any]) -> bytes:
        """Return the lines of the rows, and a heading wherever the group changes."""
        lines: list[str] = []
        for index, row in enumerate(batch):
            line = self._line(row)
            if not isinstance(line, str):
                raise RowError(index, f"line() returned {shown(line)}, not text")
            group = None if self._format.group is None else str(self._format.group(row))
            if group != self._group:
                lines += ["", *self._heading(group)] if self._has_rows else self._heading(group)
                self._group = group
            lines.append(line)
            self._has_rows = True
        return "\n".join([*lines, ""]).encode(errors="backslashreplace")

    @staticmethod
    def _heading(group: str | None) -> list[str]:
        return [f"## {inline(group)}", ""] if group is not None else []

    def tail(self) -> bytes:
        """Return nothing: the last row is the last line."""
        return b""

    def state(self) -> Mapping[str, JSON]:
        """Return the group of the last row."""
        return {"group": self._group, "has_rows": self._has_rows}


def inline(text: str) -> str:
    r"""Return `text` so that Markdown shows it as it is, on one line.

    Example:
        >>> inline("AC/DC *live*\n<b>")
        'AC/DC \\*live\\* \\<b\\>'
    """
    return _ACTIVE.sub(r"\\\1", " ".join(text.split()))
