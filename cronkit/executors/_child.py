"""One attempt in a child process: opens the letter, runs the function, sends back what came of it.

It runs in a process of its own and knows no scheduler. Whatever happens here, the parent learns of
it from the frames or from the exit code.
"""

from __future__ import annotations

import fcntl
import io
import logging
import os
import pickle
import select
import signal
import sys
import threading
import traceback
from contextlib import suppress
from multiprocessing import process, spawn
from typing import TYPE_CHECKING

from typing_extensions import override

from cronkit._attempt import Attempt
from cronkit._clock import SystemClock
from cronkit._context import RunContext
from cronkit._convert import ZERO
from cronkit.errors import PolicyError, RunFailedError
from cronkit.executors._call import call
from cronkit.executors._letter import ERROR, LOG, NOTE, PROGRESS, RESULT, Letter, Setting, frame
from cronkit.executors._pickling import BrokenPickleError, pickled, unpickled
from cronkit.executors._reference import resolve
from cronkit.jobs import Job, Rules

if TYPE_CHECKING:
    from datetime import timedelta
    from multiprocessing.connection import Connection
    from types import FrameType

_CHUNK = 1 << 20


class Terminated(BaseException):
    """SIGTERM came. Raised in the job's thread, so that its ``finally`` blocks run."""


class Wire:
    """The way to the parent; any thread of this process may send."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._pid = os.getpid()
        self._lock = threading.Lock()

    def send(self, kind: bytes, body: bytes) -> None:
        """Send a frame; a process that the job has forked off sends nothing."""
        if os.getpid() != self._pid:
            return
        with self._lock:
            for part in (frame(kind, body), body):
                left = memoryview(part)
                while left:
                    left = left[os.write(self._fd, left[:_CHUNK]) :]


class _ChildContext(RunContext):
    """A run as its job sees it in a child: what it tells goes to the parent."""

    __slots__ = ("_ends", "_wire")

    def __init__(self, attempt: Attempt, wire: Wire, left: timedelta | None) -> None:
        super().__init__(attempt)
        self._wire = wire
        self._ends = None if left is None else attempt.clock.now() + left

    @property
    @override
    def remaining(self) -> timedelta | None:
        """How long until the deadline, by this machine's clock."""
        return None if self._ends is None else max(self._ends - self._attempt.clock.now(), ZERO)

    @override
    def progress(self, done: float, *, total: float | None = None) -> None:
        """Say how far this run has come."""
        super().progress(done, total=total)
        self._wire.send(PROGRESS, pickle.dumps((done, total)))

    @override
    def note(self, **facts: object) -> None:
        """Record facts with the run.

        Raises:
            PolicyError: a fact cannot be pickled.
        """
        for name, fact in facts.items():
            if not _picklable(fact):
                kind = type(fact).__name__  # the value itself could not go back in the error
                raise PolicyError(f"note({name}=...)", kind, "a value that can be pickled")
        super().note(**facts)
        self._wire.send(NOTE, pickle.dumps(facts))


class _ChildAttempt(Attempt):
    """An attempt whose context sends to the parent."""

    __slots__ = ("child_context",)

    def __init__(self, letter: Letter, wire: Wire) -> None:
        job = Job(
            id=letter.taken.job_id,
            func=resolve(letter.function),
            trigger=None,
            args=letter.args,
            kwargs=letter.kwargs,
            zone=letter.zone,
            tags=letter.tags,
            rules=Rules(timeout=letter.timeout),
        )
        super().__init__(letter.taken, job, SystemClock())
        self.child_context = _ChildContext(self, wire, letter.left)

    @property
    @override
    def context(self) -> RunContext:
        return self.child_context


class _Forwarding(logging.Handler):
    """Sends log records to the parent, where they reach its handlers."""

    def __init__(self, wire: Wire) -> None:
        super().__init__()
        self._wire = wire

    @override
    def emit(self, record: logging.LogRecord) -> None:
        facts = {**record.__dict__, "msg": record.getMessage(), "args": None, "exc_info": None}
        if record.exc_info:
            facts["exc_text"] = logging.Formatter().formatException(record.exc_info)
        body = pickle.dumps({k: v if _picklable(v) else type(v).__name__ for k, v in facts.items()})
        self._wire.send(LOG, body)


def main(letter_fd: int, reply_fd: int, lifeline_fd: int) -> None:
    """Run one attempt; the command of a spawned child."""
    die_with_parent(lifeline_fd)
    wire, run_id = Wire(reply_fd), "?"
    try:
        with os.fdopen(letter_fd, "rb") as letters:
            _arrange(pickle.load(letters), wire)  # noqa: S301 -- from the parent, by a pipe
            letter: Letter = pickle.load(letters)  # noqa: S301 -- as above
        run_id = letter.taken.run_id
        attempt = _ChildAttempt(letter, wire)
    except BaseException as unread:  # noqa: BLE001 -- the job boundary: the user's modules load
        _send_error(wire, run_id, unread)
        return
    pid = os.getpid()
    value, error = _call(attempt)
    if os.getpid() != pid:
        os._exit(0)  # a process that the job has forked off came back from the job as well
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):  # the job may have closed or replaced it
            stream.flush()
    if error is None:
        _send_result(wire, run_id, value)
    else:
        _send_error(wire, run_id, error)


def main_forked(
    letters: Connection, replies: Connection, lifeline: Connection, output: Connection
) -> None:
    """Run one attempt; the target of a child of the fork server."""
    os.setsid()
    for stream in (1, 2):
        os.dup2(output.fileno(), stream)
    main(os.dup(letters.fileno()), replies.fileno(), lifeline.fileno())


def die_with_parent(lifeline_fd: int) -> None:
    """Have this process group killed at the end of a pipe whose other end the parent holds.

    On Linux the kernel does it (fcntl(2), F_SETSIG), also while a job holds the interpreter's lock,
    and for processes that the job has started. Elsewhere a thread waits for the end.
    """
    if hasattr(fcntl, "F_SETSIG"):
        fcntl.fcntl(lifeline_fd, fcntl.F_SETOWN, -os.getpgrp())
        fcntl.fcntl(lifeline_fd, fcntl.F_SETSIG, signal.SIGKILL)
        flags = fcntl.fcntl(lifeline_fd, fcntl.F_GETFL)
        fcntl.fcntl(lifeline_fd, fcntl.F_SETFL, flags | os.O_ASYNC)
        look = select.poll()  # select(2) refuses a number above 1,023: the parent's is used here
        look.register(lifeline_fd, select.POLLIN)
        if look.poll(0):  # the parent was faster
            os.killpg(0, signal.SIGKILL)
    else:
        threading.Thread(target=_wait_for_the_end, args=(lifeline_fd,), daemon=True).start()


def _wait_for_the_end(lifeline_fd: int) -> None:
    os.read(lifeline_fd, 1)  # nothing is ever written
    os.killpg(0, signal.SIGKILL)


def _arrange(setting: Setting, wire: Wire) -> None:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a host may have put something else there
            stream.reconfigure(line_buffering=True)
    logger = logging.getLogger("cronkit.run")
    logger.setLevel(setting.log_level)
    logger.addHandler(_Forwarding(wire))
    logger.propagate = False
    if setting.main is not None:
        current = process.current_process()
        # As multiprocessing marks it: a program without the guard must not start children here.
        current._inheriting = True  # type: ignore[attr-defined]  # noqa: SLF001 -- its mark
        try:
            spawn.prepare(dict(setting.main))
        finally:
            del current._inheriting  # type: ignore[attr-defined]  # noqa: SLF001 -- its mark
    if setting.memory_limit is not None:
        import resource  # noqa: PLC0415 -- Unix only

        resource.setrlimit(resource.RLIMIT_AS, (setting.memory_limit, setting.memory_limit))


def _call(attempt: _ChildAttempt) -> tuple[object, BaseException | None]:
    """Call the job; SIGTERM raises in it, and only in it."""

    def terminate(number: int, where: FrameType | None) -> None:
        del number, where
        reason = "timeout" if attempt.context.remaining == ZERO else "asked to stop"
        attempt.token.set(reason)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise Terminated

    try:
        signal.signal(signal.SIGTERM, terminate)
        answer = call(attempt)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    except Terminated as late:  # between the job and here
        return None, late
    return answer


def _send_result(wire: Wire, run_id: str, value: object) -> None:
    try:
        body = pickled(value)
    except BrokenPickleError as broken:
        told = f"its result, a {type(value).__name__}, cannot be pickled: {_told(broken.raised)}"
        wire.send(ERROR, pickle.dumps(RunFailedError(run_id, told)))
    else:
        wire.send(RESULT, body)


def _send_error(wire: Wire, run_id: str, error: BaseException) -> None:
    """Send an exception with its traceback as a note (PEP 678), or the text of both."""
    told, trace = _told(error), "".join(traceback.format_exception(error))
    with suppress(Exception):  # its class may refuse notes
        error.add_note(f"In process {os.getpid()}:\n{trace}")
    try:
        body = pickled(error)
        unpickled(body)  # many exceptions pickle, and fail only here
    except BrokenPickleError as broken:
        failed = RunFailedError(run_id, f"{told} (cannot be pickled: {_told(broken.raised)})")
        failed.add_note(f"In process {os.getpid()}:\n{trace}")
        body = pickle.dumps(failed)
    wire.send(ERROR, body)


def _told(error: BaseException) -> str:
    return "".join(traceback.format_exception_only(error)).strip()  # safe, also from its __str__


def _picklable(value: object) -> bool:
    try:
        pickled(value)
    except BrokenPickleError:
        return False
    return True
