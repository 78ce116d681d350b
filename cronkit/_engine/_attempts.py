"""From waiting rows to outcomes: takes rows, hands attempts to executors, and sees to their end.

Everything here happens under the engine's lock.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from cronkit._attempt import Attempt
from cronkit._engine._endings import Endings
from cronkit._engine._outcomes import Outcomes
from cronkit._engine._stopping import TIMEOUT, Stopping
from cronkit.errors import RunInterruptedError
from cronkit.jobs import AttemptStarted, Limits

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from cronkit._engine._core import Core
    from cronkit._engine._outcomes import Filling
    from cronkit._engine._timers import Timers
    from cronkit.abc import Executor
    from cronkit.jobs import Closing, Taken

WAITING = "\0waiting"
"""The timer for waiting rows; no job id begins with a NUL."""

_LOOK = timedelta(seconds=1)
"""When to look again at what another scheduler of this process may hold back."""


class Attempts:
    """The runs of one scheduler that are going on.

    Attributes:
        outcomes: what they came to, on its way to the store.
        endings: does what follows once the store has it.
        stopping: asks them to stop.
        hungry: whether a waiting row may be ready for a free slot.
        starved: whether a waiting row is ready and no slot, or limit, lets it start.
        overdue: whether a waiting row may have waited for too long.
        running: attempts by run id.
        abandoned: timed-out attempts whose threads go on, by run id.
        submitting: whether attempts are just being handed over; what an executor reports meanwhile
            waits, for the slots are not counted right.
        draining: whether the scheduler is stopping, so that nothing is taken any more.
    """

    def __init__(self, core: Core, timers: Timers, *, most: int | None) -> None:
        self._core = core
        self._timers = timers
        self._most = most
        self.groups: Mapping[str | None, Collection[str]] = {}
        self.limits = Limits(jobs={}, tags={}, tags_of={})
        self.hungry = False
        self.overdue = False
        self.starved = False
        self.running: dict[str, Attempt] = {}
        self.abandoned: dict[str, Attempt] = {}
        self.endings = Endings(core, self)
        written = self.endings.written
        self.outcomes = Outcomes(core, self.running, self.abandoned, written, self._fill)
        self.stopping = Stopping(timers, self.running, self.outcomes)
        self.executors = self.stopping.executors
        self.submitting = False
        self.draining = False

    def start(self, now: datetime) -> None:
        """Take waiting rows for free slots and start them."""
        core, full = self._core, True
        for name, job_ids in self.groups.items():
            executor = self.executors[name]
            free = self.room(executor)
            if free > 0 and job_ids:
                rows = core.store.take(core.owner, job_ids, free, self.limits, now)
                if rows:
                    self._launch(rows, executor, now)
                if len(rows) < free:
                    full = False
        if full and not getattr(core.store, "has_company", False):
            # Nothing can start before a slot is free, and then we look again.
            self.starved, self.hungry = True, False
        else:
            self._look_ahead(now)

    def begin_taken(
        self,
        rows: Sequence[Taken],
        room: int,
        more: bool,  # noqa: FBT001 -- what the store has answered, as it is
        now: datetime,
    ) -> None:
        """Start what the store has handed out as it decided; all jobs run on one executor.

        Args:
            rows: what it has handed out.
            room: for how many it was asked.
            more: whether other rows wait.
            now: the present instant.
        """
        self.hungry = self.starved = False  # first: an attempt may end, and ask for runs, meanwhile
        if rows:
            self._launch(rows, self.executors[None], now)
        if more:
            if len(rows) == room and not getattr(self._core.store, "has_company", False):
                self.starved = True
            else:
                self._look_ahead(now)

    def room(self, executor: Executor) -> int:
        """Return how many attempts an executor may be given now."""
        free = executor.free()
        return free if self._most is None else min(free, self._most - len(self.running))

    def _fill(self, closings: Sequence[Closing]) -> Filling | None:
        """Write endings, and take rows for the slots that they free, in one transaction."""
        core = self._core
        both = getattr(core.store, "finish_and_take", None)
        if both is None or len(self.groups) > 1 or not (self.starved or self.hungry):
            return None
        ((name, job_ids),) = self.groups.items()
        executor, now = self.executors[name], core.clock.now()
        free = executor.free()
        if self._most is not None:
            free = min(free, self._most - len(self.running) + len(closings))
        if free < 1:
            return None
        answers, rows = both(closings, core.owner, job_ids, free, limits=self.limits, now=now)

        def start() -> None:
            self._launch(rows, executor, now)
            self.hungry = len(rows) < free

        return answers, start

    def _launch(self, rows: Sequence[Taken], executor: Executor, now: datetime) -> None:
        """Hand what was taken to its executor; an attempt that it refuses fails alone."""
        self.submitting = True
        try:
            for taken in rows:
                try:
                    executor.submit(self.begin(taken, now))
                except BaseException as error:  # it may be anybody's executor
                    attempt = self.running.get(taken.run_id)
                    if attempt is None:
                        raise  # what has not begun is taken back by the next step
                    self.outcomes.report(attempt, None, error)
        finally:
            self.submitting = False

    def _look_ahead(self, now: datetime) -> None:
        """Wait for the next row that can start later; remember whether one is held back now."""
        core = self._core
        soon = core.store.next_waiting(core.jobs.keys(), now)
        self.starved = soon is not None and soon <= now
        if soon is not None and soon > now:
            self._timers.arm(WAITING, soon)
        elif self.starved and getattr(core.store, "has_company", False):
            self._timers.arm(WAITING, now + _LOOK)  # what ends elsewhere is not told here
        self.hungry = False  # only now: what the store refused is tried again

    def begin(self, taken: Taken, now: datetime) -> Attempt:
        """Return the attempt of a row that was taken; the caller hands it to an executor."""
        core = self._core
        job = core.jobs[taken.job_id]
        attempt = self.running[taken.run_id] = Attempt(taken, job, core.clock)
        timeout = job.rules.timeout
        if timeout is not None:
            self.stopping.limit(attempt, timeout)
        if taken.attempt == 1:
            self.endings.tally.started(now - taken.due)
        if not core.hooks.quiet:
            core.tell(AttemptStarted, taken.run_id, now)
        return attempt

    def ring(self, key: str, now: datetime) -> None:
        """Act on a timer that is no job's: waiting rows, or the end of a timeout."""
        if key.startswith(TIMEOUT):
            self.stopping.time_out(key.removeprefix(TIMEOUT), now)
        else:
            self.hungry = self.overdue = True

    def give_up(self, now: datetime) -> None:
        """End the runs that have waited for too long."""
        for run in self._core.store.give_up(self._core.jobs.keys(), now):
            self.endings.elsewhere(run, now)
        self.overdue = False

    def look_again(self, run_id: str, when: datetime) -> None:
        """Look at the waiting rows at `when` for this one's sake, even if others are held back."""
        self._timers.arm(f"{WAITING} {run_id}", when)

    def interrupt_all(self, now: datetime) -> None:
        """Judge whatever still goes on as interrupted, and ask it to stop."""
        waiting = self.outcomes.run_ids()
        for run_id, attempt in self.running.items():
            if run_id in waiting:
                continue
            self.stopping.stop(run_id, "shutdown")
            self.outcomes.interrupt(attempt, now)

    def let_go(self) -> None:
        """Give up on writing what the store does not take; who waits for it is told."""
        for run_id in self.outcomes.run_ids():
            self.endings.complete(run_id, None, RunInterruptedError(run_id, "store lost"))
        self.outcomes.forget()
        self.running.clear()

    def forget(self) -> None:
        """Know of nothing that goes on: a forked child has none of its parent's attempts."""
        self.outcomes.forget()
        self.running.clear()
        self.abandoned.clear()
        self.endings.handles.clear()
        self.stopping.forget()
        self.hungry = self.overdue = self.starved = False
