"""One active scheduler a host: processes that are killed, stopped and forked."""

from __future__ import annotations

import signal
import time

import pytest

pytestmark = pytest.mark.system

SOURCE = """
import os, sys, time
from cronkit import Scheduler

scheduler = Scheduler(single=sys.argv[1], standby=sys.argv[2] == "standby")
scheduler.every("100ms", id="tick")(lambda: print(f"tick {time.time()}", flush=True))
scheduler.start()
print("started", flush=True)
time.sleep(60)
"""


@pytest.fixture
def lock(tmp_path):
    return str(tmp_path / "scheduler.lock")


def test_a_second_process_is_refused_with_the_pid_of_the_first(program, lock):
    first = program(SOURCE, lock, "alone")
    first.until("tick")
    second = program(SOURCE, lock, "alone")
    code, _ = second.end()
    assert code == 1
    assert f"AlreadyRunningError: start: process {first.process.pid} on" in second.text


def test_a_standby_takes_over_in_less_than_a_second_after_kill_9(program, lock):
    first = program(SOURCE, lock, "alone")
    first.until("tick")
    second = program(SOURCE, lock, "standby")
    second.until("started")
    time.sleep(0.5)  # nothing may come of it in this time
    first.signal(signal.SIGKILL)
    killed = time.time()
    second.until("tick")
    begun = float(second.output[-1].split()[1])
    assert 0 <= begun - killed < 1
    assert [line for line in second.output if line.startswith("tick")] == second.output[-1:]


def test_a_stopped_process_keeps_the_lock(program, lock):
    first = program(SOURCE, lock, "alone")
    first.until("tick")
    first.signal(signal.SIGSTOP)
    second = program(SOURCE, lock, "alone")
    assert second.end()[0] == 1
    assert "AlreadyRunningError" in second.text


def test_a_forked_child_does_not_hold_the_lock_of_its_parent(program, lock):
    source = SOURCE.replace(
        "time.sleep(60)",
        "pid = os.fork()\nif pid: print(f'child {pid}', flush=True)\ntime.sleep(60)",
    )
    first = program("import warnings; warnings.simplefilter('ignore')\n" + source, lock, "alone")
    first.until("child")
    first.signal(signal.SIGKILL)
    second = program(SOURCE, lock, "standby")
    second.until("tick")
