"""Stores that break a promise on purpose, so that the checks can show that they would notice.

Each is laid over the store of a simulation: ``Simulation(seed, fault=NoLimits)``.
"""

from __future__ import annotations

from datetime import timedelta

import attrs

from cronkit.jobs import run_id
from cronkit.stores._table import Table

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


class HandsOutTwice:
    """Hands out a row once more to whoever asks next."""

    def take(self, owner, job_ids, free, limits, now):
        again, self._again = getattr(self, "_again", []), []
        found = super().take(owner, job_ids, free, limits, now)
        self._again = [each for each in found if each.job_id in job_ids][:1]
        return found or again[:free]


class DecidesAheadOfTime:
    """Writes a row for the instant a minute after the one that has come."""

    def decide(self, job_ids, plan, now):
        def ahead(states):
            return [
                attrs.evolve(each, decisions=tuple(map(_a_minute_on, each.decisions)))
                for each in plan(states)
            ]

        return super().decide(job_ids, ahead, now)


def _a_minute_on(row):
    fire_time = row.fire_time + timedelta(minutes=1)
    return attrs.evolve(row, fire_time=fire_time, run_id=run_id(row.job_id, fire_time))


class BringsRetriesForward:
    """Lets a run wait for half as long as it should before its next attempt."""

    def finish(self, ending, followers=(), plan=None):
        if ending.retry_at is not None:
            soon = ending.at + (ending.retry_at - ending.at) / 2
            ending = attrs.evolve(ending, retry_at=soon)
        return super().finish(ending, followers, plan)


class ForgetsTimeouts:
    """Takes note of every ending but that of a run whose time is over."""

    def finish(self, ending, followers=(), plan=None):
        if ending.outcome == "timed_out":
            return ()
        return super().finish(ending, followers, plan)


class HidesRuns:
    """Shows a planner no run that goes on."""

    def decide(self, job_ids, plan, now):
        def blind(states):
            copies = [state.copy() for state in states]
            for each in copies:
                each.live = ()
            return plan(copies)

        return super().decide(job_ids, blind, now)


class _Backwards(Table):
    __slots__ = ()

    def take(self, owner, job_ids, free, limits, now):
        return super().take(owner, job_ids, free, limits, now)[::-1]


class HandsOutBackwards:
    """Hands out what it takes, the last row first."""

    def __init__(self, **words):
        super().__init__(**words)
        self._table = _Backwards()


class _Unfair(Table):
    __slots__ = ()

    def take(self, owner, job_ids, free, limits, now):
        few = sorted(job_ids)[-1:]
        found = super().take(owner, few, free, limits, now)
        return found + super().take(owner, job_ids, free - len(found), limits, now)


class HasAFavourite:
    """Takes the rows of one job before all others."""

    def __init__(self, **words):
        super().__init__(**words)
        self._table = _Unfair()
