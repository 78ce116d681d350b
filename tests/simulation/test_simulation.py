"""Whatever a seed brings, the promises hold in every step; and a seed brings the same every time."""

from __future__ import annotations

import hashlib
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cronkit._engine._firing import next_fire
from cronkit.stores._queue import WaitingQueue
from cronkit.stores._table import Table
from tests.simulation.scenario import Simulation

ROOT = Path(__file__).parents[2]
CHUNKS = 20


@pytest.fixture(autouse=True)
def _quiet():
    """Log nothing: skipped and failed runs are what a simulation is full of."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def simulate(seed: int) -> list[str]:
    simulation = Simulation(seed)
    try:
        return simulation.run()
    except Exception as error:
        error.add_note(f"seed {seed}: python -m tests.simulation {seed}")
        raise


def digest_of(seed: int) -> str:
    return hashlib.sha256("\n".join(simulate(seed)).encode()).hexdigest()


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_the_promises_hold(chunk, scale):
    many = scale.pick(200, 10_000) // CHUNKS
    starts = 0
    for seed in range(chunk * many, (chunk + 1) * many):
        starts += sum(" start " in line for line in simulate(seed))
    assert starts > 10 * many


def test_a_seed_brings_the_same_every_time():
    assert simulate(7) == simulate(7)
    assert simulate(7) != simulate(8)


@pytest.mark.parametrize("hash_seed", ["0", "1", "12345"])
def test_a_seed_brings_the_same_whatever_order_sets_have(hash_seed):
    seeds = range(10)
    program = (
        "from tests.simulation.test_simulation import digest_of, logging\n"
        "logging.disable(logging.CRITICAL)\n"
        f"print(*map(digest_of, {seeds}), sep='\\n')"
    )
    found = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert found.stdout.split() == [digest_of(each) for each in seeds]


class TestTheChecks:
    """A promise that is broken on purpose is noticed: otherwise the rest would prove nothing."""

    @staticmethod
    def noticed() -> str:
        for seed in range(60):
            try:
                simulate(seed)
            except AssertionError as error:
                return str(error)
        return ""

    def test_limits_that_do_not_hold(self, monkeypatch):
        monkeypatch.setattr(Table, "_room", lambda self, name, limits: 1)
        assert "runs with tag x" in self.noticed()

    def test_a_row_that_is_lost(self, monkeypatch):
        monkeypatch.setattr(WaitingQueue, "ripen", lambda self, now: self.future.clear())
        assert "is still waiting" in self.noticed()

    def test_a_fire_time_that_is_left_out(self, monkeypatch):
        def every_second(job, after):
            first = next_fire(job, after)
            return None if first is None else next_fire(job, first)

        monkeypatch.setattr("cronkit._engine._planner.next_fire", every_second)
        assert "has no row" in self.noticed()

    def test_a_mark_that_goes_back(self, monkeypatch):
        real = Table.write

        def write(self, verdicts, now):
            before = {each.job_id: self.jobs[each.job_id].mark for each in verdicts}
            new = real(self, verdicts, now)
            for job_id, mark in before.items():
                if len(self.rows) % 7 == 0 and mark is not None:
                    self.jobs[job_id].mark = mark.replace(hour=0)
            return new

        monkeypatch.setattr(Table, "write", write)
        assert "went back" in self.noticed()
