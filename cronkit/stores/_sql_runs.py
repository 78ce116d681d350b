"""Single runs, by their ids or their facts: read, cancelled, begun elsewhere, settled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cronkit.stores import _sql_rows as codec
from cronkit.stores import _sql_text as sql
from cronkit.stores import _sql_values as values
from cronkit.stores._sql_base import SqlBase

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from cronkit.jobs import Run
    from cronkit.stores._sql_history import Prune
    from cronkit.stores._sql_session import Session

_MOST_ROWS = 2**62


class SqlRuns(SqlBase):
    """The part of a store that knows runs one by one."""

    def get(self, run_id: str) -> Run | None:
        """Return a run by its id."""
        with self._reading() as session:
            return next(iter(find_runs(session, {"id": run_id})), None)

    def runs(
        self,
        *,
        job_id: str | None = None,
        outcome: str | None = None,
        key: str | None = None,
        ended: bool | None = None,
        limit: int | None = None,
    ) -> Sequence[Run]:
        """Return runs, the newest fire time first; see `cronkit.abc.Store.runs`."""
        wanted = {"job_id": job_id, "outcome": outcome, "idem_key": key}
        with self._reading() as session:
            return find_runs(session, wanted, ended=ended, limit=limit)

    def last_ended(self, job_ids: Collection[str]) -> Mapping[str, Run]:
        """Return the newest ended run of each job; see `cronkit.abc.Store.last_ended`."""
        with self._reading() as session:
            rows = session.rows(sql.LAST_ENDED, session.listed(job_ids))
        return {run.job_id: run for run in map(codec.run_of, rows)}

    def cancel(self, run_id: str, reason: str, now: datetime) -> Run | None:
        """Cancel a run; see `cronkit.abc.Store.cancel`."""
        with self._writing() as session:
            cancel_run(session, run_id, reason, now, self._prune)
            return next(iter(find_runs(session, {"id": run_id})), None)

    def begin(self, run_id: str, fence: int | None, attempt: int) -> bool:
        """Note that a worker begins an attempt; return whether it may.

        True once for each attempt, and only while nobody has overtaken its fence. The executor that
        hands attempts to other hosts asks it there.
        """
        with self._writing() as session:
            return session.run(sql.BEGIN_ATTEMPT, run_id, fence, attempt) == 1

    def settle(self, run_id: str) -> None:
        """Forget that a run was abandoned; see `cronkit.abc.Store.settle`."""
        with self._writing() as session:
            session.run(sql.SETTLE, run_id)


def find_runs(
    session: Session,
    wanted: Mapping[str, str | None],
    *,
    ended: bool | None = None,
    limit: int | None = None,
) -> list[Run]:
    """Return runs whose columns have these values (``None``: any), the newest fire time first."""
    given = {column: value for column, value in wanted.items() if value is not None}
    tests = [f"{column} = ?" for column in given]
    if ended is not None:
        tests.append("phase = 'ended'" if ended else "phase <> 'ended'")
    where = f" WHERE {' AND '.join(tests)}" if tests else ""
    rows = session.rows(
        f"{sql.RUNS}{where} ORDER BY fire_time DESC, serial DESC LIMIT ?",
        *given.values(),
        _MOST_ROWS if limit is None else limit,
    )
    return [codec.run_of(row) for row in rows]


def run_by_id(session: Session, run_id: str) -> Run:
    """Return a run that is known to be there."""
    return codec.run_of(session.rows(f"{sql.RUNS} WHERE id = ?", run_id)[0])


def cancel_run(session: Session, run_id: str, reason: str, now: datetime, prune: Prune) -> None:
    """End a waiting run; ask the owner of a running one to stop it."""
    written = values.storable(reason)
    if session.run(sql.CANCEL_WAITING, written, values.to_micros(now), run_id):
        prune(session, {job_of(run_id)})
    elif session.run(sql.ASK_TO_STOP, written, run_id):
        session.tell()


def job_of(run_id: str) -> str:
    """Return the job of a run: what stands before the last ``@`` of its id."""
    return run_id.rpartition("@")[0]
