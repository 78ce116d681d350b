"""One attempt in a child process, seen from the parent: sends the letter, reads, stops, reaps.

::

    letters    parent -> child    the setting and the letter, then closed
    replies    child -> parent    frames: notes, progress, log records, the result or the error
    output     child -> parent    its stdout and stderr; the last 64 KiB are kept
    lifeline   parent -> child    nothing; its end is the end of the parent
    wake       any thread here -> the thread of this attempt

Nothing here blocks on the child: it may stop in the middle of a sentence.
"""

from __future__ import annotations

import os
import selectors
import signal
import threading
from contextlib import ExitStack, suppress
from functools import partial
from typing import TYPE_CHECKING

from cronkit._clock import SystemClock
from cronkit.executors._launch import LAUNCHERS
from cronkit.executors._replies import Replies

if TYPE_CHECKING:
    from collections.abc import Callable

    from cronkit._context import Attempt
    from cronkit.executors._launch import Child

TO_KILL_SECONDS = 2.0
"""From SIGTERM to SIGKILL; also from the result to SIGKILL, for a child that does not exit."""

MOST_OUTPUT = 64 * 1024

_LOOK_SECONDS = 0.05
"""How often to look for an exit where the system has no descriptor for it."""

_CHUNK = 1 << 18


class ProcessRun:
    """One attempt and its child process."""

    def __init__(self, attempt: Attempt, letter: bytes, start_method: str) -> None:
        self._attempt = attempt
        self._letter = memoryview(letter)
        self._start_method = start_method
        self._clock = SystemClock()
        self._lock = threading.Lock()
        self._child: Child | None = None
        self._asked = False
        self._kill_at: float | None = None
        self._replies = Replies(attempt)
        self._output = bytearray()
        self._selector = selectors.DefaultSelector()
        self._ours: set[int] = set()
        wake, self._wake = os.pipe()
        self._ours |= {wake, self._wake}
        self._watch(wake, selectors.EVENT_READ, self._read_wake)

    def stop(self) -> None:
        """Ask the child to end: SIGTERM now, SIGKILL in two seconds; any thread."""
        with self._lock:
            if not self._asked and self._ours:
                self._asked = True
                self._signal(signal.SIGTERM)
                os.write(self._wake, b"\0")

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
            self._selector.close()
            ours, self._ours = self._ours, set()
            for fd in ours:
                os.close(fd)

    def after_fork(self) -> None:
        """Close this process's copies; that of the lifeline would keep the child from its end."""
        self._lock = threading.Lock()
        self.close()

    # --- beginning -------------------------------------------------------------------------------

    def _launch(self) -> Child:
        with ExitStack() as theirs:
            letters, letters_end = self._pipe(theirs, reads=False)
            replies, replies_end = self._pipe(theirs, reads=True)
            output, output_end = self._pipe(theirs, reads=True)
            _, lifeline_end = self._pipe(theirs, reads=False)
            launch = LAUNCHERS[self._start_method]
            child = launch(letters_end, replies_end, lifeline_end, output_end)
        with self._lock:
            self._child = child
            if self._asked:
                self._signal(signal.SIGTERM)
        self._watch(letters, selectors.EVENT_WRITE, self._write)
        self._watch(replies, selectors.EVENT_READ, self._read_replies)
        self._watch(output, selectors.EVENT_READ, self._read_output)
        if child.sentinel is not None:
            self._selector.register(child.sentinel, selectors.EVENT_READ)
        return child

    def _pipe(self, theirs: ExitStack, *, reads: bool) -> tuple[int, int]:
        """Return our end and the child's end of a pipe; `theirs` closes the child's."""
        reading, writing = os.pipe()
        near, far = (reading, writing) if reads else (writing, reading)
        self._ours.add(near)
        theirs.callback(os.close, far)
        return near, far

    def _watch(self, fd: int, event: int, act: Callable[[int], bool]) -> None:
        os.set_blocking(fd, False)
        self._selector.register(fd, event, partial(act, fd))

    # --- while it goes on ------------------------------------------------------------------------

    def _attend(self, child: Child) -> None:
        while not child.has_exited():
            for key, _ in self._selector.select(self._patience(child)):
                self._act(key)
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

    def _act(self, key: selectors.SelectorKey) -> bool:
        """Do what a ready descriptor asks for; return whether it may have more."""
        if key.data is None:
            return False
        with suppress(BlockingIOError):
            if key.data():
                return True
            self._selector.unregister(key.fd)
            self._ours.discard(key.fd)
            os.close(key.fd)
        return False

    def _write(self, fd: int) -> bool:
        with suppress(BrokenPipeError):  # the child has died; its exit code says how
            self._letter = self._letter[os.write(fd, self._letter[:_CHUNK]) :]
            return bool(self._letter)
        return False

    def _read_wake(self, fd: int) -> bool:
        return bool(os.read(fd, 16))

    def _read_output(self, fd: int) -> bool:
        data = os.read(fd, _CHUNK)
        self._output += data
        if len(self._output) > 2 * MOST_OUTPUT:
            del self._output[:-MOST_OUTPUT]
        return bool(data)

    def _read_replies(self, fd: int) -> bool:
        data = os.read(fd, _CHUNK)
        self._replies.feed(data)
        return bool(data)

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
            self._selector.unregister(child.sentinel)
        code = child.reap()
        for key in list(self._selector.get_map().values()):
            if key.events == selectors.EVENT_READ:
                while self._act(key):
                    pass
        return code
