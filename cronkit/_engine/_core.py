"""What the parts of one scheduler's engine share."""

from __future__ import annotations

import os
from threading import Condition, RLock
from typing import TYPE_CHECKING, Any, cast

import attrs

from cronkit.errors import StoreError
from cronkit.jobs import BY_OUTCOME

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from cronkit._engine._edits import Edits
    from cronkit._engine._hooks import Hooks
    from cronkit.abc import BriefStore, Clock, PromptStore, Store
    from cronkit.jobs import Job, JobState, Run, RunEvent


class Core:
    """Clock, store, hooks and jobs of one scheduler, and the lock that guards its engine.

    Attributes:
        clock: where the time is read.
        store: what keeps runs.
        register: makes one job known to the store and returns its state.
        prompt: the same store, where it decides and hands out rows in one transaction.
        hooks: who is told.
        jobs: the jobs by id, in the order they were added.
        owner: the name under which this scheduler takes runs.
        lock: held while the engine's state is read or changed.
        ended: notified, under the lock, whenever an attempt has ended and `awaited` is not zero.
        awaited: how many threads wait for `ended`.
        shares: whether schedulers of other processes use the store too.
        edits: what other schedulers changed of the jobs; ``None``: no others share the store.
        wake: has whoever drives the engine look at once; any thread may call it.
    """

    __slots__ = (
        "awaited", "clock", "edits", "ended", "hooks", "jobs", "lock", "owner", "prompt",
        "register", "shares", "store", "wake",
    )  # fmt: skip

    awaited: int
    ended: Condition
    lock: RLock

    def __init__(self, clock: Clock, store: Store, hooks: Hooks) -> None:
        self.clock = clock
        self.store = store
        decides_and_takes = _means(store, "decide_and_take", "decide", "take")
        self.prompt = cast("PromptStore", store) if decides_and_takes else None
        alone = _means(store, "register_one", "register")
        self.register = cast("BriefStore", store).register_one if alone else self._register
        self.shares = bool(getattr(store, "shared", False))
        self.hooks = hooks
        self.jobs: dict[str, Job] = {}
        self.owner = ""
        self.edits: Edits | None = None
        self.wake: Callable[[], None] = _nobody
        self.renew_locks()

    def name_owner(self) -> None:
        """Take a name under which to take runs: no two starts share one, on any host."""
        from socket import gethostname  # noqa: PLC0415 -- costs 3 ms of import

        self.owner = f"{gethostname()}-{os.getpid()}-{os.urandom(4).hex()}"

    def _register(self, job: Job, now: datetime) -> JobState:
        """Do as `BriefStore.register_one` with a store that has it not."""
        return self.store.register((job,), now)[job.id]

    def job_of(self, state: JobState) -> Job:
        """Return the job that a state is of, changed as its stored edit wants it."""
        return self.jobs[state.job_id] if self.edits is None else self.edits.follow(state)

    def renew_locks(self) -> None:
        """Have locks that nobody holds: the holder's thread is not in a forked child."""
        self.lock = RLock()
        self.ended = Condition(self.lock)
        self.awaited = 0

    def tell(self, kind: type[RunEvent], run_id: str, at: datetime, **facts: Any) -> None:
        """Emit an event of a run, if anybody wants it; the run is read from the store.

        A store that is lost just now costs the event, not what the engine is at.
        """
        if self.hooks.wants(kind):
            try:
                run = self.store.get(run_id)
            except StoreError:
                self.hooks.dropped += 1
                return
            if run is not None:
                self.hooks.emit(kind(at=at, run=self.localized(run), **facts))

    def tell_ended(self, run: Run, at: datetime) -> None:
        """Emit the event of a run's outcome, if anybody wants it."""
        kind = BY_OUTCOME[str(run.outcome)]
        if self.hooks.wants(kind):
            self.hooks.emit(kind(at=at, run=self.localized(run)))

    def localized(self, run: Run) -> Run:
        """Return the record with its times in the zone of its job."""
        job = self.jobs.get(run.job_id)
        if job is None:
            return run
        first = None if run.first is None else run.first.astimezone(job.zone)
        return attrs.evolve(run, fire_time=run.fire_time.astimezone(job.zone), first=first)


def _means(store: Store, method: str, *general: str) -> bool:
    """Return whether a store has a method that does in one step what its `general` ones do.

    One that has another one of these than its class, or its class another one than the class it
    derives from, is asked by these.
    """
    for own in (getattr(store, "__dict__", {}), *map(vars, type(store).__mro__)):
        if method in own:
            return own[method] is not None
        if any(name in own for name in general):
            return False
    return False


def _nobody() -> None:
    """Wake nobody: nobody drives the engine."""
