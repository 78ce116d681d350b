"""SIGINT and SIGTERM while a scheduler runs in the foreground."""

from __future__ import annotations

import os
import signal
import threading
from typing import TYPE_CHECKING
from weakref import WeakSet

from cronkit._engine._wake import Wake
from cronkit.errors import StateError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType, TracebackType
    from typing import Self

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_IMMEDIATE = 2

_entered: WeakSet[SignalWatch] = WeakSet()
_masks: list[set[int]] = []


class SignalWatch:
    """While it is entered: the first signal asks to stop, the second to hurry, the third kills.

    A child that is forked meanwhile gets the handlers that were there before: it does not run the
    scheduler, and must not be deaf to SIGTERM.

    Args:
        hasten: called at the second signal, inside the handler.

    Attributes:
        stop: set at the first signal.

    Raises:
        StateError: entered in another thread than the main thread.
    """

    def __init__(self, hasten: Callable[[], None]) -> None:
        self._hasten = hasten
        self._count = 0
        self._before: dict[signal.Signals, object] = {}
        self.stop = Wake()

    def __enter__(self) -> Self:
        if threading.current_thread() is not threading.main_thread():
            raise StateError(
                "run_forever", "signals reach the main thread only; use start() in other threads"
            )
        _entered.add(self)
        for each in _SIGNALS:
            self._before[each] = signal.signal(each, self._handle)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.restore()

    def restore(self) -> None:
        """Put the handlers back that were there before."""
        _entered.discard(self)
        for each, handler in self._before.items():
            # None stands for a handler that was not installed from Python, and cannot be again.
            back = signal.SIG_DFL if handler is None else handler
            signal.signal(each, back)  # type: ignore[arg-type]  # what signal() itself returned
        self._before.clear()

    def _handle(self, number: int, frame: FrameType | None) -> None:
        del frame
        self._count += 1
        self.stop.set()
        if self._count == _IMMEDIATE:
            self._hasten()
        elif self._count > _IMMEDIATE:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)


def _before_fork() -> None:
    # A signal that reached the child before its handlers are back would be lost there.
    if _entered:
        _masks.append(signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS))


def _after_in_parent() -> None:
    if _masks:
        signal.pthread_sigmask(signal.SIG_SETMASK, _masks.pop())


def _after_in_child() -> None:
    for each in list(_entered):
        each.restore()
    _after_in_parent()


if hasattr(os, "register_at_fork"):  # Windows does not fork
    os.register_at_fork(
        before=_before_fork, after_in_parent=_after_in_parent, after_in_child=_after_in_child
    )
