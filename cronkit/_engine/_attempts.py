"""From waiting rows to outcomes: takes rows, hands attempts to executors, and sees to their end.

Everything here happens under the engine's lock.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from cronkit._context import Attempt
from cronkit._engine._hooks import complain
from cronkit._engine._outcomes import Outcomes
from cronkit._engine._tally import Tally
from cronkit.errors import FenceLostError, RunInterruptedError, RunTimeoutError, StoreError
from cronkit.jobs import (
    BY_OUTCOME,
    AttemptFailed,
    AttemptStarted,
    Limits,
    Outcome,
    RunInterrupted,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from cronkit._engine._core import Core
    from cronkit._engine._decider import Decider
    from cronkit._engine._outcomes import Answer, Filling, Unwritten
    from cronkit._engine._timers import Timers
    from cronkit._handle import RunHandle
    from cronkit.abc import Executor
    from cronkit.jobs import Closing, Ending, Run, Taken

WAITING = "\0waiting"
"""The timer for waiting rows; no job id begins with a NUL."""

_TIMEOUT = "\0timeout "
_SUCCEEDED = Outcome.SUCCEEDED  # to look it up in its class costs as much as five fields

_LOOK = timedelta(seconds=1)
"""When to look again at what another scheduler of this process may hold back."""

_TO_DIE = timedelta(seconds=5)
"""How long an attempt may take to end when its executor kills it; then it is abandoned."""


class Attempts:
    """The runs of one scheduler that are going on.

    Attributes:
        outcomes: what they came to, on its way to the store.
        hungry: whether a waiting row may be ready for a free slot.
        overdue: whether a waiting row may have waited for too long.
        running: attempts by run id.
        abandoned: timed-out attempts whose threads go on, by run id.
        handles: handles to complete, by run id.
        late: how many attempts reported after another owner had ended their run.
        submitting: whether attempts are just being handed over; what an executor reports meanwhile
            waits, for the slots are not counted right.
        draining: whether the scheduler is stopping, so that nothing is taken any more.
        tally: counts to show.
    """

    def __init__(self, core: Core, timers: Timers, *, most: int | None) -> None:
        self._core = core
        self._timers = timers
        self._most = most
        self.executors: dict[str | None, Executor] = {}
        self.groups: Mapping[str | None, Collection[str]] = {}
        self.limits = Limits(jobs={}, tags={}, tags_of={})
        self.hungry = False
        self.overdue = False
        self._starved = False
        self.running: dict[str, Attempt] = {}
        self.abandoned: dict[str, Attempt] = {}
        self.outcomes = Outcomes(core, self.running, self.abandoned, self._written, self._fill)
        self.handles: dict[str, list[RunHandle]] = {}
        self._dying: set[str] = set()
        self.late = 0
        self.submitting = False
        self.draining = False
        self.tally = Tally()
        self.decider: Decider | None = None

    def start(self, now: datetime) -> None:
        """Take waiting rows for free slots and start them."""
        core, full = self._core, True
        store = core.store
        for name, job_ids in self.groups.items():
            executor = self.executors[name]
            free = executor.free()
            if self._most is not None:
                free = min(free, self._most - len(self.running))
            if free > 0 and job_ids:
                rows = store.take(core.owner, job_ids, free, self.limits, now)
                if rows:
                    self._launch(rows, executor, now)
                full = full and len(rows) == free
        if full and not getattr(store, "has_company", False):
            self._starved = True  # nothing can start before a slot is free, and then we look again
        else:
            self._look_ahead(now)
        self.hungry = False  # only now: what the store refused is tried again

    def _fill(self, closings: Sequence[Closing]) -> Filling | None:
        """Write endings, and take rows for the slots that they free, in one transaction."""
        core = self._core
        both = getattr(core.store, "finish_and_take", None)
        if both is None or len(self.groups) > 1 or not (self._starved or self.hungry):
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
                attempt = self.begin(taken, now)
                try:
                    executor.submit(attempt)
                except BaseException as error:  # noqa: BLE001 -- it may be anybody's executor
                    self.outcomes.report(attempt, None, error)
        finally:
            self.submitting = False

    def _look_ahead(self, now: datetime) -> None:
        """Wait for the next row that can start later; remember whether one is held back now."""
        core = self._core
        soon = core.store.next_waiting(core.jobs.keys(), now)
        self._starved = soon is not None and soon <= now
        if soon is not None and soon > now:
            self._timers.arm(WAITING, soon)
        elif self._starved and getattr(core.store, "has_company", False):
            self._timers.arm(WAITING, now + _LOOK)  # what ends elsewhere is not told here

    def begin(self, taken: Taken, now: datetime) -> Attempt:
        """Return the attempt of a row that was taken; the caller hands it to an executor."""
        core, run_id = self._core, taken.run_id
        job = core.jobs[taken.job_id]
        attempt = self.running[run_id] = Attempt(taken, job, core.clock)
        if job.timeout is not None:
            self._timers.arm(_TIMEOUT + run_id, taken.started_at + job.timeout)
        if taken.attempt == 1:
            self.tally.started(now - taken.due)
        if not core.hooks.quiet:
            core.tell(AttemptStarted, run_id, now)
        return attempt

    def ring(self, key: str, now: datetime) -> None:
        """Act on a timer that is no job's: waiting rows, or the end of a timeout."""
        if key.startswith(_TIMEOUT):
            self._time_out(key.removeprefix(_TIMEOUT), now)
        else:
            self.hungry = self.overdue = True

    def give_up(self, now: datetime) -> None:
        """End the runs that have waited for too long."""
        for run in self._core.store.give_up(self._core.jobs.keys(), now):
            self.ended_elsewhere(run, now)
        self.overdue = False

    def _time_out(self, run_id: str, now: datetime) -> None:
        attempt = self.running.get(run_id)
        if attempt is None or attempt.job.timeout is None or run_id in self.outcomes.run_ids():
            return  # one that has ended in time may still be on its way to the store
        attempt.token.set("timeout")
        executor = self._executor_of(attempt)
        if executor.kills and run_id not in self._dying:
            self._dying.add(run_id)
            self._timers.arm(_TIMEOUT + run_id, now + _TO_DIE)
            executor.stop(attempt)
            return
        executor.abandon(attempt)
        error = RunTimeoutError(run_id, attempt.job.timeout.total_seconds())
        self.outcomes.abandon(attempt, error, now)
        executor.stop(attempt)

    def stop(self, run_id: str, reason: str) -> None:
        """Ask a run of this scheduler to stop; an unknown one is no error."""
        attempt = self.running.get(run_id)
        if attempt is not None:
            attempt.token.set(reason)
            self._executor_of(attempt).stop(attempt)

    def _executor_of(self, attempt: Attempt) -> Executor:
        return self.executors[attempt.job.runs_on]

    def holds_caller(self, run_id: str) -> bool:
        """Return whether a run needs the very thread that calls this in order to go on."""
        attempt = self.running.get(run_id)
        if attempt is None:
            return False
        held = getattr(self._executor_of(attempt), "holds_caller", None)
        return held is not None and held()

    def replace(self, run_id: str, now: datetime) -> None:
        """Ask a run to stop for a newer one of its job; one that only waited has ended already."""
        if run_id in self.running:
            self.stop(run_id, "overlap")
            return
        if (run := self._core.store.get(run_id)) is not None and run.outcome is not None:
            self.ended_elsewhere(run, now)

    def look_again(self, run_id: str, when: datetime) -> None:
        """Look at the waiting rows at `when` for this one's sake, even if others are held back."""
        self._timers.arm(f"{WAITING} {run_id}", when)

    def _written(self, item: Unwritten, answer: Answer) -> None:
        """Do what follows once the store has an ending."""
        attempt, ending, value, error = item
        if ending is None:  # an abandoned one: its outcome is written already
            self.hungry = self.hungry or self._starved
            return
        core, run_id, outcome = self._core, ending.run_id, ending.outcome
        del self.running[run_id]
        if attempt.job.timeout is not None:
            self._timers.disarm(_TIMEOUT + run_id)
            self._dying.discard(run_id)
        if self._starved:
            self.hungry = True
        if core.awaited:
            core.ended.notify_all()
        if answer and not self._take_in(answer, ending):
            return
        if outcome is None:
            self._waits_again(ending, error)
            return
        self.tally.count(outcome)
        if not core.hooks.quiet or outcome is not _SUCCEEDED:
            core.tell(BY_OUTCOME[outcome], run_id, ending.at, error=error)
        if self.handles:
            self._complete(run_id, value, error)

    def _take_in(self, answer: Answer, ending: Ending) -> bool:
        """Act on what the store has answered; return whether it took the ending."""
        if isinstance(answer, FenceLostError):
            self._shut_out(ending.run_id, answer, ending.at)
            return False
        if self.decider is not None and self.decider.announce(answer, ending.at):
            self.hungry = True
        return True

    def _waits_again(self, ending: Ending, error: BaseException | None) -> None:
        """Look again when the run's next attempt may start, if nobody has cancelled it."""
        core = self._core
        if core.shares:
            with suppress(StoreError):  # else its end is found by who looks at the store
                run = core.store.get(ending.run_id)
                if run is not None and run.outcome is not None:
                    self.ended_elsewhere(run, ending.at)
                    return
        self.hungry, retry_at = True, ending.retry_at
        if retry_at is not None:
            self.look_again(ending.run_id, retry_at)
        core.tell(AttemptFailed, ending.run_id, ending.at, retry_at=retry_at, error=error)

    def _shut_out(self, run_id: str, lost: FenceLostError, now: datetime) -> None:
        """A later owner has the run, or has ended it: what this one came to does not count."""
        self.late += 1
        complain("%s", lost, level=logging.WARNING, run_id=run_id)
        self._core.tell(RunInterrupted, run_id, now, error=lost)
        self._complete(run_id, None, lost)

    def interrupt_all(self, now: datetime) -> None:
        """Judge whatever still goes on as interrupted, and ask it to stop."""
        waiting = self.outcomes.run_ids()
        for run_id, attempt in self.running.items():
            if run_id in waiting:
                continue
            self.stop(run_id, "shutdown")
            self.outcomes.interrupt(attempt, now)

    def let_go(self) -> None:
        """Give up on writing what the store does not take; who waits for it is told."""
        for run_id in self.outcomes.run_ids():
            self._complete(run_id, None, RunInterruptedError(run_id, "store lost"))
        self.outcomes.forget()
        self.running.clear()

    def forget(self) -> None:
        """Know of nothing that goes on: a forked child has none of its parent's attempts."""
        self.outcomes.forget()
        self.running.clear()
        self.abandoned.clear()
        self.handles.clear()
        self._dying.clear()
        self.hungry = self.overdue = self._starved = False

    def ended_elsewhere(self, run: Run, now: datetime) -> None:
        """Tell of a run that ended without an attempt: it was cancelled or gave up waiting."""
        if run.outcome is not None:
            self.tally.count(run.outcome)
        self._core.tell_ended(run, now)
        self._complete(run.id, None, None)

    def _complete(self, run_id: str, value: object, error: BaseException | None) -> None:
        for handle in self.handles.pop(run_id, ()):
            handle.complete(value, error)
