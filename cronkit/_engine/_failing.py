"""What fails again and again is left alone for longer and longer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cronkit.jobs import Backoff

if TYPE_CHECKING:
    from datetime import timedelta

PAUSES = Backoff(base="1s", factor=2, max="5m", jitter="none")
"""A second after the first time, then twice as long each time, up to five minutes."""


class Failing(dict[str, int]):
    """The jobs whose trigger raised when it was last asked, with how often in a row."""

    def count(self, job_id: str) -> timedelta:
        """Count that a trigger raised; return after how long to ask it again."""
        times = self[job_id] = self.get(job_id, 0) + 1
        return PAUSES.delay(job_id, times)
