"""``cronkit next``: when an expression fires next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cronkit.cli import _asking
from cronkit.cli._printing import answer

if TYPE_CHECKING:
    import argparse


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to a parser."""
    parser = commands.add_parser("next", help="when a cron expression fires next")
    _asking.add_arguments(parser, usual=5)
    _asking.add_options(parser)
    parser.set_defaults(command=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the next fire times; return the exit code."""
    question = _asking.question(arguments)
    found = question.fire_times()
    facts = {
        "expression": str(question.expression),
        "zone": str(question.zone),
        "after": question.after.isoformat(),
        "fire_times": [each.isoformat() for each in found],
    }
    answer(arguments, facts, _asking.shown(found))
    return 0
