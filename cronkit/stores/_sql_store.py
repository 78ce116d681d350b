"""`SqlStore`: the contract of a store on any SQL database that gives it transactions."""

from __future__ import annotations

from cronkit.stores._sql_jobs import SqlJobs
from cronkit.stores._sql_owners import SqlOwners
from cronkit.stores._sql_queue import SqlQueue
from cronkit.stores._sql_runs import SqlRuns


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
