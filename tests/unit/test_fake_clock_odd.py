"""A fake clock: a step that is refused changes nothing, nor does a job that becomes another."""

from __future__ import annotations

import pytest

from cronkit import Every, current_run
from cronkit.errors import DurationError
from cronkit.testing import FakeClock


def test_a_step_of_the_wall_that_is_refused_lets_no_time_pass_and_takes_none_back():
    clock = FakeClock("9990-01-01T00:00:00+00:00")
    clock.advance("1825d")
    before = clock.now(), clock.monotonic()
    with pytest.raises(DurationError):
        clock.step_wall("2920d")  # from the origin that is within the calendar, from now it is not
    assert (clock.now(), clock.monotonic()) == before


class Still:
    """A job that is no key of a dict, as a dataclass is not, and ends at once."""

    __hash__ = None

    def __call__(self):
        pass


class Sleepy(Still):
    """One that sleeps for an hour."""

    def __call__(self):
        current_run().sleep("1h")


def test_a_job_that_begins_to_sleep_later_does_not_hold_the_clock_up(scheduler, clock):
    job = Still()
    scheduler.add(job, Every("1m"), id="job")
    with scheduler:
        clock.advance("1m")
        job.__class__ = Sleepy
        before = clock.monotonic()
        clock.advance("1m")
        assert clock.monotonic() - before == 60
