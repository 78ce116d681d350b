"""The way of a row through a store: it waits, is taken, and ends or waits again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cronkit.errors import FenceLostError
from cronkit.jobs import Closing
from cronkit.stores import _sql_finish, _sql_take
from cronkit.stores._sql_base import SqlBase

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from cronkit.abc import Plan
    from cronkit.jobs import Decision, Ending, Limits, Run, Taken
    from cronkit.stores._sql_finish import Answer


class SqlQueue(SqlBase):
    """The part of a store that schedulers take rows from and bring outcomes to."""

    def take(
        self, owner: str, job_ids: Collection[str], free: int, limits: Limits, now: datetime
    ) -> Sequence[Taken]:
        """Make waiting rows running; see `cronkit.abc.Store.take`."""
        with self._reading() as session:  # most looks find nothing, and need no lock for that
            if free < 1 or not _sql_take.any_ready(session, job_ids, now):
                return ()
        with self._writing() as session:
            return _sql_take.Sweep(session, owner, job_ids, limits, now).take(free)

    def next_waiting(self, job_ids: Collection[str], now: datetime) -> datetime | None:
        """Return when a waiting row can start next; see `cronkit.abc.Store.next_waiting`."""
        with self._reading() as session:
            return _sql_take.next_waiting(session, job_ids, now)

    def give_up(self, job_ids: Collection[str], now: datetime) -> Sequence[Run]:
        """End rows that waited too long; see `cronkit.abc.Store.give_up`."""
        with self._writing() as session:
            return _sql_finish.give_up(session, job_ids, now, self._prune)

    def finish(
        self, ending: Ending, followers: Sequence[str] = (), plan: Plan | None = None
    ) -> Sequence[Decision]:
        """Write what an attempt came to; see `cronkit.abc.Store.finish`."""
        closing = Closing(ending=ending, followers=tuple(followers), plan=plan)
        (answer,) = self.finish_many([closing])
        if isinstance(answer, FenceLostError):
            raise answer
        return answer

    def finish_many(self, closings: Sequence[Closing]) -> Sequence[Answer]:
        """Write many endings in one transaction; see `cronkit.abc.SharedStore.finish_many`."""
        with self._writing() as session:
            return _sql_finish.finish(session, closings, self.name, self._prune)

    def finish_and_take(
        self,
        closings: Sequence[Closing],
        owner: str,
        job_ids: Collection[str],
        free: int,
        *,
        limits: Limits,
        now: datetime,
    ) -> tuple[Sequence[Answer], Sequence[Taken]]:
        """Write endings, then take rows; see `cronkit.abc.SharedStore.finish_and_take`."""
        with self._writing() as session:
            answers = _sql_finish.finish(session, closings, self.name, self._prune)
            taken = _sql_take.Sweep(session, owner, job_ids, limits, now).take(free)
        return answers, taken
