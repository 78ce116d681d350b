"""What every clock promises: the real one and the fake one."""

from __future__ import annotations

import threading
from datetime import UTC, timedelta

import pytest

from cronkit import Every, Scheduler
from cronkit._clock import SystemClock
from cronkit.abc import DrivenClock
from cronkit.testing import FakeClock

CLOCKS = {
    # name: gives a clock
    "system": SystemClock,
    "fake": FakeClock,
}


@pytest.fixture(params=CLOCKS.values(), ids=CLOCKS.keys())
def clock(request):
    return request.param()


def test_now_is_aware_and_in_utc(clock):
    assert clock.now().tzinfo is UTC
    assert clock.now().utcoffset() == timedelta(0)


def test_monotonic_time_never_goes_back(clock):
    times = [clock.monotonic() for _ in range(1000)]
    assert times == sorted(times)
    assert all(isinstance(each, float) for each in times)


def test_a_wait_that_runs_out_has_lasted_as_long_as_it_was_told(clock):
    before = clock.monotonic()
    assert clock.wait(0.05, threading.Event()) is False
    assert clock.monotonic() - before >= 0.049


def test_a_wait_of_no_length_returns_at_once(clock):
    event = threading.Event()
    assert clock.wait(0, event) is False
    event.set()
    assert clock.wait(0, event) is True


def test_a_wait_for_what_is_set_returns_at_once(clock):
    event = threading.Event()
    event.set()
    before = clock.monotonic()
    assert clock.wait(3600, event) is True
    assert clock.wait(None, event) is True
    assert clock.monotonic() - before < 60
    assert event.is_set()


def test_a_clock_names_itself(clock):
    assert type(clock).__name__ in repr(clock)


def test_a_wait_ends_when_the_event_is_set_meanwhile(clock):
    event = threading.Event()
    if isinstance(clock, DrivenClock):
        scheduler = Scheduler(clock=clock)
        scheduler.add(event.set, Every("1m"), id="j")
        with scheduler:
            assert clock.wait(3600, event) is True
        return
    timer = threading.Timer(0.02, event.set)
    timer.start()
    assert clock.wait(30, event) is True
    timer.join()


def test_only_a_clock_that_is_moved_by_hand_drives_schedulers():
    assert isinstance(FakeClock(), DrivenClock)
    assert not isinstance(SystemClock(), DrivenClock)
