"""The search in field sets, beside the calendar of the standard library."""

from __future__ import annotations

import calendar
from datetime import date, datetime, timedelta
from itertools import islice, pairwise

import pytest

from cronkit.cron._parser import read
from cronkit.cron._search import dates, find, fires, members, month_days

YEARS = (1900, 1970, 1999, 2000, 2023, 2024, 2100, 2400)


def days_of(text: str, year: int, month: int) -> list[int]:
    return list(members(month_days(read(f"0 0 {text}"), year, month)))


@pytest.mark.parametrize("year", YEARS)
@pytest.mark.parametrize("month", range(1, 13))
def test_weekdays_fall_where_the_calendar_has_them(year: int, month: int) -> None:
    length = calendar.monthrange(year, month)[1]
    for weekday in range(7):
        expected = [
            day
            for day in range(1, length + 1)
            if date(year, month, day).isoweekday() % 7 == weekday
        ]
        assert days_of(f"* * {weekday}", year, month) == expected
        assert days_of(f"* * {weekday}L", year, month) == expected[-1:]
        for nth in range(1, 6):
            assert days_of(f"* * {weekday}#{nth}", year, month) == expected[nth - 1 : nth]
    assert days_of("* * *", year, month) == list(range(1, length + 1))
    assert days_of("L * *", year, month) == [length]
    assert days_of("L-1,L-27 * *", year, month) == [length - 27, length - 1]


@pytest.mark.parametrize("year", YEARS)
@pytest.mark.parametrize("month", range(1, 13))
def test_a_working_day_is_the_nearest_and_stays_in_its_month(year: int, month: int) -> None:
    length = calendar.monthrange(year, month)[1]
    working = [day for day in range(1, length + 1) if date(year, month, day).weekday() < 5]
    for day in range(1, 32):
        # Of Friday and Monday, Saturday is nearer to Friday and Sunday to Monday.
        nearest = [min(working, key=lambda each, day=day: abs(each - day))]
        assert days_of(f"{day}W * *", year, month) == (nearest if day <= length else [])
    assert days_of("LW * *", year, month) == working[-1:]
    third = length - 3
    assert days_of("L-3W * *", year, month) == days_of(f"{third}W * *", year, month)


@pytest.mark.parametrize(
    ("text", "start", "onward", "back"),
    [
        ("* * * * *", (2026, 1, 1, 0, 0, 0), (2026, 1, 1, 0, 1, 0), (2025, 12, 31, 23, 59, 0)),
        ("* * * * * *", (2026, 1, 1, 0, 0, 0), (2026, 1, 1, 0, 0, 1), (2025, 12, 31, 23, 59, 59)),
        ("30 2 * * *", (2026, 1, 1, 2, 30, 0), (2026, 1, 2, 2, 30, 0), (2025, 12, 31, 2, 30, 0)),
        ("30 2 * * *", (2026, 1, 1, 2, 30, 1), (2026, 1, 2, 2, 30, 0), (2026, 1, 1, 2, 30, 0)),
        (
            "10,50 9,17 * * *",
            (2026, 1, 1, 9, 20, 0),
            (2026, 1, 1, 9, 50, 0),
            (2026, 1, 1, 9, 10, 0),
        ),
        (
            "10,50 9,17 * * *",
            (2026, 1, 1, 12, 0, 0),
            (2026, 1, 1, 17, 10, 0),
            (2026, 1, 1, 9, 50, 0),
        ),
        ("0 0 29 2 *", (2026, 1, 1, 0, 0, 0), (2028, 2, 29, 0, 0, 0), (2024, 2, 29, 0, 0, 0)),
        ("0 0 29 2 *", (1900, 1, 1, 0, 0, 0), (1904, 2, 29, 0, 0, 0), (1896, 2, 29, 0, 0, 0)),
        ("0 0 29 2 *", (2000, 2, 29, 0, 0, 0), (2004, 2, 29, 0, 0, 0), (1996, 2, 29, 0, 0, 0)),
        ("0 0 29,L 2 *", (2025, 3, 1, 0, 0, 0), (2026, 2, 28, 0, 0, 0), (2025, 2, 28, 0, 0, 0)),
        ("0 0 29 2 MON#1", (2025, 3, 1, 0, 0, 0), (2026, 2, 2, 0, 0, 0), (2025, 2, 3, 0, 0, 0)),
        ("0 0 31 * *", (2026, 2, 15, 0, 0, 0), (2026, 3, 31, 0, 0, 0), (2026, 1, 31, 0, 0, 0)),
        ("0 0 1 1 *", (2026, 1, 1, 0, 0, 0), (2027, 1, 1, 0, 0, 0), (2025, 1, 1, 0, 0, 0)),
        ("0 0 0 1 1 * 2030", (2026, 1, 1, 0, 0, 0), (2030, 1, 1, 0, 0, 0), None),
        ("0 0 0 1 1 * 2020", (2026, 1, 1, 0, 0, 0), None, (2020, 1, 1, 0, 0, 0)),
        ("0 0 0 1 1 * 2020,2030", (1800, 1, 1, 0, 0, 0), (2020, 1, 1, 0, 0, 0), None),
        ("0 0 0 1 1 * 2020,2030", (3000, 1, 1, 0, 0, 0), None, (2030, 1, 1, 0, 0, 0)),
        ("0 0 * * *", (9999, 12, 30, 0, 0, 0), None, (9999, 12, 29, 0, 0, 0)),
        ("0 0 * * *", (1, 1, 2, 0, 0, 0), (1, 1, 3, 0, 0, 0), None),
        ("0 0 29 2 *", (9999, 1, 1, 0, 0, 0), None, (9996, 2, 29, 0, 0, 0)),
    ],
)
def test_the_nearest_time_onward_and_back(
    text: str,
    start: tuple[int, int, int, int, int, int],
    onward: tuple[int, ...] | None,
    back: tuple[int, ...] | None,
) -> None:
    assert find(read(text), start, True) == onward
    assert find(read(text), start, False) == back


def test_the_rarest_day_is_found_in_both_directions() -> None:
    # 29 February on a Monday: every 28 years at most.
    fields = read("0 0 29 2 MON", day_rule="and")
    found = []
    wall = (1850, 1, 1, 0, 0, 0)
    while (onward := find(fields, wall, True)) is not None and onward[0] < 2100:
        found.append(onward)
        wall = onward
    expected = [
        year
        for year in range(1850, 2100)
        if calendar.isleap(year) and date(year, 2, 29).weekday() == 0
    ]
    assert [each[0] for each in found] == expected
    assert max(b - a for a, b in pairwise(expected)) == 28
    assert [find(fields, each, False) for each in found[1:]] == found[:-1]


def test_dates_are_the_matching_days_in_order() -> None:
    fields = read("0 0 L,1 2-3 *")
    assert list(islice(dates(fields, 2026, 1, 15), 5)) == [
        (2026, 2, 1), (2026, 2, 28), (2026, 3, 1), (2026, 3, 31), (2027, 2, 1),
    ]  # fmt: skip
    assert list(dates(read("0 0 * 12 *"), 9999, 12, 28)) == [(9999, 12, 29), (9999, 12, 30)]
    assert list(dates(read("0 0 0 1 1 * 2020"), 2026, 1, 1)) == []


def test_whether_a_day_ever_matches_agrees_with_four_hundred_years() -> None:
    days = [datetime(2000, 1, 1) + timedelta(days=each) for each in range(146_097)]
    months = sorted({(day.year, day.month) for day in days})
    for text in ("31 4,6", "30 2", "29 2", "31W 2", "29W 2", "L-30 2", "L-28 2", "L-30 1"):
        for weekday in ("*", "MON#5"):
            fields = read(f"0 0 {text} {weekday}", day_rule="and")
            assert fires(fields) is any(month_days(fields, *month) for month in months), text
