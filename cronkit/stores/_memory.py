"""`MemoryStore`: the store's contract within one process; nothing survives it.

It is the default, and the fake that other stores are compared with. It knows no policy.
"""

from __future__ import annotations

from collections import deque
from threading import RLock
from typing import TYPE_CHECKING

import attrs

from cronkit.errors import FenceLostError
from cronkit.jobs import KEEP, Ending, JobState, Outcome, Rewind
from cronkit.stores._queue import WaitingQueue
from cronkit.stores._rows import Row

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime, timedelta

    from cronkit.abc import Plan
    from cronkit.jobs import Decision, Job, Limits, Run, Taken, Verdict

KEEP_RUNS = 100
"""How many ended runs of a job are kept unless the job says otherwise."""


class _JobRow:
    """What is kept of a job: its state, its runs that have not ended, and its history."""

    __slots__ = ("history", "keep", "live", "running", "state")

    def __init__(self, state: JobState) -> None:
        self.state = state
        self.keep = KEEP_RUNS
        self.live: dict[str, Row] | None = None
        self.history: deque[Row] | None = None
        self.running = 0


class MemoryStore:
    """Keeps runs, marks and pauses in this process.

    Several schedulers of one process may share one. Ended runs are kept up to ``keep_runs`` a job
    (100 unless the job says otherwise); runs that wait or go on are never dropped.
    """

    name = "memory"

    def __init__(self) -> None:
        self._lock = RLock()
        self._jobs: dict[str, _JobRow] = {}
        self._rows: dict[str, Row] = {}
        self._waiting = WaitingQueue()
        self._generation = 0
        self._owners: set[str] = set()

    def open(self, owner: str, now: datetime) -> None:  # noqa: ARG002 -- the Protocol's shape
        """Count one scheduler more."""
        with self._lock:
            self._owners.add(owner)

    def close(self, owner: str, now: datetime) -> Sequence[Run]:
        """End what `owner` leaves: its running rows as interrupted.

        When the last scheduler goes, nobody is left who could take what waits: that ends as
        cancelled.
        """
        with self._lock:
            self._owners.discard(owner)
            live = [row for job in self._jobs.values() for row in (job.live or {}).values()]
            ended = []
            for row in live:
                if row.phase == "running" and row.owner == owner:
                    ended.append(self._end(row, now, Outcome.INTERRUPTED, "shutdown"))
                elif row.phase == "waiting" and not self._owners:
                    ended.append(self._end(row, now, Outcome.CANCELLED, "shutdown"))
            return ended

    def after_fork(self) -> None:
        """Begin anew in a forked child: what goes on and what waits is the parent's."""
        self._lock = RLock()
        for job in self._jobs.values():
            for run_id in job.live or ():
                del self._rows[run_id]
            job.live = None
            job.running = 0
        self._waiting = WaitingQueue()

    def register(self, jobs: Sequence[Job], now: datetime) -> Mapping[str, JobState]:
        """Make jobs known; see `cronkit.abc.Store.register`."""
        with self._lock:
            for job in jobs:
                row = self._jobs.get(job.id)
                if row is None:
                    row = self._jobs[job.id] = _JobRow(JobState(job_id=job.id, first_seen=now))
                row.keep = KEEP_RUNS if job.keep_runs is None else job.keep_runs
            return {job.id: self._state(self._jobs[job.id]) for job in jobs}

    def forget(self, job_id: str, now: datetime) -> Sequence[Run]:
        """End the waiting runs of a removed job; see `cronkit.abc.Store.forget`."""
        with self._lock:
            job = self._jobs.get(job_id)
            rows = () if job is None or job.live is None else tuple(job.live.values())
            return [
                self._end(row, now, Outcome.CANCELLED, "removed")
                for row in rows
                if row.phase == "waiting"
            ]

    def states(self, job_ids: Collection[str]) -> Mapping[str, JobState]:
        """Return copies of states; see `cronkit.abc.Store.states`."""
        with self._lock:
            found = [self._jobs[each] for each in job_ids if each in self._jobs]
            return {job.state.job_id: attrs.evolve(self._state(job)) for job in found}

    def decide(self, job_ids: Sequence[str], plan: Plan, now: datetime) -> Sequence[Decision]:
        """Plan and write in one transaction; see `cronkit.abc.Store.decide`."""
        with self._lock:
            return self._write(plan(self._states(job_ids)), now)

    def take(
        self, owner: str, job_ids: Collection[str], free: int, limits: Limits, now: datetime
    ) -> Sequence[Taken]:
        """Make waiting rows running; see `cronkit.abc.Store.take`."""
        with self._lock:

            def allowed(row: Row) -> bool:
                job_id = row.decision.job_id
                if job_id not in job_ids or not self._allowed(row, limits):
                    return False
                self._jobs[job_id].running += 1
                return True

            return [row.start(owner, now, None) for row in self._waiting.take(now, free, allowed)]

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
            self._generation += 1
            for job in [self._jobs[each] for each in job_ids if each in self._jobs]:
                state = job.state
                if state.mark is None:
                    state.first_seen = min(state.first_seen, now)
                elif state.mark > now and state.job_id in repeat:
                    until = state.mark if state.rewind is None else state.rewind.until
                    state.rewind = Rewind(generation=self._generation, until=max(until, state.mark))
                    state.mark = now
                for row in (job.live or {}).values():
                    row.pull_in(now, delta)
            self._waiting.rearrange(now)

    def next_waiting(self, job_ids: Collection[str], now: datetime) -> datetime | None:
        """Return when a waiting row can start next; see `cronkit.abc.Store.next_waiting`."""
        with self._lock:
            return self._waiting.next(now, job_ids)

    def give_up(self, job_ids: Collection[str], now: datetime) -> Sequence[Run]:
        """End rows that waited too long; see `cronkit.abc.Store.give_up`."""
        with self._lock:
            return [
                self._end(row, now, Outcome.SKIPPED, "not_stopped")
                for row in self._waiting.give_up(now, job_ids)
            ]

    def finish(
        self, ending: Ending, followers: Sequence[str] = (), plan: Plan | None = None
    ) -> Sequence[Decision]:
        """Write what an attempt came to; see `cronkit.abc.Store.finish`."""
        with self._lock:
            row = self._rows.get(ending.run_id)
            if row is None or row.phase != "running":
                raise FenceLostError(self.name, ending.run_id, ending.fence, None)
            # A plan that raises must leave everything as it was.
            verdicts = () if plan is None else plan(self._states(followers))
            job = self._jobs[row.decision.job_id]
            job.running -= 1
            if ending.outcome is None:
                row.wait(ending)
                self._waiting.push(row, ending.at)
                return ()
            row.end(ending)
            self._retire(job, row)
            return self._write(verdicts, ending.at)

    def cancel(self, run_id: str, reason: str, now: datetime) -> Run | None:
        """Cancel a waiting run; see `cronkit.abc.Store.cancel`."""
        with self._lock:
            row = self._rows.get(run_id)
            if row is not None and row.phase == "waiting":
                self._end(row, now, Outcome.CANCELLED, reason)
            return None if row is None else row.run()

    def settle(self, run_id: str) -> None:
        """Forget that a run was abandoned; see `cronkit.abc.Store.settle`."""
        with self._lock:
            row = self._rows.get(run_id)
            if row is not None and row.abandoned:
                row.abandoned = False
                self._retire(self._jobs[row.decision.job_id], row)

    def get(self, run_id: str) -> Run | None:
        """Return a run by its id."""
        with self._lock:
            row = self._rows.get(run_id)
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
                for row in self._rows_of(job_id)
                if outcome in {None, row.outcome}
                and key in {None, row.decision.key}
                and ended in {None, row.outcome is not None}
            ]
            found.sort(key=lambda row: row.decision.fire_time, reverse=True)
            return [row.run() for row in found[:limit]]

    def _rows_of(self, job_id: str | None) -> Iterable[Row]:
        """Return the rows of a job, or all, the newest first."""
        if job_id is None:
            return reversed(self._rows.values())
        job = self._jobs.get(job_id)
        if job is None:
            return ()
        rows = {
            row.decision.run_id: row for row in (*(job.history or ()), *(job.live or {}).values())
        }
        return reversed(rows.values())

    # --- below: the lock is held -----------------------------------------------------------------

    def _states(self, job_ids: Collection[str]) -> list[JobState]:
        jobs = self._jobs
        return [self._state(jobs[each]) for each in job_ids if each in jobs]

    def _state(self, job: _JobRow) -> JobState:
        state = job.state
        if job.live:
            state.live = tuple(row.live() for row in job.live.values())
        elif state.live:
            state.live = ()
        return state

    def _write(self, verdicts: Sequence[Verdict], now: datetime) -> list[Decision]:
        new = []
        for verdict in verdicts:
            job = self._jobs[verdict.job_id]
            state = job.state
            for decision in verdict.decisions:
                if self._is_new(job, decision):
                    self._insert(job, decision, now)
                    new.append(decision)
            if verdict.mark is not None and (state.mark is None or verdict.mark > state.mark):
                state.mark = verdict.mark
            if verdict.pause != KEEP:
                state.pause = verdict.pause
        return new

    def _is_new(self, job: _JobRow, decision: Decision) -> bool:
        if decision.run_id in self._rows:
            return False
        mark = job.state.mark
        if decision.origin == "trigger" and mark is not None and decision.fire_time <= mark:
            return False
        return decision.key is None or not self.runs(job_id=decision.job_id, key=decision.key)

    def _insert(self, job: _JobRow, decision: Decision, now: datetime) -> None:
        row = self._rows[decision.run_id] = Row(decision, now)
        if decision.outcome is not None:
            self._retire(job, row)
            return
        if decision.origin == "trigger":
            job.state.planned += 1
        if job.live is None:
            job.live = {}
        job.live[decision.run_id] = row
        self._waiting.push(row, now)
        for run_id in decision.cancels:
            self.cancel(run_id, "overlap", now)

    def _allowed(self, row: Row, limits: Limits) -> bool:
        if row.decision.force:
            return True
        job_id = row.decision.job_id
        running = self._jobs[job_id].running
        if running:
            most = limits.jobs.get(job_id)
            if most is not None and running >= most:
                return False
        return not limits.tags_of or self._tags_allow(job_id, limits)

    def _tags_allow(self, job_id: str, limits: Limits) -> bool:
        for tag in limits.tags_of.get(job_id, ()):
            members = (each for each, tags in limits.tags_of.items() if tag in tags)
            going = sum(self._jobs[each].running for each in members if each in self._jobs)
            if going >= limits.tags[tag]:
                return False
        return True

    def _end(self, row: Row, now: datetime, outcome: Outcome, reason: str) -> Run:
        job = self._jobs[row.decision.job_id]
        if row.phase == "running":
            job.running -= 1
        row.end(Ending(run_id=row.decision.run_id, at=now, outcome=outcome, reason=reason))
        self._retire(job, row)
        return row.run()

    def _retire(self, job: _JobRow, row: Row) -> None:
        """Move an ended row to the history and prune that; an abandoned one stays live."""
        if row.abandoned:
            return
        if job.live is not None:
            job.live.pop(row.decision.run_id, None)
        if job.history is None:
            job.history = deque()
        job.history.append(row)
        while len(job.history) > job.keep:
            old = job.history.popleft()
            self._rows.pop(old.decision.run_id, None)
