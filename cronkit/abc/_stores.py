"""What keeps runs, marks and pauses: of one process, or of many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from datetime import datetime
    from threading import Event

    from cronkit.errors import FenceLostError
    from cronkit.jobs import (
        Closing,
        Decision,
        Ending,
        Job,
        JobState,
        Limits,
        Publication,
        Pulse,
        Run,
        StoredJob,
        Taken,
        Verdict,
    )

Plan: TypeAlias = "Callable[[Sequence[JobState]], Sequence[Verdict]]"
"""What a store calls with the states of jobs, to be told what to write."""

Judge: TypeAlias = "Callable[[JobState], Verdict | None]"
"""What a `PromptStore` calls with the state of each job in turn."""


class Store(Protocol):
    """What keeps runs, marks and pauses. A store knows no policy.

    Each method that writes is one transaction. A row is waiting, then running, then ended; its id
    is unique for ever. A job's mark never moves back.
    """

    name: str

    def open(self, owner: str, now: datetime) -> None:
        """Get ready for a scheduler that calls itself `owner`."""
        ...

    def close(self, owner: str, now: datetime) -> Sequence[Run]:
        """Let go of what `owner` holds; return the runs that ended by this."""
        ...

    def register(self, jobs: Sequence[Job], now: datetime) -> Mapping[str, JobState]:
        """Make these jobs known; set ``first_seen`` to `now` where there is none; return states."""
        ...

    def forget(self, job_id: str, now: datetime) -> Sequence[Run]:
        """End the waiting runs of a removed job as cancelled and return them; history stays."""
        ...

    def states(self, job_ids: Collection[str]) -> Mapping[str, JobState]:
        """Return the states of the jobs that are known."""
        ...

    def decide(self, job_ids: Sequence[str], plan: Plan, now: datetime) -> Sequence[Decision]:
        """Lock and read the states, call `plan` once, write its verdicts; return what was new.

        A decision of origin ``"trigger"`` counts only if its fire time is later than the mark; a
        row whose id, or whose key for its job, exists is refused. A job that another scheduler
        has locked is left out of the states.
        """
        ...

    def take(
        self, owner: str, job_ids: Collection[str], free: int, limits: Limits, now: datetime
    ) -> Sequence[Taken]:
        """Make up to `free` waiting rows running, in order (priority, fire time, job).

        Only rows of `job_ids` whose time has come; never more of a job, or of a tag, than
        `limits` allows, counted over all schedulers.
        """
        ...

    def next_waiting(self, job_ids: Collection[str], now: datetime) -> datetime | None:
        """Return when a waiting row of these jobs can start or gives up; ``None``: none waits.

        `now` itself where one is ready and only a slot or a limit holds it back.
        """
        ...

    def give_up(self, job_ids: Collection[str], now: datetime) -> Sequence[Run]:
        """End waiting rows whose ``give_up_at`` has come as ``skipped(not_stopped)``.

        Only while a run of the job still goes on: else it did stop, and a slot is missing.
        """
        ...

    def finish(
        self, ending: Ending, followers: Sequence[str] = (), plan: Plan | None = None
    ) -> Sequence[Decision]:
        """Write what an attempt came to; plan the `followers` in the same transaction.

        Raises:
            FenceLostError: a later owner has the run, or has ended it.
        """
        ...

    def cancel(self, run_id: str, reason: str, now: datetime) -> Run | None:
        """End a waiting run as cancelled, mark a running one; return it, ``None`` if unknown."""
        ...

    def settle(self, run_id: str) -> None:
        """Note that the thread of an abandoned run has ended."""
        ...

    def get(self, run_id: str) -> Run | None:
        """Return a run by its id."""
        ...

    def runs(
        self,
        *,
        job_id: str | None = None,
        outcome: str | None = None,
        key: str | None = None,
        ended: bool | None = None,
        limit: int | None = None,
    ) -> Sequence[Run]:
        """Return runs that match, the newest fire time first; `ended` asks for an outcome."""
        ...

    def last_ended(self, job_ids: Collection[str]) -> Mapping[str, Run]:
        """Return of each job the run with the newest fire time that has an outcome, if any."""
        ...


class BriefStore(Store, Protocol):
    """A store that can make one job known in fewer steps than many.

    A scheduler uses that for a job that is added while it is started; else it calls `register`. A
    store of one process has it: there such an add is as quick as what it is made of.
    """

    def register_one(self, job: Job, now: datetime) -> JobState:
        """Do what `register` does with one job; return its state."""
        ...


class PromptStore(Store, Protocol):
    """A store that can decide and hand out rows in one transaction.

    A scheduler uses that where nobody wants to be told that a run waits, and all jobs run on one
    executor; else it calls `decide` and `take`. On a disk it is one sync before a run starts, not
    two.
    """

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
        """Do what `decide` and then `take` do; say too whether any row waits then.

        Args:
            job_ids: the jobs to decide.
            judge: gives what to write of a job, ``None`` for nothing; called for each that is known.
            owner: as for `take`.
            takes: the jobs of which to take rows.
            free: how many rows to take at most; with none it decides only.
            limits: as for `take`.
            now: the present instant.
        """
        ...


class SharedStore(Store, Protocol):
    """A store that schedulers of other processes write to as well.

    Each scheduler beats: it raises a number of its own. Who sees the number of an owner unchanged
    for a whole lease, while the store answered, takes the owner for lost.

    Attributes:
        shared: ``True``; a scheduler asks for it.
        lease_seconds: how long one beat lasts.
    """

    shared: bool
    lease_seconds: float

    def finish_many(
        self, closings: Sequence[Closing]
    ) -> Sequence[Sequence[Decision] | FenceLostError]:
        """Do what `finish` does for each, in one transaction; an error of one is its answer."""
        ...

    def finish_and_take(
        self,
        closings: Sequence[Closing],
        owner: str,
        job_ids: Collection[str],
        free: int,
        *,
        limits: Limits,
        now: datetime,
    ) -> tuple[Sequence[Sequence[Decision] | FenceLostError], Sequence[Taken]]:
        """Do what `finish_many` and then `take` do, in one transaction: one sync of the disk."""
        ...

    def beat(self, owner: str, now: datetime) -> None:
        """Raise the beat of `owner`; from a thread and a connection of its own.

        An owner that the others have expired meanwhile is entered again.
        """
        ...

    def publish(self, owner: str, publication: Publication) -> None:
        """Write what `owner` tells the others of itself; as `beat`, from its thread."""
        ...

    def published(self) -> Mapping[str, Publication]:
        """Return what each owner has published; as `beat`, from its thread."""
        ...

    def known_jobs(self) -> Sequence[StoredJob]:
        """Return all jobs that schedulers have registered and not removed, in order of their ids."""
        ...

    def pulse(self, owner: str, now: datetime) -> Pulse:
        """Return what the other schedulers do; from the thread and connection of `beat`."""
        ...

    def watch(self, seconds: float, wake: Event) -> bool:
        """Wait for `seconds`, until `wake` is set, or until somebody has written.

        From the thread of `beat`. It returns whether somebody has, as far as the store can tell.
        """
        ...

    def expire(
        self, owner: str, beat: int | None, judge: Callable[[Run], Closing | None]
    ) -> Sequence[tuple[Run, Sequence[Decision]]]:
        """Write what becomes of each run that `owner` holds, and forget the owner.

        Nothing happens if its beat is not `beat` any more; ``None`` is for one that is known to be
        dead. `judge` gives the ending of a run, or ``None`` to leave it. What is returned are the
        runs written, with the new rows of their followers.
        """
        ...

    def abandon(self, owner: str) -> None:
        """Let go of `owner` without a word in the store, as the death of its process would."""
        ...
