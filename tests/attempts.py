"""Attempts as the engine hands them to an executor, for tests of executors without an engine."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cronkit._attempt import Attempt
from cronkit.jobs import Taken

if TYPE_CHECKING:
    from cronkit.abc import Clock
    from cronkit.jobs import Job

FIRED = datetime(2026, 1, 1, 9, tzinfo=UTC)


def attempt_at(job: Job, clock: Clock, *, number: int = 1, **facts: object) -> Attempt:
    """Return the first attempt of a run of `job` that began on time at `FIRED`.

    Args:
        job: the job.
        clock: the clock that the attempt asks.
        number: tells runs of one job apart.
        **facts: what else the store gave out with the run, e.g. its arguments.
    """
    taken = Taken(
        run_id=f"{job.id}@{number}",
        job_id=job.id,
        fire_time=FIRED,
        due=FIRED,
        attempt=1,
        started_at=FIRED,
        first_started_at=FIRED,
        **facts,
    )
    return Attempt(taken, job, clock)
