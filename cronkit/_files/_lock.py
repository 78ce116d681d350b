"""A kernel lock on a file: held by one process at a time, gone the moment it dies.

The only place that imports filelock, and only when a lock is made. Nothing here compares process
ids: a pid is reused, and two containers may share one.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from filelock import FileLock

_POLL = 0.02


class KernelLock:
    """An exclusive lock on the file at `path`, which is made if it is not there.

    The lock belongs to the process, not to a thread. A forked child does not have it, and the
    parent keeps it. The file stays when the lock is released: to unlink it would split those who
    wait between two files.

    Args:
        path: the file.
        private: make it with mode 0600; otherwise the umask decides.
    """

    __slots__ = ("_identity", "_lock", "_mode", "path")

    def __init__(self, path: str, *, private: bool = True) -> None:
        self.path = path
        self._mode = 0o600 if private else -1  # filelock's own word for "the umask decides"
        self._identity: tuple[int, int] | None = None
        self._lock: FileLock | None = None

    def acquire(self, timeout_seconds: float = 0.0) -> bool:
        """Take the lock, trying for `timeout_seconds`; return whether it is ours.

        Raises:
            OSError: the file cannot be opened, or this file system has no locks.
        """
        from filelock import FileLock, Timeout  # noqa: PLC0415 -- costs 20 ms of import

        lock = FileLock(
            self.path,
            mode=self._mode,
            thread_local=False,
            fallback_to_soft=False,
            on_acquired=self._remember,
        )
        try:
            lock.acquire(timeout=timeout_seconds, poll_interval=_POLL)
        except Timeout:
            return False
        self._lock = lock
        return True

    def _remember(self, descriptor: int) -> None:
        status = os.fstat(descriptor)
        self._identity = status.st_dev, status.st_ino

    def guards(self, name: str, folder: int) -> bool:
        """Return whether `name` in the open `folder` is still the file that this lock holds.

        Who replaces that file takes the lock away from an owner that does not answer.
        """
        if self._lock is None or not self._lock.is_locked:
            return False
        try:
            status = os.stat(name, dir_fd=folder, follow_symlinks=False)
        except OSError:
            return False
        return self._identity == (status.st_dev, status.st_ino)

    def release(self) -> None:
        """Let go; does nothing when the lock is not held."""
        lock, self._lock = self._lock, None
        if lock is None:
            return
        try:
            lock.release()
        except OSError:
            # A lock that stays held by accident stops others until this process ends.
            lock.release(force=True)


def is_held(name: str, folder: int) -> bool:
    """Return whether a process holds the lock on `name` in the open `folder`.

    It asks with a shared lock for an instant, so that two who ask at once do not take each other
    for an owner.
    """
    import fcntl  # noqa: PLC0415 -- not on every platform

    try:
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False
