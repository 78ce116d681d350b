"""How runs end, many in one transaction: outcomes, next attempts, what follows.

Rows of jobs are locked before rows of runs, in the order of their ids, and who holds a run never
waits for a job: so no two transactions wait for each other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias, cast

from cronkit.errors import FenceLostError
from cronkit.jobs import Ending
from cronkit.stores import _sql_rows as codec
from cronkit.stores import _sql_text as sql
from cronkit.stores import _sql_values as values
from cronkit.stores._sql_decide import decide
from cronkit.stores._sql_runs import job_of, run_by_id

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from cronkit.jobs import Closing, Decision, Run
    from cronkit.stores._sql_history import Prune
    from cronkit.stores._sql_session import Session

Answer: TypeAlias = "Sequence[Decision] | FenceLostError"


def finish(session: Session, closings: Sequence[Closing], name: str, prune: Prune) -> list[Answer]:
    """Write endings with what follows from each; one that a later owner shuts out is an error."""
    followers = {each for closing in closings for each in closing.followers}
    if followers:  # all at once, before any run: see the order of locks above
        session.rows(sql.JOBS_WAITED_FOR, session.listed(sorted(followers)))
    written = _write_endings(session, [closing.ending for closing in closings])
    answers: list[Answer] = []
    for closing, counts in zip(closings, written, strict=True):
        ending = closing.ending
        if not counts and _written_before(session, ending):
            answers.append(())
        elif not counts:
            found = session.rows(sql.FENCE_OF, ending.run_id)
            current = cast("int | None", found[0][0]) if found else None
            session.run(sql.NOTE_LATE, ending.run_id)
            answers.append(FenceLostError(name, ending.run_id, ending.fence, current))
        elif closing.plan is None:
            answers.append(())
        else:
            answers.append(
                decide(session, closing.followers, closing.plan, ending.at, prune, wait=True)
            )
    prune(session, {job_of(each.ending.run_id) for each in closings if each.ending.outcome})
    return answers


def _written_before(session: Session, ending: Ending) -> bool:
    """Return whether this ending is there already: a commit counts though its answer was lost."""
    outcome, at = str(ending.outcome or ""), values.to_micros(ending.at)
    waits = values.to_micros(ending.retry_at or ending.at)
    facts = (ending.run_id, ending.fence, outcome, at, outcome, waits, outcome, at)
    return bool(session.rows(sql.WRITTEN_BEFORE, *facts))


def _write_endings(session: Session, endings: Sequence[Ending]) -> list[int]:
    """Return for each ending whether it was written."""
    plain, last, again = list[Ending](), list[Ending](), list[Ending]()
    for each in endings:
        if each.outcome is None:
            again.append(each)
        else:
            (plain if codec.ends_plainly(each) else last).append(each)
    counts: dict[str, int] = {}
    if plain:
        done = session.each(sql.END_PLAIN, [codec.ended_plainly(each) for each in plain])
        counts |= {each.run_id: count for each, count in zip(plain, done, strict=True)}
    if last:
        done = session.each(sql.END_RUN, [codec.ended(each) for each in last])
        counts |= {each.run_id: count for each, count in zip(last, done, strict=True)}
    if again:
        done = session.each(sql.WAIT_AGAIN, [codec.waiting_again(each) for each in again])
        asked = [(values.to_micros(each.at), each.run_id) for each in again]
        session.many(sql.CANCEL_ASKED, asked)
        counts |= {each.run_id: count for each, count in zip(again, done, strict=True)}
    return [counts[each.run_id] for each in endings]


def give_up(session: Session, job_ids: Collection[str], now: datetime, prune: Prune) -> list[Run]:
    """End rows that waited for too long."""
    at = values.to_micros(now)
    found = [row for row in session.rows(sql.GIVING_UP, at) if row[1] in job_ids]
    if not found:
        return []
    session.many(sql.GIVE_UP, [(at, row[0]) for row in found])
    runs = [run_by_id(session, cast("str", row[0])) for row in found]
    prune(session, {run.job_id for run in runs})
    return runs
