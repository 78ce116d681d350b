"""A scheduler with a hostile job and a canary, run as a program; it writes what became of both.

``python hostile_program.py CASE REPORT``: the canary fires five times a second from before the case
begins until after it has ended. The report is written when the interpreter ends, after the scheduler
has stopped.
"""

from __future__ import annotations

import asyncio
import atexit
import json
import logging
import os
import signal
import sys
import threading
import time
import warnings
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import process_jobs

from cronkit import Every, Scheduler, current_run
from cronkit._engine import _signals
from cronkit.executors import ProcessExecutor, ThreadExecutor
from cronkit.jobs import Event, RunInterrupted

BEAT = 0.2
SHORTEST = 1.6
"""Seconds that the canary is watched for, however quickly a case is over."""
LONG = 600.0
PATIENCE = 60.0


class Stage:
    """The scheduler with its canary.

    Attributes:
        scheduler: the scheduler, started.
        beats: when the canary sang, on the monotonic clock.
        facts: what a case has to say besides.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.scheduler = Scheduler(
            executors={
                "process": ProcessExecutor(2, memory_limit=1_000_000_000),
                "aviary": ThreadExecutor(1),
            }
        )
        self.beats: list[float] = []
        self.facts: dict[str, object] = {}
        self.began = self.ended = 0.0
        self._more = threading.Condition()
        atexit.register(self.report)  # before the start, so it comes after the stop
        self.scheduler.add(self._sing, Every(BEAT), id="canary", priority=9)

    def _sing(self) -> None:
        with self._more:
            self.beats.append(time.monotonic())
            self._more.notify_all()

    def listen(self, count: int = 2) -> None:
        """Wait for so many more beats."""
        with self._more:
            wanted = len(self.beats) + count
            assert self._more.wait_for(lambda: len(self.beats) >= wanted, PATIENCE)

    def begin(self) -> None:
        self.scheduler.start()
        self.listen()
        self.began = time.monotonic()

    def end(self) -> None:
        while time.monotonic() < self.began + SHORTEST:
            self.listen(1)
        self.ended = time.monotonic()
        self.listen(1)

    def run(self, func, **policies) -> None:
        """Run a function once and wait for its outcome."""
        self.scheduler.add(func, id="hostile", **policies)
        assert self.scheduler.run_now("hostile").wait(PATIENCE) is not None

    def report(self) -> None:
        runs = self.scheduler.runs()
        status = self.scheduler.status()
        report = {
            "began": self.began,
            "ended": self.ended,
            "beats": self.beats,
            "runs": [
                [r.job_id, r.outcome and str(r.outcome), r.reason, r.error, r.error_type, r.count]
                for r in runs
            ],
            "seconds": next(
                (r.duration.total_seconds() for r in runs if r.job_id == "hostile" and r.duration),
                None,
            ),
            "notes": next((dict(r.notes) for r in runs if r.job_id == "hostile"), {}),
            "outcomes": dict(status.outcomes),
            "failures": [status.loop_failures, status.hooks_failed, status.events_dropped],
            "facts": self.facts,
        }
        part = self._path.with_suffix(".part")
        part.write_text(json.dumps(report, default=repr), "utf-8", "replace")
        part.rename(self._path)


# --- one run that misbehaves ---------------------------------------------------------------------


def wait_for_ever():
    threading.Event().wait()


def busy_loop():
    while True:
        pass


class OwnBaseException(BaseException):
    pass


class MuteError(Exception):
    def __str__(self):
        raise RuntimeError

    __repr__ = __str__


def raise_(error):
    raise error


class EndlessError(Exception):
    def __str__(self):
        time.sleep(LONG)
        return "at last"


def no_memory():
    return bytearray(1 << 62)


def recurse():
    return recurse() + 1


async def wait_in_a_coroutine():
    await asyncio.Event().wait()


async def block_the_loop():
    while True:
        pass


async def swallow_cancellations():
    while True:
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(LONG)


async def raise_in_a_coroutine():
    raise SystemExit(3)


async def well_behaved():
    await asyncio.sleep(0)


IN_THREAD = {
    "waits for ever": (wait_for_ever, {"timeout": "400ms"}),
    "busy loop": (busy_loop, {"timeout": "400ms"}),
    "sys.exit": (sys.exit, {"args": [3]}),
    "KeyboardInterrupt": (raise_, {"args": [KeyboardInterrupt()]}),
    "GeneratorExit": (raise_, {"args": [GeneratorExit()]}),
    "StopIteration": (raise_, {"args": [StopIteration()]}),
    "own BaseException": (raise_, {"args": [OwnBaseException("own")]}),
    "exception without a text": (raise_, {"args": [MuteError()]}),
    "exception whose text never ends": (raise_, {"args": [EndlessError()], "timeout": "400ms"}),
    "RecursionError": (recurse, {}),
    "MemoryError": (no_memory, {}),
}
IN_COROUTINE = {
    "coroutine waits for ever": (wait_in_a_coroutine, {"timeout": "400ms"}),
    "coroutine blocks its loop": (block_the_loop, {"timeout": "400ms"}),
    "coroutine swallows cancellations": (swallow_cancellations, {"timeout": "400ms"}),
    "coroutine exits": (raise_in_a_coroutine, {}),
}
IN_PROCESS = {
    "child waits for ever": (wait_for_ever, {"timeout": "1500ms"}),
    "child in a busy loop": (busy_loop, {"timeout": "1500ms"}),
    "unpicklable result": (process_jobs.return_a_lock, {}),
    "unpicklable exception": (process_jobs.raise_one_that_does_not_pickle, {}),
    "segfault": (process_jobs.segfault, {}),
    "os._exit": (process_jobs.exit_without_result, {"args": [9]}),
    "memory eater": (process_jobs.eat_memory, {}),
}


# --- cases that need more than one run -----------------------------------------------------------


def pool_saturated(stage: Stage) -> None:
    """Ten hung runs fill all slots; the canary lives in another executor, an eleventh run waits."""
    stage.scheduler.update("canary", executor="aviary")
    release = threading.Event()
    stage.scheduler.add(lambda: release.wait(LONG) and None, id="filler", overlap="allow")
    for _ in range(10):
        stage.scheduler.run_now("filler")
    stage.scheduler.add(lambda: None, id="hostile")
    handle = stage.scheduler.run_now("hostile")
    stage.facts["started while the pool was full"] = handle.wait(0.5) is not None
    release.set()
    assert handle.wait(PATIENCE) is not None


def pool_saturated_by_hung_runs(stage: Stage) -> None:
    """Nine runs hang in the canary's own pool until their timeout; fresh threads take the slots.

    That all nine slots are free again is shown by nine runs that end only together.
    """
    stage.scheduler.add(wait_for_ever, id="filler", overlap="allow", timeout="500ms")
    handles = [stage.scheduler.run_now("filler") for _ in range(9)]
    assert all(each.wait(PATIENCE) for each in handles)
    meeting = threading.Barrier(9, timeout=PATIENCE / 4)
    stage.scheduler.add(meeting.wait, id="guest", overlap="allow")
    for _ in range(8):
        stage.scheduler.run_now("guest")
    stage.run(meeting.wait)


class Once:
    """A trigger whose only instant is set when all jobs that have it were added."""

    instant: datetime | None = None

    def next(self, after: datetime) -> datetime | None:
        return self.instant if self.instant is not None and after < self.instant else None


def due_at_once(count: int):
    def case(stage: Stage) -> None:
        scheduler, ran, once = stage.scheduler, [], Once()
        scheduler.shutdown()  # to add so many takes a slow machine longer than one could foresee
        for number in range(count):
            scheduler.add(lambda: ran.append(1), once, id=f"due-{number}")
        once.instant = datetime.now(UTC) + timedelta(seconds=1)
        scheduler.start()
        deadline = time.monotonic() + 3 * PATIENCE
        while len(ran) < count or not scheduler.wait_idle(0):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        stage.facts["called"] = len(ran)
        outcomes = [run.outcome for run in scheduler.runs() if run.job_id != "canary"]
        stage.facts["recorded"] = [len(outcomes), sorted({str(each) for each in outcomes})]
        stage.began = time.monotonic()  # the canary is watched from here on
        stage.listen(5)

    return case


def listener_raises(stage: Stage) -> None:
    stage.scheduler.on(Event)(lambda event: raise_(SystemExit(event.log_name)))
    stage.run(lambda: None)


def listener_hangs(stage: Stage) -> None:
    stage.scheduler.on(Event)(lambda event: time.sleep(LONG))
    stage.run(lambda: None)


def listener_changes_jobs(stage: Stage) -> None:
    """A hook adds, changes, pauses, runs and removes two hundred jobs, at as many events."""
    made = []

    def hook(event) -> None:
        number = len(made)
        if number == 200:
            return
        scheduler, name = stage.scheduler, f"made-{number}"
        scheduler.add(lambda: None, Every("1h"), id=name)
        scheduler.reschedule(name, Every("50ms"))
        scheduler.update(name, priority=3)
        scheduler.pause(name)
        scheduler.unpause(name)
        scheduler.run_now(name)
        if number % 2:
            scheduler.remove(name)
        made.append(name)

    stage.scheduler.on(Event)(hook)
    stage.run(lambda: None)
    while len(made) < 200:
        time.sleep(0.01)
    stage.facts["jobs"] = len(stage.scheduler.jobs)
    for name in stage.scheduler.jobs:
        if name.startswith("made-"):
            stage.scheduler.remove(name)


def log_handler_raises(stage: Stage) -> None:
    class Broken(logging.Handler):
        def handle(self, record):
            raise SystemExit(record.getMessage())

    logging.getLogger("cronkit").addHandler(Broken())
    logging.getLogger("cronkit").setLevel(logging.DEBUG)
    told = threading.Event()
    stage.run(lambda: 1 / 0)
    stage.scheduler.on(Event)(lambda event: told.set())
    assert told.wait(PATIENCE)


def stdout_closed(stage: Stage) -> None:
    logging.basicConfig()
    sys.stdout.close()
    sys.stderr.close()
    os.close(1)
    os.close(2)
    stage.run(lambda: print("nobody hears this"))


def job_removes_itself(stage: Stage) -> None:
    stage.run(lambda: stage.scheduler.remove("hostile"))
    assert "hostile" not in stage.scheduler


def jobs_add_jobs(stage: Stage) -> None:
    """Each run adds the next job, fifty deep, and every one of them fires."""
    done = threading.Event()

    def add(depth: int) -> None:
        if depth == 50:
            done.set()
            return
        stage.scheduler.add(add, id=f"depth-{depth + 1}", args=[depth + 1])
        stage.scheduler.run_now(f"depth-{depth + 1}")

    stage.run(add, args=[0])
    assert done.wait(PATIENCE)
    stage.facts["jobs"] = sum(each.startswith("depth-") for each in stage.scheduler.jobs)


def job_changes_itself(stage: Stage) -> None:
    """A job that reschedules, pauses, unpauses and replaces itself while it runs."""

    def change() -> None:
        stage.scheduler.reschedule("hostile", Every("1h"))
        stage.scheduler.pause("hostile", why="myself")
        stage.scheduler.unpause("hostile")
        stage.scheduler.add(change, id="hostile", replace=True, priority=3)

    stage.run(change)


def fork_after_start(stage: Stage) -> None:
    """A job forks; the children exit, return, and start the scheduler that they have inherited."""
    pids = []
    warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12: of a fork with threads

    def fork() -> None:
        for exits in (True, False):
            pid = os.fork()
            if pid == 0:
                atexit.unregister(stage.report)
                if exits:
                    os._exit(0)
                stage.scheduler.start()
                os._exit(0 if stage.scheduler.run_now("answer").result(10) == 42 else 1)
            pids.append(pid)
        codes = [os.waitstatus_to_exitcode(os.waitpid(each, 0)[1]) for each in pids]
        current_run().note(codes=codes)

    stage.scheduler.add(lambda: 42, id="answer")
    stage.run(fork)


def stop_and_start(stage: Stage) -> None:
    for _ in range(3):
        stage.scheduler.shutdown()
        before = len(stage.beats)
        time.sleep(2 * BEAT)
        stage.facts["beats while stopped"] = len(stage.beats) - before
        stage.scheduler.start()
        stage.listen()
    stage.run(lambda: None)
    stage.began = time.monotonic()


def leaves(func, **policies):
    """The main thread ends with exit code 7 while a run goes on."""

    def case(stage: Stage) -> None:
        begun = threading.Event()

        def job() -> None:
            begun.set()
            func()

        stage.scheduler.add(job, id="hostile", **policies)
        stage.scheduler.run_now("hostile")
        assert begun.wait(PATIENCE)
        stage.facts["exit"] = 7
        atexit.register(print, "main ends", flush=True)  # the last to come is called first

    return case


def leaves_with_a_blocked_loop(stage: Stage) -> None:
    begun = threading.Event()

    async def job() -> None:
        begun.set()
        await block_the_loop()

    async def hook(event) -> None:
        pass

    stage.scheduler.on(RunInterrupted)(hook)  # it would need the loop too
    stage.scheduler.add(job, id="hostile")
    stage.scheduler.run_now("hostile")
    assert begun.wait(PATIENCE)
    stage.facts["exit"] = 7
    atexit.register(print, "main ends", flush=True)


STAGED = {
    "pool saturated": pool_saturated,
    "pool saturated by hung runs": pool_saturated_by_hung_runs,
    "10,000 due at once": due_at_once(10_000),
    "100,000 due at once": due_at_once(100_000),
    "listener raises": listener_raises,
    "listener hangs": listener_hangs,
    "listener changes jobs": listener_changes_jobs,
    "log handler raises": log_handler_raises,
    "stdout closed": stdout_closed,
    "job removes itself": job_removes_itself,
    "job changes itself": job_changes_itself,
    "jobs add jobs": jobs_add_jobs,
    "fork after start": fork_after_start,
    "stop and start": stop_and_start,
    "exit with a running job": leaves(lambda: time.sleep(1)),
    "exit with a hung job": leaves(wait_for_ever),
    "exit with a busy job": leaves(busy_loop),
    "exit with a blocked event loop": leaves_with_a_blocked_loop,
    "exit with an abandoned job": leaves(busy_loop, timeout="300ms"),
}


# --- in the foreground, until signals end it -----------------------------------------------------


def say_each_signal() -> None:
    """Print a line when a signal was handled: of two that come too close, the system makes one."""
    said = 0
    while said < 2:
        for watch in list(_signals._entered):
            if watch._count > said:
                said += 1
                print("signal", said, flush=True)
        time.sleep(0.005)


def in_the_foreground(stage: Stage, func) -> None:
    """Say ``began`` when the canary was heard beside the job; the signals come from outside."""

    def job() -> None:
        stage.began = time.monotonic()
        stage.listen(6)
        stage.ended = time.monotonic()
        print("began", flush=True)
        func()

    if func is outlive_a_stop:
        stage.scheduler.on(RunInterrupted)(lambda event: time.sleep(LONG))
    threading.Thread(target=say_each_signal, daemon=True).start()
    stage.scheduler.add(job, Every("100ms"), id="hostile", max_runs=1)
    stage.scheduler.run_forever()


def outlive_a_stop() -> None:
    """Hang; a hook hangs too when this run is interrupted, for which a stop waits two seconds."""
    wait_for_ever()


FOREGROUND = {
    "SIGTERM once": partial(time.sleep, 1),
    "SIGINT once": partial(time.sleep, 1),
    "SIGTERM twice": wait_for_ever,
    "SIGTERM, then SIGINT": wait_for_ever,
    "SIGTERM three times": outlive_a_stop,
}


def main(case: str, path: str) -> None:
    stage = Stage(Path(path))
    if case in FOREGROUND:
        in_the_foreground(stage, FOREGROUND[case])
        return
    stage.begin()
    if case in STAGED:
        STAGED[case](stage)
    else:
        func, policies = {**IN_THREAD, **IN_COROUTINE, **IN_PROCESS}[case]
        if case in IN_PROCESS:
            policies = {**policies, "executor": "process"}
        stage.run(func, **policies)
        if case in IN_COROUTINE:
            stage.scheduler.add(well_behaved)
            stage.facts["next"] = str(stage.scheduler.run_now("well_behaved").wait(10).outcome)
    stage.end()
    if "exit" in stage.facts:
        sys.exit(stage.facts["exit"])
    stage.scheduler.shutdown(timeout=2)


if __name__ == "__main__":
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    main(*sys.argv[1:])
