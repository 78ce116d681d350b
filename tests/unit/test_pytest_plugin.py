"""The fixtures that cronkit gives to the tests of an application."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest


pytest_plugins = ["pytester"]

PROGRAM = """
    import pytest


    def test_time_stands_still(fake_clock):
        assert fake_clock.now().isoformat() == "2026-01-01T00:00:00+00:00"


    def test_a_job_fires_in_fake_time(fake_clock, fake_scheduler):
        seen = []
        fake_scheduler.every("1m", id="tick")(lambda: seen.append(fake_clock.now()))
        with fake_scheduler:
            fake_clock.advance("3m")
        assert len(seen) == 3


    def test_a_scheduler_left_running_is_shut_down(fake_scheduler):
        fake_scheduler.start()
"""


def test_the_fixtures_serve_a_test_file_of_an_application(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(PROGRAM)
    installed = {each.name for each in entry_points(group="pytest11")}
    by_name = () if "cronkit" in installed else ("-p", "cronkit.integrations.pytest")
    result = pytester.runpytest_inprocess("-W", "error", *by_name)
    result.assert_outcomes(passed=3)
