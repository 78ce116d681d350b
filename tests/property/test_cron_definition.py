"""Law: `next` agrees with the definition, read off minute by minute without any cleverness."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import takewhile
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from cronkit.cron import CronExpression

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.strategies import DataObject, SearchStrategy

MINUTE = timedelta(minutes=1)
NUMBERS = {
    "minute": st.sets(st.integers(0, 59), min_size=1, max_size=4),
    "hour": st.sets(st.integers(0, 23), min_size=1, max_size=12),
    "day": st.sets(st.integers(1, 31), min_size=1, max_size=31),
}


def fire_times(
    wanted: Callable[[datetime], bool], zone: ZoneInfo, start: datetime, end: datetime
) -> dict[str, list[datetime]]:
    """Walk over every minute of real time and note what each rule makes of the wall clock.

    Args:
        wanted: whether a wall-clock time matches.
        zone: the zone of the wall clock.
        start: the first instant, in UTC.
        end: the last instant, in UTC.

    Returns:
        The fire times of an interval expression and of a fixed one.
    """
    interval, fixed = [], []
    seen: set[datetime] = set()
    last = start.astimezone(zone).replace(tzinfo=None)
    now = start
    while now <= end:
        wall = now.astimezone(zone).replace(tzinfo=None)
        left_out = [last + n * MINUTE for n in range(1, int((wall - last) / MINUTE))]
        if wanted(wall):
            interval.append(now)
        if (wanted(wall) and wall not in seen) or any(map(wanted, left_out)):
            fixed.append(now)
        seen.add(wall)
        last = wall
        now += MINUTE
    return {"interval": interval, "fixed": fixed}


@given(st.data())
def test_fire_times_are_those_of_the_definition(
    zoned_moments: SearchStrategy[datetime],
    utc: Callable[[datetime], datetime],
    data: DataObject,
) -> None:
    minutes, hours, days = (data.draw(each) for each in NUMBERS.values())
    middle = utc(data.draw(zoned_moments))
    zone = ZoneInfo(str(data.draw(zoned_moments).tzinfo)) if data.draw(st.booleans()) else None
    zone = zone or ZoneInfo("Europe/Paris")
    start = middle.replace(second=0, microsecond=0) - timedelta(hours=30)
    if start.astimezone(zone).second:
        return  # the walk is by minutes, and a local mean time of odd seconds is not
    end = start + timedelta(hours=60)

    def wanted(wall: datetime) -> bool:
        return wall.minute in minutes and wall.hour in hours and wall.day in days

    expected = fire_times(wanted, zone, start - timedelta(days=2), end)
    lists = [",".join(map(str, sorted(each))) for each in (minutes, hours, days)]
    text = "{} {} {} * *".format(*lists)
    ways = {
        "fixed": CronExpression.parse(text),
        "interval": CronExpression.parse(text, gap="skip", fold="both"),
    }
    for way, expression in ways.items():
        found = expression.iter(start.astimezone(zone))
        assert [utc(each) for each in takewhile(lambda each: utc(each) <= end, found)] == [
            each for each in expected[way] if start < each <= end
        ]
