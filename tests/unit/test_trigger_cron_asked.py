"""What a cron trigger that remembers must not take for granted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from unittest import mock
from zoneinfo import ZoneInfo

import pytest

from cronkit import Cron
from cronkit.cron import CronExpression
from cronkit.errors import NaiveDatetimeError, PolicyError

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
QUARTER = timedelta(minutes=15)


class NotOnTheSecond(CronExpression):
    """An expression that leaves out the second of each month."""

    __slots__ = ()

    def next(self, after):
        found = super().next(after)
        while found is not None and found.day == 2:
            found = super().next(found)
        return found


def following(trigger, after, count):
    """Return the fire times that follow one another."""
    found = []
    for _ in range(count):
        after = trigger.next(after)
        found.append(after)
    return found


@pytest.fixture
def asked():
    """A trigger that has a pace."""
    trigger = Cron("*/15 * * * *", tz="UTC")
    following(trigger, NEW_YEAR, 5)
    return trigger


def test_an_expression_with_a_next_of_its_own_is_asked_by_that():
    trigger = Cron(NotOnTheSecond.parse("TZ=UTC 0 9 * * *"))
    assert [each.day for each in following(trigger, NEW_YEAR, 3)] == [1, 3, 4]


def test_a_job_does_not_run_when_its_own_expression_leaves_out(scheduler, clock):
    days = []
    expression = NotOnTheSecond.parse("TZ=UTC 0 9 * * *")
    scheduler.add(lambda: days.append(clock.now().day), Cron(expression), id="a")
    with scheduler:
        clock.advance("3d")
    assert days == [3, 4]


def test_a_pace_is_not_followed_by_an_expression_with_a_next_of_its_own():
    trigger = Cron(NotOnTheSecond.parse("TZ=UTC 0 * * * *"))
    days = {each.day for each in following(trigger, NEW_YEAR, 30)}
    assert days == {1, 3}


def test_what_is_equal_to_anything_is_no_datetime(asked):
    with pytest.raises(PolicyError):
        asked.next(mock.ANY)


def test_a_datetime_is_compared_as_an_instant_whatever_its_own_equality_says(asked):
    class Agreeable(datetime):
        def __eq__(self, other):
            return True

        __hash__ = datetime.__hash__

    after = Agreeable(2027, 1, 1, tzinfo=UTC)
    assert asked.next(after).isoformat() == "2027-01-01T00:15:00+00:00"


def test_the_equality_of_a_datetime_is_not_needed(asked):
    class Strict(datetime):
        def __eq__(self, other):
            raise TypeError("compare only with another Strict")

        __hash__ = datetime.__hash__

    after = Strict(2027, 1, 1, tzinfo=UTC)
    assert asked.next(after).isoformat() == "2027-01-01T00:15:00+00:00"


def test_at_the_end_of_the_calendar_a_trigger_answers_as_one_that_was_asked_nothing():
    zone, text = ZoneInfo("Africa/Monrovia"), "*/30 * * * *"
    trigger, last = Cron(text, tz=zone), datetime(9999, 12, 30, 22, tzinfo=UTC)
    following(trigger, last, 3)
    after = datetime(9999, 12, 31, 1, tzinfo=ZoneInfo("Asia/Beirut"))
    assert trigger.next(after) == Cron(text, tz=zone).next(after)


def test_an_expression_of_its_own_kind_is_not_bound_to_the_one_of_another_job():
    zone = ZoneInfo("Europe/Paris")
    own = Cron(NotOnTheSecond.parse("TZ=Europe/Paris 0 9 * * *")).bind(zone, "a")
    plain = Cron("TZ=Europe/Paris 0 9 * * *").bind(zone, "b")
    assert own is not plain
    assert type(plain.expression) is CronExpression


def test_a_zone_without_an_offset_is_none(asked):
    class Nowhere(tzinfo):
        def utcoffset(self, moment):
            return None

        dst = tzname = utcoffset

    with pytest.raises(NaiveDatetimeError):
        asked.next(datetime(2026, 1, 1, tzinfo=Nowhere()))
