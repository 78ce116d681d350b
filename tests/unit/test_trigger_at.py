"""At: named instants."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from cronkit.errors import NaiveDatetimeError, PolicyError, UnknownZoneError
from cronkit.triggers import At

PARIS = ZoneInfo("Europe/Paris")
NEW_YEAR = datetime(2027, 1, 1, tzinfo=UTC)


def all_of(trigger: At, after: datetime) -> list[str]:
    found = []
    while (after := trigger.next(after)) is not None:
        found.append(after.isoformat())
    return found


def test_it_gives_each_instant_once_and_in_order():
    trigger = At("2026-03-01T12:00Z", "2026-01-01T12:00Z", "2026-03-01T13:00+01:00")
    assert all_of(trigger, datetime(2025, 1, 1, tzinfo=UTC)) == [
        "2026-01-01T12:00:00+00:00",
        "2026-03-01T12:00:00+00:00",
    ]


def test_there_is_nothing_after_the_last_and_nothing_before_the_first():
    trigger = At(NEW_YEAR)
    assert trigger.next(NEW_YEAR) is None
    assert trigger.previous(NEW_YEAR) is None


def test_the_previous_instant_is_strictly_earlier():
    trigger = At("2026-01-01T12:00Z", "2026-01-02T12:00Z")
    assert trigger.previous(datetime(2026, 1, 2, 12, tzinfo=UTC)).day == 1
    assert trigger.previous(NEW_YEAR).day == 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-12-31T23:59:00", "2026-12-31T23:59:00+01:00"),
        ("2026-12-31T23:59:00Z", "2027-01-01T00:59:00+01:00"),
        ("2026-12-31", "2026-12-31T00:00:00+01:00"),
        ("2026-03-29T02:30:00", "2026-03-29T03:00:00+02:00"),  # in the gap: the end of it
        ("2026-10-25T02:30:00", "2026-10-25T02:30:00+02:00"),  # in the fold: the first pass
        ("2026-10-25T02:30:00+01:00", "2026-10-25T02:30:00+01:00"),
    ],
)
def test_text_without_an_offset_is_read_in_the_zone_it_is_bound_to(text, expected):
    bound = At(text).bind(PARIS, "job")
    assert bound.next(datetime(2026, 1, 1, tzinfo=UTC)).isoformat() == expected


def test_a_date_stands_for_its_midnight():
    assert At(date(2026, 12, 24), tz=PARIS) == At("2026-12-24T00:00", tz="Europe/Paris")


def test_both_passes_of_a_fold_are_two_instants():
    trigger = At(
        datetime(2026, 10, 25, 2, 30, tzinfo=PARIS),
        datetime(2026, 10, 25, 2, 30, tzinfo=PARIS, fold=1),
    )
    assert len(trigger.instants) == 2


def test_its_own_zone_wins_over_the_schedulers():
    trigger = At("2026-12-31T23:59", tz="Asia/Tokyo")
    assert trigger.bind(PARIS, "job") is trigger
    assert trigger.next(datetime(2026, 1, 1, tzinfo=UTC)).isoformat() == "2026-12-31T23:59:00+09:00"


def test_until_it_is_bound_text_is_read_in_the_zone_of_the_question():
    trigger = At("2026-12-31T23:59")
    tokyo = ZoneInfo("Asia/Tokyo")
    assert trigger.next(datetime(2026, 1, 1, tzinfo=tokyo)).tzinfo is tokyo
    assert trigger.next(datetime(2026, 1, 1, tzinfo=PARIS)).isoformat().endswith("+01:00")


@pytest.mark.parametrize(
    ("trigger", "text"),
    [
        (At("2026-12-31T23:59"), "at 2026-12-31T23:59:00"),
        (At("2026-12-31T23:59Z"), "at 2026-12-31T23:59:00+00:00"),
        (At("2026-12-31T23:59Z", tz=PARIS), "at 2027-01-01T00:59:00+01:00 [Europe/Paris]"),
    ],
)
def test_its_text_names_the_instants_and_the_zone(trigger, text):
    assert str(trigger) == text


def test_the_text_of_a_long_list_is_short_and_still_tells_lists_apart():
    many = At(*(f"20{year:02}-01-01" for year in range(90)))
    other = At(*(f"20{year:02}-01-0{1 + (year == 40)}" for year in range(90)))
    assert len(str(many)) < 120
    assert str(many) != str(other)
    assert "(90, sha256 " in str(many)


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (At, PolicyError, "one instant or more"),
        (lambda: At(datetime(2026, 1, 1)), NaiveDatetimeError, "instants: "),
        (lambda: At("tomorrow"), PolicyError, "ISO 8601"),
        (lambda: At(5), PolicyError, "instants: 5"),
        (lambda: At(None), PolicyError, "instants: None"),
        (lambda: At("2026-01-01", tz="Mars/Olympus"), UnknownZoneError, "'Mars/Olympus'"),
        (lambda: At("9999-12-31T23:59:59Z"), PolicyError, "0001-01-03 to 9999-12-30"),
        (lambda: At("0001-01-01", tz="Asia/Tokyo"), PolicyError, "0001-01-03 to 9999-12-30"),
    ],
)
def test_bad_input_is_refused_with_the_argument_and_what_is_allowed(make, error, words):
    with pytest.raises(error) as caught:
        make()
    assert words in str(caught.value)
