"""A year of a scheduler in four zones, each fire time checked against cronsim.

The real scheduler, planner and store run on a `FakeClock`. The quick scale takes the week around
each change of the clocks; the full scale takes every minute of the year.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import takewhile
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim

from cronkit import Scheduler, current_run
from cronkit.testing import FakeClock

YEAR = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
HALF_A_WEEK = timedelta(days=3.5)

EXPRESSIONS = {
    "each minute": "*/1 * * * *",
    "in the night": "30 2 * * *",  # does not exist, or comes twice, when the clocks change
    "on Mondays": "0 9 * * 1",
}
CHANGES = {
    # zone: the instants of 2026 at which its clocks change
    "Europe/Paris": ["2026-03-29T01:00Z", "2026-10-25T01:00Z"],
    "America/New_York": ["2026-03-08T07:00Z", "2026-11-01T06:00Z"],
    "Africa/Lome": [],  # never; its week is any
    "Australia/Lord_Howe": ["2026-04-04T15:00Z", "2026-10-03T15:30Z"],  # by half an hour
}


def weeks(zone):
    """The week around each change of the clocks."""
    instants = map(datetime.fromisoformat, CHANGES[zone] or ["2026-03-29T01:00Z"])
    return [(each - HALF_A_WEEK, each + HALF_A_WEEK) for each in instants]


def by_cronsim(expression, zone, start, end):
    """The fire times later than `start` and not later than `end`."""
    fires = CronSim(expression, start.astimezone(ZoneInfo(zone)))
    return list(takewhile(lambda fire: fire.astimezone(UTC) <= end, fires))


def by_cronkit(zone, start, end):
    """The fire times of each job, as its runs saw them, and the scheduler afterwards."""
    clock = FakeClock(start)
    scheduler = Scheduler(clock=clock, timezone=zone)
    seen = {name: [] for name in EXPRESSIONS}

    def job_of(name):
        def job():
            run = current_run()
            assert run.fire_time.astimezone(UTC) == clock.now()  # PEP 495: unequal in a fold
            seen[name].append(run.fire_time)

        return job

    for name, expression in EXPRESSIONS.items():
        scheduler.cron(expression, id=name.replace(" ", "-"))(job_of(name))
    with scheduler:
        clock.advance(end - start)
    return seen, scheduler


def texts(fires):
    """Instants with their wall-clock times: the offset tells the two passes of an hour apart."""
    return [fire.isoformat() for fire in fires]


@pytest.mark.parametrize("zone", CHANGES)
def test_each_fire_time_is_that_of_cronsim_whatever_the_clocks_do(zone, scale):
    for start, end in scale.pick(weeks(zone), [YEAR]):
        seen, scheduler = by_cronkit(zone, start, end)
        for name, expression in EXPRESSIONS.items():
            expected = by_cronsim(expression, zone, start, end)
            assert texts(seen[name]) == texts(expected), name
        ran = sum(map(len, seen.values()))
        status = scheduler.status()
        assert status.outcomes == {"succeeded": ran}
        assert status.worst_lateness == timedelta(0)


@pytest.mark.parametrize(("zone", "changes"), CHANGES.items())
def test_the_weeks_of_the_quick_scale_hold_all_changes_of_the_year(zone, changes):
    tz, (day, end), found = ZoneInfo(zone), YEAR, []
    while day < end:
        before, day = day, day + timedelta(minutes=30)
        if before.astimezone(tz).utcoffset() != day.astimezone(tz).utcoffset():
            found.append(day)
    assert found == [datetime.fromisoformat(each) for each in changes]
