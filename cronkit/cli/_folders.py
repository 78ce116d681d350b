"""What the commands about a folder share: their verbs, and that the folder has to be there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cronkit.cli._printing import add_json
from cronkit.errors import PolicyError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable


def connect(
    verb: argparse.ArgumentParser, run: Callable[[argparse.Namespace], int]
) -> argparse.ArgumentParser:
    """Have `run` carry out a verb, in lines or as JSON; return the verb."""
    add_json(verb)
    verb.set_defaults(command=run)
    return verb


def existing(folder: str, argument: str, content: str) -> str:
    """Return `folder` if it is there; a question about one that is not shall not make it.

    Raises:
        PolicyError: it is not.
    """
    if not Path(folder).is_dir():
        raise PolicyError(argument, folder, f"a folder with {content}")
    return folder
