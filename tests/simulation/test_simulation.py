"""Whatever a seed brings, the promises hold in every step; and a seed brings the same every time."""

from __future__ import annotations

import hashlib
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation.faults import (
    BringsRetriesForward,
    DecidesAheadOfTime,
    ForgetsAJob,
    ForgetsMarks,
    ForgetsTimeouts,
    HandsOutBackwards,
    HandsOutTwice,
    HasAFavourite,
    HidesRuns,
    LosesRows,
    NoLimits,
)
from tests.simulation.scenario import Simulation

ROOT = Path(__file__).parents[2]
CHUNKS = 20


@pytest.fixture(autouse=True)
def _quiet():
    """Log nothing: skipped and failed runs are what a simulation is full of."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def simulate(seed: int, *, fault: type | None = None) -> list[str]:
    simulation = Simulation(seed, fault=fault)
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


@pytest.mark.parametrize(
    ("fault", "noticed"),
    [
        (NoLimits, "runs with tag x"),
        (ForgetsAJob, "is still waiting"),
        (LosesRows, "has no row"),
        (ForgetsMarks, "went back"),
        (HandsOutTwice, " started on "),
        (DecidesAheadOfTime, "started early"),
        (BringsRetriesForward, "retried early"),
        (HandsOutBackwards, "out of order"),
        (HasAFavourite, ", not ["),
        (HidesRuns, "overlaps"),
        (ForgetsTimeouts, "outlives its timeout"),
    ],
)
def test_a_promise_that_is_broken_on_purpose_is_noticed(fault, noticed):
    found = []
    for seed in range(60):
        try:
            simulate(seed, fault=fault)
        except AssertionError as error:
            found.append(str(error))
            if noticed in found[-1]:  # another check may be the first to notice
                break
    assert noticed in "".join(found)
