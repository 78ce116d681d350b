"""A refused text: which field, which part, where, what is allowed, what was likely meant."""

from __future__ import annotations

import pickle

import pytest

from cronkit.cron import CronExpression, CronSyntaxError
from cronkit.errors import PolicyError


def refusal(text: object) -> CronSyntaxError:
    with pytest.raises(CronSyntaxError) as caught:
        CronExpression.parse(text)  # type: ignore[arg-type]
    return caught.value


@pytest.mark.parametrize(
    ("text", "field", "value", "reason"),
    [
        ("75 * * * *", "minute", "75", "75 is not in 0-59"),
        ("0 24 * * *", "hour", "24", "24 is not in 0-23"),
        ("61 0 0 * * *", "second", "61", "61 is not in 0-59"),
        ("0 0 0 * *", "day-of-month", "0", "0 is not in 1-31"),
        ("0 0 1-32 * *", "day-of-month", "32", "32 is not in 1-31"),
        ("0 0 1 13 *", "month", "13", "13 is not in 1-12 or JAN-DEC"),
        ("0 0 * * 8", "day-of-week", "8", "8 is not in 0-7 or SUN-SAT"),
        ("0 0 0 1 1 * 1969", "year", "1969", "1969 is not in 1970-2099"),
        (
            "0 0 0 1 1 * 2030-2020",
            "year",
            "2030-2020",
            "2030-2020 goes back, and years do not begin anew",
        ),
        ("12345 * * * *", "minute", "12345", "12345 is not in 0-59"),
        ("00005 * * * *", "minute", "00005", "00005 is longer than 4 digits"),
        ("*/0 * * * *", "minute", "/0", "step '0' is not at least 1"),
        ("*/12345 * * * *", "minute", "/12345", "step '12345' is not a whole number up to 9999"),
        ("*/ * * * *", "minute", "/", "step '' is not a whole number up to 9999"),
        ("*/2/3 * * * *", "minute", "/2/3", "step '2/3' is not a whole number up to 9999"),
        ("1,,2 * * * *", "minute", "", "an item of the list is empty"),
        ("1, * * * *", "minute", "", "an item of the list is empty"),
        ("5- * * * *", "minute", "5-", "'5-' has no value on one side of '-'"),
        ("-5 * * * *", "minute", "-5", "'-5' has no value on one side of '-'"),
        ("1-2-3 * * * *", "minute", "2-3", "'2-3' is not in 0-59"),
        ("*-5 * * * *", "minute", "*", "'*' is not in 0-59"),
        ("0 0 * * 1#6", "day-of-week", "1#6", "'1#6' is not weekday#1 to weekday#5"),
        ("0 0 * * #1", "day-of-week", "#1", "'#1' is not weekday#1 to weekday#5"),
        ("0 0 * * 1-5#2", "day-of-week", "1-5#2", "'1-5#2' is not weekday#1 to weekday#5"),
        ("0 0 L-31 * *", "day-of-month", "L-31", "'L-31' is not L, L-0 to L-30, LW or L-3W"),
        ("0 0 LL * *", "day-of-month", "LL", "'LL' is not L, L-0 to L-30, LW or L-3W"),
        ("0 0 L/2 * *", "day-of-month", "L/2", "'L/2' is not L, L-0 to L-30, LW or L-3W"),
        ("0 0 32W * *", "day-of-month", "32W", "'32W' is not 1W to 31W or LW"),
        ("0 0 1-5W * *", "day-of-month", "1-5W", "'1-5W' is not 1W to 31W or LW"),
        ("0 0 * * L", "day-of-week", "L", "'L' is not 0L to 7L or SUNL to SATL"),
        ("0 0 * * 1-5L", "day-of-week", "1-5L", "'1-5L' is not 0L to 7L or SUNL to SATL"),
    ],
)
def test_the_error_names_the_field_and_the_part_of_it(
    text: str, field: str, value: str, reason: str
) -> None:
    error = refusal(text)
    assert (error.field, error.value, error.reason) == (field, value, reason)
    assert error.expression == text
    assert error.span is not None
    assert text[slice(*error.span)] == value


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("@dayly", "did you mean '@daily'?"),
        ("@anualy", "did you mean '@annually'?"),
        ("@every 5m", 'an interval is not a cron expression; use scheduler.every("90m")'),
        ("@reboot", "to run a job once at the start, call scheduler.run_now(id) after start"),
        ("@daily 5 * * *", "drop what follows it"),
        ("0 0 * * MOND", "did you mean 'MON'?"),
        ("0 0 1 FEV *", "did you mean 'FEB'?"),
        ("0 0 * MON *", "MON is a value of day-of-week"),
        ("0 0 * * JAN", "JAN is a value of month"),
        ("0 0 1#2 * *", "'#' belongs to day-of-week"),
        ("L 0 * * *", "L belongs to day-of-month"),
        ("0 0 * * L", "the last Friday is 5L or FRIL"),
        ("0 0 * * l5", "did you mean '5L'?"),
        ("0 0 W15 * *", "did you mean '15W'?"),
        ("TZ=Europe/Pariss 0 0 * * *", "did you mean 'Europe/Paris'?"),
        ("75 * * * *", None),
    ],
)
def test_the_error_says_what_was_likely_meant(text: str, hint: str | None) -> None:
    assert refusal(text).hint == hint


@pytest.mark.parametrize(
    ("text", "drawing"),
    [
        ("75 * * * *", ["75 * * * *", "^^"]),
        ("0 0 1,5,32 * *", ["0 0 1,5,32 * *", "        ^^"]),
        ("0  0   *  *   8", ["0  0   *  *   8", "              ^"]),
        ("5 */75,*/x * * *", ["5 */75,*/x * * *", "        ^^"]),
        ("TZ=UTC 0 99 * * *", ["TZ=UTC 0 99 * * *", "         ^^"]),
        ("TZ=Nowhere @daily", ["TZ=Nowhere @daily", "   ^^^^^^^"]),
    ],
)
def test_a_caret_line_points_at_the_fault(text: str, drawing: list[str]) -> None:
    assert str(refusal(text)).split("\n    ")[1:] == drawing


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "the text is empty"),
        (" \t", "the text is empty"),
        ("TZ=UTC", "the text is empty"),
        ("* * *", "3 fields, but an expression has 5 fields"),
        ("* * * * * * * *", "8 fields, but an expression has 5 fields"),
        ("5", "1 field, but an expression has 5 fields"),
        ("@nonsense", "'@nonsense' is not a macro"),
        ("x" * 257, "the text is 257 characters long"),
        ("0 0 * * \u0661", "the character '\\u0661' has no place here"),
        ("0\u00a00 * * *", "the character '\\xa0' has no place here"),
        (None, "None is not text"),
        (b"* * * * *", "b'* * * * *' is not text"),
    ],
)
def test_what_is_no_expression_at_all_is_refused_as_a_whole(text: object, reason: str) -> None:
    error = refusal(text)
    assert error.reason.startswith(reason)
    assert error.field == "expression"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("0 0 30 2 *", "day-of-month 30 never occurs in month 2"),
        ("0 0 31 4,6 *", "day-of-month 31 never occurs in month 4,6"),
        ("0 0 30,31 FEB *", "day-of-month 30,31 never occurs in month FEB"),
        ("0 0 31W 2 *", "day-of-month 31W never occurs in month 2"),
        ("0 0 L-30 4 *", "day-of-month L-30 never occurs in month 4"),
        ("0 0 0 29 2 * 2023", "day-of-month 29 never occurs in month 2 of year 2023"),
        ("0 0 31 2 */2", "day-of-month 31 never occurs in month 2"),
        ("0 0 */30 2 MON#5", "day-of-month */30 on day-of-week MON#5 never occurs in month 2"),
        ("0 0 */28 2 MON#5", None),
        ("0 0 * 2 MON#5", None),
        ("0 0 29 2 *", None),
        ("0 0 31 2 MON", None),
        ("0 0 0 29 2 * 2023-2024", None),
        ("0 0 0 1 1 * 1999", None),
    ],
)
def test_a_date_that_never_comes_is_refused_and_a_rare_one_is_not(
    text: str, reason: str | None
) -> None:
    if reason is None:
        assert str(CronExpression.parse(text)) == text
    else:
        assert refusal(text).reason == reason


def test_the_day_rule_decides_whether_a_date_ever_comes() -> None:
    assert CronExpression.parse("0 0 31 2 MON", day_rule="or")
    with pytest.raises(CronSyntaxError, match="never occurs"):
        CronExpression.parse("0 0 31 2 MON", day_rule="and")
    with pytest.raises(CronSyntaxError, match="never occurs"):
        CronExpression.parse("0 0 1-7 * MON#2", day_rule="and")


@pytest.mark.parametrize(
    "text", ["9" * 256, "*," * 128, "0 0 * * " + "A" * 200, "TZ=" + "x" * 250, "@" + "d" * 200]
)
def test_a_message_is_short_whatever_the_text(text: str) -> None:
    assert len(str(refusal(text))) <= 200


def test_an_error_pickles_with_all_it_knows() -> None:
    error = refusal("TZ=UTC 0 0 * * MOND")
    again = pickle.loads(pickle.dumps(error))
    assert str(again) == str(error)
    assert vars(again) == vars(error)


@pytest.mark.parametrize(
    ("option", "allowed"),
    [
        ({"dialect": "quartz"}, "'cronkit', 'croniter'"),
        ({"day_rule": "xor"}, "'and', 'or'"),
        ({"gap": "fire"}, "'run', 'skip'"),
        ({"fold": "twice"}, "'first', 'second', 'both'"),
        ({"fold": ["first"]}, "'first', 'second', 'both'"),
    ],
)
def test_an_option_that_does_not_exist_is_refused_with_those_that_do(
    option: dict[str, str], allowed: str
) -> None:
    with pytest.raises(PolicyError) as caught:
        CronExpression.parse("0 0 * * *", **option)  # type: ignore[arg-type]
    assert caught.value.argument == next(iter(option))
    assert caught.value.allowed == allowed
