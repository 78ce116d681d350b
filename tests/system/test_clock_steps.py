"""A real scheduler, with its threads, whose wall clock is set while it runs.

The clock is the system's own with an offset that the test changes; the monotonic clock goes on
undisturbed, as it does when a machine's time is set, or when it wakes from a suspend.
"""

from __future__ import annotations

import re
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from cronkit import Cron, Every, Scheduler, current_run
from cronkit._clock import SystemClock
from cronkit.jobs import ClockStepped
from cronkit.stores import SQLiteStore

if TYPE_CHECKING:
    from cronkit.abc import Store

pytestmark = pytest.mark.system
HOUR = timedelta(hours=1)
SOON = 2.0
"""Seconds within which a step is noticed: the promise."""


class SettableClock(SystemClock):
    """The system's clock, set by an offset."""

    def __init__(self) -> None:
        self.offset = timedelta(0)

    def now(self) -> datetime:
        return super().now() + self.offset


class Bench:
    """A started scheduler whose job ``beat`` fires twice a second, and the runs of it so far."""

    def __init__(self, clock: SettableClock, store: Store | None = None) -> None:
        self.clock = clock
        self.scheduler = Scheduler(clock=clock, store=store)
        self.calls: list[tuple[float, str]] = []
        self.more = threading.Condition()
        self.scheduler.add(self.call, Every("500ms"), id="beat")

    def call(self) -> None:
        with self.more:
            self.calls.append((time.monotonic(), current_run().id))
            self.more.notify_all()

    def wait_for(self, count: int, seconds: float = 10) -> bool:
        with self.more:
            return self.more.wait_for(lambda: len(self.calls) >= count, seconds)

    def step(self, delta: timedelta) -> tuple[float, int]:
        """Set the clock; return when that was, and how many runs there had been."""
        with self.more:
            self.clock.offset += delta
            return time.monotonic(), len(self.calls)

    def ids(self, since: int = 0) -> list[str]:
        return [run_id for _, run_id in self.calls[since:]]


@pytest.fixture
def bench():
    found = Bench(SettableClock())
    found.scheduler.start()
    assert found.wait_for(2)
    yield found
    found.scheduler.shutdown(wait=False)


@pytest.mark.parametrize("delta", [timedelta(seconds=5), HOUR, 8 * HOUR], ids=str)
def test_forward_one_run_stands_for_the_time_that_was_left_out(bench, delta):
    stepped, before = bench.step(delta)
    assert bench.wait_for(before + 4)
    first = bench.calls[before][0]

    assert first - stepped < SOON
    assert len(set(bench.ids())) == len(bench.calls)
    # The four of them are the newest overdue fire time, and two a second from then on.
    assert bench.calls[before + 3][0] - first > 0.9
    (left_out,) = bench.scheduler.runs("beat", outcome="skipped")
    assert left_out.reason == "coalesced"
    assert left_out.count > min(2 * delta.seconds, 1_000) - 3


def test_who_waits_for_a_far_fire_time_notices_a_step_as_soon():
    clock, fired = SettableClock(), threading.Event()
    scheduler = Scheduler(clock=clock)
    scheduler.add(fired.set, Every("1h"), id="hourly")
    with scheduler:
        assert not fired.wait(0.2)  # it has begun to wait
        clock.offset += HOUR
        assert fired.wait(SOON)


def test_back_five_seconds_no_instant_comes_twice(bench):
    stepped, before = bench.step(timedelta(seconds=-5))
    assert bench.wait_for(before + 2)

    assert 3.5 < bench.calls[before][0] - stepped < 5 + SOON
    assert len(set(bench.ids())) == len(bench.calls)
    assert not [each for each in bench.ids() if "~" in each]


def test_back_an_hour_it_goes_on_within_two_seconds_in_a_new_generation(bench):
    bench.scheduler.add(bench.call, Cron("0 12 * * *"), id="daily")
    stepped, before = bench.step(-HOUR)
    assert bench.wait_for(before + 3)

    assert bench.calls[before][0] - stepped < SOON + 1
    assert all(each.endswith("~1") for each in bench.ids(before + 1))
    assert len(set(bench.ids())) == len(bench.calls)
    assert bench.scheduler.status().health.ok


def test_back_an_hour_on_a_shared_store_nothing_is_decided_and_health_says_for_how_long(tmp_path):
    bench = Bench(SettableClock(), SQLiteStore(tmp_path / "state.db"))
    with bench.scheduler:
        assert bench.wait_for(2)
        _, before = bench.step(-HOUR)
        assert not bench.wait_for(before + 2, 2 * SOON)  # one may have been on its way
        (problem,) = bench.scheduler.status().health.problems
        assert re.fullmatch(r"clock behind store: 359\d s left until something is decided", problem)
        bench.step(HOUR)
        assert bench.wait_for(before + 4)
        assert bench.scheduler.status().health.ok
        assert len(set(bench.ids())) == len(bench.calls)
        assert not [each for each in bench.ids() if "~" in each]


def test_forward_an_hour_with_all_to_be_made_up_for_a_hundred_runs_and_no_more(bench):
    calls = []
    bench.scheduler.add(lambda: calls.append(1), Every("500ms"), id="all", coalesce="all")
    _, before = bench.step(HOUR)
    assert bench.wait_for(before + 2)
    assert bench.scheduler.wait_idle(30)
    assert 100 <= len(calls) < 120


@pytest.mark.parametrize("delta", [timedelta(seconds=-5), -HOUR, 8 * HOUR], ids=str)
def test_it_is_told_by_how_much(bench, delta):
    told = threading.Event()
    seen = []
    bench.scheduler.on(ClockStepped)(lambda event: (seen.append(event.delta), told.set()))
    bench.step(delta)

    assert told.wait(SOON)
    assert abs(seen[0] - delta) < timedelta(seconds=0.1)


def test_a_clock_that_goes_right_is_never_said_to_be_set(bench):
    seen = []
    bench.scheduler.on(ClockStepped)(seen.append)
    bench.clock.offset += timedelta(milliseconds=100)  # a small correction
    assert bench.wait_for(len(bench.calls) + 3)
    assert seen == []


def test_a_timeout_is_neither_shortened_nor_prolonged(bench):
    @bench.scheduler.job(timeout="1500ms", overlap="allow")
    def job():
        while not current_run().cancelled:
            time.sleep(0.02)

    for delta in (HOUR, -HOUR):
        began = time.monotonic()
        handle = bench.scheduler.run_now("job")
        time.sleep(0.5)
        bench.step(delta)
        assert handle.wait(10).outcome == "timed_out"
        assert 1.5 <= time.monotonic() - began < 2.5


class TestImplausible:
    @pytest.fixture
    def bench(self):
        clock = SettableClock()
        clock.offset = datetime(1970, 1, 1, 0, 0, 10, tzinfo=UTC) - SystemClock().now()
        found = Bench(clock)
        found.scheduler.start()
        yield found
        found.scheduler.shutdown(wait=False)

    def test_nothing_is_decided_by_a_clock_that_was_never_set(self, bench):
        assert not bench.wait_for(1, 2.5)
        assert bench.scheduler.status().health.problems == (
            "clock implausible: nothing is decided before it is set",
        )

    def test_once_it_is_set_jobs_fire_and_owe_nothing_for_the_time_before(self, bench):
        assert not bench.wait_for(1, 1.5)
        stepped, _ = bench.step(-bench.clock.offset)
        assert bench.wait_for(2)

        assert bench.calls[0][0] - stepped < SOON + 1
        assert {str(run.outcome) for run in bench.scheduler.runs("beat")} <= {"succeeded", "None"}
        assert bench.scheduler.status().health.ok

    def test_a_run_by_hand_runs_all_the_same(self, bench):
        assert bench.scheduler.run_now("beat").wait(5).outcome == "succeeded"

    def test_a_clock_that_falls_back_there_is_waited_for(self, bench):
        away = bench.clock.offset
        bench.step(-away)
        assert bench.wait_for(2)
        bench.step(away)
        time.sleep(SOON)
        before = len(bench.calls)
        assert not bench.wait_for(before + 1, 1.5)
        bench.step(-away)

        assert bench.wait_for(before + 2)
        assert len(set(bench.ids())) == len(bench.calls)
        assert not [each for each in bench.ids() if "~" in each]
