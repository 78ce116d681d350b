"""Writes what attempts come to: in order, many in one transaction, and again until it is written.

While the store does not answer, endings wait here with the instant at which they came about.
"""

from __future__ import annotations

from collections import deque
from itertools import islice
from typing import TYPE_CHECKING, TypeAlias

from cronkit._engine._verdicts import follow_ups
from cronkit.errors import FenceLostError
from cronkit.jobs import Closing

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from datetime import datetime

    from cronkit._context import Attempt
    from cronkit._engine._core import Core
    from cronkit.jobs import Decision, Ending

Answer: TypeAlias = "Sequence[Decision] | FenceLostError"
Unwritten: TypeAlias = "tuple[Attempt, Ending | None, object, BaseException | None]"
"""An attempt, its ending, what it returned and what it raised; no ending: its thread has ended."""

_MOST_AT_ONCE = 200


class Outcomes:
    """The endings of attempts on their way to the store.

    Args:
        core: the scheduler's store and jobs.
        written: is told of each ending once the store has it, or has refused it for good.

    Attributes:
        followers: the jobs that follow each job.
    """

    __slots__ = ("_core", "_many", "_queue", "_written", "followers")

    def __init__(self, core: Core, written: Callable[[Unwritten, Answer], None]) -> None:
        self._core = core
        self._many: Callable[[Sequence[Closing]], Sequence[Answer]] | None
        self._many = getattr(core.store, "finish_many", None)
        self._queue: deque[Unwritten] = deque()
        self._written = written
        self.followers: Mapping[str, Collection[str]] = {}

    def __len__(self) -> int:
        return len(self._queue)

    def add(
        self, attempt: Attempt, ending: Ending | None, value: object, error: BaseException | None
    ) -> None:
        """Take in an ending; `write` writes it."""
        self._queue.append((attempt, ending, value, error))

    def run_ids(self) -> set[str]:
        """Return the runs whose endings wait."""
        return {attempt.run_id for attempt, _, _, _ in self._queue}

    def write(self) -> None:
        """Write all that waits; what the store does not take stays.

        Raises:
            StoreError: the store does not answer.
        """
        queue = self._queue
        while queue:
            first = queue[0]
            attempt, ending, _, _ = first
            if ending is None:
                self._core.store.settle(attempt.run_id)
                queue.popleft()
            elif self._many is None or len(queue) == 1:
                answer = self._write_one(attempt, ending)
                queue.popleft()
                self._written(first, answer)
            else:
                self._write_many(self._many)

    def forget(self) -> None:
        """Write nothing of what waits: this is a forked child."""
        self._queue.clear()

    def closing(self, ending: Ending, job_id: str, fire_time: datetime) -> Closing:
        """Return an ending with what follows from it."""
        followers: tuple[str, ...] = ()
        if self.followers and ending.outcome is not None:
            followers = tuple(self.followers.get(job_id, ()))
        if not followers:
            return Closing(ending=ending)
        plan = follow_ups(self._core.job_of, ending, job_id, fire_time)
        return Closing(ending=ending, followers=followers, plan=plan)

    def _write_one(self, attempt: Attempt, ending: Ending) -> Answer:
        store = self._core.store
        try:
            if not self.followers:
                return store.finish(ending)
            closing = self.closing(ending, attempt.job.id, attempt.taken.fire_time)
            return store.finish(ending, closing.followers, closing.plan)
        except FenceLostError as lost:
            return lost

    def _write_many(self, write: Callable[[Sequence[Closing]], Sequence[Answer]]) -> None:
        """Write the endings at the head of the queue in one transaction."""
        closings = []
        for attempt, ending, _, _ in islice(self._queue, _MOST_AT_ONCE):
            if ending is None:
                break
            closings.append(self.closing(ending, attempt.job.id, attempt.taken.fire_time))
        for answer in write(closings):
            self._written(self._queue.popleft(), answer)
