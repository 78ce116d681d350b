"""What attempts come to: judged, and written in order, many in one transaction, until it is done.

Executors report from any thread into a queue; nothing is judged in an executor. While the store does not answer, endings wait here with the instant at which they came about.
"""

from __future__ import annotations

from collections import deque
from itertools import islice
from typing import TYPE_CHECKING, TypeAlias

from cronkit._engine._verdicts import follow_ups, judge
from cronkit.errors import FenceLostError, RunInterruptedError
from cronkit.jobs import NOTHING, Closing, Ending, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from datetime import datetime

    from cronkit._attempt import Attempt
    from cronkit._engine._core import Core
    from cronkit.jobs import Decision

Answer: TypeAlias = "Sequence[Decision] | FenceLostError"
Filling: TypeAlias = "tuple[Sequence[Answer], Callable[[], None]]"
Unwritten: TypeAlias = "tuple[Attempt, Ending | None, object, BaseException | None]"
"""An attempt, its ending, what it returned and what it raised; no ending: its thread has ended."""

_MOST_AT_ONCE = 200
_SUCCEEDED = Outcome.SUCCEEDED  # to look it up in its class costs as much as five fields


class Outcomes:
    """The endings of attempts on their way to the store.

    Args:
        core: the scheduler's store and jobs.
        running: the attempts that go on, by run id.
        abandoned: those whose outcome is known, though their threads go on, by run id.
        written: is told of each ending once the store has it, or has refused it for good.
        fill: writes endings and takes rows for the slots that become free, in one transaction;
            gives the answers, and what starts these rows; ``None``: nothing waits for a slot.

    Attributes:
        reports: what attempts came to, not yet judged.
        unwritten: what was judged and is not in the store yet.
        followers: the jobs that follow each job.
    """

    __slots__ = (
        "_abandoned",
        "_core",
        "_fill",
        "_many",
        "_running",
        "_written",
        "followers",
        "reports",
        "unwritten",
    )

    def __init__(
        self,
        core: Core,
        running: Mapping[str, Attempt],
        abandoned: dict[str, Attempt],
        written: Callable[[Attempt, Ending | None, object, BaseException | None, Answer], None],
        fill: Callable[[Sequence[Closing]], Filling | None],
    ) -> None:
        self._core = core
        self._running = running
        self._abandoned = abandoned
        self.reports: deque[tuple[Attempt, object, BaseException | None]] = deque()
        self._many: Callable[[Sequence[Closing]], Sequence[Answer]] | None
        self._many = getattr(core.store, "finish_many", None)
        self.unwritten: deque[Unwritten] = deque()
        self._written = written
        self._fill = fill
        self.followers: Mapping[str, Collection[str]] = {}

    def __len__(self) -> int:
        return len(self.unwritten)

    def report(self, attempt: Attempt, value: object, error: BaseException | None) -> None:
        """Take what an attempt came to; any thread."""
        self.reports.append((attempt, value, error))
        self._core.wake()

    def collect(self, now: datetime) -> None:
        """Judge what attempts came to since the last call; `write` writes it."""
        reports, queue = self.reports, self.unwritten
        while reports:
            judged = self._judge(*reports[0], now)
            if judged is not None:
                queue.append(judged)
            reports.popleft()  # only now: on a driven clock Ctrl-C may come at any line

    def settle(self, now: datetime) -> None:
        """Judge what attempts came to, and write it at once; what the store does not take stays.

        Raises:
            StoreError: the store does not answer.
        """
        reports, queue, store = self.reports, self.unwritten, self._core.store
        while reports and not queue and not self.followers:
            report = attempt, value, error = reports[0]
            run_id = attempt.run_id
            if error is not None or self._running.get(run_id) is not attempt:
                break
            notes = attempt.notes if attempt.facts else NOTHING
            ending = Ending(run_id, now, attempt.taken.fence, _SUCCEEDED, notes)
            answer: Answer
            try:
                answer = store.finish(ending)
            except FenceLostError as lost:
                answer = _meaning(lost, attempt, ending, self._core)
            except BaseException:
                queue.append((attempt, ending, value, None))  # until the store has it
                reports.popleft()
                raise
            self._written(attempt, ending, value, None, answer)
            # Only now: on a driven clock Ctrl-C may come at any line. Who stops the scheduler
            # meanwhile, in a signal handler, has taken the report.
            if reports and reports[0] is report:
                reports.popleft()
        if reports or queue:
            self.collect(now)
            self.write()

    def _judge(
        self, attempt: Attempt, value: object, error: BaseException | None, now: datetime
    ) -> Unwritten | None:
        """Return what to write of a report; ``None``: its attempt counts no more."""
        run_id = attempt.run_id
        if self._abandoned and self._abandoned.get(run_id) is attempt:
            return attempt, None, None, None
        if self._running.get(run_id) is not attempt:
            return None
        if error is None:
            fence, notes = attempt.taken.fence, attempt.notes
            ending = Ending(run_id, now, fence, _SUCCEEDED, notes)
            return attempt, ending, value, None
        last = attempt.job.id not in self._core.jobs
        try:
            ending = judge(attempt, error, now, last=last)
        except BaseException as broken:  # noqa: BLE001 -- the job boundary: its class is the user's own
            ending = judge(attempt, broken, now, last=last)
        return attempt, ending, value, error

    def abandon(self, attempt: Attempt, error: BaseException, now: datetime) -> None:
        """Judge an attempt that goes on though its time is over."""
        self._abandoned[attempt.run_id] = attempt
        last = attempt.job.id not in self._core.jobs
        ending = judge(attempt, error, now, abandoned=True, last=last)
        self.unwritten.append((attempt, ending, None, error))

    def interrupt(self, attempt: Attempt, now: datetime) -> None:
        """Judge an attempt that goes on though the scheduler stops."""
        run_id, fence, reason = attempt.run_id, attempt.taken.fence, "shutdown"
        ending = Ending(run_id, now, fence, Outcome.INTERRUPTED, reason=reason, notes=attempt.notes)
        self.unwritten.append((attempt, ending, None, RunInterruptedError(run_id, reason)))

    def run_ids(self) -> set[str]:
        """Return the runs whose endings wait."""
        return {attempt.run_id for attempt, _, _, _ in self.unwritten}

    def write(self, *, fill: bool = False) -> None:
        """Write all that waits; what the store does not take stays.

        Args:
            fill: whether rows may be taken meanwhile for the slots that become free.

        Raises:
            StoreError: the store does not answer.
        """
        queue, store = self.unwritten, self._core.store
        while queue:
            first = queue[0]
            ending = first[1]
            if ending is None:
                store.settle(first[0].run_id)
                self._follow(first, ())
            elif self._many is None or (len(queue) == 1 and not fill):
                answer: Answer
                try:
                    if self.followers:
                        answer = self._with_followers(first[0], ending)
                    else:
                        answer = store.finish(ending)
                except FenceLostError as lost:
                    answer = _meaning(lost, first[0], ending, self._core)
                self._follow(first, answer)
            else:
                self._write_many(self._many, fill=fill)

    def _follow(self, first: Unwritten, answer: Answer) -> None:
        """Do what follows from the ending at the head of the queue, and let go of it."""
        self._written(*first, answer)
        if (
            self.unwritten and self.unwritten[0] is first
        ):  # else a report made meanwhile has seen to it
            self.unwritten.popleft()

    def forget(self) -> None:
        """Write nothing of what waits."""
        self.reports.clear()
        self.unwritten.clear()

    def closing(self, ending: Ending, job_id: str, fire_time: datetime) -> Closing:
        """Return an ending with what follows from it."""
        followers: tuple[str, ...] = ()
        if self.followers and ending.outcome is not None:
            followers = tuple(self.followers.get(job_id, ()))
        if not followers:
            return Closing(ending=ending)
        plan = follow_ups(self._core.job_of, ending, job_id, fire_time)
        return Closing(ending=ending, followers=followers, plan=plan)

    def _with_followers(self, attempt: Attempt, ending: Ending) -> Sequence[Decision]:
        closing = self.closing(ending, attempt.job.id, attempt.taken.fire_time)
        return self._core.store.finish(ending, closing.followers, closing.plan)

    def _write_many(
        self, write: Callable[[Sequence[Closing]], Sequence[Answer]], *, fill: bool
    ) -> None:
        """Write the endings at the head of the queue in one transaction."""
        closings = []
        for attempt, ending, _, _ in islice(self.unwritten, _MOST_AT_ONCE):
            if ending is None:
                break
            closings.append(self.closing(ending, attempt.job.id, attempt.taken.fire_time))
        filling = self._fill(closings) if fill else None
        answers, start = (write(closings), None) if filling is None else filling
        for answer in answers:
            self._written(*self.unwritten.popleft(), answer)
        if start is not None:
            start()


def _meaning(lost: FenceLostError, attempt: Attempt, ending: Ending, core: Core) -> Answer:
    """Return what a refusal means: another owner has the run, or the store has the ending.

    On a driven clock Ctrl-C may come between its answer and what follows from it.
    """
    run = core.store.get(attempt.run_id)
    if (
        run is not None
        and run.outcome is not None
        and run.outcome is ending.outcome
        and (run.owner, run.attempt) == (core.owner, attempt.taken.attempt)
    ):
        return ()
    return lost.with_traceback(None)  # an answer: nothing broke
