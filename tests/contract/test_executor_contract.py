"""What every executor promises: one report an attempt, slots that come back, a clean end."""

from __future__ import annotations

import importlib
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from cronkit._clock import SystemClock
from cronkit.errors import RunCancelledError, RunTimeoutError
from cronkit.executors import (
    AsyncioExecutor,
    FutureExecutor,
    InlineExecutor,
    ProcessExecutor,
    ThreadExecutor,
)
from cronkit.jobs import Job
from cronkit.testing import FakeClock
from cronkit.testing._standing import StandingExecutor
from tests.attempts import FIRED, attempt_at

WAIT = 60.0


class Bench:
    """An executor at work, and all that it reports.

    Attributes:
        executor: the executor.
        jobs: the functions that it can run.
        reports: what it has reported.
    """

    def __init__(self, make, jobs, *, fake=False):
        self.clock = FakeClock(FIRED) if fake else SystemClock()
        self.fake = fake
        real = make()
        self.executor = self.clock.executor(real) if fake else real
        self.jobs = jobs
        self.reports = []
        self._reported = threading.Condition()
        self._serial = 0
        self.executor.start(self.report)

    def report(self, *report):
        with self._reported:
            self.reports.append(report)
            self._reported.notify_all()

    def attempt(self, name, *args, **policies):
        self._serial += 1
        job = Job(id=name, func=getattr(self.jobs, name), trigger=None, args=args)
        job = job.changed(policies)
        return attempt_at(job, self.clock, number=self._serial)

    def submit(self, name, *args, **policies):
        attempt = self.attempt(name, *args, **policies)
        self.executor.submit(attempt)
        return attempt

    def begin(self):
        """Let fake time begin what was submitted; it stands still for processes."""
        if self.fake and not isinstance(self.executor, StandingExecutor):
            self.clock.run_until(lambda: False, 0)

    def settle(self, count=1):
        """Wait until so many reports have come, and look that no more do."""
        if self.fake:
            self.clock.run_until(lambda: len(self.reports) >= count, None)
        else:
            with self._reported:
                self._reported.wait_for(lambda: len(self.reports) >= count, WAIT)
        assert len(self.reports) == count
        return self.reports

    def only(self):
        """Return value and error of the one report."""
        ((_, value, error),) = self.settle()
        return value, error


def threads():
    return ThreadExecutor(2)


def futures():
    return FutureExecutor(ThreadPoolExecutor(2), max_workers=2)


def spawned():
    return ProcessExecutor(2)


def forked():
    return ProcessExecutor(2, start_method="forkserver")


def tasks():
    return AsyncioExecutor(2)


KINDS = {
    # name:         (makes it, its jobs, under a fake clock)
    "thread": (threads, "Plain", False),
    "inline": (InlineExecutor, "Plain", False),
    "asyncio": (tasks, "Async", False),
    "spawn": (spawned, "Plain", False),
    "forkserver": (forked, "Plain", False),
    "thread-async": (threads, "Async", False),
    "future": (futures, "Plain", False),
    "fake-thread": (threads, "Plain", True),
    "fake-thread-async": (threads, "Async", True),
    "fake-asyncio": (tasks, "Async", True),
    "fake-spawn": (spawned, "Plain", True),
}
TAKES_STOPS = set(KINDS) - {"inline", "future"}
KILLS = {"asyncio", "spawn", "forkserver", "fake-asyncio", "fake-spawn"}
SEVERAL_AT_ONCE = set(KINDS) - {"inline"}


def benches(names):
    return pytest.mark.parametrize(
        "bench", [each for each in KINDS if each in names], indirect=True
    )


@pytest.fixture
def bench(request, monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    make, jobs, fake = KINDS[request.param]
    made = Bench(make, getattr(importlib.import_module("executor_jobs"), jobs), fake=fake)
    yield made
    made.executor.shutdown(WAIT)


@benches(KINDS)
def test_a_result_is_reported_with_its_attempt(bench):
    attempt = bench.submit("give_back", 42)
    assert bench.settle() == [(attempt, 42, None)]


@benches(KINDS)
@pytest.mark.parametrize(("name", "kind"), [("fail", ValueError), ("leave", SystemExit)])
def test_what_a_job_raises_is_reported_not_raised(bench, name, kind):
    bench.submit(name)
    value, error = bench.only()
    assert value is None
    assert isinstance(error, kind)


@benches(KINDS.keys() - {"thread-async", "fake-thread-async"})  # asyncio.run asks for its class
def test_an_exception_that_hides_its_class_is_reported_too(bench):
    bench.submit("hide")
    value, error = bench.only()
    assert value is None
    assert issubclass(type(error), BaseException)


@benches(KINDS)
def test_arguments_of_the_run_replace_those_of_the_job(bench):
    job = bench.attempt("give_back", "of the job").job
    own = attempt_at(job, bench.clock, args=(), kwargs={"value": "of the run"})
    bench.executor.submit(own)
    assert bench.only() == ("of the run", None)


@benches(KINDS)
def test_the_job_knows_its_run_and_leaves_notes(bench):
    attempt = bench.submit("describe", tags=frozenset({"red"}))
    assert bench.only() == ((attempt.run_id, "describe", FIRED, {"red"}), None)
    assert attempt.notes["seen"] == 1


@benches(KINDS)
def test_each_attempt_is_reported_exactly_once(bench):
    attempts = [bench.submit("give_back", number) for number in range(2)]
    reports = bench.settle(2)
    assert {(each, value) for each, value, _ in reports} == set(zip(attempts, (0, 1), strict=True))


@benches(SEVERAL_AT_ONCE)
def test_a_slot_is_taken_until_the_report(bench):
    assert bench.executor.free() == 2
    bench.submit("nap")
    assert bench.executor.free() == 1
    assert bench.executor.status()["busy"] == 1
    assert bench.only() == ("rested", None)
    assert bench.executor.free() == 2


@benches(KINDS)
def test_the_status_counts(bench):
    shown = bench.executor.status()
    assert shown["slots"] == (1 if isinstance(bench.executor, InlineExecutor) else 2)
    assert (shown["busy"], shown["abandoned"]) == (0, 0)


@benches(TAKES_STOPS)
def test_a_stop_ends_a_job_that_sleeps(bench):
    attempt = bench.submit("wait")
    attempt.token.set("by hand")
    bench.executor.stop(attempt)
    _, error = bench.only()
    assert isinstance(error, RunCancelledError)
    assert error.reason == "by hand"
    assert bench.executor.free() == 2


@benches(KILLS)
def test_a_stop_for_a_timeout_is_reported_as_one(bench):
    attempt = bench.submit("wait", timeout=timedelta(seconds=1))
    attempt.token.set("timeout")
    bench.executor.stop(attempt)
    _, error = bench.only()
    assert isinstance(error, RunTimeoutError)


@benches(KINDS)
def test_a_stop_for_an_attempt_that_has_ended_does_nothing(bench):
    attempt = bench.submit("give_back")
    bench.settle()
    free = bench.executor.free()
    bench.executor.stop(attempt)
    bench.executor.abandon(attempt)
    assert len(bench.settle()) == 1
    assert bench.executor.free() == free
    assert bench.executor.status()["abandoned"] == 0


@benches(TAKES_STOPS)
def test_an_abandoned_attempt_gives_its_slot_away_and_still_reports(bench):
    attempt = bench.submit("wait")
    bench.begin()
    bench.executor.abandon(attempt)
    assert bench.executor.free() == 2
    assert bench.executor.status()["abandoned"] == 1
    attempt.token.set("by hand")
    bench.executor.stop(attempt)
    bench.settle()
    assert bench.executor.status()["abandoned"] == 0


@benches(SEVERAL_AT_ONCE - {name for name in KINDS if name.startswith("fake")})
def test_shutdown_waits_for_what_goes_on(bench):
    bench.submit("nap")
    assert bench.executor.shutdown(WAIT) is True
    assert bench.reports[0][1:] == ("rested", None)


@benches(KINDS)
def test_shutdown_of_an_idle_executor_says_that_all_has_ended(bench):
    assert bench.executor.shutdown(0.0) is True


@benches(KINDS)
def test_an_executor_shut_down_twice_starts_again(bench):
    bench.submit("give_back", 1)
    bench.settle()
    bench.executor.shutdown(WAIT)
    bench.executor.shutdown(WAIT)
    bench.executor.start(bench.report)
    bench.submit("give_back", 2)
    assert bench.settle(2)[1][1] == 2


@benches(KILLS - {"fake-asyncio", "fake-spawn"})
def test_shutdown_ends_what_it_does_not_wait_for(bench):
    bench.submit("wait")
    bench.executor.shutdown(0.0)
    bench.settle()
