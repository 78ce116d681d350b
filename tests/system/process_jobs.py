"""Jobs for child processes: good ones, and every way a process can go wrong."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from cronkit import current_run

LONG = 600


def give_back(value=None):
    return value


async def give_back_later(value):
    await asyncio.sleep(0)
    return value


def everything_of_the_run():
    run = current_run()
    run.progress(3, total=4)
    run.note(colour="blue", count=2)
    run.sleep("1ms")
    return {
        "pid": os.getpid(),
        "id": run.id,
        "job_id": run.job_id,
        "fire_time": run.fire_time,
        "attempt": run.attempt,
        "deadline": run.deadline,
        "remaining": run.remaining,
        "fence": run.fence,
        "tags": run.tags,
        "cancelled": run.cancelled,
        "lateness": run.lateness,
    }


def write_to_the_log():
    current_run().log.warning("low on %s", "ink", extra={"printer": 7, "lock": threading.Lock()})
    try:
        int("jam")
    except ValueError:
        current_run().log.exception("stopped")
    current_run().log.debug("never seen")


def note_a_lock():
    current_run().note(lock=threading.Lock())


def raise_error():
    raise ValueError("boom")


class TwoArgumentsError(Exception):
    def __init__(self, one, two):
        super().__init__(f"{one} and {two}")


class NoTextError(Exception):
    def __str__(self):
        raise RuntimeError


def raise_one_that_does_not_pickle():
    raise TwoArgumentsError("this", "that")


def raise_one_without_text():
    raise NoTextError


def return_a_lock():
    return threading.Lock()


class Landmine:
    def __reduce__(self):
        return explode, ()


def explode():
    if os.environ.get("CRONKIT_TEST_PARENT") == str(os.getpid()):
        raise RuntimeError("stepped on it")
    return Landmine()


def return_a_landmine():
    return Landmine()


def raise_system_exit():
    sys.exit(3)


def raise_keyboard_interrupt():
    raise KeyboardInterrupt


def recurse():
    return recurse() + 1


def exit_without_result(code=0):
    os._exit(code)


def segfault():
    ctypes.string_at(0)


def abort_with_last_words():
    sys.stderr.write("last words\n")
    os.abort()


def eat_memory():
    hoard = []
    while True:
        hoard.append(bytearray(10_000_000))


def reserve(size):
    return len(bytearray(size))


def return_megabytes(count):
    return b"x" * (count * 1_000_000)


def measure(data):
    return len(data)


def print_much(lines):
    for number in range(lines):
        print("line", number)


def close_the_streams():
    sys.stdout.close()
    os.close(1)
    os.close(2)
    return "quiet"


def tell(path, *pids):
    """Say which processes there are; the rename makes the file appear whole."""
    part = Path(f"{path}.part")
    part.write_text(" ".join(map(str, (os.getpid(), *pids))))
    part.rename(path)


def hang(path):
    tell(path)
    time.sleep(LONG)


def progress_and_hang(path):
    current_run().progress(3, total=4)
    tell(path)
    time.sleep(LONG)


def hang_and_clean_up(path):
    tell(path)
    try:
        time.sleep(LONG)
    finally:
        current_run().note(cancelled=current_run().cancelled)


def hang_asleep(path):
    tell(path)
    current_run().sleep(LONG)


def swallow_the_stop(path):
    tell(path)
    try:
        time.sleep(LONG)
    except BaseException:  # noqa: BLE001 -- that is the point
        return "done all the same"


def ignore_sigterm(path):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    tell(path)
    time.sleep(LONG)


def hold_the_interpreter_lock(path):
    tell(path)
    ctypes.PyDLL(None).sleep(LONG)


def leave_children_behind(path):
    other = subprocess.Popen(["sleep", str(LONG)])
    fork = os.fork()
    if fork == 0:
        time.sleep(LONG)
    tell(path, fork, other.pid)
    while not Path(f"{path}.seen").exists():
        time.sleep(0.01)
    return "done"


def hang_with_children(path):
    other = subprocess.Popen(["sleep", str(LONG)])
    fork = os.fork()
    if fork == 0:
        time.sleep(LONG)
    tell(path, fork, other.pid)
    time.sleep(LONG)


def come_back_twice():
    os.fork()
    return "once"


def linger_after_the_result():
    threading.Thread(target=time.sleep, args=(LONG,)).start()
    return "done"


def kill_own_group_softly():
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(LONG)


def process_group():
    return os.getpid(), os.getpgrp(), os.getsid(0)


class Holder:
    def method(self): ...

    @classmethod
    def of_class(cls): ...

    @staticmethod
    def plain():
        return "plain"


def kill_itself():
    os.kill(os.getpid(), signal.SIGKILL)
