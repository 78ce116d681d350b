"""Who of this host is alive: a kernel lock for each scheduler, on a file beside the database.

The kernel lets go of a lock when its process dies, however it dies. No process id is compared: ids
are reused, and two containers may share one.
"""

from __future__ import annotations

import os
from pathlib import Path

from cronkit._files._lock import KernelLock, is_held

try:
    import fcntl
except ImportError:  # Windows: only the leases tell
    fcntl = None  # type: ignore[assignment]


class Owners:
    """The locks of the schedulers of one store.

    Args:
        folder: where the files lie; made with mode 0700 when the first one enters.
    """

    __slots__ = ("_folder", "_held")

    def __init__(self, folder: str) -> None:
        self._folder = Path(folder)
        self._held: dict[str, KernelLock] = {}

    def __bool__(self) -> bool:
        return bool(self._held)

    def enter(self, owner: str) -> None:
        """Hold the lock of `owner` until `leave`; does nothing if it is held.

        Raises:
            OSError: the file cannot be made or locked.
        """
        if owner in self._held:
            return
        self._folder.mkdir(mode=0o700, exist_ok=True)
        lock = KernelLock(str(self._folder / owner))
        if not lock.acquire():
            raise OSError(None, "another process holds the lock of this owner", lock.path)
        self._held[owner] = lock

    def leave(self, owner: str) -> None:
        """Let go of the lock of `owner` and remove its file; an unknown one is no error."""
        lock = self._held.get(owner)
        if lock is not None:
            # Nobody waits for the lock of another owner, so its file can go while it is held.
            Path(lock.path).unlink(missing_ok=True)
            self.abandon(owner)

    def abandon(self, owner: str) -> None:
        """Let go of the lock of `owner`; the file stays, as after the death of a process."""
        lock = self._held.pop(owner, None)
        if lock is not None:
            lock.release()

    def forget(self) -> None:
        """Hold nothing any more, in a forked child: the locks are still those of the parent."""
        self._held = {}

    def died(self, owner: str) -> bool:
        """Return whether the process of `owner` is known to be dead.

        A file that is not there, or that may not be read, tells nothing: then the lease decides.
        """
        path = self._folder / owner
        if fcntl is None or path.parent != self._folder or not os.access(path, os.R_OK):
            return False
        try:
            folder = os.open(self._folder, os.O_RDONLY)
        except OSError:
            return False
        try:
            return not is_held(owner, folder)
        finally:
            os.close(folder)

    def clear_away(self, owner: str) -> None:
        """Remove what a dead owner has left."""
        if self.died(owner):
            (self._folder / owner).unlink(missing_ok=True)
