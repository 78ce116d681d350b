"""What a memory store keeps of a job: its state, the runs that are live, and those that have ended."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import attrs

from cronkit.jobs import KEEP, JobState, Rewind
from cronkit.stores._rows import LiveRows

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from cronkit.jobs import Verdict
    from cronkit.stores._rows import Row

KEEP_RUNS = 100
"""How many ended runs of a job are kept unless the job says otherwise."""


class JobRow(JobState):
    """What is kept of a job: its state, and with it its runs.

    Attributes:
        going: how many of its runs go on.
        live_rows: its runs that have not ended, by id; ``None``: there is none, and one stands
            here by itself. That is so with most jobs, and a dict takes 230 bytes.
        history: those that have, oldest first; ``None`` and one as in `live_rows`, for most jobs of
            a burst run once, and a deque takes 600 bytes. The ``maxlen`` of the deque says how many
            are kept; without one it is `KEEP_RUNS`.
    """

    __slots__ = ("going", "history", "live_rows")

    def __init__(self, job_id: str, now: datetime) -> None:
        self.job_id = job_id  # each field here: by the words of `JobState` it takes twice as long
        self.first_seen = now
        self.mark = self.pause = self.rewind = self.edit = None
        self.planned = 0
        self.live = ()
        self.going = 0
        self.live_rows: dict[str, Row] | Row | None = None
        self.history: deque[Row] | Row | None = None

    @property
    def unended(self) -> Collection[Row]:
        """Its runs that have not ended, oldest first."""
        live = self.live_rows
        if isinstance(live, dict):
            return live.values()
        return () if live is None else (live,)

    @property
    def ended(self) -> Collection[Row]:
        """Its runs that have ended and are kept, oldest first."""
        history = self.history
        if isinstance(history, deque):
            return history
        return () if history is None else (history,)

    def add(self, row: Row) -> None:
        """Have a run among those that have not ended."""
        live = self.live_rows
        if live is None:
            self.live_rows = row
        elif isinstance(live, dict):
            live[row.decision.run_id] = row
        else:
            self.live_rows = {each.decision.run_id: each for each in (live, row)}

    def read(self) -> JobState:
        """Return the state, with the runs that are live now."""
        self.live = () if self.live_rows is None else LiveRows(self.unended)
        return self

    def copy(self) -> JobState:
        """Return the state as it is now."""
        facts = {each.name: getattr(self, each.name) for each in attrs.fields(JobState)}
        return JobState(**{**facts, "live": tuple(LiveRows(self.unended))})

    def change(self, verdict: Verdict) -> None:
        """Take over the pause and the edit of a verdict, if it has any."""
        if verdict.pause != KEEP:
            self.pause = verdict.pause
        if verdict.edit != KEEP:
            self.edit = verdict.edit

    def keep(self, most: int | None, rows: dict[str, Row]) -> None:
        """Keep so many ended runs from now on; what is too old is dropped from `rows` too."""
        most = KEEP_RUNS if most is None else most
        old = self.history
        if most != (old.maxlen if isinstance(old, deque) else KEEP_RUNS):
            kept, self.history = self.ended, deque(maxlen=most)
            for each in kept:
                self.retire(each, rows)

    def retire(self, row: Row, rows: dict[str, Row]) -> None:
        """Move an ended row to the history and prune that; an abandoned one stays live."""
        if row.abandoned:
            return
        live = self.live_rows
        if live is row:
            self.live_rows = None
        elif isinstance(live, dict):
            live.pop(row.decision.run_id, None)
            if not live:
                self.live_rows = None
        history = self.history
        if isinstance(history, deque):
            if len(history) == history.maxlen:  # the oldest goes
                rows.pop(history[0].decision.run_id, None)  # Ctrl-C may have come after this before
            history.append(row)
        elif history is None:
            self.history = row
        else:
            self.history = deque((history, row), maxlen=KEEP_RUNS)

    def rewind_to(self, now: datetime, generation: int, *, repeat: bool) -> None:
        """Follow the wall clock back; with `repeat` what was decided after `now` comes once more."""
        if self.mark is None:
            self.first_seen = min(self.first_seen, now)
        elif self.mark > now and repeat:
            until = self.mark if self.rewind is None else max(self.rewind.until, self.mark)
            self.rewind = Rewind(generation=generation, until=until)
            self.mark = now
