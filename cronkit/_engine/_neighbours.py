"""Acts on what the heart has seen of the other schedulers of a shared store.

Runs that somebody asked to stop are stopped, what a lost owner held is ended or waits again, and
a change made elsewhere moves the timers here.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, cast

from cronkit._engine._heart import Heart
from cronkit._engine._peers import Peers
from cronkit._engine._verdicts import rerun_at
from cronkit.errors import FenceLostError
from cronkit.jobs import Closing, Ending, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from cronkit._engine._attempts import Attempts
    from cronkit._engine._core import Core
    from cronkit._engine._decider import Decider
    from cronkit.abc import SharedStore
    from cronkit.jobs import Pulse, Run
    from cronkit.triggers import Trigger

_PATIENCE = 0.1
"""Seconds."""

_DOUBT = timedelta(seconds=10)
"""After an outage: for how long a transaction of before it may still be committed."""

_DOUBTFUL = "\0doubtful"
"""What to look at again then, in the place of a run's id."""


class Neighbours:
    """The other schedulers, as one scheduler's engine deals with them.

    Attributes:
        heart: beats and looks; ``None`` without a shared store.
        doubts: when to look whether the store has given us runs that we have not heard of.
    """

    __slots__ = (
        "_attempts", "_changes", "_core", "_decider", "_peers", "_store", "doubts", "heart",
    )  # fmt: skip

    def __init__(self, core: Core, attempts: Attempts, decider: Decider) -> None:
        self._core = core
        self._attempts = attempts
        self._decider = decider
        self._changes: int | None = None
        self._store: SharedStore | None = None
        self._peers: Peers | None = None
        self.doubts: list[datetime] = []
        self.heart: Heart | None = None

    def meet(self, store: SharedStore, wake: Callable[[], None]) -> Heart:
        """Have a heart from now on."""
        self._changes, self._store = None, store
        self.doubts.clear()
        self._peers = Peers(store, self._core.owner, self._triggers)
        self.heart = Heart(store, self._core.clock, self._core.owner, wake, self._peers)
        return self.heart

    def jobs_changed(self) -> None:
        """Have the others know of it."""
        if self._peers is not None:
            self._peers.jobs_changed()

    @property
    def differences(self) -> tuple[str, ...]:
        """Where live schedulers disagree with this one, a sentence each."""
        return () if self.heart is None or self._peers is None else self._peers.differences

    def _triggers(self) -> Mapping[str, Trigger] | None:
        """Return the triggers of the code; ``None`` while the engine is busy, for the heart waits.

        Who stops the heart may hold the lock and wait for it in turn.
        """
        core = self._core
        if not core.lock.acquire(timeout=_PATIENCE):
            return None
        try:
            code = [core.edits.code(each) if core.edits else core.jobs[each] for each in core.jobs]
        finally:
            core.lock.release()
        return {job.id: job.trigger for job in code if job.trigger is not None}

    def begin_anew(self) -> None:
        """Forget what was seen before the store was lost."""
        self._changes = None
        if self.heart is not None:
            self.heart.looks.clear()

    def bury(self, now: datetime) -> None:
        """End what schedulers of this process held that have crashed on a driven clock."""
        store = self._core.store
        for owner in getattr(store, "dead", ()):
            self._expire(cast("SharedStore", store), owner, None, now)

    def came_back(self, now: datetime) -> None:
        """Doubt what the store has of ours, now and once more later.

        The server may get to know of a commit only after we have reconnected.
        """
        self.doubts[:] = now, now + _DOUBT

    def step_failed(self, now: datetime) -> None:
        """Doubt what the store has of ours, in the next step: what was taken may not have begun."""
        if not self.doubts or now < self.doubts[0]:
            self.doubts.insert(0, now)
        self._attempts.look_again(_DOUBTFUL, now)

    def settle_doubts(self, now: datetime) -> None:
        """Have rows wait again that the store gave us, though the answer or the step was lost.

        None of them has begun: what is ours and running in the store, and unknown here, was never
        handed to an executor.

        Raises:
            StoreError: the store does not answer.
        """
        if now < self.doubts[0]:
            return
        core, running = self._core, self._attempts.running
        for run in core.store.runs(ended=False):
            if run.phase == "running" and run.owner == core.owner and run.id not in running:
                ending = Ending(
                    run_id=run.id, at=now, fence=run.fence, outcome=None, retry_at=now,
                    reason="answer_lost", notes=run.notes,
                )  # fmt: skip
                with suppress(FenceLostError):  # somebody has ended it meanwhile
                    core.store.finish(ending)
                self._attempts.hungry = True
        del self.doubts[0]
        if self.doubts:
            self._attempts.look_again(_DOUBTFUL, self.doubts[0])

    @property
    def busy(self) -> bool:
        """Whether there is something to act on."""
        return self.heart is not None and bool(self.heart.looks)

    def act(self, now: datetime) -> None:
        """Act on all that was seen since the last call.

        Raises:
            StoreError: the store does not answer.
        """
        if self.heart is None or self._store is None:
            return
        looks = self.heart.looks
        while looks:
            look = looks[0]
            if isinstance(look, tuple):
                pulse, lost = look
                for owner, beat in lost.items():
                    self._expire(self._store, owner, beat, now)
                self._take_in(pulse)
            else:
                self._core.store.get("")  # only if it fails here too the store is lost
            looks.popleft()

    def _take_in(self, pulse: Pulse) -> None:
        for run_id, reason in pulse.cancelled.items():
            attempt = self._attempts.running.get(run_id)
            if attempt is not None and attempt.token.reason is None:
                self._attempts.stopping.stop(run_id, reason)
        if pulse.changes != self._changes:
            self._decider.refresh()
            self._changes = pulse.changes
        if pulse.ready:
            self._attempts.hungry = self._attempts.overdue = True

    def _expire(self, store: SharedStore, owner: str, beat: int | None, now: datetime) -> None:
        """End what a lost owner held, unless it has given a sign of life meanwhile."""
        reason = "owner_died" if beat is None else "lease_expired"

        def judge(run: Run) -> Closing | None:
            job = self._core.jobs.get(run.job_id)
            if job is None:
                return None
            again = job.on_interrupted == "rerun"
            ending = Ending(
                run_id=run.id,
                at=now,
                fence=run.fence,
                outcome=None if again else Outcome.INTERRUPTED,
                retry_at=rerun_at(run.attempt, now) if again else None,
                reason=reason,
                notes=run.notes,
            )
            return self._attempts.outcomes.closing(ending, run.job_id, run.fire_time)

        for run, decisions in store.expire(owner, beat, judge):
            if run.outcome is None:
                self._attempts.hungry = True
            else:
                self._attempts.endings.elsewhere(run, now)
            if decisions and self._decider.announce(decisions, now):
                self._attempts.hungry = True
