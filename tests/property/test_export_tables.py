"""Law: a table that is written by columns holds what each of its cells is by itself."""

from __future__ import annotations

import csv
import enum
import io

from hypothesis import example, given
from hypothesis import strategies as st

from cronkit.exporters import Csv, Markdown


class Genre(str, enum.Enum):  # noqa: UP042 -- shows its name, and is its text
    DRAMA = "=drama"


class Shown:
    """An object that shows itself as a text that is drawn."""

    def __init__(self, text):
        self.text = text

    def __str__(self):
        return self.text


# Few characters, most of which mean something somewhere, so that they meet.
TEXT = st.text(st.sampled_from('ab1 =+-@\t\r\n",;|%\\<&*_`[]~\x1f\ud800é'), max_size=6)
HARMLESS = (
    st.integers()
    | st.floats()
    | st.booleans()
    | st.decimals(allow_nan=False)
    | st.dates()
    | st.datetimes()
    | st.times()
    | st.timedeltas()
)
CELL = TEXT | HARMLESS | st.none() | st.just(Genre.DRAMA) | TEXT.map(Shown)
COLUMN_KINDS = (TEXT, st.integers(), st.floats(), HARMLESS, st.none() | TEXT, CELL)


@st.composite
def tables(draw):
    """Rows; the cells of most columns are of one kind, as they are in an export."""
    cells = draw(st.lists(st.sampled_from(COLUMN_KINDS), min_size=1, max_size=4))
    return draw(st.lists(st.tuples(*cells), min_size=1, max_size=6))


def text_of(cell):
    if cell is None:
        return ""
    return cell.value if isinstance(cell, Genre) else str(cell)


def made_harmless(cell):
    text = text_of(cell)
    runs = text[:1] in {"=", "+", "-", "@", "\t", "\r"} and isinstance(cell, (str, Shown))
    return f"'{text}" if runs else text


def by_the_standard_library(rows, delimiter):
    file = io.StringIO(newline="")
    csv.writer(file, delimiter=delimiter).writerows(rows)
    return file.getvalue().encode(errors="backslashreplace")


DELIMITERS = st.sampled_from(",;\t|-.e1 %=")


@given(tables(), DELIMITERS)
@example([(-5, "2026-03-01"), (5, "-1")], ",")
@example([("a", ""), ("", "")], ",")
@example([(None,), ("",)], ",")
@example([(1.5e-9,), (True,)], "e")
def test_csv_without_escaping_is_what_the_standard_library_writes(rows, delimiter):
    writer = Csv(header=False, delimiter=delimiter, escape_formulas=False).writer()
    assert writer.rows(rows) == by_the_standard_library(
        [tuple(map(text_of, row)) for row in rows], delimiter
    )


@given(tables(), DELIMITERS)
@example([("=1", "b"), ("b", "\x1f=1")], ",")
def test_csv_escapes_each_cell_that_would_run_and_no_other(rows, delimiter):
    writer = Csv(header=False, delimiter=delimiter).writer()
    data = writer.rows(rows)
    assert data == by_the_standard_library(
        [tuple(map(made_harmless, row)) for row in rows], delimiter
    )
    # No cell that a spreadsheet reads begins with what it would run, numbers apart.
    read = list(csv.reader(io.StringIO(data.decode(), newline=""), delimiter=delimiter))
    for row, cells in zip(rows, read, strict=True):
        for cell, text in zip(row, cells, strict=True):
            assert not isinstance(cell, (str, Shown)) or not text.startswith(
                ("=", "+", "-", "@", "\t", "\r")
            )


@given(tables())
def test_rows_written_at_once_are_the_rows_written_one_by_one(rows):
    for format_ in (Csv(header=False), Markdown(columns=[str(n) for n in range(len(rows[0]))])):
        at_once, one_by_one = format_.writer(), format_.writer()
        assert at_once.rows(rows) == b"".join(one_by_one.rows([row]) for row in rows)


@given(tables())
def test_a_markdown_table_has_each_row_on_one_line_with_all_its_cells(rows):
    writer = Markdown(columns=[f"column {number}" for number in range(len(rows[0]))]).writer()
    _, _, *lines = writer.rows(rows).decode().split("\n")[:-1]
    assert len(lines) == len(rows)
    for row, line in zip(rows, lines, strict=True):
        assert line == "| " + " | ".join(map(_escaped, row)) + " |"


def _escaped(cell):
    shown = ""
    characters = iter(text_of(cell).replace("\r\n", "\n"))
    for character in characters:
        if character in "\\|*_`[]~":
            shown += f"\\{character}"
        else:
            shown += {"&": "&amp;", "<": "&lt;", "\n": "<br>", "\r": "<br>"}.get(
                character, character
            )
    return shown.encode(errors="backslashreplace").decode()
