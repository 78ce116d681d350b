"""Ctrl-C between the store and what is told of it, and where an attempt is queued."""

from __future__ import annotations

import pytest

from cronkit import Every, Scheduler
from cronkit._engine._endings import Endings
from cronkit.executors import ThreadExecutor
from cronkit.jobs import RunInterrupted
from cronkit.testing import FakeClock
from cronkit.testing._agenda import Agenda
from tests.interrupts import interrupted_at, lines_of


def test_a_run_that_the_store_has_as_succeeded_is_told_of_as_succeeded():
    clock, told = FakeClock(), []
    scheduler = Scheduler(clock=clock)
    scheduler.job(None, id="job")(lambda: 42)
    scheduler.start()
    handle = scheduler.run_now("job")
    code = Endings.written.__code__
    with interrupted_at(code, lines_of(code)[0]):
        clock.advance(0)
    scheduler.hooks.add(told.append, RunInterrupted)
    clock.advance(0)
    assert scheduler.runs()[0].outcome == "succeeded"
    assert (handle.result(0), told) == (42, [])
    assert scheduler.status().outcomes == {"succeeded": 1}


@pytest.mark.parametrize("line", lines_of(Agenda.queue.__code__)[:3])
def test_an_interrupt_as_an_attempt_is_queued_costs_no_slot(line):
    clock, ran = FakeClock(), []
    scheduler = Scheduler(clock=clock, executor=ThreadExecutor(1))
    scheduler.add(lambda: ran.append(clock.now()), Every("1m"), id="job")
    scheduler.start()
    with interrupted_at(Agenda.queue.__code__, line):
        clock.advance("1m")
    clock.advance("5m")
    scheduler.shutdown(wait=False)
    assert len(ran) >= 5
