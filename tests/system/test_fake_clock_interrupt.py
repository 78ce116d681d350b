"""Ctrl-C while a fake clock moves: it reaches the test, also where a job sleeps in the test's thread."""

from __future__ import annotations

import asyncio
import signal

import pytest

from cronkit import Backoff, Every, Scheduler, current_run
from cronkit._engine._attempts import Attempts
from cronkit._engine._decider import Decider
from cronkit._engine._endings import Endings
from cronkit._engine._engine import Engine
from cronkit._engine._express import Express
from cronkit._engine._outcomes import Outcomes
from cronkit._engine._timers import Timers
from cronkit.executors._asyncio import AsyncioExecutor, _Going
from cronkit.stores import MemoryStore
from cronkit.stores._job_row import JobRow
from cronkit.stores._line import Line
from cronkit.stores._queue import WaitingQueue
from cronkit.stores._rows import Row
from cronkit.stores._table import Table
from cronkit.testing import FakeClock
from cronkit.testing._agenda import Agenda, Gate
from cronkit.testing._aio import FakeAsyncioExecutor, FakeLoop, LoopEngine, _IdleSelector
from cronkit.testing._baton import Baton
from cronkit.testing._stepper import Stepper
from tests.interrupts import interrupted_at, lines_of

pytestmark = pytest.mark.system

ENDLESS = """
    from cronkit import Every, Scheduler, current_run
    from cronkit.testing import FakeClock

    clock = FakeClock()
    scheduler = Scheduler(clock=clock)
    count = 0

    def doze():
        # The name does not stand in the code, so the test's own thread sleeps, and time goes on.
        getattr(current_run(), "sl" + "eep")("36500d")

    def tick():
        global count
        count += 1
        if count == 100:
            print("well under way")

    scheduler.add(doze, Every("1m"), id="job", max_runs=1)
    scheduler.add(tick, Every("1m"), id="tick")
    scheduler.start()
    try:
        clock.advance("1m")
    except KeyboardInterrupt:
        print("interrupted")
        scheduler.shutdown(wait=False)
        print("stopped", scheduler.runs("job")[0].outcome)
"""


def test_an_endless_advance_can_be_interrupted(program):
    it = program(ENDLESS)
    it.until("well under way")
    it.signal(signal.SIGINT)
    code, seconds = it.end()

    assert code == 0
    assert seconds < 5
    assert "interrupted" in it.output
    assert it.output[-1].startswith("stopped")


def doze(length="3m"):
    # The name does not stand in the code, so the test's own thread sleeps.
    getattr(current_run(), "sl" + "eep")(length)


@pytest.mark.parametrize(
    "method",
    [
        Attempts.start, Attempts.begin_taken, Attempts._launch, Attempts.begin, Outcomes.settle,
        Outcomes.collect, Outcomes.write, Outcomes._judge, Endings.written, Engine.step,
        Engine._step, Engine._act, Engine._ring, Engine.serve, Express.report_in_turn, Decider.decide,
        Decider._judge, Decider._follow, Decider.announce, MemoryStore.decide_and_take,
        MemoryStore.take, MemoryStore.finish, Table.decide_and_take, Table.take,
        Table._enter, Table.finish, Row.start, JobRow.retire, WaitingQueue.push, Line.push,
        Line.pop, Timers.arm, Timers.pop_due,
    ],
    ids=lambda each: each.__qualname__,
)  # fmt: skip
def test_after_an_interrupt_at_any_line_of_engine_and_store_every_job_goes_on(method):
    code, failed = method.__code__, []

    def flaky():
        failed.append(len(failed) % 2 == 0)
        if failed[-1]:
            raise ValueError

    for line in lines_of(code):
        clock = FakeClock()
        scheduler = Scheduler(clock=clock)
        scheduler.add(lambda: None, Every("1m"), id="steady")
        scheduler.add(flaky, Every("1m"), id="flaky", retry=Backoff(attempts=2, base="1s"))
        scheduler.start()
        with interrupted_at(code, line, time=2):
            clock.advance("3m")
        clock.advance("4m")
        newest = {job_id: scheduler.runs(job_id)[1] for job_id in ("steady", "flaky")}
        scheduler.shutdown(wait=False)
        assert {job: run.outcome for job, run in newest.items()} == {
            "steady": "succeeded",
            "flaky": "succeeded",
        }, line


@pytest.mark.parametrize(
    "method",
    [
        Stepper._drive, Stepper._run_next, Stepper._execute, Stepper._report_ended, Stepper._wake,
        Stepper.sleep, Baton._lend, Baton.lend_to_helper, Baton.lend_to_sleeper, Baton.help,
        Baton.rouse_base, Gate.wait, Agenda.next, Agenda.fall_asleep, Agenda.queue,
    ],
    ids=lambda each: each.__qualname__,
)  # fmt: skip
def test_after_an_interrupt_at_any_line_of_the_clock_every_job_goes_on(method):
    code = method.__code__
    for line in lines_of(code):
        clock = FakeClock()
        scheduler = Scheduler(clock=clock)
        scheduler.add(lambda: None, Every("1m"), id="steady")
        scheduler.add(lambda: current_run().sleep("10s"), Every("1m"), id="sleeps")
        scheduler.add(lambda: doze("10s"), Every("1m"), id="dozes")
        scheduler.start()
        with interrupted_at(code, line, time=2):
            clock.advance("3m")
        clock.advance("4m")
        newest = {job_id: scheduler.runs(job_id)[1] for job_id in ("steady", "sleeps", "dozes")}
        scheduler.shutdown(wait=False)
        assert {run.outcome for run in newest.values()} == {"succeeded"}, (line, newest)


@pytest.mark.parametrize(
    "method",
    [
        LoopEngine.step, LoopEngine._step, LoopEngine._rest, FakeAsyncioExecutor.begin,
        FakeAsyncioExecutor._at_home, AsyncioExecutor.submit, _Going.begin, FakeLoop.time,
        FakeLoop.call_soon_threadsafe, _IdleSelector.select, Stepper._run_next,
    ],
    ids=lambda each: each.__qualname__,
)  # fmt: skip
def test_after_an_interrupt_at_any_line_of_a_fake_loop_every_coroutine_goes_on(method):
    code = method.__code__
    for line in lines_of(code):
        clock, begun = FakeClock(), []

        async def job(begun=begun):
            begun.append(current_run().fire_time)
            await asyncio.sleep(10)

        scheduler = Scheduler(clock=clock)
        scheduler.add(job, Every("1m"), id="job")
        scheduler.start()
        with interrupted_at(code, line, time=2):
            clock.advance("3m")
        clock.advance("4m")
        runs = [run for run in scheduler.runs("job") if run.outcome is not None]
        scheduler.shutdown(wait=False)
        assert {run.outcome for run in runs} == {"succeeded"}, line
        assert clock.monotonic() - (runs[0].fire_time - FakeClock().now()).total_seconds() <= 60
        assert len(begun) == len(set(begun)), line
