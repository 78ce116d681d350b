"""Whole neighbourhoods of gaps and folds, each row with its why.

A row is a text, a zone, the first moment (included) and the last (excluded), and every fire time
in between. Times that differ from what the clock would show on an ordinary day carry a mark.
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from cronkit.cron import CronExpression

PARIS = "Europe/Paris"
SPRING = ("2026-03-29T00:00+01:00", "2026-03-29T06:00+02:00")
AUTUMN = ("2026-10-25T00:00+02:00", "2026-10-25T06:00+01:00")


def fire_times(expression: CronExpression, zone: str, span: tuple[str, str]) -> list[str]:
    start, end = (datetime.fromisoformat(each).astimezone(ZoneInfo(zone)) for each in span)
    onward = list(expression.between(start, end))
    back = []
    found = expression.previous(end)
    while found is not None and found.timestamp() >= start.timestamp():
        back.append(found)
        found = expression.previous(found)
    assert back[::-1] == onward, "the way back differs from the way on"
    assert all(expression.matches(each) for each in onward)
    return [f"{each:%H:%M%z}" for each in onward]


@pytest.mark.parametrize(
    ("text", "fires", "why"),
    [
        ("30 2 * * *", "03:00+0200", "missing: runs once, at the first instant after the gap"),
        ("0,30 2 * * *", "03:00+0200", "both missing: still once"),
        ("0 2,3 * * *", "03:00+0200", "merged with what is due then"),
        ("15 1-3 * * *", "01:15+0100 03:00+0200 03:15+0200", "the missing one comes first"),
        ("0 3 * * *", "03:00+0200", "not missing at all"),
        ("59 1 * * *", "01:59+0100", "just before the gap"),
        ("*/30 * * * *", ("00:00+0100 00:30+0100 01:00+0100 01:30+0100 03:00+0200 03:30+0200 "
         "04:00+0200 04:30+0200 05:00+0200 05:30+0200"), "elapsed time: nothing is invented"),
        ("30 * * * *", "00:30+0100 01:30+0100 03:30+0200 04:30+0200 05:30+0200", "hourly: so too"),
        ("*/20 2 * * *", "", "an interval within the missing hour does not run"),
        ("0 0 29 3 *", "00:00+0100", "a day that is 23 hours long has its midnight"),
    ],
)  # fmt: skip
def test_a_missing_hour(text: str, fires: str, why: str) -> None:
    assert fire_times(CronExpression.parse(text), PARIS, SPRING) == fires.split(), why


@pytest.mark.parametrize(
    ("text", "fires", "why"),
    [
        ("30 2 * * *", "02:30+0200", "twice on the clock: the first pass only"),
        ("0,30 2 * * *", "02:00+0200 02:30+0200", "both in the first pass"),
        ("15 1-3 * * *", "01:15+0200 02:15+0200 03:15+0100", "one an hour of the clock"),
        ("0 3 * * *", "03:00+0100", "not repeated at all"),
        ("*/30 1-3 * * *", ("01:00+0200 01:30+0200 02:00+0200 02:30+0200 02:00+0100 02:30+0100 "
         "03:00+0100 03:30+0100"), "elapsed time: both passes run"),
        ("30 * * * *", ("00:30+0200 01:30+0200 02:30+0200 02:30+0100 03:30+0100 04:30+0100 "
         "05:30+0100"), "hourly: each hour of real time"),
    ],
)  # fmt: skip
def test_a_repeated_hour(text: str, fires: str, why: str) -> None:
    assert fire_times(CronExpression.parse(text), PARIS, AUTUMN) == fires.split(), why


@pytest.mark.parametrize(
    ("text", "gap", "fires"),
    [
        ("30 2 * * *", "run", "03:00+0200"),
        ("30 2 * * *", "skip", ""),
        ("*/20 2 * * *", "run", "03:00+0200"),
        ("*/20 2 * * *", "skip", ""),
        ("15 1-3 * * *", "skip", "01:15+0100 03:15+0200"),
    ],
)
def test_the_option_for_a_gap(text: str, gap: str, fires: str) -> None:
    assert fire_times(CronExpression.parse(text, gap=gap), PARIS, SPRING) == fires.split()


@pytest.mark.parametrize(
    ("text", "fold", "fires"),
    [
        ("0,30 2 * * *", "first", "02:00+0200 02:30+0200"),
        ("0,30 2 * * *", "second", "02:00+0100 02:30+0100"),
        ("0,30 2 * * *", "both", "02:00+0200 02:30+0200 02:00+0100 02:30+0100"),
        ("*/30 2 * * *", "first", "02:00+0200 02:30+0200"),
        ("*/30 2 * * *", "second", "02:00+0100 02:30+0100"),
        ("45 1-3 * * *", "second", "01:45+0200 02:45+0100 03:45+0100"),
    ],
)
def test_the_option_for_a_fold(text: str, fold: str, fires: str) -> None:
    assert fire_times(CronExpression.parse(text, fold=fold), PARIS, AUTUMN) == fires.split()


@pytest.mark.parametrize(
    ("zone", "text", "span", "fires", "why"),
    [
        ("Australia/Lord_Howe", "0,15 2 * * *", ("2026-10-04T00:00+10:30", "2026-10-04T04:00+11:00"),
         "02:30+1100", "half an hour is missing"),
        ("Australia/Lord_Howe", "45 1 * * *", ("2026-04-05T00:00+11:00", "2026-04-05T04:00+10:30"),
         "01:45+1100", "half an hour is repeated"),
        ("Australia/Lord_Howe", "*/15 1 * * *", ("2026-04-05T00:00+11:00", "2026-04-05T04:00+10:30"),
         "01:00+1100 01:15+1100 01:30+1100 01:45+1100 01:30+1030 01:45+1030", "and is elapsed time"),
        ("Antarctica/Troll", "30 1,2,3 * * *", ("2026-03-29T00:00+00:00", "2026-03-29T05:00+02:00"),
         "03:00+0200 03:30+0200", "two hours are missing: one run for both"),
        ("Antarctica/Troll", "30 1,2 * * *", ("2026-10-25T00:00+02:00", "2026-10-25T05:00+00:00"),
         "01:30+0200 02:30+0200", "two hours are repeated"),
        ("Pacific/Apia", "0 9 * * *", ("2011-12-29T00:00-10:00", "2012-01-01T00:00+14:00"),
         "09:00-1000 00:00+1400 09:00+1400", "a whole day is missing"),
        ("Pacific/Apia", "0 9 30 12 *", ("2011-12-29T00:00-10:00", "2012-01-01T00:00+14:00"),
         "00:00+1400", "also for a date of its own"),
        ("Pacific/Apia", "0 */8 * * *", ("2011-12-29T12:00-10:00", "2011-12-31T12:00+14:00"),
         "16:00-1000 00:00+1400 08:00+1400", "elapsed time does not see the day"),
        ("Asia/Beirut", "0 0 * * *", ("2022-03-26T12:00+02:00", "2022-03-28T12:00+03:00"),
         "01:00+0300 00:00+0300", "midnight is missing"),
        ("America/Sao_Paulo", "@daily", ("2018-11-03T12:00-03:00", "2018-11-05T12:00-02:00"),
         "01:00-0200 00:00-0200", "there too"),
        ("Africa/Casablanca", "30 2 * * *", ("2022-03-27T00:00+01:00", "2022-03-27T06:00+00:00"),
         "02:30+0100", "Ramadan: the clock goes back in spring"),
        ("Africa/Casablanca", "30 2 * * *", ("2022-05-08T00:00+00:00", "2022-05-08T06:00+01:00"),
         "03:00+0100", "and forward in May"),
        ("Europe/Dublin", "30 1 * * *", ("2026-03-29T00:00+00:00", "2026-03-29T06:00+01:00"),
         "02:00+0100", "winter time is the daylight saving there"),
        ("America/New_York", "30 2 * * *", ("2026-03-08T00:00-05:00", "2026-03-08T06:00-04:00"),
         "03:00-0400", "another continent"),
        ("Africa/Lome", "30 2 * * *", ("2026-03-29T00:00+00:00", "2026-03-29T06:00+00:00"),
         "02:30+0000", "no shift at all"),
    ],
)  # fmt: skip
def test_zones_of_every_kind(
    zone: str, text: str, span: tuple[str, str], fires: str, why: str
) -> None:
    assert fire_times(CronExpression.parse(text), zone, span) == fires.split(), why


@pytest.mark.parametrize(
    ("text", "after", "following", "why"),
    [
        ("30 2 * * *", "2026-10-25T02:10+01:00", "2026-10-26T02:30+01:00",
         "asked in the second pass, a fixed expression has run already"),
        ("30 2 * * *", "2026-10-25T02:40+02:00", "2026-10-26T02:30+01:00",
         "asked in the first pass, after its run"),
        ("*/30 * * * *", "2026-10-25T02:40+02:00", "2026-10-25T02:00+01:00",
         "an interval goes on into the second pass"),
        ("*/30 * * * *", "2026-10-25T02:40+01:00", "2026-10-25T03:00+01:00",
         "and on from there"),
        ("30 2 * * *", "2026-03-29T03:00+02:00", "2026-03-30T02:30+02:00",
         "strictly after the first instant behind the gap"),
        ("30 2 * * *", "2026-03-29T01:59:59.999999+01:00", "2026-03-29T03:00+02:00",
         "a microsecond before it"),
        ("*/30 2 25 10 *", "2026-10-25T02:40+02:00", "2026-10-25T02:00+01:00",
         "the second pass comes before next year"),
    ],
)  # fmt: skip
def test_asked_from_within_a_shift(text: str, after: str, following: str, why: str) -> None:
    start = datetime.fromisoformat(after).astimezone(ZoneInfo(PARIS))
    found = CronExpression.parse(text).next(start)
    assert found is not None
    assert found.isoformat(timespec="minutes") == following, why


def test_a_moment_that_does_not_exist_is_the_instant_that_it_stands_for() -> None:
    # 02:30 with fold=0 is the instant of 03:30 summer time, with fold=1 that of 01:30 winter time.
    expression = CronExpression.parse("15,45 1-4 * * *", gap="skip")
    for fold, following in ((0, "03:45+0200"), (1, "01:45+0100")):
        missing = datetime(2026, 3, 29, 2, 30, fold=fold, tzinfo=ZoneInfo(PARIS))
        found = expression.next(missing)
        assert f"{found:%H:%M%z}" == following
