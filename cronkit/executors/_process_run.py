"""One attempt in a child process, seen from the parent: sends the letter, reads, stops, judges.

::

    letters    parent -> child    the setting and the letter, then closed
    replies    child -> parent    frames: notes, progress, log records, the result or the error
    output     child -> parent    its stdout and stderr; the last 64 KiB are kept
    lifeline   parent -> child    nothing; its end is the end of the parent
    wake       any thread here -> the thread of this attempt
"""

from __future__ import annotations

import logging
import os
import pickle
import selectors
import signal
import threading
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from cronkit._clock import SystemClock
from cronkit.errors import RunFailedError
from cronkit.executors._child import Terminated
from cronkit.executors._launch import LAUNCHERS
from cronkit.executors._letter import ERROR, LOG, NOTE, PROGRESS, RESULT, Frames
from cronkit.executors._stopped import stopped

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
        self._selector = selectors.DefaultSelector()
        self._frames = Frames()
        self._output = bytearray()
        self._answer: tuple[bytes, bytes] | None = None
        self._wake_read, self._wake_write = os.pipe()
        self._lifeline = -1

    def stop(self) -> None:
        """Ask the child to end: SIGTERM now, SIGKILL in two seconds; any thread."""
        with self._lock:
            if not self._asked:
                self._asked = True
                self._signal(signal.SIGTERM)
                with suppress(OSError):  # the attempt has just ended
                    os.write(self._wake_write, b"\0")

    def run(self) -> tuple[object, BaseException | None]:
        """Run the attempt to its end; return its result, or what it raised."""
        try:
            child = self._launch()
            try:
                self._attend(child)
            finally:
                code = self._bury(child)
        finally:
            self._close()
        return self._judge(code)

    # --- beginning -------------------------------------------------------------------------------

    def _launch(self) -> Child:
        letters, letters_end = os.pipe()
        replies_end, replies = os.pipe()
        output_end, output = os.pipe()
        lifeline, self._lifeline = os.pipe()
        try:
            with self._lock:
                launcher = LAUNCHERS[self._start_method]
                child = self._child = launcher(letters, replies, lifeline, output)
                if self._asked:
                    self._signal(signal.SIGTERM)
        finally:
            for end in (letters, replies, lifeline, output):
                os.close(end)
            self._watch(letters_end, selectors.EVENT_WRITE, self._write)
            self._watch(replies_end, selectors.EVENT_READ, self._read_replies)
            self._watch(output_end, selectors.EVENT_READ, self._read_output)
            self._watch(self._wake_read, selectors.EVENT_READ, self._read_wake)
        if child.sentinel is not None:
            self._selector.register(child.sentinel, selectors.EVENT_READ)
        return child

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
        if self._kill_at is None and (self._asked or self._answer is not None):
            self._kill_at = self._clock.monotonic() + TO_KILL_SECONDS
        left = None
        if self._kill_at is not None:
            left = max(self._kill_at - self._clock.monotonic(), 0.0)
        if child.sentinel is None:
            left = _LOOK_SECONDS if left is None else min(left, _LOOK_SECONDS)
        return left

    def _act(self, key: selectors.SelectorKey) -> bool:
        """Do what a ready descriptor asks for; close it at its end. Return whether to go on."""
        if key.data is None:
            return False
        with suppress(BlockingIOError):
            if not key.data():
                self._selector.unregister(key.fd)
                os.close(key.fd)
                return False
            return True
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
        for kind, body in self._frames.feed(data):
            if kind in {RESULT, ERROR}:
                self._answer = (kind, body)
            else:
                self._take(kind, body)
        return bool(data)

    def _take(self, kind: bytes, body: bytes) -> None:
        context = self._attempt.context
        try:
            said = pickle.loads(body)  # noqa: S301 -- from our own child, by a pipe
            if kind == NOTE:
                context.note(**said)
            elif kind == PROGRESS:
                context.progress(said[0], total=said[1])
            elif kind == LOG:
                record = logging.makeLogRecord(said)
                logging.getLogger(record.name).handle(record)
        except Exception as error:  # noqa: BLE001 -- __setstate__ and log handlers are the user's own
            context.note(lost=f"{type(error).__name__} while taking what the child said")

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
        code = child.reap()
        if child.sentinel is not None:
            self._selector.unregister(child.sentinel)
        for key in list(self._selector.get_map().values()):
            if key.events == selectors.EVENT_READ and key.fd != self._wake_read:
                while self._act(key):
                    pass
        return code

    def _close(self) -> None:
        with self._lock:
            for fd in [*(key.fd for key in self._selector.get_map().values()), self._wake_write]:
                os.close(fd)
            self._selector.close()
            self._wake_write = -1
            if self._lifeline >= 0:
                os.close(self._lifeline)

    def _judge(self, code: int) -> tuple[object, BaseException | None]:
        if self._output:
            text = self._output[-MOST_OUTPUT:].decode("utf-8", "replace")
            self._attempt.context.note(output=text)
        if code:
            self._attempt.context.note(exit_code=code)
        value, error = self._answered(code)
        by_request = isinstance(error, Terminated) or (error is not None and self._answer is None)
        value, error = stopped(self._attempt, value, error, by_request=by_request)
        if isinstance(error, Terminated):
            error = self._failed("killed by signal 15 (SIGTERM)")
        return value, error

    def _answered(self, code: int) -> tuple[object, BaseException | None]:
        if self._answer is None:
            return None, self._failed(_ending(code))
        kind, body = self._answer
        try:
            said = pickle.loads(body)  # noqa: S301 -- from our own child, by a pipe
        except BaseException as broken:  # noqa: BLE001 -- __setstate__ is the user's own
            what = f"{type(broken).__name__} while unpickling what the child sent"
            failed = self._failed(what)
            failed.__cause__ = broken
            return None, failed
        return (None, said) if kind == ERROR else (said, None)

    def _failed(self, text: str) -> RunFailedError:
        return RunFailedError(self._attempt.run_id, text)


def _ending(code: int) -> str:
    if code >= 0:
        return f"exited with code {code} and without a result"
    try:
        name = f" ({signal.Signals(-code).name})"
    except ValueError:
        name = ""
    return f"killed by signal {-code}{name}"
