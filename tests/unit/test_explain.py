"""explain: what an expression does at each change of a zone's offset in a year."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from cronkit.cron import CronExpression, CronSyntaxError, explain
from cronkit.errors import PolicyError, UnknownZoneError

HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("expr", "zone", "year", "expected"),
    [
        (
            "30 2 * * *",
            "Europe/Paris",
            2026,
            [
                "on 2026-03-29 02:30 does not exist in Europe/Paris: runs at 03:00",
                "on 2026-10-25 02:30 comes twice in Europe/Paris: runs on the first pass only",
            ],
        ),
        (
            "0,30 2 * * *",
            "Europe/Paris",
            2026,
            [
                "on 2026-03-29 02:00 and 02:30 do not exist in Europe/Paris: run once, at 03:00",
                (
                    "on 2026-10-25 02:00 and 02:30 come twice in Europe/Paris: "
                    "run on the first pass only"
                ),
            ],
        ),
        (
            "*/20 2 * * *",
            "Europe/Paris",
            2026,
            [
                "on 2026-03-29 02:00, 02:20 and 02:40 do not exist in Europe/Paris: do not run",
                (
                    "on 2026-10-25 02:00, 02:20 and 02:40 come twice in Europe/Paris: "
                    "run on both passes"
                ),
            ],
        ),
        (
            "15 * * * * *",
            "Europe/Paris",
            2026,
            [
                (
                    "on 2026-03-29 all fire times from 02:00:15 to 02:59:15 do not exist in "
                    "Europe/Paris: do not run"
                ),
                (
                    "on 2026-10-25 all fire times from 02:00:15 to 02:59:15 come twice in "
                    "Europe/Paris: run on both passes"
                ),
            ],
        ),
        (
            "0 9 * * *",
            "Europe/Paris",
            2026,
            [
                (
                    "on 2026-03-29 the clock of Europe/Paris goes from 02:00 to 03:00: "
                    "no fire time lies in between"
                ),
                (
                    "on 2026-10-25 the clock of Europe/Paris goes from 03:00 to 02:00: "
                    "no fire time lies in between"
                ),
            ],
        ),
        # The expression fires in the gap's hour, but not on that day.
        (
            "30 2 1 * *",
            "Europe/Paris",
            2026,
            [
                (
                    "on 2026-03-29 the clock of Europe/Paris goes from 02:00 to 03:00: "
                    "no fire time lies in between"
                ),
                (
                    "on 2026-10-25 the clock of Europe/Paris goes from 03:00 to 02:00: "
                    "no fire time lies in between"
                ),
            ],
        ),
        # Half an hour, and autumn before spring.
        (
            "45 1,2 * * *",
            "Australia/Lord_Howe",
            2026,
            [
                (
                    "on 2026-04-05 01:45 comes twice in Australia/Lord_Howe: "
                    "runs on the first pass only"
                ),
                (
                    "on 2026-10-04 the clock of Australia/Lord_Howe goes from 02:00 to 02:30: "
                    "no fire time lies in between"
                ),
            ],
        ),
        # Two hours.
        (
            "30 1 * * *",
            "Antarctica/Troll",
            2026,
            [
                "on 2026-03-29 01:30 does not exist in Antarctica/Troll: runs at 03:00",
                "on 2026-10-25 01:30 comes twice in Antarctica/Troll: runs on the first pass only",
            ],
        ),
        # A midnight that does not exist, and one that comes twice on the day after.
        (
            "0 0 29 3 *",
            "Asia/Beirut",
            2026,
            [
                "on 2026-03-29 00:00 does not exist in Asia/Beirut: runs at 01:00",
                (
                    "on 2026-10-25 the clock of Asia/Beirut goes from 00:00 to 2026-10-24 23:00: "
                    "no fire time lies in between"
                ),
            ],
        ),
        (
            "0 0 7 11 *",
            "America/St_Johns",
            2010,
            [
                (
                    "on 2010-03-14 the clock of America/St_Johns goes from 00:01 to 01:01: "
                    "no fire time lies in between"
                ),
                "on 2010-11-07 00:00 comes twice in America/St_Johns: runs on the first pass only",
            ],
        ),
        # A whole day, which ends the year by the wall clock.
        (
            "0 9 * * *",
            "Pacific/Kiritimati",
            1994,
            ["on 1994-12-31 09:00 does not exist in Pacific/Kiritimati: runs at 1995-01-01 00:00"],
        ),
        ("0 9 * * *", "Pacific/Kiritimati", 1995, []),
        ("0 9 * * *", "Africa/Lome", 2026, []),
        ("0 9 * * *", "UTC", 2026, []),
    ],
)
def test_it_says_what_happens_at_each_change_of_the_year(expr, zone, year, expected):
    assert [each.sentence for each in explain(expr, tz=zone, year=year)] == expected


@pytest.mark.parametrize(
    ("options", "gap", "fold"),
    [
        ({}, "moved", "first"),
        ({"gap": "skip"}, "skipped", "first"),
        ({"fold": "second"}, "moved", "second"),
        ({"fold": "both"}, "moved", "both"),
    ],
)
def test_the_options_of_the_expression_decide_the_effect(options, gap, fold):
    expression = CronExpression.parse("30 2 * * *", **options)
    changes = explain(expression, tz=ZoneInfo("Europe/Paris"), year=2026)
    assert [each.effect for each in changes] == [gap, fold]


def test_a_change_carries_its_instant_and_both_offsets():
    gap, fold = explain("30 2 * * *", tz="Europe/Paris", year=2026)
    assert gap.at.isoformat() == "2026-03-29T03:00:00+02:00"
    assert fold.at.isoformat() == "2026-10-25T02:00:00+01:00"
    assert fold.at.fold == 1
    assert (gap.before, gap.after) == (HOUR, 2 * HOUR)
    assert (fold.before, fold.after) == (2 * HOUR, HOUR)


def test_the_zone_of_the_expression_will_do():
    (gap, _) = explain("TZ=Europe/Paris 30 2 * * *", year=2026)
    assert gap.at.tzinfo == ZoneInfo("Europe/Paris")
    assert explain("TZ=Europe/Paris 30 2 * * *", tz="Europe/Paris", year=2026)[0] == gap


def test_changes_are_values():
    one, other = (explain("30 2 * * *", tz="Europe/Paris", year=2026) for _ in range(2))
    assert one == other
    assert len({*one, *other}) == 2
    assert pickle.loads(pickle.dumps(one)) == one
    assert one[0] != "on 2026-03-29"
    assert "moved: on 2026-03-29 02:30" in repr(one[0])


@pytest.mark.parametrize("zone", [timezone(5 * HOUR), UTC])
def test_a_fixed_offset_never_changes(zone):
    assert explain("30 2 * * *", tz=zone, year=2026) == []


@pytest.mark.parametrize(
    ("zone", "year", "sentence"),
    [
        (
            "Asia/Kathmandu",
            1986,
            "on 1986-01-01 00:05 does not exist in Asia/Kathmandu: runs at 00:15",
        ),
        (
            "Asia/Manila",
            1844,
            "on 1844-12-31 00:05 does not exist in Asia/Manila: runs at 1845-01-01 00:00",
        ),
    ],
)
def test_a_change_at_new_year_belongs_to_the_year_of_the_times_it_touches(zone, year, sentence):
    assert sentence in [each.sentence for each in explain("5 0 * * *", tz=zone, year=year)]
    for other in (year - 1, year + 1):
        assert sentence not in [each.sentence for each in explain("5 0 * * *", tz=zone, year=other)]


@pytest.mark.parametrize("year", [2, 1883, 1940, 9998])
def test_any_year_of_the_calendar_can_be_asked(year):
    for change in explain("30 2 * * *", tz="Europe/Paris", year=year):
        assert change.at.year in {year, year + 1}


@pytest.mark.parametrize(
    ("ask", "error", "words"),
    [
        (lambda: explain("75 2 * * *", tz="UTC", year=2026), CronSyntaxError, "minute: 75"),
        (lambda: explain(None, tz="UTC", year=2026), CronSyntaxError, "None is not text"),
        (lambda: explain("0 2 * * *", tz="Paris", year=2026), UnknownZoneError, "'Paris'"),
        (lambda: explain("0 2 * * *", year=2026), PolicyError, "a zone, here or as TZ="),
        (
            lambda: explain("TZ=Asia/Tokyo 0 2 * * *", tz="UTC", year=2026),
            PolicyError,
            "Asia/Tokyo, the zone that the expression names",
        ),
        (lambda: explain("0 2 * * *", tz="UTC", year=1), PolicyError, "year: 1 "),
        (lambda: explain("0 2 * * *", tz="UTC", year=9999), PolicyError, "2 to 9998"),
        (lambda: explain("0 2 * * *", tz="UTC", year="2026"), PolicyError, "year: '2026'"),
        (
            lambda: explain("0 2 * * *", tz="UTC", year=datetime(2026, 1, 1)),
            PolicyError,
            "a whole number",
        ),
    ],
)
def test_bad_input_is_refused_with_the_argument_and_what_is_allowed(ask, error, words):
    with pytest.raises(error) as caught:
        ask()
    assert words in str(caught.value)
