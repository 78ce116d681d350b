"""AnyOf, Except and Bounded: triggers made of triggers."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from cronkit.errors import NaiveDatetimeError, PolicyError, TriggerSearchError
from cronkit.triggers import (
    AnyOf,
    At,
    Bounded,
    Every,
    Except,
    Rule,
    as_trigger,
    bind,
    reversible,
    text_of,
)

PARIS = ZoneInfo("Europe/Paris")
DAILY = Rule("FREQ=DAILY;BYHOUR=9", start="2026-01-01", tz=PARIS)


def paris(*when: int) -> datetime:
    return datetime(*when, tzinfo=PARIS)


class OnTheHour:
    """A trigger as an application may write it: no bind, no previous, no text."""

    def next(self, after):
        return after.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)


class Stuck:
    """A trigger that breaks its promise: it gives the same instant for ever."""

    def next(self, after):
        return paris(2026, 12, 25, 9)

    def previous(self, before):
        return paris(2026, 12, 25, 9)


def take(trigger, after, count):
    found = []
    while len(found) < count and (after := trigger.next(after)) is not None:
        found.append(after.isoformat())
    return found


def test_any_of_merges_its_triggers_in_order_and_gives_a_shared_instant_once():
    trigger = AnyOf(Every("4h"), Every("6h"))
    found = take(trigger, datetime(2026, 1, 1, tzinfo=UTC), 4)
    assert [each[11:13] for each in found] == ["04", "06", "08", "12"]


def test_any_of_goes_on_when_one_of_its_triggers_has_ended():
    trigger = AnyOf(At("2026-01-01T10:00Z"), At("2026-01-01T11:00Z"))
    assert len(take(trigger, datetime(2026, 1, 1, tzinfo=UTC), 9)) == 2
    assert trigger.previous(datetime(2027, 1, 1, tzinfo=UTC)).hour == 11


def test_any_of_compares_instants_where_two_passes_show_the_same_wall_clock():
    first = datetime(2026, 10, 25, 2, 40, tzinfo=PARIS)
    second = datetime(2026, 10, 25, 2, 20, fold=1, tzinfo=PARIS)
    trigger = AnyOf(At(second, tz=PARIS), At(first, tz=PARIS))
    assert trigger.next(paris(2026, 10, 25)).fold == 0
    assert trigger.previous(paris(2026, 10, 26)).fold == 1


def test_any_of_binds_each_of_its_triggers():
    bound = bind(AnyOf(At("2026-01-01T10:00"), OnTheHour()), PARIS, "job")
    assert str(bound.triggers[0]) == "at 2026-01-01T10:00:00+01:00 [Europe/Paris]"


def test_except_leaves_out_whole_days_of_the_zone_of_the_fire_time():
    trigger = Except(DAILY, dates=["2026-12-25", date(2026, 12, 26)])
    found = take(trigger, paris(2026, 12, 24), 2)
    assert found == ["2026-12-24T09:00:00+01:00", "2026-12-27T09:00:00+01:00"]
    assert trigger.previous(paris(2026, 12, 27)).day == 24


def test_except_knows_the_day_by_the_zone_and_not_by_utc():
    late = Every("1h").bind(ZoneInfo("Pacific/Auckland"), "job")
    trigger = Except(late, dates=["2026-06-01"])
    found = trigger.next(datetime(2026, 5, 31, 11, 30, tzinfo=UTC))
    assert found.isoformat() == "2026-06-02T00:00:00+12:00"


def test_except_jumps_over_an_excluded_day_in_one_step():
    asked = []

    class Counted(OnTheHour):
        def next(self, after):
            asked.append(after)
            return after + timedelta(milliseconds=1)

    found = Except(Counted(), dates=["2026-12-25"]).next(paris(2026, 12, 25))
    assert found == paris(2026, 12, 26) + timedelta(microseconds=999)
    assert len(asked) == 2


@pytest.mark.parametrize(
    ("zone", "excluded", "after", "expected"),
    [
        # Beirut has no midnight on 29 March 2026: the day begins at 01:00.
        ("Asia/Beirut", "2026-03-28", "2026-03-28T12:00", "2026-03-29T01:00:00+03:00"),
        # Havana shows midnight twice on 1 November 2026: the day begins with the first.
        ("America/Havana", "2026-10-31", "2026-10-31T12:00", "2026-11-01T00:00:00-04:00"),
        # Apia had no 30 December 2011 at all.
        ("Pacific/Apia", "2011-12-29", "2011-12-29T12:00", "2011-12-31T00:00:00+14:00"),
        # St. John's went from 00:01 on the 7th back to 23:01 on the 6th.
        ("America/St_Johns", "2010-11-06", "2010-11-06T12:00", "2010-11-07T00:00:00-02:30"),
    ],
)
def test_except_finds_the_end_of_a_day_whose_midnight_is_special(zone, excluded, after, expected):
    trigger = bind(Except(Every("30m"), dates=[excluded]), ZoneInfo(zone), "job")
    question = datetime.fromisoformat(after).replace(tzinfo=ZoneInfo(zone))
    assert trigger.next(question).isoformat() == expected


@pytest.mark.parametrize("excluded", [{5}, {6}, {7}, {6, 7}, {5, 7}])
@pytest.mark.parametrize("zone", ["America/St_Johns", "America/Havana"])
def test_except_is_right_where_a_fold_lies_across_midnight(zone, excluded):
    # St. John's: after the first minute of the 7th the last 59 minutes of the 6th come again.
    all_of = Every("10m").bind(ZoneInfo(zone), "job")
    trigger = Except(all_of, dates=[f"2010-11-0{day}" for day in excluded])
    start = datetime(2010, 11, 4, 22, tzinfo=UTC)
    end = start + timedelta(days=5)
    expected, moment = [], start
    while (moment := all_of.next(moment)).astimezone(UTC) < end:
        if moment.day not in excluded:
            expected.append(moment)
    forward, moment = [], start
    while (moment := trigger.next(moment)).astimezone(UTC) < end:
        forward.append(moment)
    back, moment = [], end
    while (moment := trigger.previous(moment)).astimezone(UTC) > start:
        back.append(moment)
    assert forward == expected
    assert back[::-1] == expected


@pytest.mark.parametrize("ask", ["next", "previous"])
def test_except_gives_up_after_ten_thousand_candidates(ask):
    trigger = Except(Stuck(), dates=["2026-12-25"])
    with pytest.raises(TriggerSearchError) as caught:
        getattr(trigger, ask)(paris(2026, 12, 1))
    assert caught.value.steps == 10_000
    assert "except 2026-12-25" in str(caught.value)


def test_bounds_include_the_start_and_exclude_the_end():
    trigger = Bounded(DAILY, start="2026-01-02T09:00+01:00", end="2026-01-04T09:00+01:00")
    assert take(trigger, paris(2025, 1, 1), 9) == [
        "2026-01-02T09:00:00+01:00",
        "2026-01-03T09:00:00+01:00",
    ]
    assert trigger.previous(paris(2030, 1, 1)) == paris(2026, 1, 3, 9)
    assert trigger.previous(paris(2026, 1, 2, 9)) is None
    assert trigger.next(paris(2026, 1, 3, 9)) is None


def test_bounds_without_an_offset_are_read_in_the_zone_it_is_bound_to():
    bound = bind(Bounded(Every("1h"), start="2026-07-01T12:00", end="2026-07-01T14:00"), PARIS, "x")
    assert take(bound, paris(2026, 1, 1), 9) == [
        "2026-07-01T12:00:00+02:00",
        "2026-07-01T13:00:00+02:00",
    ]


def test_one_bound_is_enough():
    assert Bounded(DAILY, end="2026-01-02").next(paris(2026, 1, 5)) is None
    assert Bounded(DAILY, start="2027-01-01T00:00Z").next(paris(2026, 1, 5)).year == 2027


def test_a_trigger_of_an_application_works_alone_and_inside_the_others():
    custom = OnTheHour()
    assert bind(custom, PARIS, "job") is custom
    assert Except(custom, dates=["2026-01-01"]).next(paris(2025, 12, 31, 23)) == paris(2026, 1, 2)
    assert text_of(custom).endswith("OnTheHour")
    assert " at 0x" not in str(AnyOf(custom, Every("5m")))


@pytest.mark.parametrize(
    "trigger",
    [
        OnTheHour(),
        AnyOf(Every("5m"), OnTheHour()),
        Except(OnTheHour(), dates=[]),
        Bounded(AnyOf(OnTheHour()), start="2026-01-01"),
    ],
    ids=["alone", "in any of", "in except", "two deep"],
)
def test_what_is_made_of_a_trigger_without_previous_says_that_it_cannot_look_back(trigger):
    assert not reversible(trigger)


def test_to_look_back_without_previous_is_refused():
    for trigger in (
        AnyOf(OnTheHour()),
        Except(OnTheHour(), dates=[]),
        Bounded(OnTheHour(), start="2026-01-01"),
    ):
        with pytest.raises(PolicyError, match="a trigger with previous"):
            trigger.previous(paris(2026, 1, 1))


@pytest.mark.parametrize(
    ("trigger", "text"),
    [
        (AnyOf(Every("5m"), Every("7m")), "any of (every 5m; every 7m)"),
        (Except(Every("5m"), dates=["2026-12-26", "2026-12-25"]), "every 5m except 2026-12-25, 2026-12-26"),
        (
            Bounded(Every("5m"), start="2026-01-01T00:00Z", end="2026-02-01T00:00Z"),
            "every 5m from 2026-01-01T00:00:00Z until 2026-02-01T00:00:00Z",
        ),
        (Bounded(Every("5m"), end="2026-02-01"), "every 5m until 2026-02-01T00:00:00"),
    ],
)  # fmt: skip
def test_its_text_names_what_it_is_made_of(trigger, text):
    assert str(trigger) == text


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (AnyOf, PolicyError, "one trigger or more"),
        (lambda: AnyOf("0 9 * * *"), PolicyError, "triggers: '0 9 * * *'"),
        (lambda: AnyOf(Every), PolicyError, "an object with next(after)"),
        (lambda: Except(None, dates=[]), PolicyError, "trigger: None"),
        (lambda: Except(DAILY, dates="2026-12-25"), PolicyError, "a list of dates"),
        (lambda: Except(DAILY, dates=20261225), PolicyError, "a list of dates"),
        (lambda: Except(DAILY, dates=["Christmas"]), PolicyError, "dates: 'Christmas'"),
        (lambda: Except(DAILY, dates=[paris(2026, 12, 25)]), PolicyError, "a date, or ISO text"),
        (lambda: Bounded(DAILY, start="soon"), PolicyError, "start: 'soon'"),
        (lambda: Bounded(DAILY, end=datetime(2026, 1, 1)), NaiveDatetimeError, "end: "),
        (lambda: Bounded(DAILY, start="2026-02-01", end="2026-02-01"), PolicyError, "later than"),
        (
            lambda: Bounded(DAILY, start=paris(2026, 2, 1), end=paris(2026, 1, 1)),
            PolicyError,
            "later than start, 2026-01-31T23:00:00+00:00",
        ),
        (
            lambda: bind(Bounded(DAILY, start=paris(2026, 2, 1), end="2026-01-01"), PARIS, "job"),
            PolicyError,
            "later than start",
        ),
    ],
)
def test_bad_input_is_refused_with_the_argument_and_what_is_allowed(make, error, words):
    with pytest.raises(error) as caught:
        make()
    assert words in str(caught.value)


def test_a_value_with_the_shape_of_a_trigger_is_one():
    custom = OnTheHour()
    assert as_trigger(custom) is custom
