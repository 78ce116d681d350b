"""Thousands of short runs on many threads: each ends, whichever thread writes its outcome."""

from __future__ import annotations

import sys
import threading
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from cronkit import At, RunSucceeded, Scheduler
from cronkit.executors import ThreadExecutor

pytestmark = pytest.mark.system
JOBS = 2_000


@pytest.fixture
def crowded():
    """Let threads take turns thousands of times a second, so that they meet everywhere."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.parametrize("workers", [2, 10])
@pytest.mark.usefixtures("crowded")
def test_every_run_ends_once(workers):
    calls = Counter()
    scheduler = Scheduler(executor=ThreadExecutor(workers))
    for number in range(JOBS):
        scheduler.job(id=f"job-{number}")(lambda number=number: calls.update([number]))
    with scheduler:
        handles = [scheduler.run_now(f"job-{number}") for number in range(JOBS)]
        assert scheduler.wait_idle(60)
        assert all(each.done for each in handles)
        assert {run.outcome for run in scheduler.runs(limit=JOBS)} == {"succeeded"}
    assert calls == Counter(range(JOBS))


@pytest.mark.parametrize("workers", [2, 10])
@pytest.mark.usefixtures("crowded")
def test_every_fire_time_of_a_crowd_ends_once(workers):
    calls, due = Counter(), datetime.now(UTC) + timedelta(seconds=1)
    scheduler = Scheduler(executor=ThreadExecutor(workers), max_concurrent_runs=workers)
    for number in range(JOBS):
        scheduler.add(lambda number=number: calls.update([number]), At(due), id=f"job-{number}")
    everything = threading.Event()

    @scheduler.on(RunSucceeded)
    def _(_event):
        if len(calls) == JOBS:
            everything.set()

    with scheduler:
        assert everything.wait(60)
    assert calls == Counter(range(JOBS))
    assert scheduler.status().outcomes == {"succeeded": JOBS}
