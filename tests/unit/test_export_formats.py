"""Rows as JSON, JSON Lines, CSV and Markdown: what a reader gets back, and what is refused."""

from __future__ import annotations

import csv
import enum
import io
import json
import math
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from types import MappingProxyType
from uuid import UUID

import attrs
import pytest

from cronkit.errors import ExportError, PolicyError
from cronkit.exporters import Csv, Json, JsonLines, Markdown
from cronkit.exporters._formats import RowError, text_encoder
from cronkit.exporters._markdown import inline


@attrs.frozen
class Film:
    title: str
    year: int


class Color(enum.Enum):
    RED = "red"


def written(format_, rows, size=2):
    """The bytes of a file whose rows come in batches of `size`, each written by a new process."""
    writer = format_.writer()
    data = writer.head()
    for start in range(0, len(rows), size):
        data += writer.rows(rows[start : start + size])
        writer = format_.writer(json.loads(json.dumps(writer.state())))
    return data + writer.tail()


FILMS = [
    {"title": "Amélie", "year": 2001},
    {"title": 'He said "no", twice\n', "year": None},
    {"title": "", "year": -5},
]


class TestJson:
    @pytest.mark.parametrize("count", range(4))
    def test_rows_alone_are_a_list(self, count):
        assert json.loads(written(Json(), FILMS[:count])) == FILMS[:count]

    @pytest.mark.parametrize("count", range(4))
    def test_an_envelope_stands_around_the_rows(self, count):
        format_ = Json(envelope={"total": count, "made": date(2026, 3, 1)}, items_key="films")
        document = json.loads(written(format_, FILMS[:count]))
        assert document == {"total": count, "made": "2026-03-01", "films": FILMS[:count]}
        assert list(document)[-1] == "films"

    def test_an_envelope_may_be_asked_for_at_the_start_of_each_file(self):
        calls = []
        format_ = Json(envelope=lambda: calls.append(1) or {"call": len(calls)})
        assert json.loads(written(format_, [])) == {"call": 1, "items": []}
        assert json.loads(written(format_, FILMS)) == {"call": 2, "items": FILMS}

    def test_a_key_alone_makes_an_envelope(self):
        assert json.loads(written(Json(items_key="films"), FILMS)) == {"films": FILMS}
        assert json.loads(written(Json(envelope={}), [])) == {"items": []}

    def test_an_envelope_that_holds_the_key_of_the_rows_is_refused(self):
        with pytest.raises(ExportError, match="'items' itself"):
            Json(envelope={"items": 1}).writer().head()

    def test_an_envelope_without_a_form_is_refused(self):
        with pytest.raises(ExportError, match="envelope"):
            Json(envelope={"f": print}).writer().head()

    @pytest.mark.parametrize(
        ("options", "name"), [({"envelope": 7}, "envelope"), ({"items_key": 7}, "items_key")]
    )
    def test_an_option_out_of_range_is_named(self, options, name):
        with pytest.raises(PolicyError, match=name):
            Json(**options)

    @pytest.mark.parametrize(
        ("value", "read"),
        [
            (datetime(2026, 3, 1, 9, tzinfo=UTC), "2026-03-01T09:00:00+00:00"),
            (time(9, 30), "09:30:00"),
            (timedelta(minutes=1), 60.0),
            (Decimal("1.10"), "1.10"),
            (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
            (Color.RED, "red"),
            (Film("Heat", 1995), {"title": "Heat", "year": 1995}),
            (MappingProxyType({"a": 1}), {"a": 1}),
            ((1, 2), [1, 2]),
            ({1: "a"}, {"1": "a"}),
            ("\ud800", "\ud800"),
            ("line\nend", "line\nend"),
            (10**30, 10**30),
        ],
    )
    def test_values_that_json_does_not_know_have_a_form(self, value, read):
        assert json.loads(written(Json(), [{"v": value}])) == [{"v": read}]
        assert json.loads(written(JsonLines(), [value])) == read

    @pytest.mark.parametrize("value", [math.nan, math.inf, print, object(), {1, 2}, b"x"])
    def test_a_row_without_a_form_is_refused_with_its_place(self, value):
        rows = [{"a": 1}, {"a": {"b": value}}, {"a": 2}]
        for format_ in (Json(), JsonLines()):
            with pytest.raises(RowError) as caught:
                format_.writer().rows(rows)
            assert caught.value.index == 1

    def test_a_row_that_holds_itself_is_refused(self):
        row: dict[str, object] = {}
        row["me"] = row
        with pytest.raises(RowError):
            Json().writer().rows([row])

    def test_each_row_stands_on_a_line_of_its_own(self):
        assert written(Json(), [{"a": 1}, {"a": 2}, {"a": 3}]) == (
            b'[\n{"a":1},\n{"a":2},\n{"a":3}\n]\n'
        )

    def test_without_the_c_encoder_the_bytes_are_the_same(self, monkeypatch):
        expected = written(JsonLines(), FILMS)
        monkeypatch.setattr(json.encoder, "c_make_encoder", None)
        assert written(JsonLines(), FILMS) == expected
        assert text_encoder()({"a": "é"}) == '{"a":"é"}'


class TestJsonLines:
    def test_each_line_is_a_value(self):
        lines = written(JsonLines(), [*FILMS, 7, None, "text"]).decode().splitlines()
        assert [json.loads(line) for line in lines] == [*FILMS, 7, None, "text"]

    def test_no_rows_are_no_lines(self):
        assert written(JsonLines(), []) == b""


def read_csv(data, **options):
    return list(csv.reader(io.StringIO(data.decode(), newline=""), strict=True, **options))


class TestCsv:
    def test_the_first_row_names_the_columns(self):
        assert read_csv(written(Csv(), FILMS)) == [
            ["title", "year"],
            ["Amélie", "2001"],
            ['He said "no", twice\n', ""],
            ["", "-5"],
        ]

    def test_chosen_columns_leave_the_others_out(self):
        rows = [{"b": 2, "a": 1, "c": 3}, {"a": 4}]
        assert read_csv(written(Csv(columns=["a", "b"]), rows)) == [
            ["a", "b"],
            ["1", "2"],
            ["4", ""],
        ]

    @pytest.mark.parametrize(
        "rows",
        [
            [{"a": 1, "b": 2}, {"b": 4, "a": 3}],  # another order
            [Film("a", 1), Film("b", 2)],
            [(1, 2), [3, 4]],
            [MappingProxyType({"a": 1, "b": 2}), {"a": 3, "b": 4}],
            [{"a": 1, "b": 2}, Film],
        ],
    )
    def test_rows_may_be_dicts_instances_and_sequences(self, rows):
        if rows[1] is Film:
            with pytest.raises(RowError, match="neither a dict"):
                Csv().writer().rows(rows)
            return
        first, second = read_csv(written(Csv(), rows))[-2:]
        assert len(first) == len(second) == 2

    def test_sequences_with_named_columns_have_a_header(self):
        assert read_csv(written(Csv(columns=["a", "b"]), [(1, 2), (3, 4)]))[0] == ["a", "b"]
        assert read_csv(written(Csv(), [(1, 2), (3, 4), (5, 6)])) == [
            ["1", "2"],
            ["3", "4"],
            ["5", "6"],
        ]

    def test_a_header_is_not_needed(self):
        assert read_csv(written(Csv(header=False), FILMS))[0] == ["Amélie", "2001"]

    def test_a_table_without_rows_has_its_header_where_it_is_known(self):
        assert read_csv(written(Csv(columns=["a"]), [])) == [["a"]]
        assert written(Csv(), []) == b""

    def test_a_missing_key_is_an_empty_cell(self):
        assert read_csv(written(Csv(), [{"a": 1, "b": 2}, {"a": 3}]))[2] == ["3", ""]

    @pytest.mark.parametrize(
        ("rows", "index", "reason"),
        [
            ([{"a": 1}, {"a": 1, "x": 2}], 1, "'x' beside the columns"),
            ([{"a": 1}, {"x": 2}], 1, "'x' beside the columns"),
            ([(1, 2), (1, 2, 3)], 1, "3 cells, the table 2"),
            ([7], 0, "neither a dict"),
            (["text"], 0, "neither a dict"),
            ([{"a": 1}, None], 1, "neither a dict"),
            ([{}], 0, "no columns"),
        ],
    )
    def test_a_row_that_does_not_fit_is_refused_with_its_place(self, rows, index, reason):
        with pytest.raises(RowError, match=reason) as caught:
            Csv().writer().rows(rows)
        assert caught.value.index == index

    @pytest.mark.parametrize("cell", ["=1+1", "+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1"])
    def test_text_that_a_spreadsheet_would_run_is_made_harmless(self, cell):
        rows = [{"a": "fine", "b": 1}, {"a": cell, "b": -2}]
        assert read_csv(written(Csv(), rows))[2] == [f"'{cell}", "-2"]
        assert read_csv(written(Csv(escape_formulas=False), rows))[2] == [cell, "-2"]

    def test_an_object_that_shows_itself_as_a_formula_is_made_harmless(self):
        class Evil:
            def __str__(self):
                return "=cmd"

        assert read_csv(written(Csv(), [{"a": Evil()}]))[1] == ["'=cmd"]

    def test_a_column_name_that_would_run_is_made_harmless(self):
        assert read_csv(written(Csv(), [{"=1": 1}]))[0] == ["'=1"]

    @pytest.mark.parametrize("value", [-5, -1.5, Decimal(-3), date(2026, 1, 1), None, True])
    def test_numbers_and_dates_are_never_changed(self, value):
        assert read_csv(written(Csv(), [{"a": value, "b": "x"}]))[1][0] == (
            "" if value is None else str(value)
        )

    def test_another_delimiter_may_be_chosen(self):
        rows = [{"a": "x;y", "b": 2}]
        assert read_csv(written(Csv(delimiter=";"), rows), delimiter=";")[1] == ["x;y", "2"]

    @pytest.mark.parametrize(
        ("options", "name"),
        [
            ({"columns": []}, "columns"), ({"columns": "ab"}, "columns"),
            ({"columns": ["a", "a"]}, "columns"), ({"columns": [1]}, "columns"),
            ({"header": 1}, "header"), ({"escape_formulas": "no"}, "escape_formulas"),
            ({"delimiter": ""}, "delimiter"), ({"delimiter": ",,"}, "delimiter"),
            ({"delimiter": '"'}, "delimiter"), ({"delimiter": "\n"}, "delimiter"),
        ],
    )  # fmt: skip
    def test_an_option_out_of_range_is_named(self, options, name):
        with pytest.raises(PolicyError) as caught:
            Csv(**options)
        assert caught.value.argument == name

    def test_one_column_is_enough(self):
        assert read_csv(written(Csv(), [{"a": 1}, {"a": None}])) == [["a"], ["1"], [""]]


class TestMarkdownTable:
    def test_a_table_has_names_a_line_and_rows(self):
        assert written(Markdown(title="Films"), FILMS[:1]).decode() == (
            "# Films\n\n| title | year |\n| --- | --- |\n| Amélie | 2001 |\n"
        )

    @pytest.mark.parametrize(
        ("cell", "shown"),
        [
            ("a|b", "a\\|b"),
            ("a\nb\r\nc\rd", "a<br>b<br>c<br>d"),
            ("<script>", "&lt;script>"),
            ("&copy;", "&amp;copy;"),
            ("*b* _i_ `c` [l](u) ~~s~~", "\\*b\\* \\_i\\_ \\`c\\` \\[l\\](u) \\~\\~s\\~\\~"),
            ("back\\slash", "back\\\\slash"),
            ("\\|", "\\\\\\|"),
            (None, ""),
            ("\x1f\x1e", "\x1f\x1e"),
            ("%s %d", "%s %d"),
            (1.5, "1.5"),
            ("\ud800", "\\ud800"),
        ],
    )
    def test_a_cell_is_shown_as_it_is(self, cell, shown):
        lines = written(Markdown(), [{"a": cell, "b": 1}]).decode().split("\n")
        assert lines[2] == f"| {shown} | 1 |"
        assert len(lines) == 4

    def test_every_row_is_one_line_also_over_several_batches(self):
        rows = [{"n": number, "t": "x|\n"} for number in range(11)]
        lines = written(Markdown(columns=["n", "t"]), rows, size=4).decode().splitlines()
        assert lines[2:] == [f"| {number} | x\\|<br> |" for number in range(11)]

    def test_a_table_without_rows_has_its_names_where_they_are_known(self):
        assert written(Markdown(columns=["a"]), []).decode() == "| a |\n| --- |\n"
        assert written(Markdown(), []) == b""


ALBUMS = [
    {"artist": "Air", "title": "Moon Safari", "year": 1998},
    {"artist": "Air", "title": "Talkie Walkie", "year": 2004},
    {"artist": "*Beck*", "title": "Sea Change", "year": 2002},
]
LISTING = Markdown(
    title="Collection",
    group=lambda album: album["artist"],
    line=lambda album: f"- {album['title']} ({album['year']})",
)


class TestMarkdownListing:
    @pytest.mark.parametrize("size", [1, 2, 3])
    def test_rows_stand_under_the_headings_of_their_groups(self, size):
        assert written(LISTING, ALBUMS, size).decode() == (
            "# Collection\n\n"
            "## Air\n\n- Moon Safari (1998)\n- Talkie Walkie (2004)\n\n"
            "## \\*Beck\\*\n\n- Sea Change (2002)\n"
        )

    def test_lines_alone_have_no_headings(self):
        format_ = Markdown(line=lambda album: f"* {album['title']}")
        assert written(format_, ALBUMS[:2]).decode() == "* Moon Safari\n* Talkie Walkie\n"

    def test_a_line_that_is_no_text_is_refused(self):
        with pytest.raises(RowError, match="line\\(\\) returned 7"):
            Markdown(line=lambda _: 7).writer().rows([1])

    @pytest.mark.parametrize(
        ("options", "name"),
        [
            ({"group": len}, "group"),
            ({"line": len, "columns": ["a"]}, "columns"),
            ({"line": 7}, "line"),
            ({"line": str, "group": 7}, "group"),
            ({"title": 7}, "title"),
            ({"columns": []}, "columns"),
        ],
    )
    def test_options_that_do_not_go_together_are_named(self, options, name):
        with pytest.raises(PolicyError) as caught:
            Markdown(**options)
        assert caught.value.argument == name

    def test_a_heading_is_one_line_that_shows_its_text(self):
        assert inline("a\n# b <i> `c`") == "a \\# b \\<i\\> \\`c\\`"
