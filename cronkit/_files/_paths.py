"""What a caller gives as a folder."""

from __future__ import annotations

import os
from contextlib import suppress

from cronkit.errors import PolicyError


def folder_path(value: str | os.PathLike[str], argument: str) -> str:
    r"""Return `value` as text if it can be the path of a folder.

    Raises:
        PolicyError: it is no path, is empty, or holds a NUL or half of a character, which no
            system takes.

    Example:
        >>> from pathlib import Path
        >>> folder_path(Path("out") / "exports", "path")
        'out/exports'
    """
    path = os.fspath(value) if isinstance(value, (str, os.PathLike)) else None
    if isinstance(path, str) and path and "\0" not in path:
        with suppress(UnicodeEncodeError):
            os.fsencode(path)
            return path
    raise PolicyError(argument, value, "the path of a folder")
