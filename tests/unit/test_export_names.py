"""Names of exports sort by the order in which they were made, whatever the clock does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from cronkit.errors import PolicyError
from cronkit.exporters._names import PATTERN, Grammar, Stamp

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_a_name_is_built_from_name_stamp_number_and_extension():
    grammar = Grammar("export-json", "json")
    assert grammar.write(Stamp("20260301-120000", 0), "") == "export-json-20260301-120000.json"
    assert grammar.write(Stamp("20260301-120000", 7), ".gz") == (
        "export-json-20260301-120000_007.json.gz"
    )


def test_names_within_one_second_and_after_the_clock_went_back_still_rise():
    grammar, newest, names = Grammar("x", "csv"), None, []
    steps = [0, 0, 0, 1, -3600, -86_400, 2, 2, 1_000_000, 0]
    for step in steps:
        newest = grammar.next(newest, NOON + timedelta(seconds=step))
        names.append(grammar.write(newest, ""))
    assert names == sorted(set(names))
    assert names[:4] == [
        "x-20260301-120000.csv",
        "x-20260301-120000_001.csv",
        "x-20260301-120000_002.csv",
        "x-20260301-120001.csv",
    ]


def test_thousands_of_names_of_one_second_rise():
    grammar, newest, names = Grammar("x", "csv"), None, []
    for _ in range(3_500):
        newest = grammar.next(newest, NOON)
        names.append(grammar.write(newest, ""))
    assert names == sorted(set(names))
    assert names[999:1001] == ["x-20260301-120000_999.csv", "x-20260301-120000_999_001.csv"]
    assert [grammar.read(name) for name in names] == [
        Stamp("20260301-120000", number) for number in range(3_500)
    ]


def test_in_the_repeated_hour_names_go_on_rising():
    zone, grammar, newest, names = ZoneInfo("Europe/Paris"), Grammar("x", "csv"), None, []
    start = datetime(2026, 10, 24, 23, 30, tzinfo=UTC)
    for minutes in range(0, 180, 7):
        newest = grammar.next(newest, (start + timedelta(minutes=minutes)).astimezone(zone))
        names.append(grammar.write(newest, ""))
    assert names == sorted(set(names))


@pytest.mark.parametrize(
    "name",
    [
        "export-20260301-120000.json",
        "export-20260301-120000.json.gz",
        "export-20260301-120000.json.zst",
        "export-20260301-120000_001.json",
        "export-20260301-120000_999_017.json",
    ],
)
def test_a_name_of_the_grammar_is_read(name):
    assert Grammar("export", "json").read(name) is not None


@pytest.mark.parametrize(
    "name",
    [
        "export-20260301-120000.jsonl", "export-20260301-120000.json.bak", "export-2026.json",
        "export-json-20260301-120000.json", "xexport-20260301-120000.json",
        "export-20260301-120000_1.json", "export-20260301-120000_001_002.json",
        "export-20260301-120000.json\n", "export-२०२६०३०१-120000.json", ".export.json", "",
        "../export-20260301-120000.json", "export-20260301-120000.json/x", "export-latest.json",
    ],
)  # fmt: skip
def test_any_other_name_is_not(name):
    assert Grammar("export", "json").read(name) is None


def test_characters_of_the_name_stand_for_themselves():
    assert Grammar("a.b", "csv").read("axb-20260301-120000.csv") is None
    assert Grammar("a.b", "csv").read("a.b-20260301-120000.csv") is not None


@pytest.mark.parametrize(
    ("pattern", "example"),
    [
        (PATTERN, "x-20260301-120000.md"),
        ("{stamp:%Y-%m-%d}_{name}{seq}.{ext}", "2026-03-01_x.md"),
        ("{name} of {stamp:%Y%m%d %H}{seq}.{ext}", "x of 20260301 12.md"),
        ("{name}{stamp:%Y}{seq}.{ext}", "x2026.md"),
    ],
)
def test_a_pattern_may_be_chosen_as_long_as_its_names_sort(pattern, example):
    grammar = Grammar("x", "md", pattern)
    first = grammar.next(None, NOON)
    assert grammar.write(first, "") == example
    assert grammar.read(example) == first
    second = grammar.next(first, NOON)
    assert grammar.write(second, "") > example
    assert grammar.read(grammar.write(second, "")) == second


@pytest.mark.parametrize(
    "pattern",
    [
        "", "x", None, "{name}.{ext}", "{name}-{stamp:%Y}.{ext}", "{stamp:%Y}{seq}.{ext}",
        "{name}-{stamp:%d-%m-%Y}{seq}.{ext}",  # does not sort
        "{name}-{stamp:%H%M%S}{seq}.{ext}", "{name}-{stamp:%Y%j}{seq}.{ext}",
        "{name}-{stamp}{seq}.{ext}", "{name}-{stamp:%Y%Y}{seq}.{ext}",
        "{name}-{seq}{stamp:%Y}.{ext}", "{name}-{stamp:%Y}{seq}.{ext}.bak",
        "../{name}-{stamp:%Y}{seq}.{ext}", ".{name}-{stamp:%Y}{seq}.{ext}",
        "{name}/{stamp:%Y}{seq}.{ext}", "{name}-{stamp:%Y/%m}{seq}.{ext}",
        "{name}{name}-{stamp:%Y}{seq}.{ext}", "{other}{name}-{stamp:%Y}{seq}.{ext}",
        "{name!r}-{stamp:%Y}{seq}.{ext}", "{name:>9}-{stamp:%Y}{seq}.{ext}",
        "{name-{stamp:%Y}{seq}.{ext}", "{name}-{stamp:%Y\x00}{seq}.{ext}", 7,
    ],
)  # fmt: skip
def test_a_pattern_whose_names_would_not_sort_or_leave_the_folder_is_refused(pattern):
    with pytest.raises(PolicyError, match="pattern"):
        Grammar("x", "md", pattern)


@pytest.mark.parametrize("name", ["", "a/b", "../x", ".hidden", "a b", 7, None, "x" * 129])
def test_a_name_that_could_leave_or_hide_is_refused(name):
    with pytest.raises(PolicyError, match="name"):
        Grammar(name, "md")
