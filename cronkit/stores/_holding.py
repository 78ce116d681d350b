"""Which limit holds a waiting row of a memory store back, by what goes on at the moment."""

from __future__ import annotations

from collections import Counter
from sys import maxsize
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from cronkit.jobs import Limits
    from cronkit.stores._job_row import JobRow
    from cronkit.stores._rows import Row

_JOB, _TAG = "job ", "tag "


class Holding:
    """Counts the runs that go on by tag, and compares the counts with limits.

    Args:
        jobs: the jobs by id; each counts how many of its runs go on.

    Attributes:
        tagged: the tags of the runs that go on and have any.
    """

    __slots__ = ("_jobs", "_tags", "tagged")

    def __init__(self, jobs: Mapping[str, JobRow]) -> None:
        self._jobs = jobs
        self._tags: Counter[str] = Counter()
        self.tagged: dict[str, frozenset[str]] = {}

    def began(self, run_id: str, tags: frozenset[str]) -> None:
        """Count a run that goes on from now on."""
        self.tagged[run_id] = tags
        self._tags.update(tags)

    def ended(self, run_id: str) -> None:
        """Count a run no more."""
        self._tags.subtract(self.tagged.pop(run_id, ()))

    def count_anew(self, rows: Iterable[Row]) -> None:
        """Count these runs and no others."""
        going = {row.decision.run_id for row in rows}
        self.tagged = {each: tags for each, tags in self.tagged.items() if each in going}
        self._tags = Counter(tag for tags in self.tagged.values() for tag in tags)

    def held_by(self, limits: Limits, row: Row) -> str | None:
        """Return the name of the limit that holds a row back."""
        job_id = row.decision.job_id
        if row.decision.force:
            return None
        most = limits.jobs.get(job_id)
        if most is not None and self._jobs[job_id].going >= most:
            return _JOB + job_id
        tags: Collection[str] = limits.tags_of.get(job_id, ())
        return next((_TAG + tag for tag in tags if self.room(_TAG + tag, limits) <= 0), None)

    def room(self, name: str, limits: Limits) -> int:
        """Return how many runs more a limit allows; one that is no more holds nobody back."""
        kind, key = name[: len(_JOB)], name[len(_JOB) :]
        if kind == _JOB:
            most, going = limits.jobs.get(key), self._jobs[key].going
        else:
            most, going = limits.tags.get(key), self._tags[key]
        return maxsize if most is None else most - going
