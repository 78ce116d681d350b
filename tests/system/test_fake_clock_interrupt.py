"""Ctrl-C while a fake clock moves: it reaches the test, also where a job sleeps in the test's thread."""

from __future__ import annotations

import signal

import pytest

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
