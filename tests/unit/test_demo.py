"""The demonstration, in fake time."""

from __future__ import annotations

import subprocess
import sys
from threading import Event

import pytest

from cronkit.cli._demo import FastClock, demo, table
from cronkit.testing import FakeClock


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    caplog.set_level("CRITICAL", "cronkit")
    lines: list[str] = []
    demo(FakeClock("2026-01-01T00:00:05+00:00"), lines.append)
    return lines


def test_a_minute_shows_jobs_of_two_zones_and_a_retried_one(lines: list[str]) -> None:
    shown = "\n".join(lines)
    assert "CET  paris      attempt 1  succeeded" in shown
    assert "JST  tokyo      attempt 1  succeeded" in shown
    assert "flaky      attempt 1  failed: the other side hung up" in shown
    assert "flaky      attempt 3  succeeded" in shown


def test_the_tables_say_what_ran_and_what_comes_next(lines: list[str]) -> None:
    ran = lines[lines.index("\nwhat ran") + 3 : lines.index("\nwhat comes next")]
    counted = {line.split()[0]: line for line in ran}
    assert counted.keys() == {"paris", "tokyo", "heartbeat", "flaky"}
    assert "3 succeeded" in counted["paris"]
    assert "4 succeeded" in counted["heartbeat"]
    following = lines[lines.index("\nwhat comes next") + 3 :]
    assert len(following) == 6
    assert [line.split()[-1] for line in following[:3]] == ["tokyo", "heartbeat", "paris"]


def test_a_fast_clock_runs_ahead_of_the_real_one() -> None:
    clock = FastClock(1_000_000)
    before = clock.now()
    assert not clock.wait(60.0, Event())
    assert (clock.now() - before).total_seconds() >= 60


def test_a_table_is_as_wide_as_its_cells() -> None:
    assert table(("a", "job"), [("long", "x")]) == ["  a     job", "  ----  ---", "  long  x"]


def test_a_wrong_call_ends_with_exit_code_2() -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "cronkit", "nonsense"], capture_output=True, text=True, check=False
    )
    assert answer.returncode == 2
    assert "nonsense" in answer.stderr
