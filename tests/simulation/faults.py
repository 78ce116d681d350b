"""Stores that break a promise on purpose, so that the checks can show that they would notice.

Each is laid over the store of a simulation: ``Simulation(seed, fault=NoLimits)``.
"""

from __future__ import annotations

import attrs

FORGOTTEN = "job1"


class NoLimits:
    """Hands out as many runs of a tag as there are slots."""

    def take(self, owner, job_ids, free, limits, now):
        return super().take(owner, job_ids, free, attrs.evolve(limits, tags={}), now)


class ForgetsAJob:
    """Keeps the rows of one job, and hands none of them out."""

    def take(self, owner, job_ids, free, limits, now):
        return super().take(owner, set(job_ids) - {FORGOTTEN}, free, limits, now)

    def next_waiting(self, job_ids, now):
        return super().next_waiting(set(job_ids) - {FORGOTTEN}, now)


class LosesRows:
    """Moves the mark over a fire time without a row for it."""

    def decide(self, job_ids, plan, now):
        def with_gaps(states):
            return [
                attrs.evolve(
                    each, decisions=tuple(row for row in each.decisions if row.fire_time.minute % 7)
                )
                for each in plan(states)
            ]

        return super().decide(job_ids, with_gaps, now)


class ForgetsMarks:
    """Moves marks back to midnight, now and then."""

    def decide(self, job_ids, plan, now):
        new = super().decide(job_ids, plan, now)
        if len(self._table.rows) % 7 == 0:
            for job in map(self._table.jobs.get, job_ids):
                if job is not None and job.mark is not None:
                    job.mark = job.mark.replace(hour=0)
        return new
