"""The results as a table for a terminal, as Markdown for the documentation, and as JSON."""

from __future__ import annotations

import os
import platform
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from importlib import metadata
from typing import TYPE_CHECKING

from tests.benchmarks._measure import OURS

if TYPE_CHECKING:
    from tests.benchmarks._measure import Results


def conditions(results: Results, rounds: int) -> dict[str, object]:
    """Say when, where and with which versions the results were measured."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "command": f"python -m tests.benchmarks {' '.join(_asked())}",
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}, {_cores()} cores",
        "rounds": rounds,
        "versions": {name: version for name in _contenders(results) if (version := _version(name))},
    }


def _asked() -> list[str]:
    """Return the arguments that say what to measure, without where to write it."""
    pairs = zip(["", *sys.argv[1:]], sys.argv[1:], strict=False)
    writes = {"--json", "--markdown"}
    return [word for before, word in pairs if word not in writes and before not in writes]


def _cores() -> int:
    return len(os.sched_getaffinity(0))


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution.partition(" ")[0])
    except metadata.PackageNotFoundError:
        return None


def _contenders(results: Results) -> list[str]:
    """Return all contenders, cronkit first, the others in the order in which rows name them."""
    names = dict.fromkeys(name for row in results.rows for name in row.contenders)
    return sorted(names, key=lambda name: name != OURS)


def as_json(results: Results, rounds: int) -> dict[str, object]:
    medians = results.medians()
    return {
        **conditions(results, rounds),
        "rows": [
            {
                "name": row.name,
                "unit": row.unit,
                "medians": medians[row.name],
                "targets": [asdict(verdict) for verdict in results.verdicts(row)],
            }
            for row in results.rows
        ],
    }


def as_markdown(results: Results, rounds: int) -> str:
    """Return the tables, with the ratio to cronkit behind each peer's value."""
    facts = conditions(results, rounds)
    versions = [f"{name} {version}" for name, version in facts["versions"].items()]
    names = _contenders(results)
    lines = [
        f"Measured {facts['date']} by `{facts['command']}`: medians of {rounds} interleaved rounds.",
        f"Python {facts['python']}, {facts['machine']}{'; ' * bool(versions)}{', '.join(versions)}.",
        "",
        f"| | {' | '.join(names)} | target | reached |",
        f"|---|{'---|' * len(names)}---|---|",
    ]
    medians = results.medians()
    for row in results.rows:
        verdicts = results.verdicts(row)
        cells = [_cell(medians[row.name], name) for name in names]
        targets = "; ".join(f"{each.text} ({_number(each.limit)})" for each in verdicts)
        reached = "yes" if all(each.reached for each in verdicts) else "**no**"
        lines.append(
            f"| {row.name}, {row.unit} | {' | '.join(cells)} | {targets or '-'} "
            f"| {reached if verdicts else '-'} |"
        )
    return "\n".join([*lines, ""])


def _cell(values: dict[str, float], name: str) -> str:
    if name not in values:
        return "-"
    shown = _number(values[name])
    if name == OURS or OURS not in values or not values[OURS]:
        return f"**{shown}**" if name == OURS else shown
    return f"{shown} ({_number(values[name] / values[OURS])} x)"


def as_table(results: Results, rounds: int) -> str:
    """Return the results for a terminal, one row of the benchmark a paragraph."""
    facts = conditions(results, rounds)
    medians = results.medians()
    lines = [
        f"{facts['command']}: Python {facts['python']}, {facts['date']}, {rounds} rounds, medians"
    ]
    for row in results.rows:
        lines += ["", f"{row.name} ({row.unit})"]
        for name, value in sorted(medians[row.name].items(), key=lambda item: item[1]):
            ratio = (
                f"{value / medians[row.name][OURS]:8.2f} x cronkit"
                if OURS in medians[row.name]
                else ""
            )
            version = _version(name) or ""
            lines.append(f"  {name + ' ' + version:32s} {_number(value):>12s} {ratio}")
        lines += [
            f"  -> {each.text} ({_number(each.limit)}): {'reached' if each.reached else 'NOT reached'}"
            for each in results.verdicts(row)
        ]
    return "\n".join(lines)


def _number(value: float) -> str:
    """Three digits that count, with separators: what a reader compares."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"
