"""Whose sign of life has been missing for a whole lease. Pure: beats and seconds in, names out.

A beat is a number that its owner raises in the store. Only whether it has changed counts, on the
observer's own monotonic clock: the clocks of two hosts are never compared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cronkit.jobs import Pulse

_LONGEST_GAP = 0.5
"""Of a lease. An observer that looked away for longer was stopped itself: it begins anew."""


class Leases:
    """What one observer has seen of the beats of others.

    Args:
        seconds: how long one beat lasts.

    Attributes:
        alive: the owners that were seen to beat, and are not lost.
    """

    __slots__ = ("_last_look", "_seconds", "_seen", "alive")

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._seen: dict[str, tuple[int | None, float]] = {}
        self._last_look: float | None = None
        self.alive: frozenset[str] = frozenset()

    def look(self, pulse: Pulse, at: float) -> dict[str, int | None]:
        """Return the owners that are lost, with the beat that was seen for too long.

        An owner that is known to be dead is lost at once; its beat is ``None``. One that stays in
        the pulse, because nobody here knows its jobs, is named again after another lease.

        Args:
            pulse: what the store shows.
            at: now, in seconds on a clock that never steps.
        """
        if self._last_look is not None and at - self._last_look > self._seconds * _LONGEST_GAP:
            self._seen.clear()
        self._last_look = at
        seen: dict[str, tuple[int | None, float]] = {}
        lost: dict[str, int | None] = {}
        moved = set(self.alive)
        for owner, shown in pulse.beats.items():
            beat = None if owner in pulse.dead else shown
            known, since = self._seen.get(owner, (-1, at))
            if known != beat:
                since = at
                if owner in self._seen:
                    moved.add(owner)
            if at - since >= self._seconds or (beat is None and known is not None):
                lost[owner], since = beat, at
            seen[owner] = (beat, since)
        self._seen = seen
        self.alive = frozenset(moved & seen.keys() - lost.keys() - pulse.dead)
        return lost

    def restart(self) -> None:
        """Begin anew: the store has not answered, so nobody could be seen to live."""
        self._seen.clear()
        self._last_look = None
