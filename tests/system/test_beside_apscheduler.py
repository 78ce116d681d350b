"""Four situations in which APScheduler 3.11 loses runs or hangs, each played with cronkit too.

The other half is no blame but a yardstick: when APScheduler gets better at one of them, its test
here fails, and what the documentation says of it has to change.
"""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cronkit import Every, Scheduler
from cronkit.testing import FakeClock

pytest.importorskip("apscheduler", reason="apscheduler is in the group 'bench'")
time_machine = pytest.importorskip("time_machine", reason="time-machine is in the group 'bench'")

pytestmark = pytest.mark.system
START = datetime(2026, 1, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
LONGEST_EXIT = 5.5
FOLDER = str(Path(__file__).parent)


# --- a job that hangs ----------------------------------------------------------------------------

HANG = """
    import threading, time

    begun = threading.Event()

    def hang():
        begun.set()
        threading.Event().wait()

    def say():
        print("the next one has run", flush=True)
"""
HUNG_APSCHEDULER = (
    HANG
    + """
    from datetime import UTC
    from apscheduler.executors.pool import ThreadPoolExecutor
    from apscheduler.schedulers.background import BackgroundScheduler

    scheduler = BackgroundScheduler(executors={"default": ThreadPoolExecutor(1)}, timezone=UTC)
    scheduler.start()
    scheduler.add_job(hang)
    begun.wait()
    scheduler.add_job(say, misfire_grace_time=None)
    time.sleep(2)
    print("main ends", flush=True)
"""
)
HUNG_CRONKIT = (
    HANG
    + """
    from cronkit import Scheduler
    from cronkit.executors import ThreadExecutor

    scheduler = Scheduler(executor=ThreadExecutor(1))
    scheduler.start()
    scheduler.add(hang, timeout="500ms")
    scheduler.add(say)
    scheduler.run_now("hang")
    begun.wait()
    scheduler.run_now("say")
    time.sleep(2)
    print("main ends", flush=True)
"""
)


def test_a_hung_job_fills_neither_its_pool_nor_keeps_the_process_alive(program):
    theirs, ours = program(HUNG_APSCHEDULER), program(HUNG_CRONKIT)
    for each in (theirs, ours):
        each.until("main ends")
    code, seconds = ours.end()

    assert (code, seconds < LONGEST_EXIT) == (0, True)
    assert "the next one has run" in ours.output
    assert "the next one has run" not in theirs.output
    with pytest.raises(subprocess.TimeoutExpired):
        theirs.process.wait(LONGEST_EXIT)


# --- a job that takes its process down -----------------------------------------------------------

CRASHES = f"""
    import logging, sys, threading

    sys.path.insert(0, {FOLDER!r})
    import process_jobs as jobs

    crashes = [jobs.segfault, jobs.abort_with_last_words, jobs.kill_itself, jobs.exit_without_result]
"""
CRASHES_APSCHEDULER = (
    CRASHES
    + """
    from datetime import UTC
    from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_EXECUTED, EVENT_JOB_MISSED
    from apscheduler.executors.pool import ProcessPoolExecutor
    from apscheduler.schedulers.background import BackgroundScheduler

    class Told(logging.Handler):
        def emit(self, record):
            broken.release()

    broken = threading.Semaphore(0)
    logging.getLogger("apscheduler.executors.default").addHandler(Told(logging.ERROR))
    scheduler = BackgroundScheduler(executors={"default": ProcessPoolExecutor(1)}, timezone=UTC)
    any_end = EVENT_JOB_EXECUTED | EVENT_JOB_ERROR | EVENT_JOB_MISSED
    scheduler.add_listener(lambda event: print("event", event, flush=True), any_end)
    scheduler.start()
    for crash in crashes:
        scheduler.add_job(crash)
        assert broken.acquire(timeout=30)
        print("crashed", flush=True)
    scheduler.shutdown()
"""
)
CRASHES_CRONKIT = (
    CRASHES
    + """
    from cronkit import Scheduler
    from cronkit.executors import ProcessExecutor
    from cronkit.jobs import RunFailed

    logging.getLogger("cronkit").setLevel(logging.CRITICAL)
    scheduler = Scheduler(executor=ProcessExecutor(1))
    scheduler.on(RunFailed)(lambda event: print("event", event.run.error, flush=True))
    with scheduler:
        for crash in crashes:
            scheduler.add(crash)
            assert scheduler.run_now(crash.__name__).wait(30)
"""
)


def test_each_of_four_crashes_of_a_child_is_told(program):
    theirs, ours = program(CRASHES_APSCHEDULER), program(CRASHES_CRONKIT)

    assert theirs.end()[0] == 0
    assert theirs.output.count("crashed") == 4
    assert not [line for line in theirs.output if line.startswith("event")]
    assert ours.end()[0] == 0
    told = [line.rpartition(": ")[2] for line in ours.output if line.startswith("event")]
    assert told == [
        "killed by signal 11 (SIGSEGV)",
        "killed by signal 6 (SIGABRT)",
        "killed by signal 9 (SIGKILL)",
        "exited with code 0 and without a result",
    ]


# --- a clock that is set -------------------------------------------------------------------------


class Theirs:
    """APScheduler with one job, its loop's body called by hand at the time it has asked for."""

    def __init__(self, traveller, seconds: int, **policies) -> None:
        from apscheduler.executors.debug import DebugExecutor
        from apscheduler.schedulers.background import BlockingScheduler

        class ByHand(BlockingScheduler):
            def _main_loop(self) -> None:
                """Leave the loop to the test."""

        self.traveller = traveller
        self.calls = 0
        self.scheduler = ByHand(executors={"default": DebugExecutor()}, timezone=UTC)
        self.scheduler.add_job(self._call, "interval", seconds=seconds, **policies)
        self.scheduler.start()

    def _call(self) -> None:
        self.calls += 1

    def advance(self, length: timedelta) -> int:
        """Let time pass; return how often the job was called."""
        before, left = self.calls, length.total_seconds()
        while (wait := self.scheduler._process_jobs()) <= left:
            self.traveller.shift(wait)
            left -= wait
        self.traveller.shift(left)
        return self.calls - before


@pytest.fixture
def theirs():
    """Make APScheduler's half; time stands still around it."""
    made = []
    with time_machine.travel(START, tick=False) as traveller:

        def make(seconds: int, **policies) -> Theirs:
            made.append(Theirs(traveller, seconds, **policies))
            return made[-1]

        yield make
        for each in made:
            each.scheduler.shutdown()


class Ours:
    """Cronkit with the same job, on its fake clock."""

    def __init__(self, seconds: int, **policies) -> None:
        self.clock = FakeClock(START)
        self.calls = 0
        self.scheduler = Scheduler(clock=self.clock)
        self.scheduler.add(self._call, Every(seconds), id="job", **policies)
        self.scheduler.start()

    def _call(self) -> None:
        self.calls += 1

    def advance(self, length: timedelta) -> int:
        """Let time pass; return how often the job was called."""
        before = self.calls
        self.clock.advance(length)
        return self.calls - before


@pytest.fixture
def ours():
    made = []

    def make(seconds: int, **policies) -> Ours:
        made.append(Ours(seconds, **policies))
        return made[-1]

    yield make
    for each in made:
        each.scheduler.shutdown(wait=False)


def test_a_clock_that_is_set_back_an_hour_stops_no_interval_job(theirs, ours):
    them, us = theirs(10), ours(10)
    minute = timedelta(minutes=1)
    assert them.advance(minute) == us.advance(minute) == 6

    them.traveller.shift(-HOUR)
    assert them.advance(HOUR) == 0
    us.clock.step_wall(-HOUR)
    assert us.advance(HOUR) == 360


def test_a_clock_that_is_set_forward_an_hour_brings_no_flood(theirs, ours):
    them = theirs(2, coalesce=False, misfire_grace_time=None)
    latest, every = ours(2), ours(2, coalesce="all", keep_runs=200)
    second = timedelta(seconds=1)

    them.traveller.shift(HOUR)
    assert them.advance(second) == 1_800
    for us, runs in ((latest, 1), (every, 100)):
        us.clock.step_wall(HOUR)
        assert us.advance(second) == runs
        (left_out,) = us.scheduler.runs("job", outcome="skipped")
        assert (left_out.count, left_out.at_least) == (1_000, True)
