"""`SqlStore`: the contract of a store on any SQL database that gives it transactions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, cast

from cronkit import _convert
from cronkit.errors import FenceLostError
from cronkit.jobs import Closing, Ending, Outcome, Pulse, Run
from cronkit.stores import _sql_take, _sql_writes
from cronkit.stores import _sql_text as sql
from cronkit.stores import _sql_values as values
from cronkit.stores._sql_history import Pruner

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime, timedelta

    from cronkit.abc import Plan
    from cronkit.jobs import Decision, Job, JobState, Limits, Publication, StoredJob, Taken
    from cronkit.stores._sql_session import Session
    from cronkit.stores._sql_writes import Answer

LEASE_SECONDS = 30.0


class SqlStore(ABC):
    """Keeps runs, marks and pauses in the tables of ``schema.sql``.

    A subclass opens transactions; all else is here. Many schedulers, of many processes, may share
    one database.

    Args:
        lease: how long an owner that gives no sign of life is believed to be alive.

    Attributes:
        name: which store, without secrets; stands in errors and logs.
        shared: whether other processes may write to it.
        lease_seconds: the lease.
    """

    name: str
    shared = True

    def __init__(self, lease: timedelta | float | str = LEASE_SECONDS) -> None:
        self.lease_seconds = _convert.duration(
            lease, "lease", least=_convert.duration("1s", "lease")
        ).total_seconds()
        self._prune = Pruner()

    @abstractmethod
    def _writing(self) -> AbstractContextManager[Session]:
        """Open a transaction that writes; driver errors come out as `StoreError`."""

    @abstractmethod
    def _reading(self) -> AbstractContextManager[Session]:
        """Open a transaction that only reads; driver errors come out as `StoreError`."""

    @abstractmethod
    def _beating(self, *, write: bool) -> AbstractContextManager[Session]:
        """Open a transaction on a connection that no other thread uses: that of beats."""

    # --- life ------------------------------------------------------------------------------------

    def open(self, owner: str, now: datetime) -> None:
        """Enter `owner`; see `cronkit.abc.Store.open`."""
        with self._writing() as session:
            session.run(sql.BEAT, owner, values.to_micros(now))

    def close(self, owner: str, now: datetime) -> Sequence[Run]:
        """End what `owner` leaves as interrupted; waiting rows stay for others."""

        def interrupted(run: Run) -> Closing:
            return Closing(
                ending=Ending(
                    run_id=run.id,
                    at=now,
                    fence=run.fence,
                    outcome=Outcome.INTERRUPTED,
                    reason="shutdown",
                )
            )

        with self._writing() as session:
            expired = _sql_writes.expire(
                session, owner, None, interrupted, name=self.name, prune=self._prune
            )
        return [run for run, _ in expired]

    def beat(self, owner: str, now: datetime) -> None:
        """Give a sign of life; see `cronkit.abc.SharedStore.beat`."""
        with self._beating(write=True) as session:
            session.run(sql.BEAT, owner, values.to_micros(now))

    def publish(self, owner: str, publication: Publication) -> None:
        """Tell the others of `owner`; see `cronkit.abc.SharedStore.publish`."""
        with self._beating(write=True) as session:
            session.run(sql.PUBLISH, *values.dump_publication(publication), owner)

    def published(self) -> Mapping[str, Publication]:
        """Return what the owners tell; see `cronkit.abc.SharedStore.published`."""
        with self._beating(write=False) as session:
            rows = session.rows(sql.PUBLISHED)
        return {cast("str", row[0]): values.load_publication(row[1], row[2]) for row in rows}

    def pulse(self, owner: str, now: datetime) -> Pulse:
        """Look at the other schedulers; see `cronkit.abc.SharedStore.pulse`."""
        with self._beating(write=False) as session:
            holding = session.rows(sql.HELD)
            owners = session.rows(sql.OWNERS)
            asked = session.rows(sql.ASKED, owner)
            changes = session.rows(sql.GET_META, "changes")
            ready = session.rows(sql.ANY_READY, values.to_micros(now))
        beats = {cast("str", row[0]): 0 for row in holding}
        beats |= {cast("str", row[0]): cast("int", row[1]) for row in owners}
        beats.pop(owner, None)
        return Pulse(
            beats=beats,
            dead=frozenset(each for each in beats if self._died(each)),
            cancelled={cast("str", row[0]): cast("str", row[1]) for row in asked},
            changes=cast("int", changes[0][0]) if changes else 0,
            ready=bool(ready),
            published={cast("str", row[0]): cast("str", row[2] or "") for row in owners},
        )

    def _died(self, owner: str) -> bool:  # noqa: ARG002 -- for subclasses that can tell
        """Return whether an owner is known to be dead, without waiting for its lease."""
        return False

    def expire(
        self, owner: str, beat: int | None, judge: Callable[[Run], Closing | None]
    ) -> Sequence[tuple[Run, Sequence[Decision]]]:
        """End what a lost owner held; see `cronkit.abc.SharedStore.expire`."""
        with self._writing() as session:
            return _sql_writes.expire(
                session, owner, beat, judge, name=self.name, prune=self._prune
            )

    # --- jobs ------------------------------------------------------------------------------------

    def register(self, jobs: Sequence[Job], now: datetime) -> Mapping[str, JobState]:
        """Make jobs known; see `cronkit.abc.Store.register`."""
        self._prune.note(jobs)
        with self._writing() as session:
            missing = _sql_writes.register(session, jobs)
            if missing:
                at, fence = values.to_micros(now), session.rows(sql.GET_META, "created")[0][0]
                session.many(sql.NEW_JOB, [(each[0], at, fence, *each[1:]) for each in missing])
            return _sql_writes.states(session, [job.id for job in jobs])

    def forget(self, job_id: str, now: datetime) -> Sequence[Run]:
        """End the waiting runs of a removed job; see `cronkit.abc.Store.forget`."""
        with self._writing() as session:
            waiting = _sql_writes.runs(session, {"job_id": job_id, "phase": "waiting"})
            session.run(sql.CANCEL_WAITING_OF, "removed", values.to_micros(now), job_id)
            session.run(sql.FORGET_JOB, job_id)
            ended = [_sql_writes.run_by_id(session, each.id) for each in waiting]
            self._prune(session, [job_id])
        return ended

    def known_jobs(self) -> Sequence[StoredJob]:
        """Return the jobs of all schedulers; see `cronkit.abc.SharedStore.known_jobs`."""
        with self._reading() as session:
            return [values.load_job(*row) for row in session.rows(sql.KNOWN_JOBS)]

    def states(self, job_ids: Collection[str]) -> Mapping[str, JobState]:
        """Return the states of jobs; see `cronkit.abc.Store.states`."""
        with self._reading() as session:
            return _sql_writes.states(session, job_ids)

    def decide(self, job_ids: Sequence[str], plan: Plan, now: datetime) -> Sequence[Decision]:
        """Plan and write in one transaction; see `cronkit.abc.Store.decide`."""
        with self._writing() as session:
            return _sql_writes.decide(session, job_ids, plan, now, self._prune)

    # --- runs ------------------------------------------------------------------------------------

    def take(
        self, owner: str, job_ids: Collection[str], free: int, limits: Limits, now: datetime
    ) -> Sequence[Taken]:
        """Make waiting rows running; see `cronkit.abc.Store.take`."""
        with self._reading() as session:  # most looks find nothing, and need no lock for that
            if free < 1 or not _sql_take.any_ready(session, job_ids, now):
                return ()
        with self._writing() as session:
            return _sql_take.take(session, owner, job_ids, free, limits=limits, now=now)

    def next_waiting(self, job_ids: Collection[str], now: datetime) -> datetime | None:
        """Return when a waiting row can start next; see `cronkit.abc.Store.next_waiting`."""
        with self._reading() as session:
            return _sql_take.next_waiting(session, job_ids, now)

    def give_up(self, job_ids: Collection[str], now: datetime) -> Sequence[Run]:
        """End rows that waited too long; see `cronkit.abc.Store.give_up`."""
        with self._writing() as session:
            return _sql_writes.give_up(session, job_ids, now, self._prune)

    def finish(
        self, ending: Ending, followers: Sequence[str] = (), plan: Plan | None = None
    ) -> Sequence[Decision]:
        """Write what an attempt came to; see `cronkit.abc.Store.finish`."""
        closing = Closing(ending=ending, followers=tuple(followers), plan=plan)
        (answer,) = self.finish_many([closing])
        if isinstance(answer, FenceLostError):
            raise answer
        return answer

    def finish_many(self, closings: Sequence[Closing]) -> Sequence[Answer]:
        """Write many endings in one transaction; see `cronkit.abc.SharedStore.finish_many`."""
        with self._writing() as session:
            return _sql_writes.finish(session, closings, self.name, self._prune)

    def finish_and_take(
        self,
        closings: Sequence[Closing],
        owner: str,
        job_ids: Collection[str],
        free: int,
        *,
        limits: Limits,
        now: datetime,
    ) -> tuple[Sequence[Answer], Sequence[Taken]]:
        """Write endings, then take rows; see `cronkit.abc.SharedStore.finish_and_take`."""
        with self._writing() as session:
            answers = _sql_writes.finish(session, closings, self.name, self._prune)
            taken = _sql_take.take(session, owner, job_ids, free, limits=limits, now=now)
        return answers, taken

    def cancel(self, run_id: str, reason: str, now: datetime) -> Run | None:
        """Cancel a run; see `cronkit.abc.Store.cancel`."""
        with self._writing() as session:
            _sql_writes.cancel(session, run_id, reason, now, self._prune)
            return next(iter(_sql_writes.runs(session, {"id": run_id})), None)

    def begin(self, run_id: str, fence: int | None, attempt: int) -> bool:
        """Note that a worker begins an attempt; return whether it may.

        True once for each attempt, and only while nobody has overtaken its fence. The executor that
        hands attempts to other hosts asks it there.
        """
        with self._writing() as session:
            return session.run(sql.BEGIN_ATTEMPT, run_id, fence, attempt) == 1

    def settle(self, run_id: str) -> None:
        """Forget that a run was abandoned; see `cronkit.abc.Store.settle`."""
        with self._writing() as session:
            session.run(sql.SETTLE, run_id)

    def get(self, run_id: str) -> Run | None:
        """Return a run by its id."""
        with self._reading() as session:
            return next(iter(_sql_writes.runs(session, {"id": run_id})), None)

    def runs(
        self,
        *,
        job_id: str | None = None,
        outcome: str | None = None,
        key: str | None = None,
        ended: bool | None = None,
        limit: int | None = None,
    ) -> Sequence[Run]:
        """Return runs, the newest fire time first; see `cronkit.abc.Store.runs`."""
        wanted = {"job_id": job_id, "outcome": outcome, "idem_key": key}
        with self._reading() as session:
            return _sql_writes.runs(session, wanted, ended=ended, limit=limit)
