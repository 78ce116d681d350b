"""The loop's waits: it is at work at a fire time, though a machine that slept comes back late."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from cronkit._engine._loop import Loop

START = datetime(2026, 1, 1, tzinfo=UTC)


class SleepyClock:
    """A clock that comes back late from each wait, the later the longer it was."""

    def __init__(self, late):
        self.late = late
        self.elapsed = 0.0

    def now(self):
        return START + timedelta(seconds=self.elapsed)

    def monotonic(self):
        self.elapsed += 1e-6  # what a look costs
        return self.elapsed

    def wait(self, seconds, wake):
        if seconds > 0:
            self.elapsed += seconds + self.late(seconds)
        return wake.is_set()


class OneInstant:
    """An engine that has something to do at one instant, and ends the loop then.

    Attributes:
        steps: the seconds at which it took a step.
        rehearsed: the seconds at which it rehearsed one.
    """

    def __init__(self, clock, at):
        self.core = SimpleNamespace(clock=clock)
        self.rehearsed = []
        self.watch = SimpleNamespace(
            begin=lambda: None,
            look=lambda: None,
            rehearse=lambda: self.rehearsed.append(clock.elapsed),
        )
        self.expects_more = False
        self.at = at
        self.steps = []
        self.loop = Loop(self)

    def next_wakeup(self):
        return START + timedelta(seconds=self.at)

    def step(self):
        self.steps.append(self.core.clock.elapsed)
        if self.steps[-1] >= self.at:
            self.loop.stop()


def late_as_measured(seconds):
    """On a virtual machine, in seconds, after a sleep of so many seconds."""
    if seconds > 0.05:
        return 0.003
    return 0.0003 if seconds > 0.005 else 0.0001


@pytest.mark.parametrize("at", [0.0001, 0.002, 0.02, 0.1, 1.0, 1.49, 1.6, 4.0])
def test_the_step_at_a_fire_time_is_not_late_however_long_the_sleep_was(at):
    engine = OneInstant(SleepyClock(late_as_measured), at)
    engine.loop._serve()

    first, step = engine.steps
    assert first < at
    assert 0 <= step - at <= 0.0002


def test_a_step_is_rehearsed_after_a_long_sleep_only():
    looked = []
    for at in (0.02, 1.0):
        engine = OneInstant(SleepyClock(lambda _seconds: 0.0), at)
        engine.loop._serve()
        looked.append([round(at - when, 3) for when in engine.rehearsed])

    assert looked == [[], [0.01]]
