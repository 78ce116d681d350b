"""The table of the README: what happens in each case, through the whole scheduler on a fake clock."""

from __future__ import annotations

import pytest

from cronkit import Scheduler, current_run
from cronkit.testing import FakeClock


def started(clock_start: str) -> tuple[FakeClock, Scheduler]:
    clock = FakeClock(clock_start)
    return clock, Scheduler(clock=clock, timezone="Europe/Paris")


def rows(scheduler: Scheduler, job_id: str) -> list[tuple[str, str, str | None]]:
    """Return (fire time, outcome, reason) of the runs, the oldest first."""
    return [
        (f"{run.fire_time:%d %H:%M %Z}", str(run.outcome), run.reason)
        for run in reversed(scheduler.runs(job_id))
    ]


def times_of(text: str, clock_start: str, length: str) -> list[str]:
    """Drive a job with this cron text; return the wall-clock times at which it was called."""
    clock, scheduler = started(clock_start)
    seen: list[str] = []

    @scheduler.cron(text)
    def job() -> None:
        seen.append(f"{current_run().fire_time:%d %H:%M %z}")

    with scheduler:
        clock.advance(length)
    return seen


def test_a_fixed_time_in_the_gap_runs_at_its_end():
    times = times_of("30 2 * * *", "2026-03-28T12:00+01:00", "2d")
    assert times == ["29 03:00 +0200", "30 02:30 +0200"]


def test_an_interval_runs_on_real_time_through_the_gap():
    times = times_of("*/30 * * * *", "2026-03-29T01:15+01:00", "1h")
    assert times == ["29 01:30 +0100", "29 03:00 +0200"]


def test_a_fixed_time_in_the_fold_runs_on_the_first_pass_only():
    times = times_of("30 2 * * *", "2026-10-24T12:00+02:00", "2d")
    assert times == ["25 02:30 +0200", "26 02:30 +0100"]


def test_an_interval_runs_on_both_passes_of_the_fold():
    times = times_of("*/30 * * * *", "2026-10-25T02:15+02:00", "2h")
    assert times == ["25 02:30 +0200", "25 02:00 +0100", "25 02:30 +0100", "25 03:00 +0100"]


def test_of_the_fire_times_of_a_downtime_the_latest_runs_and_the_others_are_recorded():
    clock, scheduler = started("2026-03-01T00:30+01:00")
    scheduler.cron("0 * * * *", id="hourly")(lambda: None)
    with scheduler:
        clock.advance("1h")
    clock.advance("4h")  # the scheduler is down from 01:30 to 05:30
    with scheduler:
        clock.advance("1m")
        found = rows(scheduler, "hourly")
    assert found == [
        ("01 01:00 CET", "succeeded", None),
        ("01 04:00 CET", "skipped", "coalesced"),
        ("01 05:00 CET", "succeeded", None),
    ]


def test_a_fire_time_that_is_later_than_its_grace_is_recorded_as_misfired():
    clock, scheduler = started("2026-03-01T08:00+01:00")
    scheduler.cron("0 9 * * *", id="morning", misfire_grace="1h")(lambda: None)
    with scheduler:
        clock.advance("1m")
    clock.advance("2h")
    with scheduler:
        clock.advance("1m")
        found = rows(scheduler, "morning")
    assert found == [("01 09:00 CET", "misfired", "misfire_grace")]


@pytest.mark.parametrize(
    ("overlap", "outcomes"),
    [
        ("skip", ["succeeded", "skipped"]),
        ("queue", ["succeeded", "succeeded"]),
        ("allow", ["succeeded", "succeeded"]),
        ("cancel", ["cancelled", "succeeded"]),
    ],
)
def test_a_fire_time_that_comes_while_a_run_goes_on_obeys_overlap(overlap, outcomes):
    clock, scheduler = started("2026-03-01T00:00+01:00")
    scheduler.every("1m", id="slow", overlap=overlap, end="2026-03-01T00:02:30+01:00")(
        lambda: current_run().sleep("90s")
    )
    with scheduler:
        clock.advance("10m")
        found = [outcome for _, outcome, _ in rows(scheduler, "slow")]
    assert found == outcomes


def test_a_job_that_raises_even_system_exit_is_recorded_and_the_next_fire_time_runs():
    clock, scheduler = started("2026-03-01T00:00+01:00")
    calls = []

    @scheduler.every("1m")
    def flaky() -> None:
        calls.append(clock.now())
        if len(calls) == 1:
            raise SystemExit(3)

    with scheduler:
        clock.advance("2m")
        found = [outcome for _, outcome, _ in rows(scheduler, "flaky")]
    assert found == ["failed", "succeeded"]
