"""From states to new rows: what a plan decides is written in the transaction that read for it."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import groupby
from typing import TYPE_CHECKING, cast

from cronkit.jobs import KEEP
from cronkit.stores import _sql_rows as codec
from cronkit.stores import _sql_text as sql
from cronkit.stores import _sql_values as values
from cronkit.stores._sql_runs import cancel_run

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import datetime

    from cronkit.abc import Plan
    from cronkit.jobs import Decision, JobState, LiveRun, Verdict
    from cronkit.stores._sql_history import Prune
    from cronkit.stores._sql_session import Session


def states(
    session: Session, job_ids: Collection[str], statement: str = sql.JOBS
) -> dict[str, JobState]:
    """Return the states of jobs that are known, in the order of `job_ids`."""
    listed = session.listed(job_ids)
    rows = {cast("str", row[0]): row for row in session.rows(statement, listed)}
    live: defaultdict[str, list[LiveRun]] = defaultdict(list)
    if rows:
        for row in session.rows(sql.LIVE_RUNS, listed):
            live[cast("str", row[0])].append(codec.live_of(row))
    return {
        each: codec.state_of(rows[each], tuple(live.get(each, ())))
        for each in job_ids
        if each in rows
    }


def decide(
    session: Session,
    job_ids: Collection[str],
    plan: Plan,
    now: datetime,
    prune: Prune,
    *,
    wait: bool = False,
) -> list[Decision]:
    """Lock and read states, have them judged, write the verdicts; return the new rows."""
    found = states(session, job_ids, sql.JOBS_WAITED_FOR if wait else sql.JOBS_FREE)
    verdicts = plan(list(found.values()))
    new = _new(session, found, verdicts)
    if new:
        _insert(session, new, now)
        _follow_inserts(session, new, now, prune)
    _advance(session, verdicts, new)
    _write_changes(session, verdicts)
    return new


def _insert(session: Session, new: Iterable[Decision], now: datetime) -> None:
    """Write new rows in their order."""
    for plain, rows in groupby(new, codec.is_plain):
        if plain:
            session.many(sql.INSERT_PLAIN, [codec.plain(each) for each in rows])
        else:
            session.many(sql.INSERT_RUN, [codec.inserted(each, now) for each in rows])


def _new(
    session: Session, found: dict[str, JobState], verdicts: Iterable[Verdict]
) -> list[Decision]:
    """Return the decisions that count: past the mark, their id and key not there yet."""
    wanted = [each for verdict in verdicts for each in verdict.decisions if _counts(each, found)]
    if not wanted:
        return []
    ids = session.listed([each.run_id for each in wanted])
    taken = {row[0] for row in session.rows(sql.KNOWN_IDS, ids)}
    keys: set[tuple[str, str]] = set()
    new = []
    for each in wanted:
        if each.run_id in taken:
            continue
        key = codec.key_of(each)
        if key is not None:
            if key in keys or session.rows(sql.KNOWN_KEY, *key):
                continue
            keys.add(key)
        taken.add(each.run_id)
        new.append(each)
    return new


def _counts(decision: Decision, found: dict[str, JobState]) -> bool:
    mark = found[decision.job_id].mark
    return decision.origin != "trigger" or mark is None or decision.fire_time > mark


def _advance(session: Session, verdicts: Sequence[Verdict], new: Iterable[Decision]) -> None:
    """Move the marks forward, and count the runs that triggers have given."""
    marks = {each.job_id: each.mark for each in verdicts if each.mark is not None}
    planned = Counter(
        each.job_id for each in new if each.outcome is None and each.origin == "trigger"
    )
    rows = [
        (mark, mark, planned[job_id], job_id)
        for job_id in dict.fromkeys((*marks, *planned))
        for mark in [values.micros_or_none(marks.get(job_id))]
    ]
    if rows:
        session.many(sql.ADVANCE, rows)


def _follow_inserts(session: Session, new: list[Decision], now: datetime, prune: Prune) -> None:
    """Do what new rows bring with them: requests to stop, pruning, a word to others."""
    for each in new:
        if each.outcome is None:
            for run_id in each.cancels:
                cancel_run(session, run_id, "overlap", now, prune)
    prune(session, {each.job_id for each in new if each.outcome is not None})
    if any(each.outcome is None and each.origin != "trigger" for each in new):
        session.tell()


def _write_changes(session: Session, verdicts: Iterable[Verdict]) -> None:
    """Write pauses and edits, and have the other schedulers look at once."""
    pauses, edits = list[codec.Row](), list[codec.Row]()
    for each in verdicts:
        if each.pause != KEEP:
            pauses.append((values.dump_pause(each.pause), each.job_id))
        if each.edit != KEEP:
            edits.append((values.dump_edit(each.edit), each.job_id))
    if pauses:
        session.many(sql.SET_PAUSE, pauses)
    if edits:
        session.many(sql.SET_EDIT, edits)
    if pauses or edits:
        session.run(sql.COUNT_CHANGE)
        session.tell()
