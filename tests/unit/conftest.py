"""A scheduler on a fake clock, as most unit tests of the scheduler want it."""

from __future__ import annotations

import pytest

from cronkit import Scheduler
from cronkit.testing import FakeClock


@pytest.fixture
def clock():
    """A fake clock at noon of the first day of 2026, UTC."""
    return FakeClock("2026-01-01T12:00:00+00:00")


@pytest.fixture
def make(clock):
    """Make schedulers on the clock; what still runs at the end of the test is shut down."""
    made = []

    def scheduler(**options):
        made.append(Scheduler(clock=clock, **options))
        return made[-1]

    yield scheduler
    for each in made:
        each.shutdown(wait=False)


@pytest.fixture
def scheduler(make):
    """A scheduler on the clock, not yet started."""
    return make()
