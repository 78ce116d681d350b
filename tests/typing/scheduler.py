"""Checked, never run: a decorated function stays what it was, and a typo in a policy is an error."""

from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any, assert_type

from cronkit import (
    At,
    Backoff,
    Every,
    Job,
    Outcome,
    Policies,
    Run,
    RunFailed,
    RunHandle,
    Scheduler,
    current_run,
)
from cronkit.abc import Clock, DrivenClock, Executor, SharedStore, Store
from cronkit.executors import ThreadExecutor
from cronkit.integrations.postgres import PostgresStore
from cronkit.stores import MemoryStore, SQLiteStore
from cronkit.testing import FakeClock
from cronkit.triggers import Trigger

scheduler = Scheduler(timezone="Europe/Paris", max_concurrent_runs=4, limits={"billing": 1})


@scheduler.cron("0 9 * * MON", timeout="30m", retry=Backoff(attempts=5, base="1s", max="1m"))
def weekly_report(name: str, *, copies: int = 1) -> list[str]:
    return [name] * copies


@scheduler.every(timedelta(minutes=5), jitter=20, overlap="skip")
async def poll() -> bytes:
    await current_run().asleep("2s")
    return b""


@scheduler.after("weekly_report", on="succeeded")
def archive() -> None: ...


@scheduler.on(RunFailed)
def failed(event: RunFailed) -> None:
    assert_type(event.run, Run)
    assert_type(event.at, datetime)


def a_decorated_function_keeps_its_signature() -> None:
    assert_type(weekly_report("a", copies=2), list[str])
    plain: Callable[[], None] = archive
    plain()
    weekly_report(3)  # type: ignore[arg-type]
    weekly_report("a", coppies=2)  # type: ignore[call-arg]


def a_coroutine_function_stays_one() -> Callable[[], Coroutine[Any, Any, bytes]]:
    return poll


def a_policy_is_named_and_typed() -> None:
    scheduler.cron("0 9 * * *", timeuot="30m")  # type: ignore[call-arg]
    scheduler.cron("0 9 * * *", overlap="skpi")  # type: ignore[arg-type]
    scheduler.every("5m", coalesce="last")  # type: ignore[arg-type]
    scheduler.add(archive, Every("5m"), priority="high")  # type: ignore[arg-type]
    Scheduler(defaults=Policies(timeout="30m", overlap="queue"))


def what_comes_back_is_typed(clock: FakeClock) -> None:
    assert_type(scheduler.add(archive, At("2026-12-31T23:59:00")), Job)
    assert_type(scheduler.run_now("archive"), RunHandle)
    assert_type(scheduler.run_now("archive").wait(1), Run | None)
    (run,) = scheduler.runs("archive", limit=1)
    assert_type(run.outcome, Outcome | None)
    assert_type(run.fire_time, datetime)


class OnTheHour:
    """A user's own trigger needs no base class."""

    def next(self, after: datetime) -> datetime | None:
        return after.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)


class NotATrigger:
    def next(self, after: str) -> str:
        return after


def a_protocol_is_a_shape() -> tuple[Trigger, Store, Executor, Clock, DrivenClock]:
    scheduler.add(archive, NotATrigger())  # type: ignore[arg-type]
    return OnTheHour(), MemoryStore(), ThreadExecutor(), FakeClock(), FakeClock()


def stores_that_processes_share() -> tuple[SharedStore, SharedStore]:
    return SQLiteStore("state.db"), PostgresStore("postgresql:///jobs")
