"""`SqlStore`: the contract of a store on any SQL database that gives it transactions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cronkit.jobs import plan_of
from cronkit.stores import _sql_decide, _sql_take
from cronkit.stores._sql_jobs import SqlJobs
from cronkit.stores._sql_owners import SqlOwners
from cronkit.stores._sql_queue import SqlQueue
from cronkit.stores._sql_runs import SqlRuns

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from cronkit.abc import Judge
    from cronkit.jobs import Decision, Limits, Taken


class SqlStore(SqlOwners, SqlJobs, SqlQueue, SqlRuns):
    """Keeps runs, marks and pauses in the tables of ``schema.sql``.

    A subclass opens transactions; all else is here, in four parts that share nothing but these.
    Many schedulers, of many processes, may share one database.

    Args:
        lease: how long an owner that gives no sign of life is believed to be alive.

    Attributes:
        name: which store, without secrets; stands in errors and logs.
        shared: whether other processes may write to it.
        lease_seconds: the lease.
    """

    shared = True

    def decide_and_take(
        self,
        job_ids: Sequence[str],
        judge: Judge,
        owner: str,
        takes: Collection[str],
        free: int,
        *,
        limits: Limits,
        now: datetime,
    ) -> tuple[Sequence[Decision], Sequence[Taken], bool]:
        """Decide, then take, with one sync of the disk; see `cronkit.abc.PromptStore`."""
        with self._writing() as session:
            new = _sql_decide.decide(session, job_ids, plan_of(judge), now, self._prune)
            taken = _sql_take.Sweep(session, owner, takes, limits, now).take(free)
            return new, taken, _sql_take.any_waiting(session)
