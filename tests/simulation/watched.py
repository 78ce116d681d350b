"""Holds each answer of a store against the plainest way to find it: sort, count, take.

Laid over the store of a simulation. A store keeps its waiting rows in heaps and lines, and its
limits in counters; here all rows are looked at anew each time, which is slow and easily right.
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def place(decision):
    """Return by what waiting rows are ordered."""
    return -decision.priority, decision.fire_time, decision.job_id


class Watched:
    """A store whose rows are taken in order, at their time, as many as the limits allow.

    Attributes:
        policies: the policies of each job, by job id; of one that is not there, the defaults.
        steps_back: whether the wall clock may be set back; a row whose time had come before stays
            ready then, and cannot be told from one that comes too early.
        together: how many rows came after another one of the same `take`.
    """

    policies: Mapping[str, Mapping[str, object]] = MappingProxyType({})
    steps_back = False
    together = 0

    def take(self, owner, job_ids, free, limits, now):
        wanted = self._wanted(job_ids, free, limits, now)
        found = super().take(owner, job_ids, free, limits, now)
        self._compare(found, wanted)
        return found

    def decide(self, job_ids, plan, now):
        before = self._look(job_ids)
        new = super().decide(job_ids, plan, now)
        self._judge(new, before)
        return new

    def decide_and_take(self, job_ids, judge, owner, takes, free, *, limits, now):
        if getattr(self, "shared", False):  # it is made of `decide` and `take` there
            return super().decide_and_take(
                job_ids, judge, owner, takes, free, limits=limits, now=now
            )
        before = self._look(job_ids)
        new, found, more = super().decide_and_take(
            job_ids, judge, owner, takes, free, limits=limits, now=now
        )
        self._judge(new, before)
        taken = {each.run_id for each in found}
        self._compare(found, self._wanted(takes, free, limits, now, taken))
        waits = any(row.phase == "waiting" for row in self._table.live())
        assert more or not waits, "somebody waits, and is not looked for"
        return new, found, more

    def _compare(self, found, wanted):
        """Check that what was taken is what there was to take, in order."""
        rows = self._table.rows
        places = [place(rows[each.run_id].decision) for each in found]
        assert all(a <= b for a, b in pairwise(places)), "taken out of order"
        assert wanted is None or places == wanted, f"took {places}, not {wanted}"
        self.together += max(0, len(found) - 1)

    def _look(self, job_ids):
        """Return how many runs of each job there are: that are live, that wait, that never ran."""
        jobs = self._table.jobs
        counts = {}
        for each in job_ids:
            rows = list(jobs[each].unended)
            waiting = [row for row in rows if row.phase == "waiting"]
            counts[each] = len(rows), len(waiting), sum(row.attempt == 0 for row in waiting)
        return counts

    def _judge(self, new, before):
        """Check that new rows obey the policies of their job."""
        runs = Counter(row.job_id for row in new if row.outcome is None and not row.force)
        for job_id, count in runs.items():
            live, waited, fresh = before[job_id]
            overlap = self.policies.get(job_id, {}).get("overlap", "skip")
            if live and overlap == "skip":
                raise AssertionError(f"{job_id} overlaps")
            if live and overlap == "queue":
                # Where all wait that there are, the oldest of them is as good as started.
                all_wait = fresh == live == waited
                room = self.policies[job_id]["queue_limit"] - fresh + all_wait
                assert count <= max(0, room), f"{job_id} queues too many"

    def _wanted(self, job_ids, free, limits, now, taken=frozenset()):
        """Return the places of the rows to take; ``None``: that cannot be told.

        Args:
            taken: the runs that were taken already, which count as waiting.
        """
        live = self._table.live()
        ready = [
            row.decision
            for row in live
            if (row.phase == "waiting" or row.decision.run_id in taken)
            and row.not_before <= now
            and row.decision.job_id in job_ids
        ]
        ready.sort(key=place)
        if self.steps_back or any(place(a) == place(b) for a, b in pairwise(ready)):
            return None
        of_jobs, of_tags = Counter(), Counter()

        def count(job_id):
            of_jobs[job_id] += 1
            of_tags.update(limits.tags_of.get(job_id, ()))

        for row in live:
            if row.phase == "running" and row.decision.run_id not in taken:
                count(row.decision.job_id)
        wanted = []
        for each in ready:
            job_id = each.job_id
            full = of_jobs[job_id] >= limits.jobs.get(job_id, len(live)) or any(
                of_tags[tag] >= limits.tags.get(tag, len(live))
                for tag in limits.tags_of.get(job_id, ())
            )
            if len(wanted) < free and (each.force or not full):
                count(job_id)
                wanted.append(place(each))
        return wanted
