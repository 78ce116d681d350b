"""Functions that workers in other processes import by name."""

from __future__ import annotations

import os
import time
from pathlib import Path

from cronkit import current_run


def add(first: int, second: int) -> int:
    current_run().note(seen=True)
    return first + second


def who() -> tuple[str, str, int, bool]:
    run = current_run()
    return run.id, run.fire_time.isoformat(), run.attempt, run.cancelled


def fail() -> None:
    raise ValueError("the job itself")


def unpicklable() -> object:
    return lambda: None


class HostileError(Exception):
    """It has no text, and no way to another process."""

    def __str__(self) -> str:
        raise RuntimeError("no words")

    __repr__ = __str__

    def __reduce__(self) -> str:
        raise SystemExit("no way")


class HostileResult:
    """It comes to another process, and wants to end it."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return leave, ("not here",)


def leave(text: str) -> None:
    raise SystemExit(text)


def raise_hostile() -> None:
    raise HostileError


def return_hostile() -> HostileResult:
    return HostileResult()


def die() -> None:
    os._exit(3)


def mark(folder: str) -> None:
    """Leave one line a call, and die in the middle of the first."""
    log = Path(folder, "calls")
    with log.open("a") as file:
        file.write(f"{current_run().attempt}\n")
    if len(log.read_text().splitlines()) == 1:
        os._exit(3)


def work(folder: str) -> str:
    """Write down that it began, wait for the file ``release``, write down that it ended."""
    _write_down(folder, "began")
    while not Path(folder, "release").exists():
        time.sleep(0.02)
    _write_down(folder, "ended")
    return "worked"


def _write_down(folder: str, word: str) -> None:
    run = current_run()
    file = os.open(Path(folder, "diary"), os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(file, f"{word} {run.job_id} {run.attempt} {os.getpid()}\n".encode())
    os.fsync(file)
    os.close(file)
