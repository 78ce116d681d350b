"""What becomes of the schedulers of a process when it forks, and when it ends.

A forked child has one thread. The loop, the workers and the hook thread are not there, and a lock
that one of them held at the moment of the fork would stay locked for ever. So the locks are taken
before the fork, and new in the child, whose schedulers are not started.

At the end of the interpreter what goes on has a few seconds; then it is recorded as interrupted.
"""

from __future__ import annotations

import atexit
import os
from contextlib import suppress
from typing import TYPE_CHECKING
from weakref import WeakSet

from cronkit._clock import SystemClock

if TYPE_CHECKING:
    from threading import RLock

    from cronkit._app._lifecycle import Lifecycle

EXIT_SECONDS = 5.0
"""How long the end of the interpreter is held up, by all schedulers together."""

_RESERVE = 0.7
"""How much of that is kept for writing what is interrupted, for the hooks, and to tear down."""

_DRAIN = 0.3
"""How much of the reserve the delivery of events may take, and the close of an event loop again."""

_LONGEST_FORK = 1.0
"""Seconds. A scheduler that is held up for longer, by a store or a trigger, is forked as it is."""

_known: WeakSet[Lifecycle] = WeakSet()
_held: list[RLock] = []


def watch_over(lifecycle: Lifecycle) -> None:
    """Keep a scheduler whole when its process forks."""
    _known.add(lifecycle)


def end_with_process() -> None:
    """Have the running schedulers stopped before what was registered at exit up to now."""
    atexit.unregister(_at_exit)
    atexit.register(_at_exit)


def _at_exit() -> None:
    clock = SystemClock()
    until = clock.monotonic() + EXIT_SECONDS
    for each in list(_known):
        left = max(until - clock.monotonic(), 0.0)
        # Whatever is raised here would be printed, and the program is over.
        with suppress(BaseException):
            each.end(within=max(left - _RESERVE, 0.0), drain=min(left, _DRAIN))


def _before_fork() -> None:
    for each in list(_known):
        lock = each.lock
        if lock.acquire(timeout=_LONGEST_FORK):
            _held.append(lock)


def _after_in_parent() -> None:
    while _held:
        _held.pop().release()


def _after_in_child() -> None:
    _held.clear()
    for each in list(_known):
        each.after_fork()


if hasattr(os, "register_at_fork"):  # Windows does not fork
    os.register_at_fork(
        before=_before_fork, after_in_parent=_after_in_parent, after_in_child=_after_in_child
    )
