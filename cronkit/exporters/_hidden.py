"""The hidden files of a folder: how they are named, made, found again, and cleaned up.

A file that one call writes has a random name and a lock that its writer holds, so that others see
when the writer is gone. The file of an operation is named after it, and outlives its process.
"""

from __future__ import annotations

import os
import re
import secrets
from hashlib import sha256
from typing import TYPE_CHECKING

from cronkit._files import _atomic
from cronkit._files._lock import KernelLock
from cronkit.errors import ExportError
from cronkit.exporters._growing import MODE, GrowingFile, write_errors
from cronkit.exporters._part import PartFile

if TYPE_CHECKING:
    from datetime import datetime

    from cronkit.exporters._directory import ExportDirectory
    from cronkit.exporters._shelf import Shelf

_OF_OPERATION = re.compile(r"\.[A-Za-z0-9._-]+\.[0-9a-f]{16}\.\d+\.part", re.ASCII)
_CHUNK = 1 << 20


def new_part(directory: ExportDirectory, export: str) -> PartFile:
    """Make a hidden file that goes when its writer does.

    Raises:
        ExportWriteError: the disk failed.
    """
    path = str(directory.path)
    folder = _open_folder(directory)
    try:
        with write_errors(path):
            while True:
                name = f".{export}-{secrets.token_hex(4)}.part"
                lock = KernelLock(f"{path}/{name}", private=False)
                # A sweep that saw the file before its lock may have taken it away again.
                if lock.acquire() and lock.guards(name, folder):
                    break
                lock.release()
            flags = os.O_WRONLY | os.O_NOFOLLOW
            descriptor = os.open(name, flags, dir_fd=folder)
    except BaseException:
        os.close(folder)
        raise
    return PartFile(GrowingFile(path, folder, name, descriptor, lock), directory.compression)


def sweep(shelf: Shelf, export: str) -> None:
    """Remove the hidden files of single calls of an export whose writer is gone."""
    form = re.compile(rf"\.{re.escape(export)}-[0-9a-f]{{8}}\.part", re.ASCII)
    for name in filter(form.fullmatch, shelf.names()):
        lock = KernelLock(f"{shelf.path}/{name}", private=False)
        if _atomic.is_regular(name, shelf.folder) and lock.acquire():
            _atomic.remove(name, shelf.folder)
            lock.release()


def operation_name(key: str, operation: str, fence: int) -> str:
    """Return the name of the hidden file of an operation."""
    return f".{key}.{sha256(operation.encode()).hexdigest()[:16]}.{fence}.part"


def remove_old(shelf: Shelf, before: datetime) -> None:
    """Remove the hidden files of operations that nobody has touched since `before`."""
    for name in filter(_OF_OPERATION.fullmatch, shelf.names()):
        changed_at = os.stat(name, dir_fd=shelf.folder, follow_symlinks=False).st_mtime
        if changed_at < before.timestamp():
            _atomic.remove(name, shelf.folder)


def remove_of_operation(shelf: Shelf, key: str, operation: str) -> None:
    """Remove the hidden files of an operation."""
    stem = operation_name(key, operation, 0).removesuffix("0.part")
    for name in filter(_OF_OPERATION.fullmatch, shelf.names()):
        if name.startswith(stem):
            _atomic.remove(name, shelf.folder)


def fresh_part(directory: ExportDirectory, name: str) -> PartFile:
    """Make the hidden file of an operation; one of that name, from before its first checkpoint, goes.

    Raises:
        ExportWriteError: the disk failed.
    """
    folder = _open_folder(directory)
    try:
        with write_errors(f"{directory.path}/{name}"):
            _atomic.remove(name, folder)
            descriptor = os.open(
                name, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, MODE, dir_fd=folder
            )
            # A checkpoint will name this file: its name has to last no less.
            os.fsync(folder)
    except BaseException:
        os.close(folder)
        raise
    file = GrowingFile(str(directory.path), folder, name, descriptor)
    return PartFile(file, directory.compression)


def old_part(
    directory: ExportDirectory, name: str, size: int, digest: str | None, copy_to: str | None
) -> PartFile:
    """Open the hidden file of an operation and cut it where its last checkpoint was.

    Args:
        directory: its folder.
        name: its name.
        size: where it is cut.
        digest: the hash up to there; ``None``: not known.
        copy_to: go on in a copy of this name: another process may still write to the old one.

    Raises:
        ExportError: it is not there, or does not hold what was written.
        ExportWriteError: the disk failed.
    """
    where = f"{directory.path}/{name}"
    if not _OF_OPERATION.fullmatch(name):
        raise ExportError(where, "is no name of a hidden file")
    folder = _open_folder(directory)
    try:
        with write_errors(where):
            _refuse_gone(name, folder, where)
            if copy_to is not None:
                _copy(folder, name, copy_to, size)
                name = copy_to
            descriptor = os.open(name, os.O_RDWR | os.O_NOFOLLOW, dir_fd=folder)
    except BaseException:
        os.close(folder)
        raise
    file = GrowingFile(str(directory.path), folder, name, descriptor)
    try:
        file.skip(size, digest)
    except BaseException:
        file.close(remove=False)
        raise
    return PartFile(file, directory.compression)


def _refuse_gone(name: str, folder: int, where: str) -> None:
    if name not in _atomic.names(folder):
        raise ExportError(
            where, "is gone, and with it what the operation has written; start it anew"
        )


def _open_folder(directory: ExportDirectory) -> int:
    with write_errors(str(directory.path)):
        _atomic.make_folders(directory.path)
        return _atomic.open_folder(str(directory.path))


def _copy(folder: int, name: str, copy: str, size: int) -> None:
    source = os.open(name, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=folder)
    try:
        _atomic.remove(copy, folder)
        target = os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE, dir_fd=folder)
        try:
            while size > 0 and (chunk := os.read(source, min(size, _CHUNK))):
                _atomic.write_all(target, chunk)
                size -= len(chunk)
            os.fsync(target)
            os.fsync(folder)
        finally:
            os.close(target)
    finally:
        os.close(source)
