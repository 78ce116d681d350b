"""Jobs as the schedulers of a store have registered them, and their fire times decided."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cronkit.stores import _sql_decide
from cronkit.stores import _sql_rows as codec
from cronkit.stores import _sql_text as sql
from cronkit.stores import _sql_values as values
from cronkit.stores._sql_base import SqlBase
from cronkit.stores._sql_runs import find_runs, run_by_id

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from cronkit.abc import Plan
    from cronkit.jobs import Decision, Job, JobState, Run, StoredJob
    from cronkit.stores._sql_session import Session


class SqlJobs(SqlBase):
    """The part of a store that knows jobs: definitions, states, marks, pauses, edits."""

    def register(self, jobs: Sequence[Job], now: datetime) -> Mapping[str, JobState]:
        """Make jobs known; see `cronkit.abc.Store.register`."""
        self._prune.note(jobs)
        with self._writing() as session:
            missing = _define(session, jobs)
            if missing:
                at, fence = values.to_micros(now), session.rows(sql.GET_META, "created")[0][0]
                session.many(sql.NEW_JOB, [(each[0], at, fence, *each[1:]) for each in missing])
            return _sql_decide.states(session, [job.id for job in jobs])

    def forget(self, job_id: str, now: datetime) -> Sequence[Run]:
        """End the waiting runs of a removed job; see `cronkit.abc.Store.forget`."""
        with self._writing() as session:
            waiting = find_runs(session, {"job_id": job_id, "phase": "waiting"})
            session.run(sql.CANCEL_WAITING_OF, "removed", values.to_micros(now), job_id)
            session.run(sql.FORGET_JOB, job_id)
            ended = [run_by_id(session, each.id) for each in waiting]
            self._prune(session, [job_id])
        return ended

    def known_jobs(self) -> Sequence[StoredJob]:
        """Return the jobs of all schedulers; see `cronkit.abc.SharedStore.known_jobs`."""
        with self._reading() as session:
            return [values.load_job(*row) for row in session.rows(sql.KNOWN_JOBS)]

    def states(self, job_ids: Collection[str]) -> Mapping[str, JobState]:
        """Return the states of jobs; see `cronkit.abc.Store.states`."""
        with self._reading() as session:
            return _sql_decide.states(session, job_ids)

    def decide(self, job_ids: Sequence[str], plan: Plan, now: datetime) -> Sequence[Decision]:
        """Plan and write in one transaction; see `cronkit.abc.Store.decide`."""
        with self._writing() as session:
            return _sql_decide.decide(session, job_ids, plan, now, self._prune)


def _define(session: Session, jobs: Sequence[Job]) -> list[codec.Row]:
    """Return the rows of `NEW_JOB`, all but ``first_seen`` and ``fence``, that are missing.

    What is known of the other jobs is brought up to date. All in the order of ids: so two that
    register the same jobs do not wait for each other, and jobs lie as their runs are taken.
    """
    in_order = sorted(jobs, key=lambda job: job.id)
    wanted = {job.id: (job.keep_runs, values.dump_definition(job)) for job in in_order}
    known = {
        row[0]: (row[1], row[2]) for row in session.rows(sql.DEFINITIONS, session.listed(wanted))
    }
    changed = [
        (*facts, job_id)
        for job_id, facts in wanted.items()
        if job_id in known and known[job_id] != facts
    ]
    if changed:
        session.many(sql.DEFINE_JOB, changed)
    return [(job_id, *facts) for job_id, facts in wanted.items() if job_id not in known]
