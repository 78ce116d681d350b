"""What a scheduler has done since it was made, in numbers to show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cronkit.jobs import Outcome

if TYPE_CHECKING:
    from datetime import timedelta


class Tally:
    """Counts of this process.

    Attributes:
        outcomes: ended runs by outcome.
        lateness: of the newest first attempt, from its fire time to its start.
        worst_lateness: the greatest so far.
    """

    __slots__ = ("lateness", "outcomes", "worst_lateness")

    def __init__(self) -> None:
        self.outcomes: dict[Outcome, int] = dict.fromkeys(Outcome, 0)
        self.lateness: timedelta | None = None
        self.worst_lateness: timedelta | None = None

    def started(self, lateness: timedelta) -> None:
        """Take in the lateness of a run's first attempt."""
        self.lateness = lateness
        if self.worst_lateness is None or lateness > self.worst_lateness:
            self.worst_lateness = lateness

    def count(self, outcome: Outcome) -> None:
        """Take in the outcome of a run."""
        self.outcomes[outcome] += 1
