"""Rule: the recurrence rules of RFC 5545, in wall-clock time."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from cronkit.errors import NaiveDatetimeError, PolicyError, TriggerSearchError, UnknownZoneError
from cronkit.triggers import Rule

PARIS = ZoneInfo("Europe/Paris")
NEW_YORK = ZoneInfo("America/New_York")


def days(trigger, count, *, after=datetime(1990, 1, 1, tzinfo=UTC)):
    """The month and day of the next fire times, the year in front where it changes."""
    found, year = [], None
    while len(found) < count and (after := trigger.next(after)) is not None:
        found.append(f"{after:%m-%d}" if after.year == year else f"{after:%Y-%m-%d}")
        year = after.year
    return " ".join(found)


# The examples of RFC 5545, section 3.8.5.3, with its start: 2 September 1997, 09:00, New York.
@pytest.mark.parametrize(
    ("rule", "start", "expected"),
    [
        ("FREQ=DAILY;COUNT=3", "1997-09-02", "1997-09-02 09-03 09-04"),
        ("FREQ=DAILY;INTERVAL=2", "1997-09-02", "1997-09-02 09-04 09-06"),
        ("FREQ=DAILY;INTERVAL=10;COUNT=5", "1997-09-02", "1997-09-02 09-12 09-22 10-02 10-12"),
        ("FREQ=DAILY;UNTIL=19970904T000000Z", "1997-09-02", "1997-09-02 09-03"),
        ("FREQ=DAILY;BYMONTH=1", "1998-01-30", "1998-01-30 01-31 1999-01-01"),
        ("FREQ=WEEKLY;COUNT=4", "1997-09-02", "1997-09-02 09-09 09-16 09-23"),
        ("FREQ=WEEKLY;INTERVAL=2;WKST=SU", "1997-09-02", "1997-09-02 09-16 09-30 10-14"),
        ("FREQ=WEEKLY;WKST=SU;BYDAY=TU,TH", "1997-09-02", "1997-09-02 09-04 09-09 09-11"),
        (
            "FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=MO,WE,FR",
            "1997-09-01",
            "1997-09-01 09-03 09-05 09-15 09-17 09-19 09-29",
        ),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=MO", "1997-08-05", "1997-08-05 08-10 08-19 08-24"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=SU", "1997-08-05", "1997-08-05 08-17 08-19 08-31"),
        ("FREQ=MONTHLY;BYDAY=1FR", "1997-09-05", "1997-09-05 10-03 11-07 12-05 1998-01-02"),
        ("FREQ=MONTHLY;INTERVAL=2;BYDAY=1SU,-1SU", "1997-09-07", "1997-09-07 09-28 11-02 11-30"),
        ("FREQ=MONTHLY;BYDAY=-2MO", "1997-09-22", "1997-09-22 10-20 11-17 12-22"),
        ("FREQ=MONTHLY;BYMONTHDAY=-3", "1997-09-28", "1997-09-28 10-29 11-28 12-29"),
        ("FREQ=MONTHLY;BYMONTHDAY=2,15", "1997-09-02", "1997-09-02 09-15 10-02 10-15"),
        ("FREQ=MONTHLY;BYMONTHDAY=1,-1", "1997-09-30", "1997-09-30 10-01 10-31 11-01"),
        (
            "FREQ=MONTHLY;INTERVAL=18;BYMONTHDAY=10,11",
            "1997-09-10",
            "1997-09-10 09-11 1999-03-10 03-11 2000-09-10",
        ),
        ("FREQ=MONTHLY;INTERVAL=2;BYDAY=TU", "1997-09-02", "1997-09-02 09-09 09-16 09-23 09-30 11-04"),
        ("FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", "1997-09-02", "1998-02-13 03-13 11-13 1999-08-13"),
        ("FREQ=MONTHLY;BYDAY=SA;BYMONTHDAY=7,8,9,10,11,12,13", "1997-09-13", "1997-09-13 10-11 11-08"),
        ("FREQ=MONTHLY;BYDAY=TU,WE,TH;BYSETPOS=3", "1997-09-04", "1997-09-04 10-07 11-06"),
        (
            "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2",
            "1997-09-29",
            "1997-09-29 10-30 11-27 12-30",
        ),
        ("FREQ=MONTHLY", "2026-01-31", "2026-01-31 03-31 05-31"),
        ("FREQ=YEARLY;BYMONTH=6,7", "1997-06-10", "1997-06-10 07-10 1998-06-10"),
        ("FREQ=YEARLY;INTERVAL=2;BYMONTH=1,2", "1997-03-10", "1999-01-10 02-10 2001-01-10"),
        (
            "FREQ=YEARLY;INTERVAL=3;BYYEARDAY=1,100,200",
            "1997-01-01",
            "1997-01-01 04-10 07-19 2000-01-01 04-09 07-18",
        ),
        ("FREQ=YEARLY;BYDAY=20MO", "1997-05-19", "1997-05-19 1998-05-18 1999-05-17"),
        ("FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO", "1997-05-12", "1997-05-12 1998-05-11 1999-05-17"),
        ("FREQ=YEARLY;BYWEEKNO=20", "1997-05-12", "1997-05-12 1998-05-11 1999-05-17"),
        ("FREQ=YEARLY;BYWEEKNO=1;BYDAY=MO", "1997-12-29", "1997-12-29 1999-01-04 2000-01-03"),
        ("FREQ=YEARLY;BYMONTH=3;BYDAY=TH", "1997-03-13", "1997-03-13 03-20 03-27 1998-03-05"),
        (
            "FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8",
            "1996-11-05",
            "1996-11-05 2000-11-07 2004-11-02",
        ),
        ("FREQ=YEARLY", "1996-02-29", "1996-02-29 2000-02-29 2004-02-29"),
        ("FREQ=YEARLY;BYYEARDAY=-1", "1997-09-02", "1997-12-31 1998-12-31"),
    ],
)  # fmt: skip
def test_the_examples_of_the_rfc_fire_on_their_days(rule, start, expected):
    trigger = Rule(rule, start=f"{start}T09:00:00", tz=NEW_YORK)
    assert days(trigger, len(expected.split())) == expected


def test_the_start_gives_the_time_of_day_that_the_rule_leaves_open():
    after = datetime(2026, 6, 1, tzinfo=PARIS)
    assert (
        Rule("FREQ=DAILY", start="2026-01-01T08:45:10").next(after).time().isoformat() == "08:45:10"
    )
    assert Rule("FREQ=DAILY;BYHOUR=17", start="2026-01-01").next(after).hour == 17
    assert Rule("FREQ=DAILY;BYHOUR=17", start="2026-01-01T08:45").next(after).minute == 45


def test_without_a_start_a_rule_counts_from_the_first_of_january_1970():
    after = datetime(2026, 6, 1, tzinfo=PARIS)
    assert Rule("FREQ=MONTHLY;BYDAY=-1FR").next(after).isoformat() == "2026-06-26T00:00:00+02:00"
    assert Rule("FREQ=YEARLY").next(after).isoformat() == "2027-01-01T00:00:00+01:00"


def test_no_fire_time_lies_before_the_start():
    trigger = Rule("FREQ=MONTHLY;BYMONTHDAY=1,20", start="2026-03-15", tz=PARIS)
    assert trigger.next(datetime(2020, 1, 1, tzinfo=UTC)).date() == date(2026, 3, 20)
    assert trigger.previous(datetime(2026, 3, 20, tzinfo=PARIS)) is None
    assert trigger.previous(datetime(2020, 1, 1, tzinfo=UTC)) is None


@pytest.mark.parametrize(
    ("until", "last"),
    [
        ("20260103", "2026-01-03T09:00:00+01:00"),  # a date alone includes the day
        ("20260103T090000", "2026-01-03T09:00:00+01:00"),
        ("20260103T085959", "2026-01-02T09:00:00+01:00"),
        ("20260103T080000Z", "2026-01-03T09:00:00+01:00"),
        ("20260103T075959Z", "2026-01-02T09:00:00+01:00"),
        ("2026-01-03 08:59", "2026-01-02T09:00:00+01:00"),  # a time of day also without a T
    ],
)
def test_until_includes_its_moment(until, last):
    trigger = Rule(f"FREQ=DAILY;UNTIL={until}", start="2026-01-01T09:00", tz=PARIS)
    assert trigger.previous(datetime(2030, 1, 1, tzinfo=UTC)).isoformat() == last
    assert trigger.next(datetime.fromisoformat(last)) is None


def test_count_counts_from_the_start_however_late_one_asks():
    trigger = Rule("FREQ=MONTHLY;BYMONTHDAY=31;COUNT=3", start="2026-01-01", tz=PARIS)
    assert trigger.next(datetime(2026, 4, 1, tzinfo=PARIS)).date() == date(2026, 5, 31)
    assert trigger.next(datetime(2026, 6, 1, tzinfo=PARIS)) is None
    assert trigger.previous(datetime(2099, 1, 1, tzinfo=PARIS)).date() == date(2026, 5, 31)


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ("2026-03-28T12:00+01:00", "2026-03-29T03:00:00+02:00"),  # 02:30 is in the gap
        ("2026-03-29T03:00+02:00", "2026-03-30T02:30:00+02:00"),
        ("2026-10-24T12:00+02:00", "2026-10-25T02:30:00+02:00"),  # 02:30 comes twice
        ("2026-10-25T02:30+02:00", "2026-10-26T02:30:00+01:00"),  # the first pass alone counts
        ("2026-10-25T02:10+01:00", "2026-10-26T02:30:00+01:00"),
    ],
)
def test_a_gap_is_run_at_its_end_and_a_fold_on_its_first_pass(after, expected):
    trigger = Rule("FREQ=DAILY;BYHOUR=2;BYMINUTE=30", tz=PARIS)
    assert trigger.next(datetime.fromisoformat(after)).isoformat() == expected


def test_what_a_gap_moves_to_one_instant_fires_once():
    trigger = Rule("FREQ=DAILY;BYHOUR=2,3;BYMINUTE=0,30", tz=PARIS)
    found, moment = [], datetime(2026, 3, 29, tzinfo=PARIS)
    while (moment := trigger.next(moment)).day == 29:
        found.append(f"{moment:%H:%M}")
    assert found == ["03:00", "03:30"]


def test_in_the_second_pass_looking_back_finds_the_end_of_the_first():
    trigger = Rule("FREQ=DAILY;BYHOUR=2;BYMINUTE=0,30,45", tz=PARIS)
    second = datetime(2026, 10, 25, 2, 10, tzinfo=PARIS, fold=1)
    assert trigger.previous(second).isoformat() == "2026-10-25T02:45:00+02:00"


def test_a_day_that_a_zone_left_out_runs_at_the_first_instant_after_it():
    apia = ZoneInfo("Pacific/Apia")
    trigger = Rule("FREQ=DAILY;BYHOUR=9", start="2011-01-01", tz=apia)
    assert trigger.next(datetime(2011, 12, 29, 12, tzinfo=apia)).isoformat() == (
        "2011-12-31T00:00:00+14:00"
    )


def test_an_aware_start_is_an_instant_and_the_wall_clock_is_that_of_the_zone():
    trigger = Rule("FREQ=DAILY", start=datetime(2026, 1, 1, 8, tzinfo=UTC), tz=PARIS)
    assert trigger.next(datetime(2026, 7, 1, tzinfo=PARIS)).hour == 9
    unbound = Rule("FREQ=DAILY", start="2026-01-01T08:00:00Z")
    assert unbound.bind(PARIS, "job").next(datetime(2026, 7, 1, tzinfo=UTC)).hour == 9


def test_the_first_week_counts_as_a_whole_one_also_where_the_start_lies_within_it():
    # 1 January 2000 is a Saturday: the first of Monday and Saturday was the Monday before.
    trigger = Rule("FREQ=WEEKLY;BYDAY=MO,SA;BYSETPOS=1", start="2000-01-01", tz=UTC)
    assert days(trigger, 2) == "2000-01-03 01-10"


def test_a_century_of_periods_costs_no_walk_from_the_start():
    trigger = Rule("FREQ=DAILY;INTERVAL=3", start="0005-01-01", tz=UTC)
    found = trigger.next(datetime(9000, 1, 1, tzinfo=UTC))
    assert (found.date() - date(5, 1, 1)).days % 3 == 0


def test_looking_back_over_a_rare_date_finds_it():
    trigger = Rule("FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=29", start="1900-01-01", tz=UTC)
    assert trigger.previous(datetime(2003, 1, 1, tzinfo=UTC)).date() == date(2000, 2, 29)
    assert trigger.previous(datetime(1904, 2, 29, tzinfo=UTC)) is None


def test_at_the_end_of_the_calendar_it_ends():
    trigger = Rule("FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=31;BYHOUR=23", tz=UTC)
    assert trigger.next(datetime(9999, 1, 1, tzinfo=UTC)) is None
    assert trigger.previous(datetime.max.replace(tzinfo=UTC)).year == 9998


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (Rule("freq=monthly;byday=-1fr"), "rule FREQ=MONTHLY;BYDAY=-1FR from 1970-01-01T00:00:00"),
        (
            Rule("RRULE:BYHOUR=9;FREQ=DAILY;INTERVAL=1;WKST=MO;", start="2026-01-01", tz=PARIS),
            "rule FREQ=DAILY;BYHOUR=9 from 2026-01-01T00:00:00 [Europe/Paris]",
        ),
        (
            Rule("FREQ=DAILY", start="2026-01-01T08:00Z"),
            "rule FREQ=DAILY from 2026-01-01T08:00:00Z",
        ),
    ],
)
def test_its_text_is_the_rule_in_one_order_with_start_and_zone(given, text):
    assert str(given) == text


def test_rules_that_say_the_same_are_equal():
    assert Rule("FREQ=DAILY;BYHOUR=9") == Rule("byhour=9;freq=daily;interval=1")
    assert Rule("FREQ=DAILY;BYHOUR=9") != Rule("FREQ=DAILY;BYHOUR=10")


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("", "rule: ''"),
        ("DAILY", "parts FREQ,"),
        ("BYHOUR=9", "FREQ of YEARLY, MONTHLY, WEEKLY, DAILY"),
        ("FREQ=HOURLY", "use Every or Cron"),
        ("FREQ=MINUTELY", "use Every or Cron"),
        ("FREQ=SECONDLY", "use Every or Cron"),
        ("FREQ=FORTNIGHTLY", "'FREQ=FORTNIGHTLY'"),
        ("FREQ=DAILY;BYHOURS=9", "did you mean 'BYHOUR'"),
        ("FREQ=DAILY;BYHOUR", "BYHOUR= and a value"),
        ("FREQ=DAILY;BYHOUR=", "BYHOUR= and a value"),
        ("FREQ=DAILY;BYHOUR=9;BYHOUR=10", "BYHOUR once"),
        ("FREQ=DAILY;BYHOUR=24", "BYHOUR of 0 to 23"),
        ("FREQ=DAILY;BYHOUR=-1", "BYHOUR of 0 to 23"),
        ("FREQ=DAILY;BYHOUR=9,", "BYHOUR of 0 to 23"),
        ("FREQ=DAILY;BYHOUR=1e1", "BYHOUR of 0 to 23"),
        ("FREQ=DAILY;BYMINUTE=60", "BYMINUTE of 0 to 59"),
        ("FREQ=DAILY;BYMONTH=13", "BYMONTH of 1 to 12"),
        ("FREQ=MONTHLY;BYMONTHDAY=0", "BYMONTHDAY of 1 to 31 or -31 to -1"),
        ("FREQ=MONTHLY;BYMONTHDAY=--1", "BYMONTHDAY of 1 to 31"),
        ("FREQ=MONTHLY;BYMONTHDAY=-+5", "BYMONTHDAY of 1 to 31"),
        ("FREQ=MONTHLY;BYMONTHDAY=-32", "BYMONTHDAY of 1 to 31"),
        ("FREQ=DAILY;BYHOUR=000001999", "BYHOUR of 0 to 23"),
        ("FREQ=DAILY;INTERVAL=00001999999", "INTERVAL of 1 to 10000"),
        ("FREQ=YEARLY;BYDAY=0000019MO,00000199MO", "a number from 1 to 53"),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL of 1 to 10000"),
        ("FREQ=DAILY;INTERVAL=1,2", "one number INTERVAL"),
        ("FREQ=DAILY;INTERVAL=99999999999999999999", "INTERVAL of 1 to 10000"),
        ("FREQ=DAILY;COUNT=0", "COUNT of 1 to 10000"),
        ("FREQ=DAILY;COUNT=5;UNTIL=20260101", "COUNT or UNTIL, not both"),
        ("FREQ=DAILY;UNTIL=soon", "UNTIL like 20261231"),
        ("FREQ=DAILY;UNTIL=99991231T235959-0500", "UNTIL like 20261231"),
        ("FREQ=MONTHLY;BYDAY=FRI", "a weekday of MO, TU"),
        ("FREQ=MONTHLY;BYDAY=6MO", "a number from 1 to 5"),
        ("FREQ=MONTHLY;BYDAY=0MO", "a number from 1 to 5"),
        ("FREQ=YEARLY;BYDAY=54MO", "a number from 1 to 53"),
        ("FREQ=WEEKLY;BYDAY=1MO", "only where FREQ is MONTHLY or YEARLY"),
        ("FREQ=YEARLY;BYWEEKNO=20;BYDAY=1MO", "beside BYWEEKNO"),
        ("FREQ=DAILY;WKST=1MO", "only where FREQ is MONTHLY or YEARLY"),
        ("FREQ=WEEKLY;BYMONTHDAY=1", "no BYMONTHDAY where FREQ=WEEKLY"),
        ("FREQ=MONTHLY;BYWEEKNO=1", "no BYWEEKNO where FREQ=MONTHLY"),
        ("FREQ=DAILY;BYYEARDAY=1", "no BYYEARDAY where FREQ=DAILY"),
        ("FREQ=MONTHLY;BYSETPOS=1", "BYSETPOS beside another BY part"),
        ("FREQ=YEARLY;BYEASTER=0", "parts FREQ,"),
        ("DTSTART:20260101T000000;FREQ=DAILY", "give it as start= and tz="),
        ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "some date of the calendar"),
        ("FREQ=MONTHLY;BYDAY=1MO;BYMONTHDAY=20", "some date of the calendar"),
        ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=40", "some date of the calendar"),
        (
            "FREQ=DAILY;BYMINUTE=0,1;BYHOUR=" + ",".join(map(str, range(24))) + ";BYSECOND="
            + ",".join(map(str, range(60))),
            "at most 1440 times a day",
        ),
        ("FREQ=DAILY;BYHOUR=" + ",".join(["9"] * 300), "at most 512 ASCII characters"),
        ("FREQ=DAILY;BYHOUR=\N{ARABIC-INDIC DIGIT NINE}", "ASCII"),
        (None, "rule: None"),
        (b"FREQ=DAILY", "an RFC 5545 rule"),
    ],
)  # fmt: skip
def test_a_rule_that_cannot_be_is_refused_with_the_part_and_what_is_allowed(rule, words):
    with pytest.raises(PolicyError) as caught:
        Rule(rule)
    assert caught.value.argument == "rule"
    assert words in str(caught.value)


def test_an_interval_that_leaves_no_fitting_period_is_found_out_at_once():
    # 1 January 2026 is a Thursday, and so is each seventh day from it.
    with pytest.raises(TriggerSearchError) as caught:
        Rule("FREQ=DAILY;INTERVAL=7;BYDAY=MO", start="2026-01-01")
    assert caught.value.steps == 10_000


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: Rule("FREQ=DAILY", start=datetime(2026, 1, 1)), NaiveDatetimeError, "start: "),
        (lambda: Rule("FREQ=DAILY", start="soon"), PolicyError, "start: 'soon'"),
        (lambda: Rule("FREQ=DAILY", start=1), PolicyError, "start: 1"),
        (lambda: Rule("FREQ=DAILY", start="0001-01-01T00:00Z"), PolicyError, "start: '0001-01-01T"),
        (lambda: Rule("FREQ=DAILY", tz="Paris"), UnknownZoneError, "'Paris'"),
    ],
)
def test_bad_start_and_zone_are_refused(make, error, words):
    with pytest.raises(error) as caught:
        make()
    assert words in str(caught.value)


def test_a_date_or_a_datetime_serves_as_a_start():
    assert Rule("FREQ=DAILY", start=date(2026, 1, 1)) == Rule("FREQ=DAILY", start="2026-01-01")
    aware = datetime(2026, 1, 1, tzinfo=PARIS)
    assert Rule("FREQ=DAILY", start=aware, tz=PARIS) == Rule(
        "FREQ=DAILY", start="2026-01-01", tz="Europe/Paris"
    )


def test_dateutil_is_imported_by_the_first_rule_and_not_before():
    script = (
        "import sys, cronkit.triggers as t\n"
        "t.Every('5m'); before = 'dateutil' in sys.modules\n"
        "t.Rule('FREQ=DAILY'); print(before, 'dateutil' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False True\n"


def test_a_minute_grid_over_a_year_is_still_quick_to_leave():
    trigger = Rule(
        "FREQ=YEARLY;BYMONTH=1;BYDAY=MO;BYMINUTE=0,15,30,45;BYHOUR="
        + ",".join(map(str, range(24))),
        tz=UTC,
    )
    end = datetime(2026, 12, 31, tzinfo=UTC)
    assert trigger.next(end) - end > timedelta(days=1)
    assert trigger.previous(end).month == 1
