"""A new zone database under a running scheduler."""

from __future__ import annotations

import zoneinfo
from datetime import UTC, date
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from cronkit import AnyOf, At, Cron, Every, Except, Rule, Scheduler, current_run
from cronkit._app._renewal import renewed
from cronkit.testing import FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cronkit.triggers import Trigger

NOON = "2026-07-01T12:00:00+00:00"


@pytest.fixture
def update(tmp_path: Path) -> Iterator[Callable[[], None]]:
    """From its call on, the zone database says of Paris what it said of Lomé (UTC+0)."""
    (source,) = [
        Path(folder, "Africa/Lome")
        for folder in zoneinfo.TZPATH
        if Path(folder, "Africa/Lome").is_file()
    ][:1] or [Path(__import__("tzdata").__file__).parent / "zoneinfo/Africa/Lome"]
    target = tmp_path / "Europe" / "Paris"
    target.parent.mkdir()
    target.write_bytes(source.read_bytes())
    before = zoneinfo.TZPATH
    yield lambda: zoneinfo.reset_tzpath([str(tmp_path), *before])
    zoneinfo.reset_tzpath(before)
    ZoneInfo.clear_cache()


def test_a_running_job_follows_the_new_rules_from_then_on(update: Callable[[], None]) -> None:
    clock = FakeClock("2026-07-01T00:00:00+00:00")
    scheduler = Scheduler(clock=clock, timezone="Europe/Paris")
    seen = []
    scheduler.cron("0 9 * * *", id="daily")(lambda: seen.append(current_run().fire_time))
    with scheduler:
        clock.advance("1d")
        update()
        scheduler.reload_timezones()
        clock.advance("1d")
    assert [each.astimezone(UTC).hour for each in seen] == [7, 9]


def test_without_a_reload_the_old_rules_stay(update: Callable[[], None]) -> None:
    clock = FakeClock("2026-07-01T00:00:00+00:00")
    scheduler = Scheduler(clock=clock, timezone="Europe/Paris")
    seen = []
    scheduler.cron("0 9 * * *", id="daily")(lambda: seen.append(clock.now().hour))
    with scheduler:
        update()
        clock.advance("1d")
    assert seen == [7]


def test_a_scheduler_that_is_not_started_reloads_too(update: Callable[[], None]) -> None:
    clock = FakeClock("2026-07-01T00:00:00+00:00")
    scheduler = Scheduler(clock=clock, timezone="Europe/Paris")
    scheduler.cron("0 9 * * *", id="daily")(lambda: None)
    update()
    scheduler.reload_timezones()
    assert scheduler.upcoming(limit=1)[0].fire_time.astimezone(UTC).hour == 9


@pytest.mark.parametrize(
    "trigger",
    [
        Cron("0 9 * * *", tz="Europe/Paris"),
        Cron("TZ=Europe/Paris 0 9 * * *"),
        At("2026-07-02T09:00", tz="Europe/Paris"),
        Every("1d", anchor="2026-01-01T09:00", tz="Europe/Paris"),
        Rule("FREQ=DAILY;BYHOUR=9;BYMINUTE=0", start="2026-01-01T09:00", tz="Europe/Paris"),
        AnyOf(Cron("0 9 * * *", tz="Europe/Paris"), Cron("0 10 * * *", tz="Europe/Paris")),
        Except(Cron("0 9 * * *", tz="Europe/Paris"), dates=[date(2026, 12, 25)]),
    ],
    ids=str,
)
def test_every_built_in_trigger_keeps_its_kind_and_text(trigger: Trigger) -> None:
    new = renewed(trigger)
    assert (type(new), str(new)) == (type(trigger), str(trigger))
    assert new == trigger
    assert new is not trigger
