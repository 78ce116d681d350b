"""A scheduler on a fake clock, as most unit tests of the scheduler want it; files as they may be."""

from __future__ import annotations

import os

import pytest

from cronkit import Scheduler, current_run
from cronkit._files import _mounts
from cronkit.testing import FakeClock
from tests.unit.noon import MINUTE, NOON, after_noon


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


@pytest.fixture
def trace(clock):
    """A list, and a way to make jobs that write themselves down in it: name, start, end."""

    class Trace(list):
        def job(self, name, length=0):
            def run():
                begun = after_noon(clock.now())
                if length:
                    current_run().sleep(length)
                self.append((name, begun, after_noon(clock.now())))

            return run

    return Trace()


class Flaky:
    """A job that fails so often before it succeeds, and knows when it was called.

    Attributes:
        calls: attempt and seconds after 12:01 of each call.
    """

    def __init__(self, clock, failures, error):
        self._clock = clock
        self._left = failures
        self._error = error
        self.calls = []

    def __call__(self):
        since = self._clock.now() - NOON - MINUTE
        self.calls.append((current_run().attempt, since.total_seconds()))
        if self._left:
            self._left -= 1
            raise self._error("not now")
        return "at last"


@pytest.fixture
def flaky(clock):
    """Make jobs that fail so often before they succeed."""

    def make(failures, error=OSError):
        return Flaky(clock, failures, error)

    return make


@pytest.fixture
def synced(monkeypatch):
    """Ask which files and folders were brought to the disk since the last question."""
    numbers, real = [], os.fsync

    def fsync(descriptor):
        real(descriptor)
        numbers.append(os.fstat(descriptor).st_ino)

    def since():
        found, numbers[:] = list(numbers), []
        return found

    monkeypatch.setattr(os, "fsync", fsync)
    return since


@pytest.fixture
def share(tmp_path, monkeypatch):
    """A folder that the table of mounts says is on another machine."""
    folder = tmp_path / "share"
    folder.mkdir()
    table = tmp_path / "mountinfo"
    table.write_text(f"1 1 0:1 / / rw - ext4 d rw\n2 1 0:2 / {folder} rw - nfs4 host:/ rw\n")
    monkeypatch.setattr(_mounts, "_MOUNTINFO", table)
    return folder
