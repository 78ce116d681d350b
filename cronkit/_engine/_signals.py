"""SIGINT and SIGTERM while a scheduler runs in the foreground."""

from __future__ import annotations

import os
import signal
import threading
from typing import TYPE_CHECKING

from cronkit.errors import StateError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType, TracebackType
    from typing import Self

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_IMMEDIATE = 2


class SignalWatch:
    """While it is entered: the first signal asks to stop, the second to hurry, the third kills.

    Args:
        hasten: called at the second signal, inside the handler.

    Attributes:
        stop: set at the first signal.
    """

    def __init__(self, hasten: Callable[[], None]) -> None:
        self._hasten = hasten
        self._count = 0
        self._before: dict[signal.Signals, object] = {}
        self.stop = threading.Event()

    def __enter__(self) -> Self:
        if threading.current_thread() is not threading.main_thread():
            raise StateError(
                "run_forever", "signals reach the main thread only; use start() in other threads"
            )
        for each in _SIGNALS:
            self._before[each] = signal.signal(each, self._handle)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for each, handler in self._before.items():
            signal.signal(each, handler)  # type: ignore[arg-type]  # what signal() itself returned

    def _handle(self, number: int, frame: FrameType | None) -> None:
        del frame
        self._count += 1
        self.stop.set()
        if self._count == _IMMEDIATE:
            self._hasten()
        elif self._count > _IMMEDIATE:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
