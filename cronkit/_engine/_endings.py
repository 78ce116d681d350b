"""What follows once the store has the ending of an attempt: counts, events, handles, a retry.

Everything here happens under the engine's lock.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import TYPE_CHECKING

from cronkit._engine._hooks import complain
from cronkit._engine._tally import Tally
from cronkit.errors import FenceLostError, StoreError
from cronkit.jobs import BY_OUTCOME, AttemptFailed, Outcome, RunInterrupted

if TYPE_CHECKING:
    from datetime import datetime

    from cronkit._attempt import Attempt
    from cronkit._engine._attempts import Attempts
    from cronkit._engine._core import Core
    from cronkit._engine._decider import Decider
    from cronkit._engine._outcomes import Answer
    from cronkit._handle import RunHandle
    from cronkit.jobs import Ending, Run

_SUCCEEDED = Outcome.SUCCEEDED  # to look it up in its class costs as much as five fields


class Endings:
    """Tells of runs that have ended, and looks for what may start in their place.

    Args:
        core: whom to tell.
        attempts: the attempts that go on; it is told when a waiting row may start.

    Attributes:
        decider: tells of the rows that follow from an ending.
        handles: handles to complete, by run id.
        late: how many attempts reported after another owner had ended their run.
        tally: counts to show.
    """

    __slots__ = ("_attempts", "_core", "decider", "handles", "late", "tally")

    def __init__(self, core: Core, attempts: Attempts) -> None:
        self._core = core
        self._attempts = attempts
        self.decider: Decider | None = None
        self.handles: dict[str, list[RunHandle]] = {}
        self.late = 0
        self.tally = Tally()

    def written(
        self,
        attempt: Attempt,
        ending: Ending | None,
        value: object,
        error: BaseException | None,
        answer: Answer,
    ) -> None:
        """Do what follows once the store has an ending, or has refused it.

        Args:
            attempt: the attempt.
            ending: its ending; ``None``: it was abandoned, and its thread has ended.
            value: what it returned.
            error: what it raised.
            answer: what the store has answered.
        """
        attempts, core = self._attempts, self._core
        if attempts.starved:
            attempts.hungry = True
        run_id = attempt.run_id
        if ending is None:
            attempts.abandoned.pop(run_id, None)
            return
        if attempts.running.get(run_id) is not attempt:
            return  # it was reported twice
        del attempts.running[run_id]
        if attempt.job.rules.timeout is not None:
            attempts.stopping.ended(run_id)
        if core.awaited:
            core.ended.notify_all()
        if answer and not self._take_in(answer, ending):
            return
        outcome = ending.outcome
        if outcome is None:
            self._waits_again(ending, error)
            return
        if outcome is _SUCCEEDED and core.hooks.quiet:
            self.tally.succeeded += 1
        else:
            self.tally.count(outcome)
            core.tell(BY_OUTCOME[outcome], run_id, ending.at, error=error)
        if self.handles:
            self.complete(run_id, value, error)

    def _take_in(self, answer: Answer, ending: Ending) -> bool:
        """Act on what the store has answered; return whether it took the ending."""
        if isinstance(answer, FenceLostError):
            self._shut_out(ending.run_id, answer, ending.at)
            return False
        if self.decider is not None and self.decider.announce(answer, ending.at):
            self._attempts.hungry = True
        return True

    def _waits_again(self, ending: Ending, error: BaseException | None) -> None:
        """Look again when the run's next attempt may start, if nobody has cancelled it."""
        core = self._core
        if core.shares:
            with suppress(StoreError):  # else its end is found by who looks at the store
                run = core.store.get(ending.run_id)
                if run is not None and run.outcome is not None:
                    self.elsewhere(run, ending.at)
                    return
        self._attempts.hungry, retry_at = True, ending.retry_at
        if retry_at is not None:
            self._attempts.look_again(ending.run_id, retry_at)
        core.tell(AttemptFailed, ending.run_id, ending.at, retry_at=retry_at, error=error)

    def _shut_out(self, run_id: str, lost: FenceLostError, now: datetime) -> None:
        """A later owner has the run, or has ended it: what this one came to does not count."""
        self.late += 1
        complain("%s", lost, level=logging.WARNING, run_id=run_id)
        self._core.tell(RunInterrupted, run_id, now, error=lost)
        self.complete(run_id, None, lost)

    def elsewhere(self, run: Run, now: datetime) -> None:
        """Tell of a run that ended without an attempt: it was cancelled or gave up waiting."""
        if run.outcome is not None:
            self.tally.count(run.outcome)
        self._core.tell_ended(run, now)
        self.complete(run.id, None, None)

    def complete(self, run_id: str, value: object, error: BaseException | None) -> None:
        """Let go on who waits for a run."""
        for handle in self.handles.pop(run_id, ()):
            handle.complete(value, error)
