"""What a scheduler has done since it was made, in numbers to show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cronkit.jobs import Outcome

if TYPE_CHECKING:
    from datetime import timedelta


class Tally:
    """Counts of this process.

    Attributes:
        succeeded: how many runs have succeeded; apart, as most do, and to count in a dict by a
            `StrEnum` takes longer.
        lateness: of the newest first attempt, from its fire time to its start.
        worst_lateness: the greatest so far.
    """

    __slots__ = ("_others", "lateness", "succeeded", "worst_lateness")

    def __init__(self) -> None:
        self.succeeded = 0
        self._others: dict[Outcome, int] = dict.fromkeys(Outcome, 0)
        self.lateness: timedelta | None = None
        self.worst_lateness: timedelta | None = None

    @property
    def outcomes(self) -> dict[Outcome, int]:
        """Ended runs by outcome."""
        return {**self._others, Outcome.SUCCEEDED: self.succeeded}

    def started(self, lateness: timedelta) -> None:
        """Take in the lateness of a run's first attempt."""
        self.lateness = lateness
        if self.worst_lateness is None or lateness > self.worst_lateness:
            self.worst_lateness = lateness

    def count(self, outcome: Outcome) -> None:
        """Take in the outcome of a run."""
        if outcome is Outcome.SUCCEEDED:
            self.succeeded += 1
        else:
            self._others[outcome] += 1
