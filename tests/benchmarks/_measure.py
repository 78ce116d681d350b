"""Rows, rounds and targets: what a benchmark is made of, whatever it measures.

A row compares contenders at one task. In every round each contender of each row is measured once,
in a shuffled order, so that a slow second of the machine hits all of them; what is shown is the
median over the rounds. A target is a limit computed from the same medians: never an absolute time.
"""

from __future__ import annotations

import gc
import random
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

Medians = Mapping[str, Mapping[str, float]]
"""Row name -> contender -> median, in the row's unit."""

OURS = "cronkit"
_LEAST_SECONDS = 0.004
"""A timed loop shorter than this measures the clock rather than the call."""


@dataclass(frozen=True)
class Target:
    """What cronkit has to reach in a row.

    Attributes:
        text: the limit in words (``"at most 1/10 of cronsim"``).
        limit: computes it from all medians and the name of the row; raises `KeyError` where a
            peer is not installed.
        least: whether the limit is a lower one.
    """

    text: str
    limit: Callable[[Medians, str], float]
    least: bool = False

    def judge(self, row: str, medians: Medians) -> Verdict | None:
        """Return the verdict, or ``None`` where a value that it needs was not measured."""
        try:
            limit, value = self.limit(medians, row), medians[row][OURS]
        except KeyError:
            return None
        return Verdict(self.text, limit, value >= limit if self.least else value <= limit)


@dataclass(frozen=True)
class Verdict:
    text: str
    limit: float
    reached: bool


@dataclass(frozen=True)
class Sizes:
    """How much a row does: `small` is for a test that only asks whether the row runs."""

    small: bool = False

    def pick(self, full: int, small: int) -> int:
        return small if self.small else full


@dataclass(frozen=True)
class Row:
    """One task and its contenders.

    Attributes:
        name: what is measured.
        unit: of the values.
        contenders: name -> a callable that measures once and returns the value.
        targets: what cronkit has to reach here.
        most_rounds: rounds after which a slow row is not measured again.
    """

    name: str
    unit: str
    contenders: Mapping[str, Callable[[], float]]
    targets: Sequence[Target] = ()
    most_rounds: int = 1_000


@dataclass
class Results:
    """The samples of all rows, and what they say."""

    rows: Sequence[Row]
    samples: dict[str, dict[str, list[float]]] = field(default_factory=dict)

    def medians(self) -> dict[str, dict[str, float]]:
        return {
            row: {name: statistics.median(values) for name, values in contenders.items()}
            for row, contenders in self.samples.items()
        }

    def verdicts(self, row: Row) -> list[Verdict]:
        medians = self.medians()
        judged = (target.judge(row.name, medians) for target in row.targets)
        return [verdict for verdict in judged if verdict]


def measure(
    rows: Sequence[Row], rounds: int, tell: Callable[[str], None] = lambda _text: None
) -> Results:
    """Measure every contender of every row once a round, in a shuffled order."""
    results = Results(rows, {row.name: {} for row in rows})
    order = random.Random(1)
    for number in range(rounds):
        entries = [
            (row, name, once)
            for row in rows
            if number < row.most_rounds
            for name, once in row.contenders.items()
        ]
        order.shuffle(entries)
        for row, name, once in entries:
            gc.collect()
            results.samples[row.name].setdefault(name, []).append(once())
        tell(f"round {number + 1} of {rounds}")
    return results


def per_call(call: Callable[[], object], calls: int) -> Callable[[], float]:
    """Return a measurement: the microseconds of one of the `calls` that `call` makes.

    It is repeated until it lasts long enough for the clock; how often is found once.
    """
    repeats = 0

    def once() -> float:
        nonlocal repeats
        if not repeats:
            repeats = max(1, round(_LEAST_SECONDS / max(_timed(call, 1), 1e-9)))
        return 1e6 * _timed(call, repeats) / (repeats * calls)

    return once


def _timed(call: Callable[[], object], repeats: int) -> float:
    start = time.perf_counter()
    for _ in range(repeats):
        call()
    return time.perf_counter() - start


def at_most(factor: float, peer: str, text: str = "") -> Target:
    """Return the target "at most `factor` times what `peer` has in the same row"."""
    return Target(
        text or f"at most {factor:g} x {peer}", lambda medians, row: factor * medians[row][peer]
    )


def at_least(factor: float, peer: str, text: str = "") -> Target:
    """Return the target "at least `factor` times what `peer` has in the same row"."""
    return Target(
        text or f"at least {factor:g} x {peer}",
        lambda medians, row: factor * medians[row][peer],
        least=True,
    )
