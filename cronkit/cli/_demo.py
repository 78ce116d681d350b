"""``cronkit demo``: a minute of scheduling in ten seconds, with real threads."""

from __future__ import annotations

import logging
from collections import Counter
from datetime import timedelta
from threading import Event
from typing import TYPE_CHECKING

from cronkit._clock import SystemClock
from cronkit._scheduler import Scheduler
from cronkit.jobs import AttemptFailed, Backoff, RunEvent, RunSucceeded

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from cronkit.abc import Clock
    from cronkit.jobs import Run

SPEED = 6
LENGTH = timedelta(minutes=1)


class FastClock:
    """The real clock, sped up from the moment it was made."""

    def __init__(self, speed: float) -> None:
        self._real = SystemClock()
        self._speed = speed
        self._start = self._real.now()
        self._zero = self._real.monotonic()

    def now(self) -> datetime:
        """Return the sped-up wall-clock time."""
        return self._start + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        """Return the sped-up seconds since the clock was made."""
        return (self._real.monotonic() - self._zero) * self._speed

    def wait(self, seconds: float | None, wake: Event) -> bool:
        """Block until `wake` is set or the sped-up `seconds` have passed."""
        return self._real.wait(None if seconds is None else seconds / self._speed, wake)


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to a parser."""
    parser = commands.add_parser("demo", help="about ten seconds of scheduling, then exits")
    parser.set_defaults(command=run)


def run(_: argparse.Namespace) -> int:
    """Run the demonstration; return the exit code."""
    # The demonstration prints what happens; without a handler Python would print warnings as well.
    logging.getLogger("cronkit").addHandler(logging.NullHandler())
    demo()
    return 0


def demo(clock: Clock | None = None, show: Callable[[str], None] = print) -> None:
    """Schedule four jobs for a minute of the clock's time and show what came of it."""
    clock = FastClock(SPEED) if clock is None else clock
    scheduler = Scheduler(clock=clock, timezone="Europe/Paris")
    flaky_calls = Counter[str]()

    @scheduler.cron("*/20 * * * * *", description="every 20 s by the clock of Paris")
    def paris() -> str:
        return "bonjour"

    @scheduler.cron("10,40 * * * * *", tz="Asia/Tokyo", description="twice a minute in Tokyo")
    def tokyo() -> str:
        return "konnichiwa"

    @scheduler.every("15s", description="every 15 s")
    def heartbeat() -> int:
        return sum(range(100_000))

    @scheduler.every("30s", retry=Backoff(attempts=3, base="2s", jitter="none"))
    def flaky() -> str:
        flaky_calls["calls"] += 1
        if flaky_calls["calls"] % 3:
            raise ConnectionError("the other side hung up")
        return "third time lucky"

    @scheduler.on(RunSucceeded, AttemptFailed)
    def report(event: RunEvent) -> None:
        run = event.run
        clocks = f"{event.at.astimezone(run.fire_time.tzinfo):%H:%M:%S} {run.fire_time:%Z}"
        told = "succeeded" if isinstance(event, RunSucceeded) else f"failed: {run.error}"
        show(f"{clocks:>14}  {run.job_id:<10} attempt {run.attempt}  {told}")

    show(f"one minute of scheduling in {LENGTH.total_seconds() / SPEED:g} seconds:\n")
    with scheduler:
        clock.wait(LENGTH.total_seconds(), Event())
        scheduler.wait_idle("30s")
        upcoming = scheduler.upcoming(limit=6)
    show("\nwhat ran")
    for line in table(
        ("job", "trigger", "runs", "attempts", "outcomes", "latest"), _ran(scheduler)
    ):
        show(line)
    show("\nwhat comes next")
    rows = [
        (f"{each.fire_time:%Y-%m-%d %H:%M:%S}", str(each.fire_time.tzinfo), each.job_id)
        for each in upcoming
    ]
    for line in table(("fire time", "zone", "job"), rows):
        show(line)


def _ran(scheduler: Scheduler) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for job in scheduler.status().jobs:
        runs: Sequence[Run] = scheduler.runs(job.id)
        outcomes = Counter(str(run.outcome) for run in runs)
        rows.append(
            (
                job.id,
                job.trigger,
                str(len(runs)),
                str(sum(run.attempt for run in runs)),
                ", ".join(f"{n} {outcome}" for outcome, n in outcomes.items()),
                max((f"{run.fire_time:%H:%M:%S %Z}" for run in runs), default="-"),
            )
        )
    return rows


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Return the lines of a plain table, its columns as wide as they need."""
    widths = [max(len(row[each]) for row in (head, *rows)) for each in range(len(head))]
    lines = [head, tuple("-" * width for width in widths), *rows]
    return [
        "  "
        + "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]
