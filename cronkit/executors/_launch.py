"""Starts child processes, by spawning an interpreter or by the fork server of multiprocessing."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import suppress
from multiprocessing import get_context, spawn
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerContext

_COMMAND = (
    "import sys; sys.path[:] = {path!r}; from cronkit.executors._child import main; main{fds!r}"
)
_server_lock = threading.Lock()
"""multiprocessing looks at all its children whenever it starts one; two looks at once lose a code."""


class Child(Protocol):
    """A child process, seen from its parent.

    Attributes:
        pid: its process id, and that of its process group.
        sentinel: a file descriptor that is readable when it has exited; ``None``: there is none.
    """

    pid: int
    sentinel: int | None

    def has_exited(self) -> bool:
        """Return whether it has exited; its process id stays taken until `reap`."""
        ...

    def reap(self) -> int:
        """Wait for its end; return its exit code, or minus the signal that killed it."""
        ...


def main_module() -> dict[str, object]:
    """Return how a child imports the program's main module, in the words of multiprocessing.

    Raises:
        RuntimeError: this process is a child that imports the main module just now.
    """
    said = spawn.get_preparation_data("cronkit")
    kept = ("name", "sys_argv", "dir", "orig_dir", "init_main_from_name", "init_main_from_path")
    return {key: said[key] for key in kept if key in said}


class SpawnedChild:
    """A fresh interpreter, in a session of its own from its first instruction on."""

    def __init__(self, letters: int, replies: int, lifeline: int, output: int) -> None:
        fds = (letters, replies, lifeline)
        self._process = subprocess.Popen(  # noqa: S603 -- this interpreter, our own command
            [
                os.fsdecode(spawn.get_executable()),
                *subprocess._args_from_interpreter_flags(),  # type: ignore[attr-defined]  # noqa: SLF001 -- as multiprocessing does
                "-c",
                _COMMAND.format(path=sys.path, fds=fds),
            ],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=fds,
            start_new_session=True,
        )
        self.pid = self._process.pid
        self.sentinel: int | None = None
        with suppress(AttributeError, OSError):  # Linux 5.3
            self.sentinel = os.pidfd_open(self.pid)

    def has_exited(self) -> bool:
        """Return whether it has exited; its process id stays taken until `reap`."""
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is not None

    def reap(self) -> int:
        """Wait for its end; return its exit code, or minus the signal that killed it."""
        if self.sentinel is not None:
            os.close(self.sentinel)
        return self._process.wait()


class ForkedChild:
    """A child of the fork server: its modules are loaded already."""

    def __init__(self, letters: int, replies: int, lifeline: int, output: int) -> None:
        from cronkit.executors._child import main_forked  # noqa: PLC0415 -- the server loads it

        context = get_context("forkserver")
        ends = [
            Connection(os.dup(letters), writable=False),
            Connection(os.dup(replies), readable=False),
            Connection(os.dup(lifeline), writable=False),
            Connection(os.dup(output), readable=False),
        ]
        try:
            with _server_lock:
                _preload(context)
                # Not a daemon: daemons of multiprocessing may have no children.
                self._process = context.Process(
                    target=main_forked, args=tuple(ends), daemon=False, name="cronkit"
                )
                self._process.start()
        finally:
            for end in ends:
                end.close()
        self.pid = self._process.pid or 0
        self.sentinel: int | None = self._process.sentinel

    def has_exited(self) -> bool:
        """Return whether it has exited."""
        with _server_lock:
            return self._process.exitcode is not None

    def reap(self) -> int:
        """Wait for its end; return its exit code, or minus the signal that killed it."""
        self._process.join()
        with _server_lock:
            code = self._process.exitcode
            self._process.close()
        return 0 if code is None else code


def _preload(context: ForkServerContext) -> None:
    """Have a fork server that starts now load what every child needs."""
    context.set_forkserver_preload(["__main__", "cronkit.executors._child"])


LAUNCHERS: dict[str, type[SpawnedChild | ForkedChild]] = {
    "spawn": SpawnedChild,
    "forkserver": ForkedChild,
}
"""By start method."""
