"""Files that are there whole or not at all, and that a power cut does not take back.

A durable write is: a new hidden file beside the target, write, fsync, rename, fsync of the folder
(POSIX makes the rename atomic; only the last fsync makes it last). An error at any of these calls
is raised: after a failed fsync the kernel may have dropped the pages, so that the same file must
never be tried again (the fsync of PostgreSQL, 2018).

Every name is looked up in an open folder and never through a link. What the files mean is not
known here.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from typing import TYPE_CHECKING

from cronkit._files._framing import DamagedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)
_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NOFOLLOW
_APPEND = os.O_WRONLY | os.O_CREAT | os.O_APPEND | _NOFOLLOW
# Without O_NONBLOCK a FIFO put in a file's place would block the reader for ever.
_READ = os.O_RDONLY | _NOFOLLOW | getattr(os, "O_NONBLOCK", 0)
_CHUNK = 1 << 20

TEMPORARY = ".tmp"
"""What a hidden file that is still being written ends with."""


@contextlib.contextmanager
def folder(path: str, within: int | None = None) -> Iterator[int]:
    """Open a folder; inside the open folder `within`, `path` is one name and no link.

    Raises:
        OSError: it is not there, is no folder, or is a link.
    """
    descriptor = open_folder(path, within)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def open_folder(path: str, within: int | None = None) -> int:
    """Open a folder like `folder`; the caller closes it."""
    nofollow = 0 if within is None else _NOFOLLOW
    return os.open(path, _FOLDER | nofollow, dir_fd=within)


class OpenFolder:
    """An open folder in several hands; whoever closes it first does so for all.

    A number that is closed twice may by then be the number of another file.

    Attributes:
        number: the descriptor; -1: closed.
    """

    __slots__ = ("number",)

    def __init__(self, path: str, within: int | None = None) -> None:
        self.number = open_folder(path, within)

    def close(self) -> None:
        """Close it; may be called again."""
        number, self.number = self.number, -1
        if number >= 0:
            os.close(number)


def names(descriptor: int) -> list[str]:
    """Return what is in an open folder."""
    return os.listdir(descriptor)


def make_folder(name: str, within: int) -> bool:
    """Make the folder `name` (0700) in an open one, durably; return whether it was not there."""
    try:
        os.mkdir(name, 0o700, dir_fd=within)
    except FileExistsError:
        return False
    os.fsync(within)
    return True


def make_folders(path: Path, mode: int = 0o777) -> None:
    """Make the folder at `path`, and with the usual mode those above it, each durably.

    Raises:
        OSError: a call failed, or something else is there.
    """
    if path.is_dir():
        return
    make_folders(path.parent)
    try:
        path.mkdir(mode)
    except FileExistsError:
        if path.is_dir():
            return  # by another process, in this moment
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path)) from None
    with folder(str(path.parent)) as outer:
        os.fsync(outer)


def temporary_name(name: str) -> str:
    """Return a fresh hidden name for a file that will become `name`."""
    return f".{name}.{secrets.token_hex(4)}{TEMPORARY}"


def open_new(name: str, within: int, mode: int = 0o600) -> int:
    """Open a file for writing that was not there before; the caller closes it."""
    return os.open(name, _NEW, mode, dir_fd=within)


def write_all(descriptor: int, data: bytes | memoryview) -> None:
    """Write all of `data`; a disk that takes a part of it is asked again."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def replace(name: str, within: int, parts: Iterable[bytes | memoryview], mode: int = 0o600) -> None:
    """Write `parts` to `name` durably; readers see the old file or the new one.

    Raises:
        OSError: a call failed; the old file is still there, or the new one may not last.
    """
    temporary = temporary_name(name)
    descriptor = open_new(temporary, within, mode)
    try:
        try:
            for part in parts:
                write_all(descriptor, part)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.rename(temporary, name, src_dir_fd=within, dst_dir_fd=within)
    except BaseException:
        remove(temporary, within)
        raise
    os.fsync(within)


def append(name: str, within: int, data: bytes, mode: int = 0o600) -> None:
    """Write `data` behind what is in the file `name`, durably; make the file if it is not there.

    The name itself lasts only after an fsync of the folder.

    Raises:
        OSError: a call failed; a part of `data` may stand there.
    """
    descriptor = os.open(name, _APPEND, mode, dir_fd=within)
    try:
        write_all(descriptor, data)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove(name: str, within: int) -> bool:
    """Unlink `name` if it is there; return whether it went."""
    try:
        os.unlink(name, dir_fd=within)
    except OSError:
        return False
    return True


def read(name: str, within: int, limit: int) -> bytes:
    """Return the bytes of a regular file of at most `limit` bytes.

    Raises:
        FileNotFoundError: it is not there.
        DamagedError: it is a link, a folder or a device, too large, or the disk cannot read it.
    """
    try:
        descriptor = os.open(name, _READ, dir_fd=within)
    except FileNotFoundError:
        raise
    except OSError as error:
        if error.errno in {errno.ELOOP, errno.EMLINK}:
            raise DamagedError("is a link") from None
        raise DamagedError(f"cannot be opened: {error.strerror}") from None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise DamagedError("is not a regular file")
        data = _read_all(descriptor, limit)
    except OSError as error:
        raise DamagedError(f"cannot be read: {error.strerror}") from None
    finally:
        os.close(descriptor)
    if len(data) > limit:
        raise DamagedError(f"holds more than the allowed {limit} bytes")
    return data


def _read_all(descriptor: int, limit: int) -> bytes:
    """Read to the end, or to the first chunk past `limit`."""
    chunks: list[bytes] = []
    left = limit
    while left >= 0 and (chunk := os.read(descriptor, _CHUNK)):
        chunks.append(chunk)
        left -= len(chunk)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def is_regular(name: str, within: int) -> bool:
    """Return whether `name` is a regular file, and not a link to one."""
    return stat.S_ISREG(_mode(name, within))


def is_folder(name: str, within: int) -> bool:
    """Return whether `name` is a folder, and not a link to one."""
    return stat.S_ISDIR(_mode(name, within))


def _mode(name: str, within: int) -> int:
    try:
        return os.stat(name, dir_fd=within, follow_symlinks=False).st_mode
    except OSError:
        return 0
