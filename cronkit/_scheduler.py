"""`Scheduler`: the class that applications hold. It delegates; it has no logic of its own."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from cronkit._app._decorators import follower_decorator, hook_decorator, job_decorator
from cronkit._app._renewal import reload_timezones
from cronkit._app._wiring import App
from cronkit.triggers import At, Cron, Every

if TYPE_CHECKING:
    import os
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence
    from datetime import datetime, timedelta, tzinfo
    from typing import Self

    from typing_extensions import Unpack

    from cronkit._app._status import FireTime, Status
    from cronkit._engine._hooks import Hooks
    from cronkit._handle import RunHandle
    from cronkit.abc import Clock, Executor, Hook, Store
    from cronkit.jobs import After, Event, Job, Policies, Run
    from cronkit.triggers import Trigger

_P = ParamSpec("_P")
_R = TypeVar("_R")
_H = TypeVar("_H", bound="Hook")


class Scheduler:
    """Runs functions on time.

    Args:
        timezone: where wall-clock times are read: a name of the tz database or a tzinfo.
        clock: where the time is read; a `cronkit.testing.FakeClock` drives the scheduler itself.
        store: what keeps runs, marks and pauses; without one a `MemoryStore`.
        executor: where runs run; without one a `ThreadExecutor` with ten threads.
        executors: further executors by the name that a job's ``executor=`` uses.
        max_concurrent_runs: how many runs go on at once in this process; ``None``: as many as
            the executors take.
        limits: how many runs with a tag go on at once over all schedulers of the store.
        defaults: policies for jobs that do not say otherwise.
        single: a lock file: of all schedulers of this host that name it, one is active. Needs no
            store; `start` raises `AlreadyRunningError` where another process holds the lock.
        standby: with `single`: `start` waits in the background instead, and takes over within a
            second of the other's end.

    Raises:
        UnknownZoneError: the zone database does not know `timezone`.
        PolicyError: an argument out of range.
        UnsupportedPlatformError: `single` lies on a network file system.

    Example:
        >>> from cronkit import Scheduler
        >>> scheduler = Scheduler(timezone="Europe/Paris")
        >>> @scheduler.cron("0 9 * * MON", timeout="30m")
        ... def weekly_report():
        ...     return 42
        >>> scheduler.run_now("weekly_report").result()
        42
    """

    def __init__(
        self,
        timezone: tzinfo | str = "UTC",
        *,
        clock: Clock | None = None,
        store: Store | None = None,
        executor: Executor | None = None,
        executors: Mapping[str, Executor] | None = None,
        max_concurrent_runs: int | None = None,
        limits: Mapping[str, int] | None = None,
        defaults: Policies | None = None,
        single: str | os.PathLike[str] | None = None,
        standby: bool = False,
    ) -> None:
        self._app = App(
            timezone=timezone,
            clock=clock,
            store=store,
            executor=executor,
            executors=executors,
            max_concurrent_runs=max_concurrent_runs,
            limits=limits,
            defaults=defaults,
            single=single,
            standby=standby,
        )

    # --- decorators ------------------------------------------------------------------------------

    def cron(
        self,
        expr: str,
        *,
        tz: tzinfo | str | None = None,
        day_rule: str | None = None,
        gap: str | None = None,
        fold: str | None = None,
        dialect: str = "cronkit",
        **policies: Unpack[Policies],
    ) -> Callable[[Callable[_P, _R]], Callable[_P, _R]]:
        """Run the decorated function at the instants of a cron expression.

        Args:
            expr: the expression, see `cronkit.cron.CronExpression`.
            tz: the zone it is read in; without one the scheduler's.
            day_rule: ``"and"`` or ``"or"`` for the two day fields.
            gap: ``"run"`` or ``"skip"`` for a wall-clock time that does not exist.
            fold: ``"first"``, ``"second"`` or ``"both"`` for one that comes twice.
            dialect: ``"cronkit"`` or ``"croniter"``.
            policies: see `Policies`.

        Raises:
            CronSyntaxError: `expr` cannot be read or can never fire.
            UnknownZoneError: the zone database does not know `tz`; otherwise as `add`.

        Example:
            >>> from cronkit import Scheduler
            >>> scheduler = Scheduler()
            >>> @scheduler.cron("0 9 * * 1-5", misfire_grace="1h")
            ... def report(): ...
            >>> scheduler["report"].misfire_grace
            datetime.timedelta(seconds=3600)
        """
        trigger = Cron(expr, tz=tz, day_rule=day_rule, gap=gap, fold=fold, dialect=dialect)
        return job_decorator(self._app.registry, trigger, dict(policies))

    def every(
        self,
        interval: timedelta | float | str,
        *,
        anchor: datetime | str | None = None,
        **policies: Unpack[Policies],
    ) -> Callable[[Callable[_P, _R]], Callable[_P, _R]]:
        """Run the decorated function at a fixed interval, counted from `anchor`.

        Args:
            interval: a timedelta, seconds, or text like ``"5m"``.
            anchor: any one of the instants; without one the Unix epoch, so that replicas started
                at different moments agree.
            policies: see `Policies`.

        Raises:
            DurationError: `interval` cannot be read or is not positive; otherwise as `add`.
        """
        trigger = Every(interval) if anchor is None else Every(interval, anchor=anchor)
        return job_decorator(self._app.registry, trigger, dict(policies))

    def at(
        self,
        *instants: datetime | str,
        tz: tzinfo | str | None = None,
        **policies: Unpack[Policies],
    ) -> Callable[[Callable[_P, _R]], Callable[_P, _R]]:
        """Run the decorated function at given instants.

        Args:
            instants: aware datetimes, or ISO 8601 text; text without an offset is read in `tz`,
                else in the scheduler's zone.
            tz: the zone of naive text.
            policies: see `Policies`.

        Raises:
            NaiveDatetimeError: a datetime without a zone; otherwise as `add`.
        """
        return job_decorator(self._app.registry, At(*instants, tz=tz), dict(policies))

    def job(
        self, trigger: Trigger | None = None, **policies: Unpack[Policies]
    ) -> Callable[[Callable[_P, _R]], Callable[_P, _R]]:
        """Run the decorated function when `trigger` says; without one, by hand only.

        Raises as `add`.
        """
        return job_decorator(self._app.registry, trigger, dict(policies))

    def after(
        self, parent: str, *, on: After = "succeeded", **policies: Unpack[Policies]
    ) -> Callable[[Callable[_P, _R]], Callable[_P, _R]]:
        """Run the decorated function after each run of another job.

        The run takes its parent's fire time and is written together with the parent's outcome, so
        it runs once however many hosts there are.

        Args:
            parent: the id of a job already added.
            on: ``"succeeded"``, ``"failed"`` (also timed out and interrupted), or ``"any"``
                outcome of a run that was executed or cancelled.
            policies: see `Policies`.

        Raises:
            JobNotFoundError: there is no such job; otherwise as `add`.
        """
        return follower_decorator(self._app.registry, parent, on, dict(policies))

    def on(self, *events: type[Event]) -> Callable[[_H], _H]:
        """Give the decorated hook these events and their subclasses; without a class, all.

        Raises:
            NotCallableError: the hook is not callable, or a class is no event.
        """
        return hook_decorator(self._app.core.hooks, events)

    # --- jobs ------------------------------------------------------------------------------------

    def add(
        self,
        func: Callable[..., object],
        trigger: Trigger | None = None,
        **policies: Unpack[Policies],
    ) -> Job:
        """Add a job and return it; the decorators do the same.

        Raises:
            PolicyError: no trigger, or a policy out of range.
            DuplicateJobError: the id is taken and ``replace=True`` is not given.
            NotCallableError: `func` cannot be a job.
        """
        return self._app.registry.add(func, trigger, policies)

    @property
    def jobs(self) -> Mapping[str, Job]:
        """The jobs by id, in the order they were added; a copy that does not change."""
        with self._app.core.lock:
            return dict(self._app.core.jobs)

    def __getitem__(self, job_id: str) -> Job:
        return self._app.registry.get(job_id)

    def __contains__(self, job_id: object) -> bool:
        return job_id in self._app.core.jobs

    def remove(self, job_id: str) -> None:
        """Remove a job. Its waiting runs end as cancelled; one that goes on goes on.

        Raises:
            JobNotFoundError: there is none.
        """
        self._app.registry.remove(job_id)

    def reschedule(self, job_id: str, trigger: Trigger) -> Job:
        """Give a job another trigger; it owes nothing for the time before.

        On a started scheduler with a shared store the change is kept there, and all others follow,
        until the trigger in the code is another one.

        Raises:
            JobNotFoundError: there is no such job.
            PolicyError: `trigger` is none, or one of your own, which the shared store cannot keep.
        """
        return self._app.registry.reschedule(job_id, trigger)

    def update(self, job_id: str, **policies: Unpack[Policies]) -> Job:
        """Give a job other policies; those not named stay. As `reschedule`, with a shared store.

        Raises:
            JobNotFoundError: there is no such job.
            PolicyError: a policy out of range, or code that the shared store cannot keep.
        """
        return self._app.registry.update(job_id, dict(policies))

    def pause(
        self,
        job_id: str | None = None,
        *,
        until: datetime | str | None = None,
        by: str | None = None,
        why: str | None = None,
    ) -> None:
        """Fire a job no more until it is unpaused; without an id, all jobs.

        What its trigger gives meanwhile becomes one row, ``skipped`` with the reason ``paused``.

        Args:
            job_id: the job; ``None``: all.
            until: when the pause ends by itself.
            by: who pauses, for the record.
            why: for what reason, for the record.

        Raises:
            JobNotFoundError: there is no such job.
            StateError: the scheduler is not started; see ``start(paused=True)``.
        """
        self._app.pauses.pause(job_id, until=until, by=by, why=why)

    def unpause(self, job_id: str | None = None) -> None:
        """Fire a job again from now on; without an id, all jobs. Nothing is owed.

        Raises:
            JobNotFoundError: there is no such job.
            StateError: the scheduler is not started.
        """
        self._app.pauses.unpause(job_id)

    # --- runs ------------------------------------------------------------------------------------

    def run_now(
        self,
        job_id: str,
        *,
        args: Sequence[object] | None = None,
        kwargs: Mapping[str, object] | None = None,
        force: bool = False,
        key: str | None = None,
    ) -> RunHandle:
        """Run a job now. On a scheduler that is not started it runs in the calling thread.

        The run obeys the job's overlap and limits; it ignores pause and misfire and does not move
        what its trigger owes.

        Args:
            job_id: the job.
            args: positional arguments in place of the job's own.
            kwargs: keyword arguments in place of the job's own.
            force: neither overlap nor the limits of the job hold the run back.
            key: an idempotency key: a second call with the same key gives the first run.

        Raises:
            JobNotFoundError: there is no such job.
            NotCallableError: the function cannot take these arguments.
        """
        return self._app.by_hand.run_now(job_id, args=args, kwargs=kwargs, force=force, key=key)

    def backfill(
        self, job_id: str, start: datetime | str, end: datetime | str
    ) -> Sequence[RunHandle]:
        """Run a job for each fire time from `start` up to, not including, `end` without success.

        Raises:
            JobNotFoundError: there is no such job.
            PolicyError: `end` is not later than `start`, or there are more than 10,000 fire times.
            StateError: the scheduler is not started.
        """
        return self._app.by_hand.backfill(job_id, start, end)

    def upcoming(
        self, until: datetime | str | None = None, *, limit: int | None = None
    ) -> Sequence[FireTime]:
        """Return the next fire times of all jobs, merged in order; changes nothing.

        Args:
            until: none at or after this instant.
            limit: at most so many; without `until` and `limit`, as many as there are jobs.
        """
        return self._app.queries.upcoming(until, limit)

    def runs(
        self, job_id: str | None = None, *, outcome: str | None = None, limit: int | None = None
    ) -> Sequence[Run]:
        """Return the records of runs, the newest fire time first.

        Args:
            job_id: only of this job.
            outcome: only with this outcome.
            limit: at most so many.

        Raises:
            PolicyError: what no id, no outcome or no number of runs can be.
        """
        return self._app.queries.runs(job_id, outcome, limit)

    def status(self) -> Status:
        """Return what this process does, as one value."""
        return self._app.queries.status()

    def wait_idle(self, timeout: timedelta | float | str | None = None) -> bool:
        """Wait until no run goes on or waits for a slot; return whether that came about.

        Args:
            timeout: a timedelta, seconds, or text like ``"30s"``; ``None`` waits without limit.

        Raises:
            StateError: it would hold up the event loop that the runs need; in a coroutine,
                ``await asyncio.to_thread(scheduler.wait_idle)``.
        """
        return self._app.lifecycle.wait_idle(timeout)

    def reload_timezones(self) -> None:
        """Read the zone database anew, after it was updated under a running program.

        Fire times that were already decided stay; all later ones follow the new rules.
        """
        reload_timezones(self._app.engine, self._app.registry)

    @property
    def hooks(self) -> Hooks:
        """The hooks, with ``add(hook, *events)`` and ``remove(hook)``."""
        return self._app.core.hooks

    # --- life ------------------------------------------------------------------------------------

    def start(self, *, paused: bool = False) -> None:
        """Begin to fire.

        Args:
            paused: with all jobs paused until they are unpaused; what they owe from before falls
                into the pause.

        Raises:
            StateError: the scheduler is started already.
            StoreError: the pause cannot be written; the scheduler is not started.
        """
        self._app.start(paused=paused)

    def shutdown(
        self, *, wait: bool = True, timeout: timedelta | float | str | None = None
    ) -> None:
        """Fire no more. On a scheduler that is not started it does nothing.

        A signal handler that has interrupted another call of this scheduler gets no wait: it is
        stopped from another thread, once that call has gone on.

        Args:
            wait: wait for the runs that go on.
            timeout: for how long at most; what still goes on then is recorded as interrupted.
        """
        self._app.shutdown(wait=wait, timeout=timeout)

    def run_forever(self) -> None:
        """Start, block until SIGINT, SIGTERM or a `shutdown` from elsewhere, and shut down.

        The first signal waits for the runs that go on, the second does not, the third ends the
        process. The handlers that were there before are put back.

        Raises:
            StateError: not in the main thread, the scheduler is started already, or its clock is
                driven by hand.
        """
        self._app.lifecycle.run_forever()

    @asynccontextmanager
    async def lifespan(self, app: object = None) -> AsyncIterator[None]:
        """Be started while an ASGI application is: ``FastAPI(lifespan=scheduler.lifespan)``."""
        del app
        async with self:
            yield

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()

    async def __aenter__(self) -> Self:
        await self._app.lifecycle.start_async()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._app.lifecycle.shutdown_async()

    def __repr__(self) -> str:
        state = "running" if self._app.lifecycle.running else "not started"
        return f"<Scheduler {state}, {len(self._app.core.jobs)} jobs>"
