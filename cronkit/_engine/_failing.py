"""Triggers that raise: how often in a row, and for how long they are left alone."""

from __future__ import annotations

from datetime import timedelta

SHORTEST = timedelta(seconds=1)
"""When to ask a trigger again that raised; each further time it is twice as long."""

_LONGEST = timedelta(minutes=5)
_MOST_DOUBLINGS = 16


class Failing(dict[str, int]):
    """The jobs whose trigger raised when it was last asked, with how often in a row."""

    def count(self, job_id: str) -> timedelta:
        """Count that a trigger raised; return after how long to ask it again."""
        times = self[job_id] = self.get(job_id, 0) + 1
        return min(SHORTEST * (1 << min(times - 1, _MOST_DOUBLINGS)), _LONGEST)
