"""What a child process says: taken in as it comes, judged at the end."""

from __future__ import annotations

import logging
import pickle
import signal
from typing import TYPE_CHECKING

from cronkit._failure import name_of
from cronkit.errors import RunFailedError
from cronkit.executors._child import Terminated
from cronkit.executors._letter import ERROR, LOG, NOTE, PROGRESS, RESULT, Frames
from cronkit.executors._pickling import BrokenPickleError, unpickled
from cronkit.executors._stopped import stopped

if TYPE_CHECKING:
    from cronkit._attempt import Attempt


class Replies:
    """Notes, progress and log records passed on at once; the result or the error kept.

    Attributes:
        answered: whether the child has sent a result or an error.
    """

    def __init__(self, attempt: Attempt) -> None:
        self._attempt = attempt
        self._frames = Frames()
        self._answer: tuple[bytes, bytes] | None = None

    @property
    def answered(self) -> bool:
        """Whether the child has sent a result or an error."""
        return self._answer is not None

    def feed(self, data: bytes) -> None:
        """Take in what was read from the child."""
        for kind, body in self._frames.feed(data):
            if kind in {RESULT, ERROR}:
                self._answer = (kind, body)
            else:
                self._pass_on(kind, body)

    def _pass_on(self, kind: bytes, body: bytes) -> None:
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
        except BaseException as error:  # noqa: BLE001 -- __setstate__, log handlers: the user's own
            context.note(lost=f"{name_of(error)} while taking what the child said")

    def judge(self, code: int) -> tuple[object, BaseException | None]:
        """Return what to report for a child that has ended.

        Args:
            code: its exit code, or minus the signal that killed it.
        """
        value, error = self._content(code)
        by_request = isinstance(error, Terminated) or not self.answered
        value, error = stopped(self._attempt, value, error, by_request=by_request)
        if isinstance(error, Terminated):  # nobody here has asked for it
            error = self._failed(ending(-signal.SIGTERM))
        if error is not None:
            self._attempt.tell(error)
        return value, error

    def _content(self, code: int) -> tuple[object, BaseException | None]:
        if self._answer is None:
            return None, self._failed(ending(code))
        kind, body = self._answer
        try:
            said = unpickled(body)
        except BrokenPickleError as broken:
            failed = self._failed(f"{name_of(broken.raised)} while unpickling what the child sent")
            failed.__cause__ = broken.raised
            return None, failed
        return (None, said) if kind == ERROR else (said, None)

    def _failed(self, text: str) -> RunFailedError:
        return RunFailedError(self._attempt.run_id, text)


def ending(code: int) -> str:
    """Return in words how a process without a result has ended.

    Example:
        >>> ending(-11)
        'killed by signal 11 (SIGSEGV)'
        >>> ending(3)
        'exited with code 3 and without a result'
    """
    if code >= 0:
        return f"exited with code {code} and without a result"
    try:
        name = f" ({signal.Signals(-code).name})"
    except ValueError:  # a real-time signal
        name = ""
    return f"killed by signal {-code}{name}"
