"""When the history of a job is cut: at once where little is kept, else once in a round of runs."""

from __future__ import annotations

import itertools
from datetime import UTC

import pytest

from cronkit.jobs import build_job
from cronkit.stores import SQLiteStore
from cronkit.stores._sql_history import Pruner
from cronkit.triggers import Every

ROUND = 64


def job_of(job_id, **policies):
    return build_job(lambda: None, Every("1m"), UTC, {"id": job_id, **policies}, {})


@pytest.fixture
def session(tmp_path):
    """Return a transaction of a real store that notes for which jobs it has pruned."""
    store = SQLiteStore(tmp_path / "state.db")
    with store._writing() as inner:
        yield Noting(inner)


class Noting:
    def __init__(self, inner):
        self.inner = inner
        self.pruned = []

    def many(self, statement, rows):
        self.pruned += [row[0] for row in rows]
        self.inner.many(statement, rows)


def turns(prune, session, runs, *jobs):
    """Return after which of so many runs each job was pruned, the first being 1."""
    found = {job: [] for job in jobs}
    for number in range(1, runs + 1):
        session.pruned.clear()
        prune(session, jobs)
        for job in session.pruned:
            found[job].append(number)
    return found


@pytest.mark.parametrize(("chance", "first"), [(0.0, 1), (0.5, ROUND // 2 + 1), (0.99, 2)], ids=str)
def test_a_long_history_is_cut_once_in_a_round_that_begins_anywhere(session, chance, first):
    prune = Pruner(chance=lambda: chance)
    prune.note([job_of("a", keep_runs=1_000)])
    assert turns(prune, session, 2 * ROUND, "a") == {"a": [first, first + ROUND]}


def test_jobs_have_their_turns_one_after_another(session):
    chances = itertools.count()
    prune = Pruner(chance=lambda: next(chances) / ROUND)
    jobs = [f"job-{number}" for number in range(8)]
    found = turns(prune, session, ROUND, *jobs)
    assert len({turn for (turn,) in found.values()}) == len(jobs)


@pytest.mark.parametrize(("keep", "at_once"), [(1, True), (200, True), (201, False)])
def test_a_short_history_is_cut_after_every_run(session, keep, at_once):
    prune = Pruner(chance=lambda: 0.5)
    prune.note([job_of("a", keep_runs=keep)])
    assert turns(prune, session, 3, "a") == {"a": [1, 2, 3] if at_once else []}


def test_a_job_that_says_nothing_keeps_ten_thousand_runs(session):
    prune = Pruner(chance=lambda: 0.0)
    prune.note([job_of("a")])
    assert turns(prune, session, ROUND, "a", "unknown") == {"a": [1], "unknown": [1]}
