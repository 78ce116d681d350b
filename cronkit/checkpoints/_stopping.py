"""SIGTERM in the middle of a loop: remembered, and passed on once the state is saved."""

from __future__ import annotations

import os
import signal
import threading
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import FrameType, TracebackType


class StopSignal:
    """Holds SIGTERM back inside a ``with`` block of the main thread; elsewhere it does nothing.

    Where nobody else handles the signal, the process would die in the middle of an item: the
    signal waits for `pass_on`, a second one does not. Where the application has a handler, it is
    called at once, and the loop only saves earlier. An ignored signal stays ignored.

    Attributes:
        requested: whether the signal has come since the last `pass_on`.
    """

    __slots__ = ("_installed", "_previous", "requested")

    def __init__(self) -> None:
        self.requested = False
        self._installed = False
        self._previous: object = None

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._previous = signal.getsignal(signal.SIGTERM)
            if callable(self._previous) or self._previous is signal.SIG_DFL:
                signal.signal(signal.SIGTERM, self._handle)
                self._installed = True
        return self

    def _handle(self, number: int, frame: FrameType | None) -> None:
        # One that has ended stays in the chain when a later one was put over it.
        again, self.requested = self.requested or not self._installed, self._installed
        if callable(self._previous):
            self._previous(number, frame)
        elif again:
            self._die()

    def pass_on(self) -> None:
        """Let the signal have its way, after the state was saved."""
        self.requested = False
        if self._previous is signal.SIG_DFL:
            self._die()

    def _die(self) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTERM)

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.end()

    def end(self) -> None:
        """Leave the block, also from outside of it; a signal that waits has its way now."""
        if not self._installed or threading.current_thread() is not threading.main_thread():
            return
        self._installed = False
        # Whoever took the signal inside the block keeps it.
        if signal.getsignal(signal.SIGTERM) == self._handle:
            signal.signal(signal.SIGTERM, self._previous)  # type: ignore[arg-type]  # as it was
        if self.requested:
            self.pass_on()
