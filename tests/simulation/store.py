"""A memory store as processes would share it: beats, leases, fences, marks that never go back."""

from __future__ import annotations

import attrs

from cronkit.errors import FenceLostError
from cronkit.jobs import KEEP, Publication, Pulse, StoredJob, plan_of
from cronkit.stores import MemoryStore

LEASE_SECONDS = 30.0


class SharedMemoryStore(MemoryStore):
    """`MemoryStore` with what `cronkit.abc.SharedStore` adds."""

    name = "shared memory"
    shared = True
    lease_seconds = LEASE_SECONDS
    rewind = None

    def __init__(self, *, tells_deaths: bool) -> None:
        super().__init__()
        self._tells_deaths = tells_deaths
        self._beats: dict[str, int] = {}
        self._fences: dict[str, int] = {}
        self._held: dict[str, int] = {}  # by run
        self._asked: dict[str, str] = {}
        self._changes = 0
        self._published: dict[str, Publication] = {}

    def open(self, owner, now):
        super().open(owner, now)
        self._beats[owner] = 0

    def close(self, owner, now):
        self._beats.pop(owner, None)
        self._published.pop(owner, None)
        self._owners.discard(owner)
        return [
            self._table.end(row, now, "interrupted", "shutdown")
            for row in self._table.live()
            if row.phase == "running" and row.owner == owner
        ]

    def decide(self, job_ids, plan, now):
        def noting(states):
            verdicts = plan(states)
            self._changes += sum(each.pause != KEEP or each.edit != KEEP for each in verdicts)
            return verdicts

        return super().decide(job_ids, noting, now)

    def take(self, owner, job_ids, free, limits, now):
        taken = []
        for each in super().take(owner, job_ids, free, limits, now):
            fence = self._fences[each.job_id] = self._fences.get(each.job_id, 0) + 1
            self._held[each.run_id] = fence
            taken.append(attrs.evolve(each, fence=fence))
        return taken

    def decide_and_take(self, job_ids, judge, owner, takes, free, *, limits, now):
        new = self.decide(job_ids, plan_of(judge), now)
        taken = self.take(owner, takes, free, limits, now) if free > 0 else []
        return new, taken, not self._table.waiting.is_empty()

    def finish(self, ending, followers=(), plan=None):
        row = self._table.rows.get(ending.run_id)
        newest = self._held.get(ending.run_id)
        if row is not None and newest != ending.fence:
            raise FenceLostError(self.name, ending.run_id, ending.fence, newest)
        self._asked.pop(ending.run_id, None)
        return super().finish(ending, followers, plan)

    def finish_many(self, closings):
        answers = []
        for each in closings:
            try:
                answers.append(self.finish(each.ending, each.followers, each.plan))
            except FenceLostError as lost:
                answers.append(lost)
        return answers

    def finish_and_take(self, closings, owner, job_ids, free, *, limits, now):
        return self.finish_many(closings), self.take(owner, job_ids, free, limits, now)

    def cancel(self, run_id, reason, now):
        run = super().cancel(run_id, reason, now)
        if run is not None and run.phase == "running":
            self._asked[run_id] = reason
        return run

    def beat(self, owner, now):
        self._beats[owner] = self._beats.get(owner, 0) + 1

    def pulse(self, owner, now):
        holders = {row.owner: None for row in self._table.live() if row.owner is not None}
        others = [each for each in holders if each != owner]
        mine = {row.decision.run_id for row in self._table.live() if row.owner == owner}
        soon = self._table.waiting.next(now, self._table.jobs)
        return Pulse(
            beats=dict.fromkeys(others, -1)
            | {each: beat for each, beat in self._beats.items() if each != owner},
            dead=frozenset(self._dead) if self._tells_deaths else frozenset(),
            cancelled={each: why for each, why in self._asked.items() if each in mine},
            changes=self._changes,
            ready=soon is not None and soon <= now,
            published={each: repr(said) for each, said in self._published.items()},
        )

    def publish(self, owner, publication):
        self._published[owner] = publication

    def published(self):
        return dict(self._published)

    def known_jobs(self):
        return [StoredJob(id=each) for each in sorted(self._table.jobs)]

    def watch(self, seconds, wake):
        raise NotImplementedError("the heart of a driven clock does not wait")

    def expire(self, owner, beat, judge):
        if beat is not None and self._beats.get(owner, -1) != beat:
            return []
        expired = super().expire(owner, beat, lambda run: judge(self._fenced(run)))
        self._beats.pop(owner, None)
        self._published.pop(owner, None)
        return expired

    def runs(self, **which):
        return [self._fenced(run) for run in super().runs(**which)]

    def _fenced(self, run):
        return attrs.evolve(run, fence=self._held.get(run.id))

    @property
    def dead(self):
        """Nobody of this process: the heart finds out who died."""
        return ()
