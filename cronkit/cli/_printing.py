"""What a command answers with: lines for people, or JSON for programs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add the option that `answer` reads."""
    parser.add_argument("--json", action="store_true", help="print JSON")


def answer(arguments: argparse.Namespace, facts: object, lines: Iterable[str]) -> None:
    """Print `facts` as JSON where ``--json`` asks for it, otherwise `lines`."""
    if arguments.json:
        # A saved state may hold what JSON does not know; no program takes it back from here.
        print(json.dumps(facts, indent=2, default=str))
    else:
        for line in lines:
            print(line)


def printable(text: str) -> str:
    r"""Return a name that others chose on one line, with nothing that a terminal obeys.

    Example:
        >>> printable("été\n\x1b[2J")
        'été\\n\\x1b[2J'
    """
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)
