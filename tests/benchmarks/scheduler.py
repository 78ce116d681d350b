"""The scheduler rows: lateness, throughput, adding, memory, idling, fake time, import."""

from __future__ import annotations

import gc
import statistics
import threading
import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from tests.benchmarks import _fake_time
from tests.benchmarks._imports import import_row
from tests.benchmarks._measure import Row, Target, at_least, at_most
from tests.benchmarks._scheduler_peers import ALL, WORKERS, Peer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.benchmarks._measure import Sizes

    Peers = Mapping[str, type[Peer]]

AHEAD = 0.02
"""Seconds between adding one job and its fire time: long enough for its loop to go to sleep."""
DAY = 24 * 60

IMPORTS = {
    "cronkit": "from cronkit import Scheduler",
    "apscheduler": "from apscheduler.schedulers.background import BackgroundScheduler",
    "schedule": "import schedule",
}


def rows(sizes: Sizes) -> list[Row]:
    """Return the rows, with the peers that are installed."""
    peers = {}
    for peer in ALL:
        try:
            peer()
        except ImportError:
            continue
        peers[peer.name] = peer
    due, jobs = sizes.pick(1_000, 50), sizes.pick(10_000, 200)
    return [
        _one_job(peers, sizes.pick(20, 2)),
        _many_due(peers, due),
        _runs_a_second(peers, sizes.pick(5_000, 100)),
        _add(peers, jobs),
        *_flat_add(peers, sizes),
        _memory(peers, jobs),
        *_idle(peers, sizes),
        *_fake(peers, sizes),
        import_row(
            "import, over bare Python",
            {name: program for name, program in IMPORTS.items() if name in peers},
            [at_most(1, "apscheduler")],
        ),
    ]


class Arrivals:
    """A job's function that notes when it is called, and tells when the last call has come."""

    def __init__(self, expected: int) -> None:
        self.times: list[float] = []
        self.expected = expected
        self.all = threading.Event()

    def __call__(self) -> None:
        self.times.append(time.time())
        if len(self.times) == self.expected:
            self.all.set()

    def wait(self) -> list[float]:
        if not self.all.wait(60):
            message = f"{len(self.times)} of {self.expected} runs came within 60 s"
            raise TimeoutError(message)
        return self.times


def _one_job(peers: Peers, samples: int) -> Row:
    def lateness_of(peer: type[Peer]) -> Callable[[], float]:
        def once() -> float:
            scheduler, late = peer(), []
            scheduler.start()
            for _ in range(samples):
                arrivals, due = Arrivals(1), time.time() + AHEAD
                scheduler.at([due], arrivals)
                late.append(arrivals.wait()[0] - due)
            scheduler.stop()
            return 1_000 * statistics.median(late)

        return once

    return Row(
        "lateness of one job",
        "ms",
        {name: lateness_of(peer) for name, peer in peers.items()},
        [at_most(1.1, "apscheduler", "at most apscheduler, within noise")],
    )


def _seconds_to_add_ahead(peer: type[Peer], jobs: int) -> float:
    scheduler = peer()
    scheduler.start()
    begin = time.perf_counter()
    scheduler.at([time.time() + 3_600] * jobs, Arrivals(jobs))
    seconds = time.perf_counter() - begin
    scheduler.stop()
    return seconds


def _all_at_once(peer: type[Peer], jobs: int) -> tuple[float, list[float]]:
    """Let `jobs` jobs come due together; return when that was, and when each was called.

    They come due as soon as the peer can have added them. What waits for seconds has left the
    caches, and on a virtual machine the memory itself: then that is what is measured.
    """
    adding = _seconds_to_add_ahead(peer, jobs)
    gc.collect()  # that scheduler is none of what is measured
    scheduler, arrivals = peer(), Arrivals(jobs)
    scheduler.start()
    due = time.time() + 0.2 + 2 * adding
    scheduler.at([due] * jobs, arrivals)
    if time.time() > due:
        message = f"{peer.name} was still adding jobs when they came due"
        raise TimeoutError(message)
    times = arrivals.wait()
    scheduler.stop()
    return due, times


def _many_due(peers: Peers, jobs: int) -> Row:
    def p99_of(peer: type[Peer]) -> Callable[[], float]:
        def once() -> float:
            due, times = _all_at_once(peer, jobs)
            return 1_000 * (statistics.quantiles(times, n=100)[98] - due)

        return once

    return Row(
        f"lateness, p99 of {jobs:,} due at once",
        "ms",
        {name: p99_of(peer) for name, peer in peers.items()},
        [at_most(1.5, "floor")],
    )


def _runs_a_second(peers: Peers, jobs: int) -> Row:
    def rate_of(peer: type[Peer]) -> Callable[[], float]:
        def once() -> float:
            due, times = _all_at_once(peer, jobs)
            return jobs / (max(times) - due)

        return once

    def bare() -> float:
        with ThreadPoolExecutor(WORKERS) as pool:
            arrivals, begin = Arrivals(jobs), time.time()
            for _ in range(jobs):
                pool.submit(arrivals)
            return jobs / (max(arrivals.wait()) - begin)

    contenders = {name: rate_of(peer) for name, peer in peers.items() if name != "schedule"}
    return Row(
        "runs a second",
        "1/s",
        contenders | {"bare submit": bare},
        [at_least(0.6, "bare submit")],
        most_rounds=5,
    )


def _seconds_to_add(peer: type[Peer], jobs: int) -> float:
    scheduler = peer()
    scheduler.start()
    begin = time.perf_counter()
    for number in range(jobs):
        scheduler.add_interval(number)
    seconds = time.perf_counter() - begin
    scheduler.stop()
    return seconds


def _add(peers: Peers, jobs: int) -> Row:
    return Row(
        f"add a job, of {jobs:,}",
        "µs",
        {
            name: lambda peer=peer: 1e6 * _seconds_to_add(peer, jobs) / jobs
            for name, peer in peers.items()
        },
        [at_most(15 / 82, "apscheduler", "at most 15/82 of apscheduler")],
        most_rounds=3,
    )


def _flat_add(peers: Peers, sizes: Sizes) -> list[Row]:
    few, many = sizes.pick(1_000, 50), sizes.pick(100_000, 500)
    name = f"add a job, of {few:,}"

    def of(jobs: int) -> Callable[[], float]:
        return lambda: 1e6 * _seconds_to_add(peers["cronkit"], jobs) / jobs

    flat = Target("flat: at most 1.5 x the same with few", lambda m, _row: 1.5 * m[name]["cronkit"])
    return [
        Row(name, "µs", {"cronkit": of(few)}, most_rounds=3),
        Row(f"add a job, of {many:,}", "µs", {"cronkit": of(many)}, [flat], most_rounds=1),
    ]


def _memory(peers: Peers, jobs: int) -> Row:
    """Return a row of bytes a job, by tracemalloc: cron jobs over 1,200 texts where there is cron."""

    def bytes_of(peer: type[Peer]) -> Callable[[], float]:
        def once() -> float:
            scheduler = peer()
            scheduler.start()
            add_cron = scheduler.add_cron
            gc.collect()
            tracemalloc.start()
            for number in range(jobs):
                if add_cron:
                    add_cron(number, f"{number % 60} {number // 60 % 20} 1 1 *")
                else:
                    scheduler.add_interval(number)
            gc.collect()
            size = tracemalloc.get_traced_memory()[0]
            tracemalloc.stop()
            scheduler.stop()
            return size / jobs

        return once

    return Row(
        f"memory of a job, of {jobs:,}",
        "bytes",
        {name: bytes_of(peer) for name, peer in peers.items()},
        [Target("at most 785", lambda _medians, _row: 785)],
        most_rounds=1,
    )


def _cpu_while_idle(peer: type[Peer], jobs: int, seconds: float) -> float:
    """Return the CPU milliseconds a second of a scheduler whose jobs are all far ahead."""
    scheduler = peer()
    scheduler.start()
    for number in range(jobs):
        scheduler.add_interval(number)
    time.sleep(0.2)  # what adding has set off is over
    begin = time.process_time()
    time.sleep(seconds)
    spent = time.process_time() - begin
    scheduler.stop()
    return 1_000 * spent / seconds


def _idle(peers: Peers, sizes: Sizes) -> list[Row]:
    few, some, many = sizes.pick(1_000, 10), sizes.pick(10_000, 20), sizes.pick(100_000, 30)
    seconds = 0.1 if sizes.small else 5.0
    reference = f"idle CPU, {few:,} jobs"

    def of(peer: type[Peer], jobs: int) -> Callable[[], float]:
        return lambda: _cpu_while_idle(peer, jobs, seconds)

    third = Target(
        f"at most 0.3 x schedule with {few:,}", lambda m, _row: 0.3 * m[reference]["schedule"]
    )
    counts = {few: peers, some: peers, many: {"cronkit": peers["cronkit"]}}
    return [
        Row(
            f"idle CPU, {jobs:,} jobs",
            "ms/s",
            {name: of(peer, jobs) for name, peer in contenders.items()},
            [third],
            most_rounds=1,
        )
        for jobs, contenders in counts.items()
    ]


def _fake(peers: Peers, sizes: Sizes) -> list[Row]:
    drives = {
        "cronkit": _fake_time.cronkit,
        "floor": _fake_time.floor,
        "apscheduler": _fake_time.apscheduler,
        "schedule": _fake_time.schedule,
    }
    days, idle = sizes.pick(7, 1), sizes.pick(1_000, 50)
    alone, beside = "fake clock, a fire time", f"fake clock, beside {idle:,} idle jobs"

    def of(drive: Callable[[int, int], float], minutes: int, idle: int) -> Callable[[], float]:
        return lambda: 1e6 * drive(minutes, idle) / minutes

    def minutes_for(name: str) -> int:
        return DAY // 4 if name == "schedule" else days * DAY

    return [
        Row(
            alone,
            "µs",
            {name: of(drives[name], days * DAY, 0) for name in peers},
            [at_most(1.5, "schedule")],
            most_rounds=5,
        ),
        Row(
            beside,
            "µs",
            {name: of(drives[name], minutes_for(name), idle) for name in peers},
            [Target("at most 1.2 x the same alone", lambda m, _row: 1.2 * m[alone]["cronkit"])],
            most_rounds=3,
        ),
    ]
