"""One active scheduler a host, without a database: a kernel lock held while it runs.

The kernel lets go of the lock when the process dies, however it dies. A note beside it says who
holds it; the note is for people, the lock alone decides.
"""

from __future__ import annotations

import json
import os
import socket
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cronkit import _convert
from cronkit._files._lock import KernelLock
from cronkit._files._paths import file_path
from cronkit.errors import AlreadyRunningError

if TYPE_CHECKING:
    from cronkit.abc import Clock


class Single:
    """The lock of ``Scheduler(single=...)``.

    Args:
        path: the lock's file; its folder must exist.
        clock: where the time of the note is read.
        standby: wait for the lock instead of refusing to start.

    Raises:
        PolicyError: `path` has no folder, or is one.
        UnsupportedPlatformError: it lies on a network file system.
    """

    def __init__(self, path: str | os.PathLike[str], clock: Clock, *, standby: bool) -> None:
        self._path = file_path(path, "single", "Scheduler(single=...)")
        self._clock = clock
        self._lock = KernelLock(str(self._path))
        self._note = Path(f"{self._path}.owner")
        self.standby = _convert.flag(standby, "standby")

    def take(self) -> bool:
        """Take the lock if it is free; return whether it is ours."""
        if not self._lock.acquire():
            return False
        facts = {
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "since": self._clock.now().isoformat(),
        }
        with suppress(OSError):  # a full disk must not keep the scheduler from running
            self._note.write_text(json.dumps(facts), "utf-8")
        return True

    def release(self) -> None:
        """Let go of the lock; does nothing when it is not held."""
        self._lock.release()

    def refusal(self) -> AlreadyRunningError:
        """Return the error that says who holds the lock, as far as the note tells."""
        try:
            facts = json.loads(self._note.read_text("utf-8"))
            return AlreadyRunningError(
                int(facts["pid"]), str(facts["host"]), datetime.fromisoformat(facts["since"])
            )
        except (OSError, ValueError, KeyError, TypeError):
            return AlreadyRunningError(None, socket.gethostname(), None)
