"""``cronkit explain``: an expression in words, its next fire times, and the changes of its zone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cronkit.cli import _asking
from cronkit.cli._printing import answer
from cronkit.cron import describe, explain

if TYPE_CHECKING:
    import argparse

    from cronkit.cron import OffsetChange


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to a parser."""
    parser = commands.add_parser(
        "explain", help="a cron expression in words, and what daylight saving does to it"
    )
    _asking.add_arguments(parser, usual=3)
    _asking.add_options(parser)
    parser.add_argument("--year", type=int, help="the year of the changes (default: that of now)")
    parser.add_argument("--lang", default="en", help="en (default) or fr")
    parser.set_defaults(command=run)


def run(arguments: argparse.Namespace) -> int:
    """Print what an expression means; return the exit code."""
    question = _asking.question(arguments)
    year = question.after.year if arguments.year is None else arguments.year
    changes = explain(question.expression, question.zone, year=year)
    sentence = describe(question.expression, arguments.lang)
    found = question.fire_times()
    facts = {
        "expression": str(question.expression),
        "zone": str(question.zone),
        "sentence": sentence,
        "after": question.after.isoformat(),
        "fire_times": [each.isoformat() for each in found],
        "year": year,
        "changes": [_as_mapping(each) for each in changes],
    }
    effects = [each.sentence for each in changes] or [f"none in {question.zone}"]
    lines = [
        f"{sentence}\n\nnext:",
        *(f"  {line}" for line in _asking.shown(found)),
        f"\nchanges of the offset in {year}:",
        *(f"  {line}" for line in effects),
    ]
    answer(arguments, facts, lines)
    return 0


def _as_mapping(change: OffsetChange) -> dict[str, object]:
    return {
        "at": change.at.isoformat(),
        "before_seconds": change.before.total_seconds(),
        "after_seconds": change.after.total_seconds(),
        "effect": change.effect,
        "sentence": change.sentence,
    }
