"""The loop sleeps until the next fire time; what brings an earlier one has to wake it."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from threading import Event

import pytest

from cronkit import At, Every, Scheduler
from cronkit._engine._loop import Loop

SOON = timedelta(milliseconds=300)
FAR = Every("1h")
# The loop looks every 1.5 seconds by itself: a run that waited for that look is later than this.
PROMPT = timedelta(milliseconds=400)


@pytest.fixture
def scheduler():
    with Scheduler() as started:
        started.add(lambda: None, FAR, id="far")
        started.run_now("far").wait(5)  # the loop has been around and sleeps again
        yield started


def lateness_of_the_run(scheduler: Scheduler, job_id: str) -> timedelta:
    (run,) = scheduler.runs(job_id)
    return run.lateness


@pytest.mark.parametrize("change", ["add", "reschedule", "unpause"])
def test_a_change_that_brings_an_earlier_fire_time_wakes_the_loop(scheduler, change):
    called = Event()
    if change == "add":
        scheduler.add(called.set, At(datetime.now(UTC) + SOON), id="soon")
    elif change == "reschedule":
        scheduler.add(called.set, FAR, id="soon")
        scheduler.reschedule("soon", At(datetime.now(UTC) + SOON))
    else:
        scheduler.pause()
        scheduler.add(called.set, At(datetime.now(UTC) + SOON), id="soon")
        scheduler.unpause()
    assert called.wait(5)
    scheduler.wait_idle(5)
    assert lateness_of_the_run(scheduler, "soon") < PROMPT


def test_a_stop_that_comes_at_any_line_of_the_loop_ends_its_thread_at_once():
    code, ended = Loop._serve.__code__, []
    for line in sorted({line for _, _, line in code.co_lines() if line} - {code.co_firstlineno}):
        scheduler, reached = Scheduler(), Event()

        def stop(frame, event, _argument, line=line, scheduler=scheduler, reached=reached):
            if event == "line" and frame.f_lineno == line and not reached.is_set():
                scheduler.shutdown(wait=False)
                reached.set()
            return stop if frame.f_code is code else None

        threading.settrace(stop)
        scheduler.start()
        threading.settrace(None)
        (loop,) = (each for each in threading.enumerate() if each.name == "cronkit-loop")
        if reached.wait(0.1):  # else the line is one for errors
            loop.join(1)
            ended.append(not loop.is_alive())
        scheduler.shutdown()
        loop.join()

    assert len(ended) >= 8
    assert all(ended)
