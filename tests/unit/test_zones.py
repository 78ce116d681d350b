"""Wall-clock time and instants, with every kind of shift and every kind of tzinfo."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone, tzinfo
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from dateutil import tz as dateutil_tz

from cronkit import _zones

HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("zone", "wall", "at", "hours", "region"),
    [
        # An hour forward, an hour back.
        ("Europe/Paris", "2026-03-29T02:30", "01:00", (1, 2), ("29T02:00", "29T03:00")),
        ("Europe/Paris", "2026-10-25T02:00", "01:00", (2, 1), ("25T02:00", "25T03:00")),
        # Half an hour.
        ("Australia/Lord_Howe", "2026-10-04T02:29", "15:30", (10.5, 11), ("04T02:00", "04T02:30")),
        ("Australia/Lord_Howe", "2026-04-05T01:45", "15:00", (11, 10.5), ("05T01:30", "05T02:00")),
        # Two hours.
        ("Antarctica/Troll", "2026-03-29T02:59", "01:00", (0, 2), ("29T01:00", "29T03:00")),
        # A day left out, at the date line.
        ("Pacific/Apia", "2011-12-30T12:00", "10:00", (-10, 14), ("30T00:00", "31T00:00")),
        # Midnight is missing.
        ("Asia/Beirut", "2022-03-27T00:30", "22:00", (2, 3), ("27T00:00", "27T01:00")),
        # Winter time is the exception there: the clock goes back for Ramadan.
        ("Africa/Casablanca", "2022-03-27T02:30", "02:00", (1, 0), ("27T02:00", "27T03:00")),
        # Local mean time: the clock went back by 9 minutes and 21 seconds.
        (
            "Europe/Paris",
            "1911-03-10T23:55",
            "23:50:39",
            (561 / 3600, 0),
            ("10T23:50:39", "11T00:00"),
        ),
    ],
)
def test_a_missing_or_repeated_time_lies_in_its_shift(
    zone: str, wall: str, at: str, hours: tuple[float, float], region: tuple[str, str]
) -> None:
    found = _zones.look(datetime.fromisoformat(wall), ZoneInfo(zone))
    assert isinstance(found, _zones.Shift)
    before, after = hours
    assert (found.before, found.after) == (before * HOUR, after * HOUR)
    assert found.at.time().isoformat("auto").startswith(at)
    month = wall[:8]
    start, end = (datetime.fromisoformat(month + each) for each in region)
    assert (found.start, found.end) == (start, end)
    assert found.at == start - min(hours) * HOUR
    assert found.is_gap is (after > before)


@pytest.mark.parametrize(
    ("wall", "hours"),
    [
        ("2026-03-29T01:59:59.999999", 1),
        ("2026-03-29T03:00", 2),
        ("2026-10-25T01:59:59.999999", 2),
        ("2026-10-25T03:00", 1),
        ("2026-07-01T12:00", 2),
    ],
)
def test_every_other_time_has_one_offset(wall: str, hours: int) -> None:
    for zone in (ZoneInfo("Europe/Paris"), dateutil_tz.gettz("Europe/Paris")):
        assert zone is not None
        assert _zones.look(datetime.fromisoformat(wall), zone) == hours * HOUR


@pytest.mark.parametrize("wall", ["2026-03-29T02:30", "2026-10-25T02:30:00.5"])
def test_a_zone_that_ignores_pep_495_is_asked_at_instants(wall: str) -> None:
    moment = datetime.fromisoformat(wall)
    plain = _zones.look(moment, ZoneInfo("Europe/Paris"))
    foreign = dateutil_tz.gettz("Europe/Paris")
    assert foreign is not None
    found = _zones.look(moment, foreign)
    assert isinstance(plain, _zones.Shift)
    assert isinstance(found, _zones.Shift)
    assert (found.at, found.before, found.after) == (plain.at, plain.before, plain.after)


@pytest.mark.parametrize(
    ("wall", "first", "second"),
    [
        ("2026-03-29T02:30", "2026-03-29T03:00:00+02:00", "2026-03-29T03:00:00+02:00"),
        ("2026-10-25T02:30", "2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00"),
        ("2026-07-14T09:00", "2026-07-14T09:00:00+02:00", "2026-07-14T09:00:00+02:00"),
    ],
)
def test_a_wall_clock_time_is_bound_to_its_instant(wall: str, first: str, second: str) -> None:
    zone, moment = ZoneInfo("Europe/Paris"), datetime.fromisoformat(wall)
    assert _zones.resolve(moment, zone).isoformat() == first
    assert _zones.resolve(moment, zone, later=True).isoformat() == second


def test_shifts_of_a_year_come_in_order() -> None:
    found = _zones.shifts(ZoneInfo("Africa/Casablanca"), datetime(2022, 1, 1), datetime(2023, 1, 1))
    assert [(each.at, each.is_gap) for each in found] == [
        (datetime(2022, 3, 27, 2), False),
        (datetime(2022, 5, 8, 2), True),
    ]


@pytest.mark.parametrize("zone", [UTC, timezone(5 * HOUR), ZoneInfo("Africa/Lome")])
def test_a_zone_without_shifts_has_none(zone: timezone | ZoneInfo) -> None:
    assert list(_zones.shifts(zone, datetime(1975, 1, 1), datetime(2000, 1, 1))) == []


@pytest.mark.parametrize(
    ("wall", "until"),
    [
        ("2026-03-29T00:00", "2026-03-29T02:00"),
        ("2026-03-29T02:30", "2026-03-29T02:30"),
        ("2026-03-29T03:00", "2026-03-30T00:00"),
        ("2026-10-25T01:00", "2026-10-25T02:00"),
        ("2026-10-25T02:59", "2026-10-25T02:59"),
        ("2026-07-01T10:00", "2026-07-02T00:00"),
    ],
)
def test_a_day_is_calm_up_to_its_shift(wall: str, until: str) -> None:
    moment = datetime.fromisoformat(wall)
    assert _zones.calm_until(ZoneInfo("Europe/Paris"), moment) == datetime.fromisoformat(until)


def test_calm_days_end_before_the_shift() -> None:
    zone = ZoneInfo("Europe/Paris")
    for day in range(20, 29):
        last = _zones.last_calm_day(datetime(2026, 3, day, tzinfo=zone))
        if last is not None:
            assert last.date() < datetime(2026, 3, 29).date()
    assert _zones.last_calm_day(datetime(2026, 3, 29, tzinfo=zone)) is None
    after = _zones.last_calm_day(datetime(2026, 4, 1, tzinfo=zone))
    assert after is not None
    assert after >= datetime(2026, 4, 1, tzinfo=zone)


@pytest.mark.parametrize(
    ("zone", "year", "month", "days"),
    [
        ("Europe/Paris", 2026, 3, [29]),
        ("Europe/Paris", 2026, 10, [25]),
        ("Europe/Paris", 2026, 7, []),
        # The fold is from 23:01 to 00:01: it runs out of one day and into the next.
        ("America/St_Johns", 2006, 10, [28, 29]),
        # From 23:00 to midnight nothing is: what was due then runs at the midnight.
        ("America/Nuuk", 2024, 3, [30, 31]),
        # A day left out, and the midnight at which it runs; the day before is careful for nothing.
        ("Pacific/Apia", 2011, 12, [29, 30, 31]),
        # Too near to the end of the calendar.
        ("Europe/Paris", 9999, 12, [*range(1, 32)]),
    ],
)
def test_a_day_is_calm_unless_a_gap_or_a_fold_touches_it(
    zone: str, year: int, month: int, days: list[int]
) -> None:
    found = [day for day in range(1, 32) if not _zones.is_calm(ZoneInfo(zone), year, month, day)]
    assert found == days


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Etc/GMT+12", "UTC"])
@pytest.mark.parametrize("moment", [datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59, 999_999)])
def test_the_ends_of_the_calendar_are_moved_into_the_reach_of_every_zone(
    zone: str, moment: datetime
) -> None:
    inside = _zones.clamped(moment.replace(tzinfo=ZoneInfo(zone)))
    for other in ("Pacific/Kiritimati", "Etc/GMT+12"):
        assert inside.astimezone(ZoneInfo(other)).year in {1, 9999}
    assert _zones.to_utc(inside).year in {1, 9999}


class Silent(tzinfo):
    """A tzinfo that knows its zone's name and nothing else."""

    def utcoffset(self, moment: datetime | None) -> timedelta:
        return None  # type: ignore[return-value]


def test_a_tzinfo_that_gives_no_offset_counts_as_utc() -> None:
    assert _zones._known(Silent().utcoffset(None)) == timedelta(0)


@pytest.mark.parametrize(
    ("name", "begin"),
    [
        ("Africa/Freetown", datetime(1939, 8, 1, tzinfo=UTC)),
        ("America/Boa_Vista", datetime(2000, 9, 1, tzinfo=UTC)),
        ("Asia/Gaza", datetime(2040, 9, 1, tzinfo=UTC)),
        ("Asia/Gaza", datetime(2054, 3, 1, tzinfo=UTC)),
    ],
)
def test_where_shifts_are_closest_they_are_more_than_three_days_apart(
    name: str, begin: datetime
) -> None:
    # The rule that the rest rests on, hour by hour.
    hours = [begin + n * HOUR for n in range(24 * 100)]
    offsets = [hour.astimezone(ZoneInfo(name)).utcoffset() for hour in hours]
    changes = [hours[n] for n in range(1, len(hours)) if offsets[n] != offsets[n - 1]]
    assert len(changes) > 1
    assert min(b - a for a, b in pairwise(changes)) > timedelta(days=3)
