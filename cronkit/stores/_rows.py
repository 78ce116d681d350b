"""The row of a run as a memory store keeps it, and the `Run` that is built from it on request."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import TYPE_CHECKING

import attrs

from cronkit.jobs import NOTHING, LiveRun, Outcome, Run, Taken

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from cronkit.jobs import Decision, Ending, Phase


_SUCCEEDED = Outcome.SUCCEEDED  # to look it up in its class costs as much as five fields

_LATE = timedelta(seconds=5)
"""A step of the clock is noticed this soon at the latest."""


class Row:
    """One run, changed in place from waiting to its outcome.

    A plain class: a year of a minutely job writes half a million of these, and an immutable value
    would have to be built anew at each of the three changes. What was handed out of it (`Taken`)
    and what came back (`Ending`) are gone with the attempt, as far as they say nothing that is not
    here: a burst leaves two objects a run behind, and the garbage collector looks at half as many.

    Attributes:
        attempt: the newest attempt, 0 before the first.
        outcome: the outcome, if it has one.
        ended_at: when it got its outcome; ``None`` before that.
        ending: what its newest attempt came to; ``None``: none has ended, or the run has succeeded
            and there is no more to say.
    """

    __slots__ = (
        "abandoned", "attempt", "decision", "ended_at", "ending", "entered_at", "first_started_at",
        "not_before", "outcome", "owner", "phase", "started_at",
    )  # fmt: skip

    def __init__(self, decision: Decision, now: datetime) -> None:
        self.decision = decision
        self.not_before = decision.not_before
        self.entered_at = now
        self.owner: str | None = None
        self.attempt = 0
        self.started_at: datetime | None = None
        self.first_started_at: datetime | None = None
        self.ending: Ending | None = None
        self.abandoned = False
        outcome = self.outcome = decision.outcome
        self.phase: Phase = "waiting" if outcome is None else "ended"
        self.ended_at = None if outcome is None else now

    def start(self, owner: str, now: datetime) -> Taken:
        """Make the row running, as `owner`'s."""
        decision = self.decision
        self.owner = owner
        self.started_at = now
        first = self.first_started_at
        if first is None:
            first = self.first_started_at = now
        attempt = self.attempt = self.attempt + 1
        self.phase = "running"  # last: by its owner it is found, should Ctrl-C come before a return
        return Taken(
            decision.run_id,
            decision.job_id,
            decision.fire_time,
            decision.not_before,
            attempt,
            now,
            first,
            None,
            decision.origin,
            decision.args,
            decision.kwargs,
        )

    def pull_in(self, now: datetime, delta: timedelta) -> None:
        """Wait no longer than before, though the wall clock was set back by `delta`.

        Every scheduler of the store calls this; the second call finds nothing to do.
        """
        if self.not_before > now:
            if self.ending is None:
                self.not_before = now
            elif self.ending.at > now:
                self.not_before = now + (self.not_before - self.ending.at)
        give_up_at = self.decision.give_up_at
        if give_up_at is not None and give_up_at > now - delta - _LATE:
            self.decision = attrs.evolve(self.decision, give_up_at=give_up_at + delta)

    def wait(self, ending: Ending) -> None:
        """Make the row waiting again, for another attempt."""
        self.phase = "waiting"
        self.ending = ending
        self.owner = None
        self.not_before = ending.retry_at or ending.at

    def end(self, ending: Ending) -> None:
        """Give the row its outcome."""
        outcome = self.outcome = ending.outcome
        self.ended_at = ending.at
        if ending.abandoned:
            self.abandoned = True
        plain = ending.notes is NOTHING and ending.reason is None and ending.error is None
        self.ending = None if plain and outcome is _SUCCEEDED else ending
        self.phase = "ended"  # last: should Ctrl-C come in between, the outcome is written again

    def live(self) -> LiveRun:
        """Return the row as the planner sees it."""
        return LiveRun(
            id=self.decision.run_id,
            running=self.phase != "waiting",
            attempt=self.attempt,
            abandoned=self.abandoned,
        )

    def run(self) -> Run:
        """Return the row as a value."""
        decision, ending = self.decision, self.ending
        first, ended_at = self.first_started_at, self.ended_at
        return Run(
            id=decision.run_id,
            job_id=decision.job_id,
            fire_time=decision.fire_time,
            phase=self.phase,
            outcome=self.outcome,
            reason=decision.reason if ending is None else ending.reason,
            origin=decision.origin,
            attempt=self.attempt,
            not_before=self.not_before if self.phase == "waiting" else None,
            started_at=self.started_at,
            ended_at=ended_at,
            lateness=None if first is None else first - decision.not_before,
            duration=None if first is None or ended_at is None else ended_at - first,
            owner=self.owner,
            error=None if ending is None else ending.error,
            error_type=None if ending is None else ending.error_type,
            blocked_by=decision.blocked_by if decision.outcome is Outcome.SKIPPED else None,
            first=decision.first,
            count=decision.count,
            at_least=decision.at_least,
            abandoned=self.abandoned,
            notes=NOTHING if ending is None else ending.notes,
            key=decision.key,
            priority=decision.priority,
        )


class LiveRows(Collection[LiveRun]):
    """The rows of a job that have not ended, as the planner sees them.

    Thousands may wait; each becomes a value only when the planner looks at it.
    """

    __slots__ = ("_rows",)

    def __init__(self, rows: Collection[Row]) -> None:
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[LiveRun]:
        return (row.live() for row in self._rows)

    def __contains__(self, run: object) -> bool:
        return any(each == run for each in self)
