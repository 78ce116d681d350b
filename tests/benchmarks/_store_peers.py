"""Schedulers that keep their jobs in a database: cronkit beside APScheduler, on the same one.

A job of APScheduler's database is a reference to a function of a module, so what a run calls is
here, and tells whoever waits for it.
"""

from __future__ import annotations

import logging
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from tests.benchmarks._scheduler_peers import WORKERS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_waits: list[Callable[[], object]] = []


def arrive() -> None:
    """Be the job: note that it was called."""
    _waits[0]()


class StorePeer(Protocol):
    """One scheduler on one database, from `start` to `stop`."""

    def start(self) -> None: ...

    def at(self, times: Sequence[float], call: Callable[[], object]) -> None: ...

    def stop(self) -> None: ...


class Cronkit:
    def __init__(self, store: object) -> None:
        from cronkit import At, Scheduler
        from cronkit.executors import ThreadExecutor

        logging.getLogger("cronkit").setLevel(logging.CRITICAL)
        self.at_ = At
        self.scheduler = Scheduler(store=store, executor=ThreadExecutor(WORKERS))

    def start(self) -> None:
        """Start in `at`: jobs that are there before the start are registered together."""

    def at(self, times, call) -> None:
        _waits[:] = [call]
        for number, due in enumerate(times):
            self.scheduler.add(
                arrive, self.at_(datetime.fromtimestamp(due, UTC)), id=f"at-{number}"
            )
        self.scheduler.start()

    def stop(self) -> None:
        self.scheduler.shutdown()


class APScheduler:
    def __init__(self, url: str) -> None:
        from apscheduler.executors.pool import ThreadPoolExecutor
        from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
        from apscheduler.schedulers.background import BackgroundScheduler

        logging.getLogger("apscheduler").setLevel(logging.CRITICAL)
        self.scheduler = BackgroundScheduler(
            jobstores={"default": SQLAlchemyJobStore(url=url)},
            executors={"default": ThreadPoolExecutor(WORKERS)},
            job_defaults={"misfire_grace_time": None},
            timezone=UTC,
        )

    def start(self) -> None:
        self.scheduler.start()

    def at(self, times, call) -> None:
        _waits[:] = [call]
        for due in times:
            self.scheduler.add_job(arrive, "date", run_date=datetime.fromtimestamp(due, UTC))

    def stop(self) -> None:
        self.scheduler.shutdown()


class SQLite:
    """A new SQLite file for each measurement."""

    name = "SQLite"

    def __init__(self) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="cronkit-bench-")
        self.count = 0

    def path(self) -> Path:
        self.count += 1
        return Path(self.folder.name) / f"state-{self.count}.db"

    def cronkit(self) -> StorePeer:
        from cronkit.stores import SQLiteStore

        return Cronkit(SQLiteStore(self.path()))

    def apscheduler(self) -> StorePeer:
        return APScheduler(f"sqlite:///{self.path()}")


class Postgres:
    """A schema of its own, of one PostgreSQL server, for each measurement.

    Raises:
        LookupError: there is no server here.
        ImportError: there is no psycopg here.
    """

    name = "PostgreSQL"

    def __init__(self) -> None:
        import atexit

        import psycopg  # noqa: F401 -- asked here whether it is there

        from tests.conftest import PostgresServer, postgres_binaries

        binaries = postgres_binaries()
        if binaries is None:
            message = "no PostgreSQL server"
            raise LookupError(message)
        self.server = PostgresServer(binaries, durable=True)
        atexit.register(self.server.remove)
        self.server.start()

    def cronkit(self) -> StorePeer:
        from cronkit.integrations.postgres import PostgresStore

        return Cronkit(PostgresStore(self.server.schema()))

    def apscheduler(self) -> StorePeer:
        schema = self.server.schema().partition("search_path=")[2].rstrip("'")
        host = f"host={self.server.folder}&options=-csearch_path%3D{schema}"
        return APScheduler(f"postgresql+psycopg://postgres@/postgres?{host}")
