"""How long the history of a job is, and when it is cut."""

from __future__ import annotations

from random import random
from typing import TYPE_CHECKING, TypeAlias

from cronkit.stores import _sql_text as sql

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from cronkit.jobs import Job
    from cronkit.stores._sql_session import Session

    Prune: TypeAlias = Callable[[Session, Collection[str]], None]

KEEP_RUNS = 10_000
"""How many ended runs of a job are kept unless the job says otherwise."""

_PRUNED_AT_ONCE = 200
_PRUNED_EVERY = 64
_MOST_PRUNED = 1_000_000


class Pruner:
    """Drops the oldest ended runs of jobs: at once where few are kept, else now and then.

    To find the ten-thousandth run costs more than to write one, so a long history may be longer by
    `_PRUNED_EVERY`.

    Args:
        chance: gives numbers from 0 to 1: where in the round a job begins. Not all jobs have their
            turn at once so; nor does none have it where processes live shorter than a round, as
            with a fixed beginning.
    """

    __slots__ = ("_chance", "_keep", "_left")

    def __init__(self, *, chance: Callable[[], float] = random) -> None:
        self._chance = chance
        self._keep: dict[str, int] = {}
        self._left: dict[str, int] = {}

    def note(self, jobs: Iterable[Job]) -> None:
        """Take in how many runs of each job are kept."""
        for job in jobs:
            self._keep[job.id] = KEEP_RUNS if job.keep_runs is None else job.keep_runs

    def __call__(self, session: Session, job_ids: Collection[str]) -> None:
        """Prune those of these jobs whose turn it is; each has just had one run more."""
        due = []
        for job_id in job_ids:
            keep = self._keep.get(job_id, KEEP_RUNS)
            left = self._left.get(job_id)
            if left is None:
                left = int(self._chance() * _PRUNED_EVERY)
            if keep <= _PRUNED_AT_ONCE or left == 0:
                due.append((job_id, _MOST_PRUNED, keep))
            self._left[job_id] = (left + 1) % _PRUNED_EVERY
        if due:
            session.many(sql.PRUNE, due)
