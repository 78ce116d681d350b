"""`CronExpression` as a value: zones, immutability, size, and the ends of the calendar."""

from __future__ import annotations

import gc
import tracemalloc
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from itertools import islice
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from dateutil import tz as dateutil_tz

from cronkit.cron import CronExpression
from cronkit.cron._shared import shared
from cronkit.errors import NaiveDatetimeError, PolicyError

if TYPE_CHECKING:
    from collections.abc import Callable

PARIS = ZoneInfo("Europe/Paris")
TOKYO = ZoneInfo("Asia/Tokyo")


def test_the_zone_is_that_of_the_moment_unless_the_text_names_one() -> None:
    nine = CronExpression.parse("0 9 * * *")
    fixed = timezone(timedelta(hours=5, minutes=30))
    for zone in (UTC, PARIS, fixed):
        found = nine.next(datetime(2026, 1, 1, 12, tzinfo=zone))
        assert found == datetime(2026, 1, 2, 9, tzinfo=zone)
        assert found is not None
        assert found.tzinfo is zone
    parisian = CronExpression.parse("TZ=Europe/Paris 0 9 * * *")
    found = parisian.next(datetime(2026, 1, 1, 12, tzinfo=TOKYO))
    assert found is not None
    assert found.isoformat() == "2026-01-01T09:00:00+01:00"
    assert found.tzinfo is parisian.zone is PARIS
    back = parisian.previous(datetime(2026, 1, 1, 12, tzinfo=TOKYO))
    assert back is not None
    assert back.isoformat() == "2025-12-31T09:00:00+01:00"


def test_a_zone_of_the_text_holds_for_every_method() -> None:
    expression = CronExpression.parse("TZ=Europe/Paris 0 9 * * *")
    start, end = datetime(2026, 1, 1, 8, tzinfo=UTC), datetime(2026, 1, 3, 8, tzinfo=UTC)
    days = ["2026-01-01T09:00:00+01:00", "2026-01-02T09:00:00+01:00"]
    assert [each.isoformat() for each in expression.between(start, end)] == days
    assert [each.isoformat() for each in expression.iter(start, end)] == days[1:]
    assert expression.matches(start)
    assert not expression.matches(datetime(2026, 1, 1, 9, tzinfo=UTC))


@pytest.mark.parametrize("name", ["UTC", "Europe/Paris"])
def test_both_prefixes_name_a_zone(name: str) -> None:
    one, other = (CronExpression.parse(f"{prefix}={name} @daily") for prefix in ("TZ", "CRON_TZ"))
    assert one == other
    assert str(one.zone) == name


class Localized(tzinfo):
    """A zone of which each datetime carries one fixed offset, as with pytz."""

    def __init__(self, offset: timedelta) -> None:
        self.offset = offset

    def utcoffset(self, _moment: datetime | None) -> timedelta:
        return self.offset

    def dst(self, _moment: datetime | None) -> None:
        return None

    def fromutc(self, moment: datetime) -> datetime:
        local = moment.replace(tzinfo=UTC).astimezone(PARIS)
        return local.replace(tzinfo=Localized(local.utcoffset() or timedelta(0)), fold=0)


@pytest.mark.parametrize("text", ["30 2 * * *", "*/20 1-3 * * *", "0 0 * * *"])
@pytest.mark.parametrize("begin", ["2026-03-28T12:00Z", "2026-10-24T12:00Z"])
@pytest.mark.parametrize(
    "foreign",
    [
        pytest.param(dateutil_tz.gettz("Europe/Paris"), id="dateutil"),
        pytest.param(Localized(timedelta(hours=1)), id="one offset a datetime"),
    ],
)
def test_a_zone_of_another_library_gives_the_same_instants(
    text: str, begin: str, foreign: tzinfo
) -> None:
    expression = CronExpression.parse(text)
    start = datetime.fromisoformat(begin)
    ours = list(islice(expression.iter(start.astimezone(PARIS)), 12))
    theirs = list(islice(expression.iter(start.astimezone(foreign)), 12))
    assert [each.isoformat() for each in theirs] == [each.isoformat() for each in ours]
    assert all(expression.matches(each) for each in theirs)
    back = [expression.previous(each) for each in theirs[1:]]
    assert [each.isoformat() for each in back if each] == [each.isoformat() for each in ours[:-1]]


NAIVE = datetime(2026, 1, 1, 9)
AWARE = NAIVE.replace(tzinfo=UTC)
CALLS = [
    pytest.param(lambda each, wrong: each.next(wrong), "after", id="next"),
    pytest.param(lambda each, wrong: each.previous(wrong), "before", id="previous"),
    pytest.param(lambda each, wrong: each.matches(wrong), "moment", id="matches"),
    pytest.param(lambda each, wrong: each.iter(wrong), "after", id="iter"),
    pytest.param(lambda each, wrong: each.iter(AWARE, wrong), "until", id="iter until"),
    pytest.param(lambda each, wrong: each.between(wrong, AWARE), "start", id="between"),
    pytest.param(lambda each, wrong: each.between(AWARE, wrong), "end", id="between end"),
]


@pytest.mark.parametrize(("call", "argument"), CALLS)
@pytest.mark.parametrize("text", ["* * * * *", "TZ=Europe/Paris * * * * *"])
def test_a_naive_datetime_is_refused_at_once(
    call: Callable[[CronExpression, object], object], argument: str, text: str
) -> None:
    with pytest.raises(NaiveDatetimeError) as caught:
        call(CronExpression.parse(text), NAIVE)
    assert (caught.value.argument, caught.value.value) == (argument, NAIVE)


@pytest.mark.parametrize(("call", "argument"), CALLS)
@pytest.mark.parametrize("wrong", [date(2026, 1, 1), "2026-01-01T09:00Z", 1_767_258_000, None])
def test_what_is_no_datetime_is_refused_with_the_name_of_the_argument(
    call: Callable[[CronExpression, object], object], argument: str, wrong: object
) -> None:
    if argument == "until" and wrong is None:
        return  # which is its default
    with pytest.raises(PolicyError) as caught:
        call(CronExpression.parse("* * * * *"), wrong)
    assert caught.value.argument == argument


def test_an_expression_cannot_be_changed() -> None:
    expression = CronExpression.parse("0 9 * * *")
    with pytest.raises(AttributeError, match="immutable"):
        expression.zone = UTC  # type: ignore[misc]
    with pytest.raises(AttributeError, match="immutable"):
        expression.colour = "red"  # type: ignore[attr-defined]
    with pytest.raises(AttributeError, match="immutable"):
        del expression.fold
    assert expression.zone is None


@pytest.mark.parametrize(
    ("text", "moment", "expected"),
    [
        ("0 9 * * *", "2026-01-01T09:00:00+00:00", True),
        ("0 9 * * *", "2026-01-01T09:00:01+00:00", False),
        ("0 9 * * *", "2026-01-01T09:00:00.000001+00:00", False),
        ("0 9 * * *", "2026-01-01T09:01:00+00:00", False),
        ("0 9 * * *", "2026-01-01T08:00:00-01:00", False),
        ("*/10 0 9 * * *", "2026-01-01T09:00:50+00:00", True),
        ("0 9 * * FRI", "2026-01-01T09:00:00+00:00", False),
        ("0 9 1 2 *", "2026-01-01T09:00:00+00:00", False),
        ("0 0 9 1 1 * 2027", "2026-01-01T09:00:00+00:00", False),
        ("0 0 9 1 1 * 2026", "2026-01-01T09:00:00+00:00", True),
    ],
)
def test_a_moment_matches_when_it_is_a_fire_time(text: str, moment: str, *, expected: bool) -> None:
    assert CronExpression.parse(text).matches(datetime.fromisoformat(moment)) is expected


def test_years_that_have_passed_give_no_fire_time_onward_and_some_back() -> None:
    past = CronExpression.parse("0 0 12 1 1 * 2020,2021")
    now = datetime(2026, 1, 1, tzinfo=PARIS)
    assert past.next(now) is None
    assert list(past.iter(now)) == []
    assert past.previous(now) == datetime(2021, 1, 1, 12, tzinfo=PARIS)


@pytest.mark.parametrize("zone", ["UTC", "Europe/Paris", "Pacific/Kiritimati", "Etc/GMT+12"])
def test_the_ends_of_the_calendar_are_ends_and_not_errors(zone: str) -> None:
    expression = CronExpression.parse("0 0 * * *")
    earliest = datetime.min.replace(tzinfo=ZoneInfo(zone))
    latest = datetime.max.replace(tzinfo=ZoneInfo(zone))
    assert expression.next(latest) is None
    assert expression.previous(earliest) is None
    first, last = expression.next(earliest), expression.previous(latest)
    assert first is not None
    assert last is not None
    assert first.date() <= date(1, 1, 4)
    assert last.date() >= date(9999, 12, 29)
    assert not expression.matches(earliest)
    assert not expression.matches(latest)
    assert list(expression.iter(last)) == []
    assert last in list(expression.iter(last - timedelta(days=5)))
    assert list(expression.between(latest, latest)) == []
    assert next(expression.between(earliest, latest)) == first
    parisian = CronExpression.parse("TZ=Europe/Paris 0 0 * * *")
    assert parisian.next(latest) is None
    assert parisian.previous(earliest) is None
    assert parisian.next(earliest) is not None
    assert parisian.previous(latest) is not None


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-01-02T00:00Z", "2026-01-01T00:00Z"),
        ("2026-01-01T00:00Z", "2026-01-01T00:00Z"),
        ("2026-01-01T12:00+12:00", "2026-01-01T00:00Z"),
    ],
)
def test_between_is_empty_when_the_end_is_not_later_as_an_instant(start: str, end: str) -> None:
    span = datetime.fromisoformat(start), datetime.fromisoformat(end)
    assert list(CronExpression.parse("* * * * *").between(*span)) == []


def test_an_expression_takes_at_most_a_kibibyte() -> None:
    texts = [
        "*/15 * * * *",
        "5,35 3,15 1,15 */2 *",
        "*/7 */11 3-20/5 L-3W,LW,15W 1-11/2 MON#2,5L 1970-2099/3",
        "TZ=America/Argentina/ComodRivadavia 1-59/2 1-23/3 * * *",
    ]
    for text in texts:
        CronExpression.parse(text)
        gc.collect()
        tracemalloc.start()
        held = [CronExpression.parse(text) for _ in range(200)]
        size = tracemalloc.get_traced_memory()[0] / len(held)
        tracemalloc.stop()
        assert size < 1024, text


def test_equal_arguments_share_one_object_while_it_is_held() -> None:
    held = shared("0 9 * * *", gap="skip")
    assert shared("0 9 * * *", gap="skip") is held
    assert shared("0 9 * * *") is not held
    assert CronExpression.parse("0 9 * * *", gap="skip") == held


def test_its_repr_shows_what_decides_when_it_fires() -> None:
    assert "0 9 * * MON" in repr(CronExpression.parse("0 9 * * mon"))
    assert "gap=skip" in repr(CronExpression.parse("0 9 * * mon", gap="skip"))
