"""Ctrl-C while a fake clock waits for a run in another thread, which may never come back."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import threading
import time

import pytest

from cronkit import Every, Scheduler, current_run
from cronkit.errors import FakeClockStalled, StateError
from cronkit.stores import MemoryStore
from cronkit.testing import FakeClock
from cronkit.testing._baton import Baton

pytestmark = pytest.mark.system


def press_ctrl_c():
    signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)


class Hanging:
    """A job that presses Ctrl-C and hangs, until it is told to go on.

    Args:
        presses: how often it presses.
        sleep: how long it sleeps before, on the clock.
        after: how long it sleeps when it goes on.
    """

    def __init__(self, presses=1, *, sleep=0, after=0):
        self.presses, self.before, self.after = presses, sleep, after
        self.go_on, self.through = threading.Event(), threading.Event()

    def __call__(self):
        try:
            if self.before:
                current_run().sleep(self.before)
            for _ in range(self.presses):
                press_ctrl_c()
                self.go_on.wait(0.2)
            assert self.go_on.wait(30)
            if self.after:
                current_run().sleep(self.after)
        finally:
            self.through.set()


@pytest.fixture
def hanging():
    """Make jobs that hang; at the end of the test they go on."""
    made = []

    def make(*args, **options):
        made.append(Hanging(*args, **options))
        return made[-1]

    yield make
    for each in made:
        each.go_on.set()


class Stand:
    """A scheduler with a job that hangs and one that ticks, and how it is interrupted."""

    def __init__(self, job, *more):
        self.clock, self.ticks, self._before = FakeClock(), [], set(threading.enumerate())
        self.scheduler = Scheduler(clock=self.clock)
        for number, each in enumerate(more):
            self.scheduler.add(each, Every("1m"), id=f"a{number}", max_runs=1)
        self.scheduler.add(job, Every("1m"), id="hangs", max_runs=1)
        self.scheduler.add(self.tick, Every("1m"), id="tick")
        self.scheduler.start()

    def tick(self):
        self.ticks.append(self.clock.monotonic())

    def interrupted(self, length="5m"):
        """Advance until Ctrl-C comes; return how long that took in real time."""
        began = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            self.clock.advance(length)
        return time.monotonic() - began

    def join(self):
        """Wait until every thread has ended that the clock has started."""
        for each in set(threading.enumerate()) - self._before:
            each.join(10)
            assert not each.is_alive()

    def outcome(self):
        (run,) = self.scheduler.runs("hangs")
        return run.outcome or run.phase


def doze():
    # The name does not stand in the code, so the test's own thread sleeps.
    getattr(current_run(), "sl" + "eep")("3m")


def doze_again():
    for _ in range(2):
        with contextlib.suppress(KeyboardInterrupt):
            doze()


HANGS = {
    # where Ctrl-C finds the base, and what helps to bring it there
    "in a run that has its own thread": ({}, ()),
    "after it has woken a run": ({"sleep": "2m"}, ()),
    "asleep in a run of its own": ({}, (doze,)),
    "asleep in a run that tries again": ({}, (doze_again,)),
    "pressed twice": ({"presses": 2}, ()),
    "pressed twice, asleep in a run of its own": ({"presses": 2}, (doze,)),
}


@pytest.mark.parametrize(("options", "more"), HANGS.values(), ids=HANGS)
def test_ctrl_c_reaches_the_caller_though_a_run_hangs(hanging, options, more):
    job = hanging(**options)
    it = Stand(job, *more)
    assert it.interrupted() < 3
    assert it.clock._stepper.driving is None
    stood, ticks = it.clock.now(), list(it.ticks)

    with pytest.raises(FakeClockStalled, match="hangs@"):
        it.clock.advance("1m")
    job.go_on.set()
    it.join()
    assert (it.clock.now(), it.ticks) == (stood, ticks)  # nobody drives but the caller
    it.clock.advance("10m")
    assert it.outcome() == "succeeded"
    assert it.ticks == [60 * (number + 1) for number in range(len(it.ticks))]
    assert it.ticks[-1] == it.clock.monotonic()
    it.scheduler.shutdown()


@pytest.mark.parametrize("more", [(), (doze,)], ids=["awake", "asleep"])
def test_a_run_that_comes_back_soon_leaves_the_clock_as_it_should_be(hanging, more):
    job = hanging()
    it = Stand(job, *more)
    threading.Timer(0.3, job.go_on.set).start()
    it.interrupted()
    assert it.outcome() == "succeeded"
    it.clock.advance("10m")
    it.scheduler.shutdown()


def test_a_sleep_that_ctrl_c_has_cut_short_never_looks_like_a_whole_one(hanging):
    job, slept = hanging(), []

    def stubborn():
        for _ in range(3):
            with contextlib.suppress(KeyboardInterrupt):
                doze()
                slept.append(it.clock.monotonic())

    it = Stand(job, stubborn)
    threading.Timer(0.3, job.go_on.set).start()
    it.interrupted()
    assert slept == []
    it.clock.advance("1m")
    it.scheduler.shutdown()


def test_two_who_wait_for_a_run_that_was_left_do_not_drive_at_once(hanging):
    job = hanging()
    it = Stand(job)
    it.interrupted()

    async def both():
        threading.Timer(0.3, job.go_on.set).start()
        twice = [it.clock.advance_async("1h") for _ in range(2)]
        return await asyncio.gather(*twice, return_exceptions=True)

    assert {type(each) for each in asyncio.run(both())} == {type(None), StateError}
    assert it.ticks == [60 * (number + 1) for number in range(61)]
    it.scheduler.shutdown()


def test_a_thread_that_begins_after_ctrl_c_has_come_does_nothing(monkeypatch):
    started, worked, baton = [], [], Baton()

    def start(thread):
        started.append(thread)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", start)
        with pytest.raises(KeyboardInterrupt):
            baton.lend_to_helper(lambda: worked.append(1))
    (late,) = started
    late.start()
    late.join()
    assert (worked, baton.back.is_open) == ([], True)


def test_a_run_that_sleeps_when_it_goes_on_wakes_in_fake_time(hanging):
    job = hanging(after="3m")
    it = Stand(job)
    it.interrupted()
    job.go_on.set()
    it.clock.advance("2m")
    assert it.outcome() == "running"
    it.clock.advance("1m")
    assert it.outcome() == "succeeded"
    it.scheduler.shutdown()


def test_ctrl_c_passes_through_the_end_of_a_with_block(hanging):
    it = Stand(hanging())
    it.scheduler.shutdown()
    with pytest.raises(KeyboardInterrupt), it.scheduler:
        it.clock.advance("1m")
    assert it.outcome() == "interrupted"


def test_after_a_crash_the_clock_goes_on_without_the_run_that_hangs(hanging):
    job, store, clock = hanging(after="1m"), MemoryStore(), FakeClock()

    def start(func):
        scheduler = Scheduler(clock=clock, store=store)
        scheduler.add(func, Every("1m"), id="hangs")
        scheduler.start()
        return scheduler

    start(job)
    with pytest.raises(KeyboardInterrupt):
        clock.advance("1m")
    clock.crash()
    later = start(lambda: current_run().sleep("5s"))
    clock.advance("90s")
    job.go_on.set()
    clock.advance("5m")
    outcomes = [run.outcome for run in reversed(later.runs("hangs"))]
    assert outcomes[0] == "interrupted"
    assert set(outcomes[1:]) == {"succeeded"}
    assert len(outcomes) == 7
    assert not job.through.is_set()  # it sleeps for ever
    later.shutdown()
