"""The link to the newest file of an export, replaced in one step. Whoever calls holds the lock."""

from __future__ import annotations

import os
import re
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

from cronkit._files import _atomic
from cronkit.errors import ExportError

if TYPE_CHECKING:
    from cronkit.exporters._shelf import Shelf


def refuse_latest(shelf: Shelf, name: str) -> None:
    """Raise if something that is no link has the name of the link.

    Raises:
        ExportError: it has.
    """
    with suppress(FileNotFoundError):
        mode = os.stat(name, dir_fd=shelf.folder, follow_symlinks=False).st_mode
        if not stat.S_ISLNK(mode):
            raise ExportError(f"{shelf.path}/{name}", "is no link, and is left alone")


def link_latest(shelf: Shelf, name: str, target: str) -> None:
    """Make the link `name` lead to the file `target`.

    Raises:
        OSError: a call failed.
    """
    # A link that was made, and whose maker died before it had its name.
    form = re.compile(rf"\.{re.escape(name)}\.[0-9a-f]{{8}}\.tmp", re.ASCII)
    for left in filter(form.fullmatch, shelf.names()):
        _atomic.remove(left, shelf.folder)
    temporary = _atomic.temporary_name(name)
    os.symlink(target, temporary, dir_fd=shelf.folder)
    os.rename(temporary, name, src_dir_fd=shelf.folder, dst_dir_fd=shelf.folder)
