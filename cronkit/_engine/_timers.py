"""One heap for all that a scheduler waits for: fire times, ends of timeouts, waiting runs."""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from operator import itemgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, timedelta
    from typing import TypeAlias

    Entry: TypeAlias = tuple[datetime, int, str]
    """An instant, the priority turned round, the key; known by its identity."""

_WHEN, _TURNED, _KEY = itemgetter(0), itemgetter(1), itemgetter(2)

_SLACK = 64

_MANY = 16
"""When so many instants have come, a few of those that are left show whether most have."""

_SAMPLE = 64


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
        heap, armed, entry = self._heap, self._armed, (when, -priority, key)
        overtakes = key in armed
        heappush(heap, entry)
        armed[key] = entry  # only now: should Ctrl-C come in between, an earlier instant holds
        if heap[0] is entry:
            self.sooner = True
        if overtakes:
            self._tidy()

    def disarm(self, key: str) -> None:
        """Wait for `key` no more; an unknown one is no error."""
        if self._armed.pop(key, None) is not None:
            self._tidy()

    def _tidy(self) -> None:
        """Build the heap anew where most of its entries wait for nothing."""
        if len(self._heap) > 2 * len(self._armed) + _SLACK:
            self._take_over(list(self._armed.values()))

    def _take_over(self, entries: list[Entry]) -> None:
        """Have these entries, in any order, in place of all."""
        heapify(entries)
        self._heap = entries

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

    def pop_due(self, now: datetime, due: list[str]) -> None:
        """Disarm the keys whose instant has come, and add them to `due`, in order.

        Each is in `due` before it is disarmed: should Ctrl-C come in between, the caller has it.
        """
        heap, armed = self._heap, self._armed
        while heap:
            entry = heap[0]
            when, _, key = entry
            if when > now:
                return
            if armed.get(key) is entry:
                due.append(key)
                del armed[key]
                if len(due) == _MANY and self._is_burst(now):
                    self._pop_burst(now, due)
                    return
            heappop(heap)

    def _is_burst(self, now: datetime) -> bool:
        """Return whether much of the heap is due, as far as a sample shows."""
        heap = self._heap
        sample = heap[:: len(heap) // _SAMPLE + 1]
        return sum(entry[0] <= now for entry in sample) * 8 > len(sample)

    def _pop_burst(self, now: datetime, due: list[str]) -> None:
        """Do as `pop_due` where much of the heap is due: sort that, instead of popping it."""
        armed = self._armed
        come: list[Entry] = []
        later: list[Entry] = []
        for entry in self._heap:
            (come if entry[0] <= now else later).append(entry)
        # By one part after the other, the last one first: tuples with instants that are equal, and
        # not the same, take five times as long to compare.
        for part in (_KEY, _TURNED, _WHEN):
            come.sort(key=part)
        keys = [entry[2] for entry in come if armed.get(entry[2]) is entry]
        due += keys
        for key in keys:
            del armed[key]
        self._take_over(later)

    def shift(self, delta: timedelta, chosen: Callable[[str], bool]) -> None:
        """Move the instants of the chosen keys by `delta`."""
        for when, turned, key in [each for each in self._armed.values() if chosen(each[2])]:
            self.arm(key, when + delta, -turned)

    def disarm_all(self) -> None:
        """Wait for nothing any more."""
        self._heap.clear()
        self._armed.clear()
