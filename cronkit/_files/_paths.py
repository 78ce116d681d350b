"""What a caller gives as the path of a folder or of a file."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from cronkit._files import _mounts
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
    return _text(value, argument, "the path of a folder")


def file_path(value: str | os.PathLike[str], argument: str, user: str) -> Path:
    """Return `value` as an absolute path if a file can be there, on a disk of this machine.

    Args:
        value: what was given.
        argument: the name under which it was given.
        user: what wants the file, for the error about a network file system.

    Raises:
        PolicyError: it is no path that the system takes, a folder is there, or none around it.
        UnsupportedPlatformError: it would lie on a network file system.
    """
    path = Path(_text(value, argument, "the path of a file")).absolute()
    try:
        is_folder, has_folder = path.is_dir(), path.parent.is_dir()
    except OSError as error:
        raise PolicyError(argument, str(path), f"the path of a file ({error.strerror})") from None
    if is_folder:
        raise PolicyError(argument, str(path), "a file, not a folder")
    if not has_folder:
        raise PolicyError(argument, str(path), "a file in a folder that exists")
    for each in (path.parent, path):  # locks lie in the folder beside it, and it may be a link
        _mounts.refuse_network(each, user)
    return path


def _text(value: object, argument: str, what: str) -> str:
    path = os.fspath(value) if isinstance(value, (str, os.PathLike)) else None
    if isinstance(path, str) and path and "\0" not in path:
        with suppress(UnicodeEncodeError):
            os.fsencode(path)
            return path
    raise PolicyError(argument, value, what)
