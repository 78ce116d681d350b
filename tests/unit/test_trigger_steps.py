"""Rule.every: calendar steps from an anchor."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from cronkit.errors import NaiveDatetimeError, PolicyError, UnknownZoneError
from cronkit.triggers import Rule

PARIS = ZoneInfo("Europe/Paris")


def take(trigger, after, count):
    after, found = datetime.fromisoformat(after).replace(tzinfo=PARIS), []
    for _ in range(count):
        after = trigger.next(after)
        found.append(after.date().isoformat())
    return found


@pytest.mark.parametrize(
    ("step", "anchor", "after", "expected"),
    [
        (
            {"months": 1},
            "2026-01-31",
            "2026-01-01",
            ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31"],
        ),
        ({"months": 1}, "2026-01-31", "2028-02-01", ["2028-02-29", "2028-03-31"]),
        ({"months": 1}, "2026-01-31", "2025-11-01", ["2025-11-30", "2025-12-31"]),
        ({"months": 3}, "2026-01-15", "2026-05-01", ["2026-07-15", "2026-10-15"]),
        ({"years": 1}, "2024-02-29", "2024-03-01", ["2025-02-28", "2026-02-28", "2027-02-28"]),
        ({"years": 1}, "2024-02-29", "2027-03-01", ["2028-02-29"]),
        ({"years": 1, "months": 6}, "2026-01-01", "2026-01-01", ["2027-07-01", "2029-01-01"]),
        ({"weeks": 2}, "2026-01-05", "2026-01-06", ["2026-01-19", "2026-02-02"]),
        ({"days": 10}, "2026-01-01", "2026-01-01", ["2026-01-11", "2026-01-21"]),
        ({"months": 1, "days": 1}, "2026-01-31", "2026-01-31", ["2026-03-01", "2026-04-02"]),
    ],
)
def test_each_step_is_counted_from_the_anchor(step, anchor, after, expected):
    trigger = Rule.every(**step, anchor=anchor, tz=PARIS)
    assert take(trigger, after, len(expected)) == expected


def test_the_anchor_is_a_phase_and_no_start():
    trigger = Rule.every(months=1, anchor="2026-01-31", tz=PARIS)
    assert trigger.previous(datetime(1999, 3, 15, tzinfo=PARIS)).date() == date(1999, 2, 28)


def test_without_an_anchor_it_counts_from_the_first_of_january_1970():
    assert take(Rule.every(months=3), "2026-02-01", 2) == ["2026-04-01", "2026-07-01"]


def test_the_wall_clock_stays_when_the_offset_changes():
    trigger = Rule.every(days=1, anchor="2026-01-01T09:00", tz=PARIS)
    winter = trigger.next(datetime(2026, 3, 28, tzinfo=PARIS))
    summer = trigger.next(winter)
    assert (winter.isoformat(), summer.isoformat()) == (
        "2026-03-28T09:00:00+01:00",
        "2026-03-29T09:00:00+02:00",
    )


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ("2026-03-28T12:00+01:00", "2026-03-29T03:00:00+02:00"),
        ("2026-10-24T12:00+02:00", "2026-10-25T02:30:00+02:00"),
        ("2026-10-25T02:30+02:00", "2026-10-26T02:30:00+01:00"),
        ("2026-10-25T02:10+01:00", "2026-10-26T02:30:00+01:00"),
    ],
)
def test_a_gap_is_run_at_its_end_and_a_fold_on_its_first_pass(after, expected):
    trigger = Rule.every(days=1, anchor="2026-01-01T02:30", tz=PARIS)
    assert trigger.next(datetime.fromisoformat(after)).isoformat() == expected


def test_an_instant_as_an_anchor_is_read_on_the_wall_clock_of_the_zone():
    trigger = Rule.every(days=1, anchor=datetime(2026, 1, 1, 8, tzinfo=UTC))
    bound = trigger.bind(PARIS, "job")
    assert bound.next(datetime(2026, 7, 1, tzinfo=PARIS)).hour == 9
    assert str(bound) == "every 1 day anchor 2026-01-01T09:00:00 [Europe/Paris]"


def test_at_the_ends_of_the_calendar_it_ends():
    trigger = Rule.every(years=400, anchor="2026-01-01", tz=UTC)
    assert trigger.next(datetime(9900, 1, 1, tzinfo=UTC)) is None
    assert trigger.previous(datetime(26, 1, 1, tzinfo=UTC)) is None


def test_a_step_longer_than_the_calendar_fires_at_its_anchor_alone():
    trigger = Rule.every(years=100_000, anchor="2026-01-01", tz=UTC)
    assert trigger.next(datetime(1, 2, 1, tzinfo=UTC)).year == 2026
    assert trigger.next(datetime(2026, 1, 1, tzinfo=UTC)) is None
    assert trigger.previous(datetime(9000, 1, 1, tzinfo=UTC)).year == 2026


@pytest.mark.parametrize(
    ("step", "text"),
    [
        ({"months": 1}, "every 1 month"),
        ({"months": 18}, "every 1 year 6 months"),
        ({"weeks": 2}, "every 2 weeks"),
        ({"days": 14}, "every 2 weeks"),
        ({"days": 10}, "every 10 days"),
        ({"weeks": 1, "days": 1}, "every 8 days"),
        ({"years": 2, "days": 1}, "every 2 years 1 day"),
    ],
)
def test_its_text_says_the_step_and_the_anchor(step, text):
    assert str(Rule.every(**step)) == f"{text} anchor 1970-01-01T00:00:00"


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (Rule.every, PolicyError, "years, months, weeks or days of 1 or more"),
        (lambda: Rule.every(months=0), PolicyError, "of 1 or more"),
        (lambda: Rule.every(months=-1), PolicyError, "months: -1"),
        (lambda: Rule.every(months=1.5), PolicyError, "months: 1.5"),
        (lambda: Rule.every(days=True), PolicyError, "days: True"),
        (lambda: Rule.every(days=100_001), PolicyError, "0 to 100000"),
        (lambda: Rule.every(days="1"), PolicyError, "days: '1'"),
        (lambda: Rule.every(days=1, anchor="soon"), PolicyError, "anchor: 'soon'"),
        (lambda: Rule.every(days=1, anchor="0001-01-01T00:00Z"), PolicyError, "anchor: '0001-01-"),
        (lambda: Rule.every(days=1, anchor=datetime(2026, 1, 1)), NaiveDatetimeError, "anchor: "),
        (lambda: Rule.every(days=1, tz="Europe/Pariss"), UnknownZoneError, "'Europe/Paris'"),
    ],
)
def test_bad_input_is_refused_with_the_argument_and_what_is_allowed(make, error, words):
    with pytest.raises(error) as caught:
        make()
    assert words in str(caught.value)


def test_a_step_of_hours_is_no_calendar_step():
    with pytest.raises(TypeError):
        Rule.every(hours=1)
