"""The store rows: how late runs start, and how many a second, with the jobs in a database.

Each measurement has an empty database and as many jobs, which come due at one instant. The file
is synced to the disk at every commit by both, and so is the server's log.
"""

from __future__ import annotations

import statistics
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from tests.benchmarks._measure import Row, at_least, at_most
from tests.benchmarks._store_peers import Postgres, SQLite
from tests.benchmarks.scheduler import Arrivals

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.benchmarks._measure import Sizes, Target
    from tests.benchmarks._store_peers import StorePeer

_LEAD, _A_JOB = 0.5, 0.004
"""Seconds until the jobs come due: at first, and for each; adding to a database takes its time."""


def rows(sizes: Sizes) -> list[Row]:
    """Return the rows, for the databases and the peers that are there."""
    jobs = sizes.pick(1_000, 30)
    late = at_most(1 / 8, "apscheduler", "at most 1/8 of apscheduler")
    found = _of_database(SQLite(), jobs, [late], [at_least(5, "apscheduler")])
    with suppress(ImportError, LookupError):
        found += _of_database(Postgres(), jobs, [at_most(1, "apscheduler")], [])
    return found


def _of_database(
    database: SQLite | Postgres, jobs: int, late: Sequence[Target], fast: Sequence[Target]
) -> list[Row]:
    peers: dict[str, Callable[[], StorePeer]] = {"cronkit": database.cronkit}
    try:
        database.apscheduler()
    except ImportError:
        pass
    else:
        peers["apscheduler"] = database.apscheduler
    return [
        Row(
            f"{database.name}, lateness, p99 of {jobs:,} due at once",
            "ms",
            {name: lambda make=make: _p99(make, jobs) for name, make in peers.items()},
            late,
        ),
        Row(
            f"{database.name}, runs a second, {jobs:,} due at once",
            "1/s",
            {name: lambda make=make: _rate(make, jobs) for name, make in peers.items()},
            fast,
        ),
    ]


def _burst(make: Callable[[], StorePeer], jobs: int) -> tuple[float, list[float]]:
    """Let `jobs` jobs come due together; return when that was, and when each was called.

    Where a busy disk makes adding slower than the lead allows, it is done again with a longer one.
    """
    lead = _LEAD + jobs * _A_JOB
    while True:
        scheduler, arrivals = make(), Arrivals(jobs)
        scheduler.start()
        due = time.time() + lead
        scheduler.at([due] * jobs, arrivals)
        in_time = time.time() < due
        times = arrivals.wait()
        scheduler.stop()
        if in_time:
            return due, times
        lead *= 2


def _p99(make: Callable[[], StorePeer], jobs: int) -> float:
    due, times = _burst(make, jobs)
    return 1_000 * (statistics.quantiles(times, n=100)[98] - due)


def _rate(make: Callable[[], StorePeer], jobs: int) -> float:
    due, times = _burst(make, jobs)
    return jobs / (max(times) - due)
