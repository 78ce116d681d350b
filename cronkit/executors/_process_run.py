"""One attempt in a child process, seen from the parent: sends the letter, reads, stops, reaps.

::

    letters    parent -> child    the setting and the letter, then closed
    replies    child -> parent    frames: notes, progress, log records, the result or the error
    output     child -> parent    its stdout and stderr; the last 64 KiB are kept
    lifeline   parent -> child    nothing; its end is the end of the parent
    bell       any thread here -> the thread of this attempt
"""

from __future__ import annotations

import os
import signal
import threading
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

from cronkit._clock import SystemClock
from cronkit.executors._launch import LAUNCHERS
from cronkit.executors._pipes import Pipes
from cronkit.executors._replies import Replies

if TYPE_CHECKING:
    from cronkit._attempt import Attempt
    from cronkit.executors._launch import Child

TO_KILL_SECONDS = 2.0
"""From SIGTERM to SIGKILL; also from the result to SIGKILL, for a child that does not exit."""

MOST_OUTPUT = 64 * 1024

_LOOK_SECONDS = 0.05
"""How often to look for an exit where the system has no descriptor for it."""


class ProcessRun:
    """One attempt and its child process."""

    def __init__(self, attempt: Attempt, letter: bytes, start_method: str) -> None:
        self._attempt = attempt
        self._letter = letter
        self._start_method = start_method
        self._clock = SystemClock()
        self._lock = threading.Lock()
        self._child: Child | None = None
        self._asked = False
        self._kill_at: float | None = None
        self._replies = Replies(attempt)
        self._output = bytearray()
        self._pipes = Pipes()
        self._bell = self._pipes.bell()

    def stop(self) -> None:
        """Ask the child to end: SIGTERM now, SIGKILL in two seconds; any thread."""
        with self._lock:
            if not self._asked and not self._pipes.closed:
                self._asked = True
                self._signal(signal.SIGTERM)
                os.write(self._bell, b"\0")

    def run(self) -> tuple[object, BaseException | None]:
        """Run the attempt to its end; return its result, or what it raised."""
        try:
            child = self._launch()
            try:
                self._attend(child)
            finally:
                code = self._bury(child)
        finally:
            self.close()
        if self._output:
            text = self._output[-MOST_OUTPUT:].decode("utf-8", "replace")
            self._attempt.context.note(output=text)
        if code:
            self._attempt.context.note(exit_code=code)
        return self._replies.judge(code)

    def close(self) -> None:
        """Close the descriptors of this side."""
        with self._lock:
            self._pipes.close()

    def after_fork(self) -> None:
        """Close this process's copies; that of the lifeline would keep the child from its end."""
        self._lock = threading.Lock()
        self.close()

    # --- beginning -------------------------------------------------------------------------------

    def _launch(self) -> Child:
        pipes = self._pipes
        with ExitStack() as theirs:
            letters, letters_end = pipes.open(theirs, reads=False)
            replies, replies_end = pipes.open(theirs, reads=True)
            output, output_end = pipes.open(theirs, reads=True)
            _, lifeline_end = pipes.open(theirs, reads=False)
            launch = LAUNCHERS[self._start_method]
            child = launch(letters_end, replies_end, lifeline_end, output_end)
        with self._lock:
            self._child = child
            if self._asked:
                self._signal(signal.SIGTERM)
        pipes.send(letters, self._letter)
        pipes.on_data(replies, self._replies.feed)
        pipes.on_data(output, self._keep_output)
        if child.sentinel is not None:
            pipes.on_exit(child.sentinel)
        return child

    # --- while it goes on ------------------------------------------------------------------------

    def _attend(self, child: Child) -> None:
        while not child.has_exited():
            self._pipes.serve(self._patience(child))
            if self._kill_at is not None and self._clock.monotonic() >= self._kill_at:
                with self._lock:
                    self._signal(signal.SIGKILL)
                self._kill_at = None

    def _patience(self, child: Child) -> float | None:
        """Return for how long to wait: until SIGKILL is due, or the next look."""
        if self._kill_at is None and (self._asked or self._replies.answered):
            self._kill_at = self._clock.monotonic() + TO_KILL_SECONDS
        left = None
        if self._kill_at is not None:
            left = max(self._kill_at - self._clock.monotonic(), 0.0)
        if child.sentinel is None:
            left = _LOOK_SECONDS if left is None else min(left, _LOOK_SECONDS)
        return left

    def _keep_output(self, data: bytes) -> None:
        self._output += data
        if len(self._output) > 2 * MOST_OUTPUT:
            del self._output[:-MOST_OUTPUT]

    # --- the end ---------------------------------------------------------------------------------

    def _signal(self, number: int) -> None:
        if self._child is None:
            return
        try:
            os.killpg(self._child.pid, number)
        except ProcessLookupError:  # a child of the fork server that is not yet a group of its own
            with suppress(ProcessLookupError):
                os.kill(self._child.pid, number)
        except PermissionError:  # macOS says so of a group of zombies
            pass

    def _bury(self, child: Child) -> int:
        """Kill what the child leaves behind, read what is left in the pipes, reap it."""
        with self._lock:
            self._signal(signal.SIGKILL)
            self._child = None  # from here on its process id may be another's
        if child.sentinel is not None:
            self._pipes.forget(child.sentinel)
        code = child.reap()
        self._pipes.drain()
        return code
