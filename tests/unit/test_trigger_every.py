"""Every: a length of real time, counted from an anchor."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from cronkit.errors import DurationError, NaiveDatetimeError, PolicyError, UnknownZoneError
from cronkit.triggers import Every

PARIS = ZoneInfo("Europe/Paris")
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("interval", "anchor", "after", "expected"),
    [
        ("5m", None, "2026-01-01T12:00:00+00:00", "2026-01-01T12:05:00+00:00"),
        ("5m", None, "2026-01-01T12:04:59.999999+00:00", "2026-01-01T12:05:00+00:00"),
        ("5m", "2026-01-01T00:02:00Z", "2026-01-01T12:00:00+00:00", "2026-01-01T12:02:00+00:00"),
        ("5m", "2031-01-01T00:02:00Z", "2026-01-01T12:00:00+00:00", "2026-01-01T12:02:00+00:00"),
        ("7d", None, "2026-01-01T00:00:00+00:00", "2026-01-08T00:00:00+00:00"),
        ("0.25s", None, "2026-01-01T12:00:00.2+00:00", "2026-01-01T12:00:00.250000+00:00"),
        (90, None, "2026-01-01T12:00:00+00:00", "2026-01-01T12:01:30+00:00"),
        (timedelta(hours=8), None, "2026-01-01T12:00:00+00:00", "2026-01-01T16:00:00+00:00"),
        ("1h", None, "2026-03-29T01:00:00+01:00", "2026-03-29T02:00:00+01:00"),
        ("1h", None, "1969-12-31T23:30:00+00:00", "1970-01-01T00:00:00+00:00"),
    ],
)
def test_the_next_fire_time_is_the_next_whole_number_of_intervals_from_the_anchor(
    interval, anchor, after, expected
):
    trigger = Every(interval) if anchor is None else Every(interval, anchor=anchor)
    found = trigger.next(datetime.fromisoformat(after))
    assert found.isoformat() == expected


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ("2026-01-01T12:00:00+00:00", "2026-01-01T11:55:00+00:00"),
        ("2026-01-01T12:00:00.000001+00:00", "2026-01-01T12:00:00+00:00"),
        ("1969-12-31T23:58:00+00:00", "1969-12-31T23:55:00+00:00"),
    ],
)
def test_the_previous_fire_time_is_strictly_earlier(before, expected):
    assert Every("5m").previous(datetime.fromisoformat(before)).isoformat() == expected


@pytest.mark.parametrize(
    ("day", "hours"), [("2026-03-29", 23), ("2026-06-01", 24), ("2026-10-25", 25)]
)
def test_an_hourly_interval_fires_once_for_each_real_hour_of_a_day(day, hours):
    trigger = Every("1h").bind(PARIS, "job")
    start = datetime.fromisoformat(day).replace(tzinfo=PARIS)
    moment, found = start - timedelta(seconds=1), []
    while (moment := trigger.next(moment)).date() == start.date():
        found.append(moment.astimezone(UTC))
    assert len(found) == hours
    assert {later - earlier for earlier, later in pairwise(found)} == {timedelta(hours=1)}


def test_what_was_asked_before_does_not_change_an_answer():
    questions = [NOON + timedelta(minutes=7 * (n * n % 41 - 20), seconds=n) for n in range(200)]
    trigger = Every("17m").bind(PARIS, "job")
    for question in questions:
        fresh = Every("17m", tz=PARIS).next(question)
        assert trigger.next(question) == fresh
        assert trigger.next(fresh.astimezone(UTC)) == fresh + timedelta(minutes=17)


def test_replicas_that_start_at_different_moments_agree():
    early, late = Every("17m").next(NOON), Every("17m").next(NOON + timedelta(seconds=30))
    assert early == late


def test_it_takes_no_longer_to_reach_a_fire_time_a_million_intervals_away():
    found = Every("1ms").next(datetime(9999, 1, 1, tzinfo=UTC))
    assert found == datetime(9999, 1, 1, microsecond=1000, tzinfo=UTC)


def test_an_anchor_without_an_offset_is_read_in_the_zone_it_is_bound_to():
    bound = Every("1d", anchor="2026-01-01T09:00:00").bind(PARIS, "job")
    assert bound.anchor == datetime(2026, 1, 1, 8, tzinfo=UTC)
    assert bound.next(NOON).isoformat() == "2026-01-02T09:00:00+01:00"


def test_its_own_zone_wins_over_the_schedulers():
    trigger = Every("1h", tz="Asia/Tokyo")
    assert trigger.bind(PARIS, "job") is trigger
    assert trigger.next(NOON).isoformat() == "2026-01-01T22:00:00+09:00"


def test_an_interval_that_reaches_beyond_the_calendar_still_has_its_last_fire_time():
    trigger = Every("300000d", anchor="9990-01-01T00:00:00Z", tz="UTC")
    assert trigger.next(datetime(9500, 1, 1, tzinfo=UTC)) == datetime(9990, 1, 1, tzinfo=UTC)


def test_beyond_the_calendar_there_is_no_fire_time():
    assert Every("365000d").next(datetime(9999, 1, 1, tzinfo=UTC)) is None
    assert Every("365000d").previous(datetime(970, 1, 1, tzinfo=UTC)) is None


@pytest.mark.parametrize(
    ("trigger", "text"),
    [
        (Every("90m"), "every 1h30m"),
        (Every("14d"), "every 2w"),
        (Every("1500ms"), "every 1s500ms"),
        (Every(timedelta(microseconds=1500)), "every 1.5ms"),
        (
            Every(3600, anchor=datetime(2026, 1, 1, tzinfo=PARIS)),
            "every 1h anchor 2025-12-31T23:00:00Z",
        ),
        (Every("1h", anchor="2026-01-01T00:30:00"), "every 1h anchor 2026-01-01T00:30:00"),
    ],
)
def test_its_text_says_the_interval_and_an_anchor_that_is_not_the_epoch(trigger, text):
    assert str(trigger) == text


@pytest.mark.parametrize("seconds", [0.001, 0.0015, 1, 59.5, 61, 3_599, 86_400, 694_861.007])
def test_the_interval_in_the_text_reads_back_as_the_same_interval(seconds):
    trigger = Every(seconds)
    assert Every(str(trigger).removeprefix("every ")) == trigger


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: Every("0s"), DurationError, "interval: '0s'"),
        (lambda: Every("-5m"), DurationError, "interval: '-5m'"),
        (lambda: Every(-1), DurationError, "at least 0.001 s"),
        (lambda: Every("soon"), DurationError, "text like '30m'"),
        (lambda: Every("1us"), DurationError, "text like '30m'"),
        (lambda: Every(True), DurationError, "interval: True"),
        (lambda: Every(None), DurationError, "interval: None"),
        (lambda: Every("5m", anchor=datetime(2026, 1, 1)), NaiveDatetimeError, "anchor: "),
        (lambda: Every("5m", anchor="noon"), PolicyError, "anchor: 'noon'"),
        (lambda: Every("5m", anchor=0), PolicyError, "anchor: 0"),
        (lambda: Every("5m", tz="Europe/Pariss"), UnknownZoneError, "did you mean 'Europe/Paris'"),
        (lambda: Every("5m", tz=1), PolicyError, "tz: 1"),
        (lambda: Every("5m", anchor="9999-12-31T23:00:00Z"), PolicyError, "anchor: '9999-12-31T23"),
    ],
)
def test_bad_input_is_refused_with_the_argument_and_what_is_allowed(make, error, words):
    with pytest.raises(error) as caught:
        make()
    assert words in str(caught.value)


def test_an_interval_that_is_given_again_is_read_as_before_and_a_bad_one_refused_again():
    text = "5m"
    assert [Every(each).interval for each in (text, text, 90, text)] == [
        timedelta(minutes=5), timedelta(minutes=5), timedelta(seconds=90), timedelta(minutes=5),
    ]  # fmt: skip
    for _ in range(2):
        with pytest.raises(DurationError, match="interval: 'soon'"):
            Every("soon")


def test_equal_intervals_bound_to_one_zone_one_after_another_are_one_object():
    first, second = (Every("5m").bind(PARIS, job) for job in ("a", "b"))
    assert first is second


@pytest.mark.parametrize(
    "other",
    [
        Every("5m").bind(UTC, "b"),
        Every("6m").bind(PARIS, "b"),
        Every("5m", anchor="2026-01-01T00:01:00Z").bind(PARIS, "b"),
    ],
)
def test_what_differs_from_the_newest_that_was_bound_is_bound_by_itself(other):
    bound = Every("5m").bind(PARIS, "a")
    again = Every(other.interval, anchor=other.anchor).bind(other.tz, "b")
    assert (again, again.tz) == (other, other.tz)
    assert again != bound
