"""The row of a run as a memory store keeps it, and the `Run` that is built from it on request."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import TYPE_CHECKING

import attrs

from cronkit.jobs import LiveRun, Outcome, Run, Taken

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from cronkit.jobs import Decision, Ending, Phase


_LATE = timedelta(seconds=5)
"""A step of the clock is noticed this soon at the latest."""


class Row:
    """One run, changed in place from waiting to its outcome.

    A plain class: a year of a minutely job writes half a million of these, and an immutable value
    would have to be built anew at each of the three changes.
    """

    __slots__ = (
        "abandoned", "decision", "ending", "entered_at", "not_before", "owner", "phase", "taken",
    )  # fmt: skip

    def __init__(self, decision: Decision, now: datetime) -> None:
        self.decision = decision
        self.not_before = decision.not_before
        self.phase: Phase = "waiting" if decision.outcome is None else "ended"
        self.entered_at = now
        self.owner: str | None = None
        self.taken: Taken | None = None
        self.ending: Ending | None = None
        self.abandoned = False

    @property
    def attempt(self) -> int:
        """The newest attempt, 0 before the first."""
        return 0 if self.taken is None else self.taken.attempt

    @property
    def outcome(self) -> Outcome | None:
        """The outcome, if it has one."""
        return self.decision.outcome if self.ending is None else self.ending.outcome

    @property
    def ended_at(self) -> datetime | None:
        """When it got its outcome; ``None`` before that."""
        if self.outcome is None:
            return None
        return self.entered_at if self.ending is None else self.ending.at

    def can_start(self, now: datetime) -> bool:
        """Return whether it waits, and its time has come."""
        return self.phase == "waiting" and self.not_before <= now

    def start(self, owner: str, now: datetime) -> Taken:
        """Make the row running, as `owner`'s."""
        decision, before = self.decision, self.taken
        self.owner = owner
        taken = self.taken = Taken(
            decision.run_id,
            decision.job_id,
            decision.fire_time,
            decision.not_before,
            1 if before is None else before.attempt + 1,
            now,
            now if before is None else before.first_started_at,
            None,
            decision.origin,
            decision.args,
            decision.kwargs,
        )
        self.phase = "running"  # last: by its owner it is found, should Ctrl-C come before a return
        return taken

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
        self.phase = "ended"
        self.ending = ending
        if ending.abandoned:
            self.abandoned = True

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
        decision, ending, taken = self.decision, self.ending, self.taken
        first = None if taken is None else taken.first_started_at
        ended_at = self.ended_at
        facts: Mapping[str, object] = {} if ending is None else ending.notes
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
            started_at=None if taken is None else taken.started_at,
            ended_at=ended_at,
            lateness=None if first is None else first - decision.not_before,
            duration=None if first is None or ended_at is None else ended_at - first,
            owner=self.owner,
            fence=None if taken is None else taken.fence,
            error=None if ending is None else ending.error,
            error_type=None if ending is None else ending.error_type,
            blocked_by=decision.blocked_by if decision.outcome is Outcome.SKIPPED else None,
            first=decision.first,
            count=decision.count,
            at_least=decision.at_least,
            abandoned=self.abandoned,
            notes=facts,
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
