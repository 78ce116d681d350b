"""The schedulers that cronkit is measured beside, and the floor, behind the same few commands.

The floor is what the task itself costs in Python: a heap, one thread that waits for its head, and
the standard pool. It has no jobs, rules, records or errors.
"""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

WORKERS = 10
FAR = timedelta(days=300)
Call = "Callable[[], object]"


def noop() -> None:
    """Do what a benchmark of the scheduler wants of a job."""


class Peer:
    """One scheduler, from `start` to `stop`; what it cannot do is `None`.

    Attributes:
        name: how it stands in the tables; its first word is the distribution.
    """

    name: ClassVar[str]
    start: Callable[[], None]
    stop: Callable[[], None]
    at: Callable[[Sequence[float], Call], None]
    """Call the function once at each of these Unix times."""
    add_interval: Callable[[int], None]
    """Add the job number n, which runs every `FAR`."""
    add_cron: Callable[[int, str], None] | None = None
    """Add the job number n with this cron text."""


class Floor(Peer):
    name = "floor"

    def __init__(self) -> None:
        self.heap: list[tuple[float, int, Call]] = []
        self.numbers = itertools.count()
        self.changed = threading.Condition()
        self.stopped = False
        self.pool = ThreadPoolExecutor(WORKERS)
        self.thread = threading.Thread(target=self.loop)

    def start(self) -> None:
        self.thread.start()

    def stop(self) -> None:
        with self.changed:
            self.stopped = True
            self.changed.notify()
        self.thread.join()
        self.pool.shutdown()

    def loop(self) -> None:
        while True:
            with self.changed:
                wait = self.heap[0][0] - time.time() if self.heap else None
                while not self.stopped and (wait is None or wait > 0):
                    self.changed.wait(wait)
                    wait = self.heap[0][0] - time.time() if self.heap else None
                if self.stopped:
                    return
                _due, _number, call = heapq.heappop(self.heap)
            self.pool.submit(call)

    def at(self, times, call) -> None:
        with self.changed:
            for due in times:
                heapq.heappush(self.heap, (due, next(self.numbers), call))
            self.changed.notify()

    def add_interval(self, number) -> None:
        with self.changed:
            heapq.heappush(self.heap, (time.time() + FAR.total_seconds(), number, noop))
            self.changed.notify()


class Cronkit(Peer):
    name = "cronkit"

    def __init__(self) -> None:
        import logging

        from cronkit import At, Cron, Every, Scheduler

        logging.getLogger("cronkit").setLevel(logging.CRITICAL)
        self.scheduler = Scheduler()
        self.triggers = At, Every, Cron
        self.numbers = itertools.count()

    def start(self) -> None:
        self.scheduler.start()

    def stop(self) -> None:
        self.scheduler.shutdown()

    def at(self, times, call) -> None:
        at = self.triggers[0]
        for due in times:
            moment = datetime.fromtimestamp(due, UTC)
            self.scheduler.add(call, at(moment), id=f"at-{next(self.numbers)}")

    def add_interval(self, number) -> None:
        self.scheduler.add(noop, self.triggers[1](FAR), id=f"job-{number}")

    def add_cron(self, number, text) -> None:
        self.scheduler.add(noop, self.triggers[2](text), id=f"job-{number}")


class APScheduler(Peer):
    name = "apscheduler"

    def __init__(self) -> None:
        import logging

        from apscheduler.executors.pool import ThreadPoolExecutor as Pool
        from apscheduler.schedulers.background import BackgroundScheduler
        from apscheduler.triggers.cron import CronTrigger

        logging.getLogger("apscheduler").setLevel(logging.CRITICAL)
        self.from_crontab = CronTrigger.from_crontab
        self.scheduler = BackgroundScheduler(
            executors={"default": Pool(WORKERS)},
            job_defaults={"misfire_grace_time": None},
            timezone=UTC,
        )

    def start(self) -> None:
        self.scheduler.start()

    def stop(self) -> None:
        self.scheduler.shutdown()

    def at(self, times, call) -> None:
        for due in times:
            self.scheduler.add_job(call, "date", run_date=datetime.fromtimestamp(due, UTC))

    def add_interval(self, number) -> None:
        self.scheduler.add_job(noop, "interval", days=FAR.days, id=f"job-{number}")

    def add_cron(self, number, text) -> None:
        self.scheduler.add_job(noop, self.from_crontab(text, timezone=UTC), id=f"job-{number}")


class Schedule(Peer):
    """The library `schedule` has no threads: jobs run in the loop, one after the other."""

    name = "schedule"

    def __init__(self) -> None:
        import schedule

        self.scheduler = schedule.Scheduler()
        self.once = schedule.CancelJob
        self.changed = threading.Event()
        self.stopped = False
        self.thread = threading.Thread(target=self.loop)

    def start(self) -> None:
        self.thread.start()

    def stop(self) -> None:
        self.stopped = True
        self.changed.set()
        self.thread.join()

    def loop(self) -> None:
        while not self.stopped:
            self.changed.clear()
            self.scheduler.run_pending()
            idle = self.scheduler.idle_seconds
            # The loop of its documentation sleeps a second; less only where a job is nearer.
            self.changed.wait(1 if idle is None else min(1, max(0, idle)))

    def at(self, times, call) -> None:
        def once() -> Any:
            call()
            return self.once

        for due in times:
            job = self.scheduler.every(1).seconds.do(once)
            job.next_run = datetime.fromtimestamp(due)  # noqa: DTZ006 -- it counts in naive local time
        self.changed.set()

    def add_interval(self, _number) -> None:
        self.scheduler.every(FAR.days).days.do(noop)


ALL: tuple[type[Peer], ...] = (Cronkit, Floor, APScheduler, Schedule)
