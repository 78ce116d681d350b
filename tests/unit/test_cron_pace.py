"""The step between fire times: which expressions have one, and how far it leads."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from dateutil import tz

from cronkit.cron import CronExpression
from cronkit.cron._pace import even_step, pace_from

NONE, MINUTE, HOUR, DAY = (timedelta(minutes=count) for count in (0, 1, 60, 1_440))
PARIS = ZoneInfo("Europe/Paris")


@pytest.mark.parametrize(
    ("text", "step"),
    [
        ("* * * * *", MINUTE),
        ("*/15 * * * *", 15 * MINUTE),
        ("7-59/20 * * * *", 20 * MINUTE),
        ("5,35 * * * *", 30 * MINUTE),
        ("45 * * * *", HOUR),
        ("0 9 * * *", DAY),
        ("0 3,15 * * *", 12 * HOUR),
        ("0 9 * * MON", 7 * DAY),
        ("@weekly", 7 * DAY),
        ("* * * * * *", MINUTE / 60),
        ("30 * * * * *", MINUTE),
        ("0 0 0 * * * *", DAY),
        # Not all alike within the hour, from hour to hour, from day to day, over the weekend.
        ("*/7 * * * *", NONE),
        ("0,20 * * * *", NONE),
        ("* 9 * * *", NONE),
        ("0,30 9 * * *", NONE),
        ("* * * * MON", NONE),
        ("0 9 * * MON,THU", NONE),
        ("0 9 * * 1-5", NONE),
        ("0 9,21 * * MON", NONE),
        # Something besides the weekday counts.
        ("0 9 1 * *", NONE),
        ("0 9 * 2 *", NONE),
        ("0 9 L * *", NONE),
        ("0 9 15W * *", NONE),
        ("0 9 LW * *", NONE),
        ("0 9 * * MON#2", NONE),
        ("0 9 * * MON,MON#2", NONE),
        ("0 9 * * MONL", NONE),
        ("0 0 0 * * * 2026", NONE),
    ],
)
def test_an_expression_has_one_step_or_none(text, step):
    assert even_step(CronExpression.parse(text).fields) == step


@pytest.mark.parametrize(("rule", "step"), [("or", DAY), ("and", 7 * DAY)])
def test_where_a_day_of_either_field_will_do_all_days_are_every_day(rule, step):
    fields = CronExpression.parse("0 9 1-31 * MON", day_rule=rule).fields
    assert even_step(fields) == step


def pace_of(text, zone, *when):
    fields, asked = CronExpression.parse(text).fields, datetime(*when, tzinfo=zone)
    return pace_from(fields, zone, asked, CronExpression.parse(text).next(asked))


@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=9))], ids=str)
def test_at_a_fixed_offset_a_step_is_good_up_to_the_last_year(zone):
    asked, utc, answer, step, limit = pace_of("0 9 * * MON", zone, 2026, 1, 1)
    assert answer.isoformat() == datetime(2026, 1, 5, 9, tzinfo=zone).isoformat()
    assert (asked, utc, step) == (datetime(2026, 1, 1, tzinfo=zone), answer, 7 * DAY)
    assert {each.tzinfo for each in (asked, utc, limit)} == {UTC}
    assert limit.year == 9999


def test_where_a_zone_shifts_a_step_is_good_up_to_the_day_of_the_shift():
    _, utc, answer, step, limit = pace_of("*/15 * * * *", PARIS, 2026, 3, 28, 20)
    assert (answer.tzinfo, utc.tzinfo, utc) == (PARIS, UTC, answer)
    assert limit + step == datetime(2026, 3, 29, tzinfo=PARIS)


@pytest.mark.parametrize("hour", [0, 1, 3, 23])
def test_on_the_day_of_a_shift_no_step_is_good(hour):
    _, utc, _, _, limit = pace_of("*/15 * * * *", PARIS, 2026, 3, 29, hour)
    assert limit <= utc


class Subclass(ZoneInfo):
    """A zone that may do anything."""


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("*/7 * * * *", UTC),
        ("0 9 * * *", PARIS),
        ("* * * * *", tz.gettz("Europe/Paris")),
        ("* * * * *", Subclass("Europe/Paris")),
    ],
)
def test_what_has_no_step_to_trust_never_will_have(text, zone):
    assert pace_of(text, zone, 2026, 1, 1) == ()
