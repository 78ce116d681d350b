"""What the engine reads of the jobs at every turn, kept up to date as jobs come and go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from cronkit.jobs import Limits

if TYPE_CHECKING:
    from cronkit._engine._attempts import Attempts
    from cronkit.jobs import Job


class _Concurrency(Mapping[str, int]):
    """How many runs of each job may go on at once, read from the jobs themselves."""

    def __init__(self, jobs: Mapping[str, Job]) -> None:
        self._jobs = jobs

    def __getitem__(self, job_id: str) -> int:
        most = self._jobs[job_id].concurrency
        if most is None:
            raise KeyError(job_id)
        return most

    # Stores ask with no other default, so this has no overloads for one.
    def get(self, job_id: str, default: int | None = None) -> int | None:  # type: ignore[override]
        """Return the number without the detour over an exception."""
        job = self._jobs.get(job_id)
        most = None if job is None else job.concurrency
        return default if most is None else most

    def __iter__(self) -> Iterator[str]:
        return (each.id for each in self._jobs.values() if each.concurrency is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)


class JobIndex:
    """The limits, the followers and the executors of the jobs.

    Args:
        jobs: the jobs by id.
        attempts: reads what is kept here.
        tags: how many runs with a tag may go on at once.
    """

    def __init__(self, jobs: dict[str, Job], attempts: Attempts, tags: Mapping[str, int]) -> None:
        self._jobs = jobs
        self._attempts = attempts
        self._tags_of: dict[str, frozenset[str]] = {}
        self._followers: dict[str, list[str]] = {}
        self._named: dict[str | None, set[str]] = {}
        attempts.limits = Limits(jobs=_Concurrency(jobs), tags=tags, tags_of=self._tags_of)
        attempts.outcomes.followers = self._followers
        attempts.groups = {None: jobs.keys()}

    def link(self, job: Job, runs_on: str | None) -> None:
        """Take a job in; `runs_on` is the name of its executor."""
        jobs, named = self._jobs, self._named
        jobs[job.id] = job
        if job.parent is not None:
            self._followers.setdefault(job.parent, []).append(job.id)
        if job.tags:
            self._tags_of[job.id] = job.tags
        if runs_on is not None and not named:
            named[None] = {each.id for each in jobs.values() if each.runs_on is None}
            self._attempts.groups = named
        if named:
            named.setdefault(runs_on, set()).add(job.id)

    def unlink(self, job: Job) -> None:
        """Forget what is kept of a job; it stays among the jobs."""
        if job.parent is not None:
            self._followers[job.parent].remove(job.id)
        self._tags_of.pop(job.id, None)
        if self._named:
            self._named[job.runs_on].discard(job.id)
