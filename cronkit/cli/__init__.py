"""The ``cronkit`` command; works with the five runtime packages alone.

Each subcommand is a module with ``register(commands)``.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
from typing import TYPE_CHECKING, NoReturn

import cronkit
from cronkit.cli import _checkpoints, _compare, _demo, _explain, _exports, _next
from cronkit.errors import CronkitError

if TYPE_CHECKING:
    from collections.abc import Sequence

_COMMANDS = (_demo, _next, _explain, _compare, _checkpoints, _exports)
_FAILED = 1
_MISUSE = 2
# As a shell reports an end by SIGINT and by SIGPIPE.
_INTERRUPTED = 130
_UNREAD = 141


class _Version(argparse.Action):
    """Prints the version, which takes 15 ms to find: only for who asks."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        try:
            version = cronkit.__version__
        except ImportError:  # run from a checkout
            version = "(not installed)"
        print(f"cronkit {version}")
        parser.exit()


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command."""
    top = argparse.ArgumentParser(prog="cronkit", description="Run Python functions on time.")
    top.add_argument("--version", action=_Version, nargs=0, help="print the version and exit")
    commands = top.add_subparsers(dest="name", metavar="COMMAND", required=True)
    for each in _COMMANDS:
        each.register(commands)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code.

    That is 0, or what the command says; 2 for a wrong call; 1 where the system refused, e.g. with
    a full disk; 130 after Ctrl-C; 141 where nobody reads on.
    """
    arguments = parser().parse_args(argv)
    if isinstance(sys.stdout, io.TextIOWrapper):  # a letter that it has not is shown as an escape
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        code = int(arguments.command(arguments))
        sys.stdout.flush()
    except CronkitError as error:
        return _ended(_MISUSE, error)
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        _drop_output()
        return _UNREAD
    except OSError as error:
        _drop_output()
        return _ended(_FAILED, error)
    return code


def _ended(code: int, error: Exception) -> int:
    print(f"cronkit: {error}", file=sys.stderr)
    return code


def _drop_output() -> None:
    """Let what could not be printed go; the interpreter would try, and fail, again at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


__all__ = ["main", "parser"]
