"""The schedulers of a store: each enters, beats and leaves, and one that is lost is buried."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from cronkit.errors import FenceLostError
from cronkit.jobs import Closing, Ending, Outcome, Pulse
from cronkit.stores import _sql_rows as codec
from cronkit.stores import _sql_text as sql
from cronkit.stores import _sql_values as values
from cronkit.stores._sql_base import SqlBase
from cronkit.stores._sql_finish import finish
from cronkit.stores._sql_runs import run_by_id

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from datetime import datetime

    from cronkit.jobs import Decision, Publication, Run
    from cronkit.stores._sql_history import Prune
    from cronkit.stores._sql_session import Session


class SqlOwners(SqlBase):
    """The part of a store that knows who shares it: beats, publications, lost owners."""

    def open(self, owner: str, now: datetime) -> None:
        """Enter `owner`; see `cronkit.abc.Store.open`."""
        with self._writing() as session:
            session.run(sql.BEAT, owner, values.to_micros(now))

    def close(self, owner: str, now: datetime) -> Sequence[Run]:
        """End what `owner` leaves as interrupted; waiting rows stay for others."""

        def interrupted(run: Run) -> Closing:
            return Closing(
                ending=Ending(
                    run_id=run.id,
                    at=now,
                    fence=run.fence,
                    outcome=Outcome.INTERRUPTED,
                    reason="shutdown",
                )
            )

        with self._writing() as session:
            expired = _expire(session, owner, None, interrupted, name=self.name, prune=self._prune)
        return [run for run, _ in expired]

    def beat(self, owner: str, now: datetime) -> None:
        """Give a sign of life; see `cronkit.abc.SharedStore.beat`."""
        with self._beating(write=True) as session:
            session.run(sql.BEAT, owner, values.to_micros(now))

    def publish(self, owner: str, publication: Publication) -> None:
        """Tell the others of `owner`; see `cronkit.abc.SharedStore.publish`."""
        with self._beating(write=True) as session:
            session.run(sql.PUBLISH, *values.dump_publication(publication), owner)

    def published(self) -> Mapping[str, Publication]:
        """Return what the owners tell; see `cronkit.abc.SharedStore.published`."""
        with self._beating(write=False) as session:
            rows = session.rows(sql.PUBLISHED)
        return {cast("str", row[0]): values.load_publication(row[1], row[2]) for row in rows}

    def pulse(self, owner: str, now: datetime) -> Pulse:
        """Look at the other schedulers; see `cronkit.abc.SharedStore.pulse`."""
        with self._beating(write=False) as session:
            holding = session.rows(sql.HELD)
            owners = session.rows(sql.OWNERS)
            asked = session.rows(sql.ASKED, owner)
            changes = session.rows(sql.GET_META, "changes")
            ready = session.rows(sql.ANY_READY, values.to_micros(now))
        beats = {cast("str", row[0]): 0 for row in holding}
        beats |= {cast("str", row[0]): cast("int", row[1]) for row in owners}
        beats.pop(owner, None)
        return Pulse(
            beats=beats,
            dead=frozenset(each for each in beats if self._died(each)),
            cancelled={cast("str", row[0]): cast("str", row[1]) for row in asked},
            changes=cast("int", changes[0][0]) if changes else 0,
            ready=bool(ready),
            published={cast("str", row[0]): cast("str", row[2] or "") for row in owners},
        )

    def _died(self, owner: str) -> bool:  # noqa: ARG002 -- for subclasses that can tell
        """Return whether an owner is known to be dead, without waiting for its lease."""
        return False

    def expire(
        self, owner: str, beat: int | None, judge: Callable[[Run], Closing | None]
    ) -> Sequence[tuple[Run, Sequence[Decision]]]:
        """End what a lost owner held; see `cronkit.abc.SharedStore.expire`."""
        with self._writing() as session:
            return _expire(session, owner, beat, judge, name=self.name, prune=self._prune)


def _expire(
    session: Session,
    owner: str,
    beat: int | None,
    judge: Callable[[Run], Closing | None],
    *,
    name: str,
    prune: Prune,
) -> list[tuple[Run, Sequence[Decision]]]:
    """End what `owner` holds, unless its beat has moved on; return each run with what follows."""
    found = session.rows(sql.BEAT_OF, owner)
    if beat is not None and found and found[0][0] != beat:
        return []
    held = [codec.run_of(row) for row in session.rows(sql.HELD_BY, owner)]
    closings = [each for each in map(judge, held) if each is not None]
    answers = finish(session, closings, name, _keep_all)
    session.run(sql.SETTLE_OWNER, owner)
    if len(closings) == len(held):
        session.run(sql.DROP_OWNER, owner)
    expired = [
        (run_by_id(session, closing.ending.run_id), answer)
        for closing, answer in zip(closings, answers, strict=True)
        if not isinstance(answer, FenceLostError)
    ]
    prune(session, {run.job_id for run, _ in expired})
    return expired


def _keep_all(session: Session, job_ids: Collection[str]) -> None:
    """Prune nothing: the rows are still to be read."""
