"""The waiting rows of a memory store, in the order in which they may be taken.

A row that stopped waiting (cancelled, given up) stays in its heap until it comes up.
"""

from __future__ import annotations

from heapq import heappop, heappush
from itertools import count
from typing import TYPE_CHECKING

from cronkit.stores._line import Line

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator
    from datetime import datetime

    from cronkit.stores._line import Entry
    from cronkit.stores._rows import Row

    Timed = list[tuple[datetime, int, Row]]


class WaitingQueue:
    """Waiting rows: those whose time is still to come, those that are ready, those that give up.

    Attributes:
        ready: the rows whose time has come.
        future: a heap of those whose time is still to come.
        held: rows that are ready and held back by a limit, by the name of the limit, so that no
            `take` has to look at all of them.
    """

    __slots__ = ("_giving_up", "_serial", "future", "held", "ready")

    def __init__(self) -> None:
        self.future: Timed = []
        self._giving_up: Timed = []
        self.ready = Line()
        self._serial = count()
        self.held: dict[str, list[Entry]] = {}

    def is_empty(self) -> bool:
        """Return whether no row is here; one that has stopped waiting is, until it comes up."""
        return not (self.future or self.held or self._giving_up or self.ready.count)

    def push(self, rows: Iterable[Row], now: datetime) -> None:
        """Take in waiting rows; one whose time has come is ready at once."""
        numbers, ready = self._serial, []
        for row in rows:
            serial, decision = next(numbers), row.decision
            if row.not_before <= now:
                entry = (-decision.priority, decision.fire_time, decision.job_id, serial, row)
                ready.append(entry)
            else:
                heappush(self.future, (row.not_before, serial, row))
            if decision.give_up_at is not None and row.attempt == 0:
                heappush(self._giving_up, (decision.give_up_at, serial, row))
        if ready:
            self.ready.push(ready)

    def hold(self, limit: str, entry: Entry, released: dict[Row, str]) -> None:
        """Set a row aside that was taken from `ready`, until its limit has room.

        Args:
            limit: the name of the limit.
            entry: the row.
            released: what `release` gave: where another limit had room for this row, that is for
                the next one now.
        """
        heappush(self.held.setdefault(limit, []), entry)
        other = released.get(entry[4], limit)
        if other != limit:
            self.release_one(other, released)

    def release(self, room: Callable[[str], int]) -> dict[Row, str]:
        """Make as many rows ready as their limits have room for by now.

        Args:
            room: gives, for the name of a limit, how many more runs it allows.

        Returns:
            The rows, with the name of the limit that held each.
        """
        released: dict[Row, str] = {}
        for name in list(self.held):
            left = room(name)
            while left > 0 and self.release_one(name, released):
                left -= 1
        return released

    def release_one(self, name: str, released: dict[Row, str]) -> bool:
        """Make the first row ready that a limit holds; return whether there was one."""
        heap, found = self.held.get(name, []), False
        while heap and not found:
            entry = heappop(heap)
            if entry[4].phase == "waiting":
                self.ready.push([entry])
                released[entry[4]] = name
                found = True
        if not heap:
            self.held.pop(name, None)
        return found

    def give_up(
        self, now: datetime, job_ids: Collection[str], going: Callable[[Row], bool]
    ) -> Iterator[Row]:
        """Yield rows of these jobs that have waited for too long, and let go of them.

        Where no run of the job is `going` on any more, only a slot is missing: such a row stays.
        """
        others = []
        while self._giving_up and self._giving_up[0][0] <= now:
            entry = heappop(self._giving_up)
            if entry[2].decision.job_id not in job_ids:
                others.append(entry)
            elif entry[2].phase == "waiting" and entry[2].attempt == 0 and going(entry[2]):
                yield entry[2]
        for entry in others:
            heappush(self._giving_up, entry)

    def rearrange(self, now: datetime) -> None:
        """Put each row in its place again, after the times of some have changed."""
        rows = {serial: row for _, serial, row in self.future}
        for entries in self._in_time():
            rows |= {entry[3]: entry[4] for entry in entries}
        self.future, self.ready, self._giving_up, self.held = [], Line(), [], {}
        self.push((row for _, row in sorted(rows.items()) if row.phase == "waiting"), now)

    def next(self, now: datetime, job_ids: Collection[str]) -> datetime | None:
        """Return when a row can start or gives up; `now` where one is ready and held back."""
        if self.is_empty():
            return None
        self.ripen(now)
        if any(
            job_id in job_ids and row.phase == "waiting"
            for entries in self._in_time()
            for _, _, job_id, _, row in entries
        ):
            return now
        found = [_first(heap, now, job_ids) for heap in (self.future, self._giving_up) if heap]
        return min((each for each in found if each is not None), default=None)

    def _in_time(self) -> list[Iterable[Entry]]:
        """Return all rows whose time has come, those that a limit holds back too."""
        return [self.ready, *self.held.values()]

    def ripen(self, now: datetime) -> None:
        """Make rows ready whose time has come."""
        future, ready = self.future, []
        while future and future[0][0] <= now:
            _, serial, row = heappop(future)
            if row.phase == "waiting":
                decision = row.decision
                entry = (-decision.priority, decision.fire_time, decision.job_id, serial, row)
                ready.append(entry)
        if ready:
            self.ready.push(ready)


def _first(heap: Timed, now: datetime, job_ids: Collection[str]) -> datetime | None:
    while heap and heap[0][2].phase != "waiting":
        heappop(heap)
    if heap and heap[0][0] > now and heap[0][2].decision.job_id in job_ids:
        return heap[0][0]
    return min(
        (
            when
            for when, _, row in heap
            if when > now and row.phase == "waiting" and row.decision.job_id in job_ids
        ),
        default=None,
    )
