"""A line of rows in order, quick where they come in the order in which they go.

That is how they come: a burst of fire times is decided in the order in which its runs start. A heap
would compare each row with a dozen others on its way out, here the next one is simply the next.
"""

from __future__ import annotations

from bisect import insort
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from typing import TypeAlias

    from cronkit.stores._rows import Row

    Entry: TypeAlias = tuple[int, datetime, str, int, Row]
    """Priority (the highest first), fire time, job, and a number that tells equals apart."""

_FEW = 8
"""So many entries out of order are put in their places one by one; more are merged at once."""


class Line:
    """Entries from the smallest to the greatest; `pop` takes the smallest.

    Attributes:
        count: how many there are.
    """

    __slots__ = ("_entries", "_late", "count")

    def __init__(self) -> None:
        self.count = 0
        self._entries: deque[Entry] = deque()
        self._late: list[Entry] = []  # what came out of order since the last `pop`

    def __iter__(self) -> Iterator[Entry]:
        """Yield the entries, in no order."""
        yield from self._entries
        yield from self._late

    def push(self, entries: list[Entry]) -> None:
        """Put entries in their places, one at least; the list is sorted for it."""
        entries.sort()
        line = self._entries
        if not line or line[-1] < entries[0]:
            line += entries
        else:
            self._late += entries
        self.count += len(entries)

    def pop(self) -> Entry:
        """Take the smallest entry.

        Raises:
            IndexError: there is none.
        """
        if self._late:
            self._merge()
        entry = self._entries.popleft()
        self.count -= 1
        return entry

    def _merge(self) -> None:
        late, self._late = self._late, []
        if len(late) <= _FEW:
            for entry in late:
                insort(self._entries, entry)
        else:
            self._entries = deque(sorted([*self._entries, *late]))
