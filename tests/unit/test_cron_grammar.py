"""What each form of the grammar means, as the plain sets that it stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cronkit.cron import CronExpression
from cronkit.cron._parser import read
from cronkit.cron._search import members

if TYPE_CHECKING:
    from collections.abc import Iterable


def bits(numbers: Iterable[int]) -> int:
    return sum(1 << number for number in set(numbers))


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("*", range(60)),
        ("?", range(60)),
        ("0", [0]),
        ("00", [0]),
        ("0059", [59]),
        ("1,5,5,3", [1, 3, 5]),
        ("10-13", range(10, 14)),
        ("5-5", [5]),
        ("*/15", [0, 15, 30, 45]),
        ("?/15", [0, 15, 30, 45]),
        ("*/1", range(60)),
        ("*/59", [0, 59]),
        ("*/100", [0]),
        ("*/9999", [0]),
        ("10/20", [10, 30, 50]),
        ("59/2", [59]),
        ("10-40/5", [10, 15, 20, 25, 30, 35, 40]),
        ("10-41/5", [10, 15, 20, 25, 30, 35, 40]),
        ("10-12/60", [10]),
        ("5-5/3", [5]),
        ("*/05", range(0, 60, 5)),
        # A range that goes down wraps around, and its step goes on counting over the end.
        ("58-1", [58, 59, 0, 1]),
        ("45-44", range(60)),
        ("55-5/4", [55, 59, 3]),
        ("0-5,58-59,*/30", [0, 1, 2, 3, 4, 5, 30, 58, 59]),
    ],
)
def test_a_minute_field_stands_for_these_minutes(text: str, minutes: Iterable[int]) -> None:
    assert read(f"{text} * * * *").minute == bits(minutes)


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("*", range(7)),
        ("0", [0]),
        ("7", [0]),
        ("SUN", [0]),
        ("sun,Mon,tUE", [0, 1, 2]),
        ("1-5", [1, 2, 3, 4, 5]),
        ("MON-FRI", [1, 2, 3, 4, 5]),
        ("FRI-MON", [5, 6, 0, 1]),
        ("SUN-SAT", range(7)),
        ("SAT-SUN", [6, 0]),
        ("0-7", range(7)),
        ("5-7", [5, 6, 0]),
        ("7-1", [0, 1]),
        ("7-7", [0]),
        ("6-7", [6, 0]),
        ("7-6", range(7)),
        ("1-0", range(7)),
        ("1-7/2", [1, 3, 5, 0]),
        ("*/2", [0, 2, 4, 6]),
        ("0/2", [0, 2, 4, 6]),
        ("7/2", [0]),
        # Up to the largest value, and that is Sunday again.
        ("1/2", [1, 3, 5, 0]),
        ("TUE/2", [2, 4, 6]),
        ("sat-tue/2", [6, 1]),
        ("5-1/2", [5, 0]),
    ],
)
def test_a_weekday_field_stands_for_these_days(text: str, days: Iterable[int]) -> None:
    assert read(f"0 0 * * {text}").weekday == bits(days)


@pytest.mark.parametrize(
    ("text", "months"),
    [
        ("JAN-mar", [1, 2, 3]),
        ("NOV-FEB", [11, 12, 1, 2]),
        ("Apr-Mar/3", [4, 7, 10, 1]),
        ("*/5", [1, 6, 11]),
        ("12/6", [12]),
    ],
)
def test_a_month_field_stands_for_these_months(text: str, months: Iterable[int]) -> None:
    assert read(f"0 0 1 {text} *").month == bits(months)


@pytest.mark.parametrize(
    ("text", "plain", "last", "work", "last_work"),
    [
        ("L", [], [0], [], []),
        ("l", [], [0], [], []),
        ("L-0", [], [0], [], []),
        ("L-3,L-30", [], [3, 30], [], []),
        ("LW", [], [], [], [0]),
        ("L-3W", [], [], [], [3]),
        ("15W,1w", [], [], [1, 15], []),
        ("L,15,LW", [15], [0], [], [0]),
        ("1,4-6,L", [1, 4, 5, 6], [0], [], []),
        ("28-2", [28, 29, 30, 31, 1, 2], [], [], []),
        ("20-5/5", [20, 25, 30, 4], [], [], []),
    ],
)
def test_a_day_field_may_count_from_the_end_or_by_working_days(
    text: str, plain: list[int], last: list[int], work: list[int], last_work: list[int]
) -> None:
    fields = read(f"0 0 {text} * *")
    assert fields.day == bits(plain)
    assert fields.last_days == bits(last)
    assert fields.workdays == bits(work)
    assert fields.last_workdays == bits(last_work)


def test_nth_and_last_weekdays_may_stand_beside_plain_ones() -> None:
    fields = read("0 0 * * MON#2,fri#3,7L,WED,3L,0#1")
    assert fields.weekday == bits([3])
    assert fields.nth_weekdays == bits([7 + 1, 14 + 5, 0])
    assert fields.last_weekdays == bits([0, 3])


def test_six_fields_begin_with_seconds_and_seven_end_with_years() -> None:
    five, six = read("5 4 3 2 1"), read("6 5 4 3 2 1")
    assert (members(five.second), members(five.minute), five.year) == ((0,), (5,), None)
    assert (members(six.second), members(six.minute), members(six.hour)) == ((6,), (5,), (4,))
    seven = read("6 5 4 3 2 1 2024-2028/2,2099")
    assert seven.year is not None
    assert [1970 + bit for bit in members(seven.year)] == [2024, 2026, 2028, 2099]
    assert read("0 0 0 1 1 * *").year is None
    assert read("0 0 0 1 1 * ?").year is None


@pytest.mark.parametrize(
    ("macro", "text"),
    [
        ("@yearly", "0 0 1 1 *"),
        ("@annually", "0 0 1 1 *"),
        ("@monthly", "0 0 1 * *"),
        ("@weekly", "0 0 * * 0"),
        ("@daily", "0 0 * * *"),
        ("@MIDNIGHT", "0 0 * * *"),
        (" @Hourly\t", "0 * * * *"),
    ],
)
def test_a_macro_is_its_expression(macro: str, text: str) -> None:
    assert str(CronExpression.parse(macro)) == text


@pytest.mark.parametrize(
    ("text", "as_read"),
    [
        ("0 9 * * mon", "0 9 * * MON"),
        ("  0\t9  *\n* mon#2,fril ", "0 9 * * MON#2,FRIL"),
        ("TZ=Europe/Paris 0 0 l * *", "TZ=Europe/Paris 0 0 L * *"),
        ("CRON_TZ=UTC @daily", "TZ=UTC 0 0 * * *"),
    ],
)
def test_the_text_of_an_expression_is_the_text_as_read(text: str, as_read: str) -> None:
    assert str(CronExpression.parse(text)) == as_read


@pytest.mark.parametrize(
    ("text", "interval"),
    [
        ("* * * * *", True),
        ("*/5 9 * * *", True),
        ("0 * * * *", True),
        ("0 ?/2 * * *", True),
        ("* 30 2 * * *", True),
        ("0 0-23 * * *", False),
        ("0/5 2 * * *", False),
        ("30 2 * * *", False),
        ("1,* 2 * * *", False),
        ("0 30 2 * * *", False),
        ("0 0 */2 * *", False),
        ("@hourly", True),
        ("@daily", False),
    ],
)
def test_an_expression_is_interval_when_a_time_field_begins_with_a_star(
    *, text: str, interval: bool
) -> None:
    assert read(text).interval is interval


@pytest.mark.parametrize(
    ("day", "weekday", "rule", "either"),
    [
        ("13", "5", None, True),
        ("*", "5", None, False),
        ("13", "*", None, False),
        ("?", "5", None, False),
        ("*/2", "5", None, False),
        ("13", "*/2", None, False),
        ("13,*", "5", None, True),
        ("L", "5L", None, True),
        ("13", "5", "and", False),
        ("13", "5", "or", True),
        ("*/2", "5", "or", True),
        # A bare star restricts nothing, also by this rule.
        ("*", "5", "or", False),
        ("13", "?", "or", False),
        ("*/1", "5", "or", False),
    ],
)
def test_the_day_fields_join_by_vixies_rule_or_as_asked(
    *, day: str, weekday: str, rule: str | None, either: bool
) -> None:
    assert read(f"0 0 {day} * {weekday}", day_rule=rule).either is either


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("0 0 * * 7", "0 0 * * SUN"),
        ("0 0 * * 1-5", "0 0 * * MON,TUE,WED,THU,FRI"),
        ("0 0 * * *", "0 0 0 * * *"),
        ("0 0 * * *", "0 0 0 * * * *"),
        ("*/15 * * * *", "*/15,45 * * * *"),
        ("@daily", "0 0 * * ?"),
    ],
)
def test_two_texts_that_fire_alike_are_equal(one: str, other: str) -> None:
    first, second = CronExpression.parse(one), CronExpression.parse(other)
    assert first == second
    assert hash(first) == hash(second)
    assert len({first, second}) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("0 0 * * 1", "0 0 * * 2"),
        # Around a shift the two differ: one is an interval, the other names fixed hours.
        ("0 * * * *", "0 0-23 * * *"),
        ("TZ=UTC 0 0 * * *", "0 0 * * *"),
        ("TZ=UTC 0 0 * * *", "TZ=Africa/Lome 0 0 * * *"),
        ("0 0 0 1 1 * *", "0 0 0 1 1 * 1970-2099"),
    ],
)
def test_two_texts_that_may_fire_differently_are_not_equal(one: str, other: str) -> None:
    assert CronExpression.parse(one) != CronExpression.parse(other)


def test_options_count_for_equality_and_other_types_do_not() -> None:
    plain = CronExpression.parse("0 0 13 * 5")
    assert plain == CronExpression.parse("0 0 13 * 5", day_rule="or", gap="run", fold="first")
    assert plain != CronExpression.parse("0 0 13 * 5", day_rule="and")
    assert plain != CronExpression.parse("0 0 13 * 5", gap="skip")
    assert plain != CronExpression.parse("0 0 13 * 5", fold="both")
    assert plain != "0 0 13 * 5"
