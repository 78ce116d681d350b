"""cronkit next, explain and compare: what they print, as text and as JSON, and how they refuse."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from cronkit.cli import main

WINTER = ["--tz", "Europe/Paris", "--after", "2026-01-01T12:00"]


def run(capsys, *argv):
    """Run the command; return its exit code and what it printed on both streams."""
    code = main(argv)
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def as_json(capsys, *argv):
    code, out, _ = run(capsys, *argv, "--json")
    assert code == 0
    return json.loads(out)


# --- next ---------------------------------------------------------------------------------------


def test_next_prints_a_line_for_each_fire_time(capsys):
    code, out, err = run(capsys, "next", "0 9 * * 1-5", *WINTER, "-n", "3")
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "2026-01-02T09:00:00+01:00  Friday",
        "2026-01-05T09:00:00+01:00  Monday",
        "2026-01-06T09:00:00+01:00  Tuesday",
    ]


def test_next_prints_five_in_utc_from_now_on_unless_told_otherwise(capsys):
    code, out, _ = run(capsys, "next", "* * * * *")
    assert code == 0
    assert [line[19:25] for line in out.splitlines()] == ["+00:00"] * 5


def test_next_as_json(capsys):
    assert as_json(capsys, "next", "0 9 * * mon", *WINTER, "-n", "1") == {
        "expression": "TZ=Europe/Paris 0 9 * * MON",
        "zone": "Europe/Paris",
        "after": "2026-01-01T12:00:00+01:00",
        "fire_times": ["2026-01-05T09:00:00+01:00"],
    }


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (["TZ=Asia/Tokyo 0 9 * * *", "--after", "2026-01-01"], "2026-01-01T09:00:00+09:00"),
        (["0 9 * * *", "--after", "2026-01-01T12:00+01:00"], "2026-01-02T09:00:00+00:00"),
        (["30 2 * * *", "--tz", "Europe/Paris", "--after", "2026-03-29"], "2026-03-29T03:00:00+02:00"),
        (
            ["30 2 * * *", "--tz", "Europe/Paris", "--after", "2026-03-29", "--gap", "skip"],
            "2026-03-30T02:30:00+02:00",
        ),
        (
            ["30 2 * * *", "--tz", "Europe/Paris", "--after", "2026-10-25", "--fold", "second"],
            "2026-10-25T02:30:00+01:00",
        ),
        (["0 0 13 * FRI", "--after", "2026-02-01", "--day-rule", "and"], "2026-02-13T00:00:00+00:00"),
        (["0 9 * * L5", "--after", "2026-01-01", "--dialect", "croniter"], "2026-01-30T09:00:00+00:00"),
        (["H(7-7) 9 * * *", "--after", "2026-01-01", "--seed", "job"], "2026-01-01T09:07:00+00:00"),
        (["* * * * *", "--tz", "Europe/Paris", "--after", "2026-03-29T02:30"], "2026-03-29T03:01:00+02:00"),
    ],
)  # fmt: skip
def test_the_arguments_reach_the_expression(capsys, argv, expected):
    assert as_json(capsys, "next", *argv, "-n", "1")["fire_times"] == [expected]


def test_an_expression_whose_years_are_over_has_no_fire_time(capsys):
    argv = ["next", "0 0 9 1 1 * 2020", "--after", "2026-01-01"]
    assert run(capsys, *argv) == (0, "no fire time\n", "")
    assert as_json(capsys, *argv)["fire_times"] == []


# --- explain ------------------------------------------------------------------------------------


def test_explain_prints_the_sentence_the_next_fire_times_and_the_changes_of_the_year(capsys):
    code, out, err = run(capsys, "explain", "30 2 * * *", *WINTER, "-n", "1")
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "at 02:30 every day, in the zone Europe/Paris",
        "",
        "next:",
        "  2026-01-02T02:30:00+01:00  Friday",
        "",
        "changes of the offset in 2026:",
        "  on 2026-03-29 02:30 does not exist in Europe/Paris: runs at 03:00",
        "  on 2026-10-25 02:30 comes twice in Europe/Paris: runs on the first pass only",
    ]


def test_explain_says_so_where_the_offset_does_not_change(capsys):
    _, out, _ = run(capsys, "explain", "30 2 * * *", "--after", "2026-01-01")
    assert out.splitlines()[-2:] == ["changes of the offset in 2026:", "  none in UTC"]


def test_explain_speaks_french_and_of_another_year(capsys):
    argv = ["explain", "0 9 * * MON", *WINTER, "--lang", "fr", "--year", "2027"]
    _, out, _ = run(capsys, *argv)
    assert out.startswith("à 09:00 le lundi, dans le fuseau Europe/Paris\n")
    assert "changes of the offset in 2027:" in out


def test_explain_as_json(capsys):
    answer = as_json(capsys, "explain", "30 2 * * *", *WINTER, "-n", "1")
    assert answer["sentence"] == "at 02:30 every day, in the zone Europe/Paris"
    assert answer["year"] == 2026
    assert answer["changes"][0] == {
        "at": "2026-03-29T03:00:00+02:00",
        "before_seconds": 3600.0,
        "after_seconds": 7200.0,
        "effect": "moved",
        "sentence": "on 2026-03-29 02:30 does not exist in Europe/Paris: runs at 03:00",
    }


# --- compare ------------------------------------------------------------------------------------


def test_compare_finds_no_difference_where_there_is_none(capsys):
    code, out, _ = run(capsys, "compare", "0 9 * * 1-5", *WINTER, "-n", "2")
    assert code == 0
    assert out.splitlines() == [
        "cronkit:   at 09:00 from Monday to Friday",
        "croniter:  at 09:00 from Monday to Friday",
        "",
        "no difference",
        "",
        "next by cronkit               next by croniter",
        "2026-01-02T09:00:00+01:00     2026-01-02T09:00:00+01:00",
        "2026-01-05T09:00:00+01:00     2026-01-05T09:00:00+01:00",
    ]


def test_compare_shows_both_readings_side_by_side(capsys):
    code, out, _ = run(capsys, "compare", "5-5 * * * *", "--after", "2026-01-01", "-n", "2")
    assert code == 0
    assert out.splitlines() == [
        "cronkit:   at minute 5 of every hour",
        "croniter:  every minute",
        "",
        "differences:",
        "  minute: cronkit reads 5-5, croniter 0-59",
        "  a-a is a alone to cronkit and the whole field to croniter",
        "",
        "next by cronkit               next by croniter",
        "2026-01-01T00:05:00+00:00   | 2026-01-01T00:01:00+00:00",
        "2026-01-01T01:05:00+00:00   | 2026-01-01T00:02:00+00:00",
    ]


@pytest.mark.parametrize(
    ("text", "reasons"),
    [
        (
            "0 0 */2 * FRI",
            ["both day fields: croniter fires when either of them matches", "as in Vixie's cron"],
        ),
        ("0 0 1,* * FRI", ["both day fields: cronkit fires when either", "as in Vixie"]),
        ("30 0 9 * * 1", ["second: cronkit reads 30", "the seconds first, croniter last"]),
        ("50-10/15 * * * *", ["minute: cronkit reads 50-10/15, croniter 6,50", "longer there"]),
        ("0 0 * * 4/1", ["day-of-week: cronkit reads 4/1, croniter 4-6", "Saturday"]),
        ("0 0 13 * 5#2", ["day-of-month: cronkit reads 13, croniter *", "both count"]),
        ("0 0 31W * *", ["day-of-month: cronkit reads 31W, croniter LW", "lacks the day"]),
        ("0 0 * * 5L", ["croniter does not read it: day-of-week: croniter does not read '5L'"]),
        ("0 0 * * L5", ["cronkit does not read it: day-of-week"]),
        ("0 0 30W * *", ["dialect='croniter' does not read it", "in February"]),
        (
            "*/10 2 * * *",
            [("on 2026-03-29 all fire times from 02:00 to 02:50 do not exist in Europe/Paris: "
             "do not run; croniter runs also at 2026-03-29T03:00:00+02:00")],
        ),
        (
            "30 2 * * *",
            [("on 2026-10-25 02:30 comes twice in Europe/Paris: runs on the first pass only; "
             "croniter runs also at 2026-10-25T02:30:00+01:00")],
        ),
    ],
)  # fmt: skip
def test_compare_gives_the_reason(capsys, text, reasons):
    answer = as_json(capsys, "compare", text, *WINTER)
    assert not answer["same"]
    assert answer["reasons"]
    for reason in reasons:
        assert any(reason in each for each in answer["reasons"]), answer["reasons"]


def test_compare_names_no_rule_that_has_no_part_in_the_difference(capsys):
    answer = as_json(capsys, "compare", "5-5 9 * * 1", "--after", "2026-01-01")
    assert len(answer["reasons"]) == 2
    alike = as_json(capsys, "compare", "0 9 L * *", "--after", "2026-01-01")
    assert (alike["same"], alike["reasons"]) == (True, [])


def test_compare_lists_few_of_many_times(capsys):
    (reason,) = as_json(capsys, "compare", "* 2 * * *", *WINTER)["reasons"]
    assert "croniter runs also at 2026-03-29T03:00:00+02:00" in reason
    (reason,) = as_json(capsys, "compare", "0-59 2 * * *", *WINTER)["reasons"]
    assert reason.count("2026-10-25T") == 3
    assert reason.endswith("and 57 more times")


def test_compare_takes_the_zone_from_the_text_and_hides_it_from_croniter(capsys):
    answer = as_json(capsys, "compare", "TZ=Asia/Tokyo 0 9 * * *", "--after", "2026-01-01T00:00")
    assert (answer["text"], answer["zone"], answer["same"]) == ("0 9 * * *", "Asia/Tokyo", True)


def test_compare_hashes_with_the_seed_on_both_sides(capsys):
    answer = as_json(capsys, "compare", "H 9 * * *", *WINTER, "--seed", "export")
    assert answer["cronkit"]["expression"] != answer["croniter"]["expression"]
    assert answer["croniter"]["fire_times"][0].startswith("2026-01-02T09:")


# --- refusals -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["next", "75 * * * *"], "cronkit: minute: 75 is not in 0-59\n    75 * * * *\n    ^^\n"),
        (["next", "* * * * *", "--tz", "Europe/Pariss"], "did you mean 'Europe/Paris'?"),
        (["next", "TZ=Asia/Tokyo * * * * *", "--tz", "UTC"], "the zone that the expression names"),
        (["next", "* * * * *", "-n", "0"], "count: 0 is not accepted"),
        (["next", "* * * * *", "-n", "1001"], "1 to 1000"),
        (["next", "* * * * *", "--after", "soon"], "after: 'soon'"),
        (["next", "* * * * *", "--tz", "Asia/Tokyo", "--after", "0001-01-01"], "after: '0001-01-"),
        (["next", "H * * * *"], "--seed and the id of the job"),
        (["next", "* * * * *", "--gap", "jump"], "gap: 'jump'"),
        (["next", "* * * * *", "--dialect", "quartz"], "dialect: 'quartz'"),
        (["explain", "* * * * *", "--lang", "de"], "lang: 'de'"),
        (["explain", "* * * * *", "--year", "0"], "year: 0"),
        (["explain", "* * *"], "3 fields, but an expression has 5"),
        (["compare", "x"], "1 field, but an expression has 5"),
        (["compare", "75 * * * *"], "minute: 75 is not in 0-59"),
        (["compare", "TZ=Mars/Olympus 0 9 * * *"], "Mars/Olympus"),
        (["compare", "0 9 * * *", "-n", "-1"], "count: -1"),
    ],
)
def test_what_cannot_be_is_told_on_stderr_with_exit_code_2(capsys, argv, words):
    code, out, err = run(capsys, *argv)
    assert (code, out) == (2, "")
    assert err.startswith("cronkit: ")
    assert words in err


@pytest.mark.parametrize("argv", [["next"], ["next", "*", "*"], ["next", "* * * * *", "-n", "x"]])
def test_a_wrong_call_shows_the_usage_with_exit_code_2(capsys, argv):
    with pytest.raises(SystemExit) as caught:
        main(argv)
    assert caught.value.code == 2
    assert "usage: cronkit" in capsys.readouterr().err


def test_the_module_is_the_same_program():
    done = subprocess.run(
        [sys.executable, "-m", "cronkit", "next", "0 9 * * *", "--after", "2026-01-01", "-n", "1"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "2026-01-01T09:00:00+00:00  Thursday\n"
