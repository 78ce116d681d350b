"""One heap for all that a scheduler waits for: fire times, ends of timeouts, waiting runs."""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, timedelta
    from typing import TypeAlias

    Entry: TypeAlias = tuple[datetime, int, str]
    """An instant, the priority turned round, the key; known by its identity."""

_SLACK = 64

_MANY = 16
"""When more instants than this have come, and not far fewer than are left, all are looked through."""


class Timers:
    """Instants by key; one instant a key, the last one armed.

    A disarmed or overtaken entry stays in the heap until it comes up; when such entries outnumber
    the others the heap is built anew, so that a million reschedules hold no memory.

    Attributes:
        sooner: set when an instant is armed that comes before all others; whoever waits for the
            earliest one sets it back.
    """

    __slots__ = ("_armed", "_heap", "sooner")

    def __init__(self) -> None:
        self.sooner = False
        self._heap: list[Entry] = []
        self._armed: dict[str, Entry] = {}

    def __len__(self) -> int:
        return len(self._armed)

    def arm(self, key: str, when: datetime, priority: int = 0) -> None:
        """Wait for `when`; an earlier instant of the key is forgotten.

        Args:
            key: what waits.
            when: an instant in UTC.
            priority: among keys of one instant the higher comes first, then the smaller key.
        """
        heap, entry = self._heap, (when, -priority, key)
        self._armed[key] = entry
        heappush(heap, entry)
        if heap[0] is entry:
            self.sooner = True
        if len(heap) > 2 * len(self._armed) + _SLACK:
            self._heap = list(self._armed.values())
            heapify(self._heap)

    def disarm(self, key: str) -> None:
        """Wait for `key` no more; an unknown one is no error."""
        self._armed.pop(key, None)

    def when(self, key: str) -> datetime | None:
        """Return the instant of a key."""
        entry = self._armed.get(key)
        return None if entry is None else entry[0]

    def next(self) -> datetime | None:
        """Return the earliest instant."""
        heap, armed = self._heap, self._armed
        while heap:
            entry = heap[0]
            if armed.get(entry[2]) is entry:
                return entry[0]
            heappop(heap)
        return None

    def pop_due(self, now: datetime) -> list[str]:
        """Disarm and return the keys whose instant has come, in order."""
        heap, armed = self._heap, self._armed
        due: list[str] = []
        while heap and heap[0][0] <= now:
            entry = heappop(heap)
            key = entry[2]
            if armed.get(key) is entry:
                del armed[key]
                due.append(key)
                if len(due) > _MANY and len(due) * _MANY > len(heap):
                    return due + self._pop_burst(now)
        return due

    def _pop_burst(self, now: datetime) -> list[str]:
        """Do as `pop_due` where much of the heap is due: sort that, instead of popping it."""
        heap, armed = self._heap, self._armed
        self._heap = [entry for entry in heap if entry[0] > now]
        heapify(self._heap)
        due = []
        for entry in sorted(entry for entry in heap if entry[0] <= now):
            key = entry[2]
            if armed.get(key) is entry:
                del armed[key]
                due.append(key)
        return due

    def shift(self, delta: timedelta, chosen: Callable[[str], bool]) -> None:
        """Move the instants of the chosen keys by `delta`."""
        for when, turned, key in [each for each in self._armed.values() if chosen(each[2])]:
            self.arm(key, when + delta, -turned)

    def disarm_all(self) -> None:
        """Wait for nothing any more."""
        self._heap.clear()
        self._armed.clear()
