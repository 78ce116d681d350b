"""A minutely job in fake time: how each library is driven through days without waiting.

Each function takes the minutes to drive and the number of idle jobs beside the minutely one, and
returns the seconds of the driving alone.
"""

from __future__ import annotations

import heapq
import time
from datetime import UTC, datetime, timedelta

from tests.benchmarks._scheduler_peers import FAR, noop

START = datetime(2026, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def floor(minutes: int, idle: int) -> float:
    """A heap of (instant, number, call) and nothing else."""
    far = START + FAR
    heap = [(START + MINUTE, 0, noop), *((far, 1 + number, noop) for number in range(idle))]
    heapq.heapify(heap)
    begin = time.perf_counter()
    for _ in range(minutes):
        due, number, call = heap[0]
        call()
        heapq.heapreplace(heap, (due + MINUTE, number, call))
    return time.perf_counter() - begin


def cronkit(minutes: int, idle: int) -> float:
    """The real scheduler, planner, store and run records on the fake clock."""
    from cronkit import Every, Scheduler
    from cronkit.testing import FakeClock

    clock = FakeClock(START)
    scheduler = Scheduler(clock=clock)
    scheduler.cron("* * * * *", id="minutely")(noop)
    for number in range(idle):
        scheduler.add(noop, Every(FAR), id=f"idle-{number}")
    with scheduler:
        begin = time.perf_counter()
        clock.advance(minutes * MINUTE)
        seconds = time.perf_counter() - begin
        counts = scheduler.runs("minutely", limit=1)
    assert counts[0].fire_time == START + minutes * MINUTE
    return seconds


def schedule(minutes: int, idle: int) -> float:
    """`schedule` under time-machine, moved from one `next_run` to the next."""
    import schedule as library
    import time_machine

    with time_machine.travel(START, tick=False) as traveller:
        scheduler = library.Scheduler()
        scheduler.every(1).minutes.do(noop)
        for _ in range(idle):
            scheduler.every(FAR.days).days.do(noop)
        begin = time.perf_counter()
        for _ in range(minutes):
            traveller.move_to(scheduler.next_run)
            scheduler.run_pending()
        return time.perf_counter() - begin


def apscheduler(minutes: int, idle: int) -> float:
    """APScheduler with its loop's body called by hand; jobs run in the calling thread."""
    import time_machine
    from apscheduler.executors.debug import DebugExecutor
    from apscheduler.schedulers.background import BlockingScheduler

    class ByHand(BlockingScheduler):
        def _main_loop(self) -> None:
            """Leave the loop to the benchmark."""

    with time_machine.travel(START, tick=False) as traveller:
        scheduler = ByHand(executors={"default": DebugExecutor()}, timezone=UTC)
        scheduler.add_job(noop, "cron", minute="*")
        for _ in range(idle):
            scheduler.add_job(noop, "interval", days=FAR.days)
        scheduler.start()
        begin = time.perf_counter()
        for _ in range(minutes):
            traveller.shift(MINUTE)
            scheduler._process_jobs()
        seconds = time.perf_counter() - begin
        scheduler.shutdown()
    return seconds
