"""The rows of a memory store, and what changes them. Whoever calls holds the store's lock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cronkit.jobs import KEEP, Ending, Outcome
from cronkit.stores._holding import Holding
from cronkit.stores._job_row import JobRow
from cronkit.stores._queue import WaitingQueue
from cronkit.stores._rows import Row

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import datetime, timedelta

    from cronkit.abc import Judge
    from cronkit.jobs import Decision, Job, JobState, Limits, Run, Taken, Verdict


class Table:
    """Jobs and runs.

    Attributes:
        jobs: jobs by id.
        rows: runs by id.
        waiting: the runs that wait.
        generation: how often the wall clock was set back.
    """

    __slots__ = ("_holding", "generation", "jobs", "rows", "waiting")

    def __init__(self) -> None:
        self.jobs: dict[str, JobRow] = {}
        self.rows: dict[str, Row] = {}
        self.waiting = WaitingQueue()
        self.generation = 0
        self._holding = Holding(self.jobs)

    def register(self, job: Job, now: datetime) -> JobState:
        """Make a job known; return its state."""
        row = self.jobs.get(job.id)
        if row is None:
            row = self.jobs[job.id] = JobRow(job.id, now)
            if job.rules.keep_runs is None:
                return row
        row.keep(job.keep_runs, self.rows)
        return row.read()

    def states(self, job_ids: Collection[str]) -> list[JobState]:
        """Return the states of the jobs that are known."""
        jobs = self.jobs
        return [jobs[each].read() for each in job_ids if each in jobs]

    def live(self) -> list[Row]:
        """Return all rows that have not ended, job by job."""
        return [row for job in self.jobs.values() for row in job.unended]

    def forget_live(self) -> None:
        """Drop all rows that have not ended."""
        for job in self.jobs.values():
            for row in job.unended:
                del self.rows[row.decision.run_id]
            job.live_rows, job.going = None, 0
        self._holding.count_anew(())
        self.waiting = WaitingQueue()

    # --- decisions -------------------------------------------------------------------------------

    def write(self, verdicts: Sequence[Verdict], now: datetime) -> list[Decision]:
        """Write verdicts; return the decisions that were new."""
        new: list[Decision] = []
        waiting: list[Row] = []
        for verdict in verdicts:
            self._enter(self.jobs[verdict.job_id], verdict, now, new, waiting)
        self.waiting.push(waiting, now)
        return new

    def decide_and_take(  # noqa: PLR0917 -- private, and hot: by name they take longer
        self,
        job_ids: Sequence[str],
        judge: Judge,
        owner: str,
        takes: Collection[str],
        free: int,
        limits: Limits,
        now: datetime,
    ) -> tuple[list[Decision], list[Taken], bool]:
        """Write what `judge` says of each job, then take; who comes alone need not stand in line."""
        jobs = self.jobs
        new: list[Decision] = []
        waiting: list[Row] = []
        for job_id in job_ids:
            job = jobs.get(job_id)
            if job is None:
                continue
            verdict = judge(job if job.live_rows is None and not job.live else job.read())
            if verdict is not None:
                self._enter(job, verdict, now, new, waiting)
        line = self.waiting
        if len(waiting) == 1 and free > 0 and not limits.tags_of and line.is_empty():
            row = waiting[0]
            job = jobs[row.decision.job_id]
            ready = row.phase == "waiting" and row.not_before <= now
            if ready and not job.going and job.job_id in takes:
                job.going = 1
                return new, [row.start(owner, now)], False
        line.push(waiting, now)
        taken = self.take(owner, takes, free, limits, now) if free > 0 else []
        return new, taken, not line.is_empty()

    def line_up(self, now: datetime) -> None:
        """Put each row in its place: Ctrl-C, or what a trigger raises, may have come in between."""
        for job in self.jobs.values():
            job.live_rows, job.going = None, 0
        kept = {id(row) for job in self.jobs.values() for row in job.ended}
        for row in list(self.rows.values()):
            job = self.jobs[row.decision.job_id]
            if row.phase != "ended" or row.abandoned:
                job.add(row)
            elif id(row) not in kept:
                job.retire(row, self.rows)
            if row.phase == "running":
                job.going += 1
        self._holding.count_anew([row for row in self.live() if row.phase == "running"])
        self.waiting = WaitingQueue()
        self.waiting.push([row for row in self.live() if row.phase == "waiting"], now)

    def _enter(
        self, job: JobRow, verdict: Verdict, now: datetime, new: list[Decision], waiting: list[Row]
    ) -> None:
        """Write a verdict: what is new of it is added to `new`, what is to wait to `waiting`."""
        mark, rows = job.mark, self.rows
        for decision in verdict.decisions:
            run_id, by_trigger = decision.run_id, decision.origin == "trigger"
            if by_trigger:
                counts = mark is None or decision.fire_time > mark
            else:
                counts = self._has_new_key(decision)
            if not counts or run_id in rows:
                continue
            row = rows[run_id] = Row(decision, now)
            new.append(decision)
            if decision.outcome is not None:
                job.retire(row, rows)
                continue
            waiting.append(row)
            if by_trigger:
                job.planned += 1
            if job.live_rows is None:
                job.live_rows = row
            else:
                job.add(row)
            if decision.cancels:
                self._replace(decision.cancels, now)
        moved = verdict.mark
        if moved is not None and (mark is None or moved > mark):
            job.mark = moved
        if verdict.pause != KEEP or verdict.edit != KEEP:
            job.change(verdict)

    def _has_new_key(self, decision: Decision) -> bool:
        key = decision.key
        return key is None or all(row.decision.key != key for row in self.rows_of(decision.job_id))

    def _replace(self, run_ids: Sequence[str], now: datetime) -> None:
        """Cancel those of these runs that wait."""
        for run_id in run_ids:
            old = self.rows.get(run_id)
            if old is not None and old.phase == "waiting":
                self.end(old, now, Outcome.CANCELLED, "overlap")

    # --- attempts --------------------------------------------------------------------------------

    def take(
        self, owner: str, job_ids: Collection[str], free: int, limits: Limits, now: datetime
    ) -> list[Taken]:
        """Make waiting rows of these jobs running, in order, as far as slots and limits go."""
        waiting, jobs, tags_of = self.waiting, self.jobs, limits.tags_of
        released: dict[Row, str] = {}
        if waiting.held:
            released = waiting.release(lambda name: self._holding.room(name, limits))
        if waiting.future:
            waiting.ripen(now)
        taken: list[Taken] = []
        aside, ready = [], waiting.ready
        while free > 0 and ready.count:
            entry = ready.pop()
            _, _, job_id, _, row = entry
            if row.phase != "waiting":
                continue
            if job_id not in job_ids:
                aside.append(entry)
                continue
            job = jobs[job_id]
            if (job.going or tags_of) and (held_by := self._holding.held_by(limits, row)):
                waiting.hold(held_by, entry, released)
                continue
            job.going += 1
            if tags_of and (tags := tags_of.get(job_id)):
                self._holding.began(row.decision.run_id, tags)
            taken.append(row.start(owner, now))
            free -= 1
        if aside:
            ready.push(aside)
        return taken

    def finish(self, row: Row, ending: Ending) -> None:
        """Write what an attempt came to: an outcome, or that its run waits again."""
        decision = row.decision
        job = self.jobs[decision.job_id]
        job.going -= 1
        if self._holding.tagged:
            self._holding.ended(decision.run_id)
        if ending.outcome is None:
            row.wait(ending)
            self.waiting.push((row,), ending.at)
        else:
            row.end(ending)
            job.retire(row, self.rows)

    def goes_on(self, row: Row) -> bool:
        """Return whether a run of the row's job goes on."""
        return self.jobs[row.decision.job_id].going > 0

    def end(self, row: Row, now: datetime, outcome: Outcome, reason: str) -> Run:
        """End a row without an attempt's word; return it."""
        ending = Ending(row.decision.run_id, now, outcome=outcome, reason=reason)
        if row.phase == "running":
            self.finish(row, ending)
        else:
            if (before := row.ending) is not None:  # its last attempt: all that is known of it
                ending.notes, ending.error = before.notes, before.error
                ending.error_type = before.error_type
            row.end(ending)
            self.jobs[row.decision.job_id].retire(row, self.rows)
        return row.run()

    # --- reading ---------------------------------------------------------------------------------

    def rows_of(self, job_id: str | None) -> Iterable[Row]:
        """Return the rows of a job, or all, the newest first."""
        if job_id is None:
            return reversed(self.rows.values())
        job = self.jobs.get(job_id)
        if job is None:
            return ()
        rows = {row.decision.run_id: row for row in (*job.ended, *job.unended)}
        return reversed(rows.values())

    # --- the wall clock was set back -------------------------------------------------------------

    def rewind(
        self, job_ids: Collection[str], repeat: Collection[str], now: datetime, delta: timedelta
    ) -> None:
        """Move marks and waiting rows back; see `cronkit.stores.MemoryStore.rewind`."""
        self.generation += 1
        for job in [self.jobs[each] for each in job_ids if each in self.jobs]:
            job.rewind_to(now, self.generation, repeat=job.job_id in repeat)
            for row in job.unended:
                row.pull_in(now, delta)
        self.waiting.rearrange(now)
