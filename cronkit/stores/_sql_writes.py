"""What the transactions of a store do: decide, finish, expire, cancel. In SQL, knowing no policy.

Rows of jobs are locked before rows of runs, in the order of their ids, and who holds a run never
waits for a job: so no two transactions wait for each other.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import groupby
from typing import TYPE_CHECKING, TypeAlias, cast

from cronkit.errors import FenceLostError
from cronkit.jobs import KEEP, Closing, JobState, Run
from cronkit.stores import _sql_rows as codec
from cronkit.stores import _sql_text as sql
from cronkit.stores import _sql_values as values

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from cronkit.abc import Plan
    from cronkit.jobs import Decision, Ending, Job, LiveRun, Verdict
    from cronkit.stores._sql_session import Session

    Prune: TypeAlias = Callable[[Session, Collection[str]], None]

_MOST_ROWS = 2**62

Answer: TypeAlias = "Sequence[Decision] | FenceLostError"


def register(session: Session, jobs: Sequence[Job]) -> list[codec.Row]:
    """Return the rows of `NEW_JOB`, all but ``first_seen`` and ``fence``, that are missing.

    What is known of the other jobs is brought up to date.
    """
    wanted = {job.id: (job.keep_runs, values.dump_definition(job)) for job in jobs}
    known = {
        row[0]: (row[1], row[2]) for row in session.rows(sql.DEFINITIONS, session.listed(wanted))
    }
    changed = [
        (*facts, job_id)
        for job_id, facts in wanted.items()
        if job_id in known and known[job_id] != facts
    ]
    if changed:
        session.many(sql.DEFINE_JOB, changed)
    return [(job_id, *facts) for job_id, facts in wanted.items() if job_id not in known]


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
                cancel(session, run_id, "overlap", now, prune)
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


# --- ends ----------------------------------------------------------------------------------------


def finish(session: Session, closings: Sequence[Closing], name: str, prune: Prune) -> list[Answer]:
    """Write endings with what follows from each; one that a later owner shuts out is an error."""
    followers = {each for closing in closings for each in closing.followers}
    if followers:  # all at once, before any run: see the order of locks above
        session.rows(sql.JOBS_WAITED_FOR, session.listed(sorted(followers)))
    written = _write_endings(session, [closing.ending for closing in closings])
    answers: list[Answer] = []
    for closing, counts in zip(closings, written, strict=True):
        ending = closing.ending
        if not counts:
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
    prune(session, {_job_of(each.ending.run_id) for each in closings if each.ending.outcome})
    return answers


def _write_endings(session: Session, endings: Sequence[Ending]) -> list[int]:
    """Return for each ending whether it was written."""
    last = [each for each in endings if each.outcome is not None]
    again = [each for each in endings if each.outcome is None]
    counts: dict[str, int] = {}
    if last:
        done = session.each(sql.END_RUN, [codec.ended(each) for each in last])
        counts |= {each.run_id: count for each, count in zip(last, done, strict=True)}
    if again:
        done = session.each(sql.WAIT_AGAIN, [codec.waiting_again(each) for each in again])
        counts |= {each.run_id: count for each, count in zip(again, done, strict=True)}
    return [counts[each.run_id] for each in endings]


def _job_of(run_id: str) -> str:
    """Return the job of a run: what stands before the last ``@`` of its id."""
    return run_id.rpartition("@")[0]


def expire(
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


def cancel(session: Session, run_id: str, reason: str, now: datetime, prune: Prune) -> None:
    """End a waiting run; ask the owner of a running one to stop it."""
    written = values.storable(reason)
    if session.run(sql.CANCEL_WAITING, written, values.to_micros(now), run_id):
        prune(session, {_job_of(run_id)})
    elif session.run(sql.ASK_TO_STOP, written, run_id):
        session.tell()


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


def run_by_id(session: Session, run_id: str) -> Run:
    """Return a run that is known to be there."""
    return codec.run_of(session.rows(f"{sql.RUNS} WHERE id = ?", run_id)[0])


def runs(
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
