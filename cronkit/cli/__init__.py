"""The ``cronkit`` command; works with the five runtime packages alone.

Each subcommand is a module with ``register(commands)``.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from cronkit.cli import _checkpoints, _compare, _demo, _explain, _exports, _next
from cronkit.errors import CronkitError

if TYPE_CHECKING:
    from collections.abc import Sequence

_COMMANDS = (_demo, _next, _explain, _compare, _checkpoints, _exports)
_MISUSE = 2


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command."""
    top = argparse.ArgumentParser(prog="cronkit", description="Run Python functions on time.")
    commands = top.add_subparsers(dest="name", metavar="COMMAND", required=True)
    for each in _COMMANDS:
        each.register(commands)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code: 0, or 2 for a wrong call."""
    arguments = parser().parse_args(argv)
    try:
        return int(arguments.command(arguments))
    except CronkitError as error:
        print(f"cronkit: {error}", file=sys.stderr)
        return _MISUSE


__all__ = ["main", "parser"]
