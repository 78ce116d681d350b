"""`MemoryStore`: the store's contract within one process; nothing survives it.

It is the default, and the fake that other stores are compared with. It knows no policy.
"""

from __future__ import annotations

from threading import RLock
from typing import TYPE_CHECKING

from cronkit.errors import FenceLostError
from cronkit.jobs import Closing, JobState, Outcome
from cronkit.stores._table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from datetime import datetime, timedelta

    from cronkit.abc import Judge, Plan
    from cronkit.jobs import Decision, Ending, Job, Limits, Run, Taken
    from cronkit.stores._rows import Row


class MemoryStore:
    """Keeps runs, marks and pauses in this process.

    Several schedulers of one process may share one. Ended runs are kept up to ``keep_runs`` a job
    (100 unless the job says otherwise); runs that wait or go on are never dropped.

    Attributes:
        has_company: whether several schedulers of this process use the store.
    """

    name = "memory"

    def __init__(self) -> None:
        self._lock = RLock()
        self._table = Table()
        self._owners: set[str] = set()
        self._dead: dict[str, None] = {}  # in the order of their deaths
        self.has_company = False

    def open(self, owner: str, now: datetime) -> None:  # noqa: ARG002 -- the Protocol's shape
        """Count one scheduler more."""
        with self._lock:
            self._owners.add(owner)
            self.has_company = len(self._owners) > 1

    def close(self, owner: str, now: datetime) -> Sequence[Run]:
        """End what `owner` leaves: its running rows as interrupted.

        When the last scheduler goes, nobody is left who could take what waits: that ends as
        cancelled.
        """
        with self._lock:
            self._leave(owner)
            ended = []
            for row in self._table.live():
                if row.phase == "running" and row.owner == owner:
                    ended.append(self._table.end(row, now, Outcome.INTERRUPTED, "shutdown"))
                elif row.phase == "waiting" and not self._owners:
                    ended.append(self._table.end(row, now, Outcome.CANCELLED, "shutdown"))
            return ended

    def after_fork(self) -> None:
        """Begin anew in a forked child: what goes on and what waits is the parent's."""
        self._lock = RLock()
        self._table.forget_live()
        self._owners.clear()
        self._dead.clear()
        self.has_company = False

    def abandon(self, owner: str) -> None:
        """Take `owner` for dead; what it holds goes on until `expire` is called for it."""
        with self._lock:
            self._leave(owner)
            self._dead[owner] = None

    def _leave(self, owner: str) -> None:
        self._owners.discard(owner)
        self.has_company = len(self._owners) > 1

    def register(self, jobs: Sequence[Job], now: datetime) -> Mapping[str, JobState]:
        """Make jobs known; see `cronkit.abc.Store.register`."""
        states = {}
        with self._lock:
            for job in jobs:
                states[job.id] = self._table.register(job, now)
        return states

    def register_one(self, job: Job, now: datetime) -> JobState:
        """Make a job known; see `cronkit.abc.BriefStore.register_one`."""
        with self._lock:
            return self._table.register(job, now)

    def forget(self, job_id: str, now: datetime) -> Sequence[Run]:
        """End the waiting runs of a removed job; see `cronkit.abc.Store.forget`."""
        with self._lock:
            job = self._table.jobs.get(job_id)
            rows = () if job is None else tuple(job.unended)
            return [
                self._table.end(row, now, Outcome.CANCELLED, "removed")
                for row in rows
                if row.phase == "waiting"
            ]

    def states(self, job_ids: Collection[str]) -> Mapping[str, JobState]:
        """Return copies of states; see `cronkit.abc.Store.states`."""
        with self._lock:
            jobs = self._table.jobs
            return {each: jobs[each].copy() for each in job_ids if each in jobs}

    def decide(self, job_ids: Sequence[str], plan: Plan, now: datetime) -> Sequence[Decision]:
        """Plan and write in one transaction; see `cronkit.abc.Store.decide`."""
        with self._lock:
            verdicts = plan(self._table.states(job_ids))
            try:
                return self._table.write(verdicts, now)
            except BaseException:
                self._table.line_up(now)
                raise

    def take(
        self, owner: str, job_ids: Collection[str], free: int, limits: Limits, now: datetime
    ) -> Sequence[Taken]:
        """Make waiting rows running; see `cronkit.abc.Store.take`."""
        with self._lock:
            try:
                return self._table.take(owner, job_ids, free, limits, now)
            except BaseException:
                self._table.line_up(now)
                raise

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
        """Decide, then take; see `cronkit.abc.PromptStore.decide_and_take`."""
        with self._lock:
            table = self._table
            try:
                return table.decide_and_take(job_ids, judge, owner, takes, free, limits, now)
            except BaseException:
                table.line_up(now)
                raise

    def rewind(
        self, job_ids: Collection[str], repeat: Collection[str], now: datetime, delta: timedelta
    ) -> None:
        """Follow the wall clock, which was set back by `delta`.

        Args:
            job_ids: whose waiting runs wait no longer than before; those of them that were never
                decided are taken as first seen now.
            repeat: whose marks move back to `now`, so that their fire times come once more.
            now: the instant of the clock as it is.
            delta: by how much it was set, a negative length.
        """
        with self._lock:
            self._table.rewind(job_ids, repeat, now, delta)

    def next_waiting(self, job_ids: Collection[str], now: datetime) -> datetime | None:
        """Return when a waiting row can start next; see `cronkit.abc.Store.next_waiting`."""
        with self._lock:
            return self._table.waiting.next(now, job_ids)

    def give_up(self, job_ids: Collection[str], now: datetime) -> Sequence[Run]:
        """End rows that waited too long; see `cronkit.abc.Store.give_up`."""
        with self._lock:
            table = self._table
            rows = table.waiting.give_up(now, job_ids, table.goes_on)
            return [table.end(row, now, Outcome.SKIPPED, "not_stopped") for row in rows]

    def finish(
        self, ending: Ending, followers: Sequence[str] = (), plan: Plan | None = None
    ) -> Sequence[Decision]:
        """Write what an attempt came to; see `cronkit.abc.Store.finish`."""
        with self._lock:
            table = self._table
            row = table.rows.get(ending.run_id)
            if row is None or row.phase != "running":
                raise FenceLostError(self.name, ending.run_id, ending.fence, None)
            # First: should it raise, nothing has changed.
            verdicts = () if plan is None else plan(table.states(followers))
            try:
                table.finish(row, ending)
                return table.write(verdicts, ending.at) if verdicts else ()
            except BaseException:
                table.line_up(ending.at)
                raise

    def expire(
        self,
        owner: str,
        beat: int | None,  # noqa: ARG002 -- who died in this process is known to be dead
        judge: Callable[[Run], Closing | None],
    ) -> Sequence[tuple[Run, Sequence[Decision]]]:
        """End what a dead owner holds; see `cronkit.abc.SharedStore.expire`."""
        with self._lock:
            written = []
            for row in [each for each in self._table.live() if each.owner == owner]:
                if row.abandoned:
                    self.settle(row.decision.run_id)
                elif row.phase == "running" and (closing := judge(row.run())) is not None:
                    new = self.finish(closing.ending, closing.followers, closing.plan)
                    written.append((row.run(), new))
            if not any(
                each.phase == "running" and each.owner == owner for each in self._table.live()
            ):
                self._dead.pop(owner, None)
            return written

    @property
    def dead(self) -> Sequence[str]:
        """The owners that died and have not expired."""
        with self._lock:
            return list(self._dead)

    def cancel(self, run_id: str, reason: str, now: datetime) -> Run | None:
        """Cancel a waiting run; see `cronkit.abc.Store.cancel`."""
        with self._lock:
            row = self._table.rows.get(run_id)
            if row is not None and row.phase == "waiting":
                self._table.end(row, now, Outcome.CANCELLED, reason)
            return None if row is None else row.run()

    def settle(self, run_id: str) -> None:
        """Forget that a run was abandoned; see `cronkit.abc.Store.settle`."""
        with self._lock:
            row = self._table.rows.get(run_id)
            if row is not None and row.abandoned:
                row.abandoned = False
                self._table.jobs[row.decision.job_id].retire(row, self._table.rows)

    def get(self, run_id: str) -> Run | None:
        """Return a run by its id."""
        with self._lock:
            row = self._table.rows.get(run_id)
            return None if row is None else row.run()

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
        with self._lock:
            found = [
                row
                for row in self._table.rows_of(job_id)
                if outcome in {None, row.outcome}
                and key in {None, row.decision.key}
                and ended in {None, row.outcome is not None}
            ]
            found.sort(key=_newness, reverse=True)
            return [row.run() for row in found[:limit]]

    def last_ended(self, job_ids: Collection[str]) -> Mapping[str, Run]:
        """Return the newest ended run of each job; see `cronkit.abc.Store.last_ended`."""
        found = {}
        with self._lock:
            for job_id in job_ids:
                ended = [row for row in self._table.rows_of(job_id) if row.outcome is not None]
                if ended:
                    found[job_id] = max(ended, key=_newness).run()
        return found


def _newness(row: Row) -> tuple[datetime, datetime]:
    return row.decision.fire_time, row.entered_at
