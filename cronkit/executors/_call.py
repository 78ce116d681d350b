"""One attempt, called: its function in a context of its own, whatever it raises caught."""

from __future__ import annotations

from contextvars import copy_context
from types import CoroutineType
from typing import TYPE_CHECKING

from cronkit.errors import StateError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from cronkit._attempt import Attempt
    from cronkit._cancel import CancelToken

    RunCoroutine = Callable[[Attempt, Coroutine[object, object, object]], object]


def call(
    attempt: Attempt, run_coroutine: RunCoroutine | None = None
) -> tuple[object, BaseException | None]:
    """Call an attempt's function; return its result, or what it raised.

    A job may raise anything, also ``SystemExit`` and ``KeyboardInterrupt``: here it becomes a
    value, and the thread goes on. An ``async def`` function runs to its end on a loop of its own,
    or as `run_coroutine` says. An attempt that was asked to stop before it began calls nothing.
    """
    try:
        if attempt.reason is not None:
            attempt.context.raise_if_cancelled()
        context = copy_context()
        value = context.run(attempt.call)
        if value is not None and isinstance(value, CoroutineType):
            attempt.sleeper = refuse_to_block
            value = context.run(run_coroutine or _run_alone, attempt, value)
    except BaseException as error:  # noqa: BLE001 -- the job boundary
        attempt.tell(error)
        return None, error
    return value, None


def _run_alone(attempt: Attempt, coroutine: Coroutine[object, object, object]) -> object:
    del attempt
    from cronkit._coroutines import run  # noqa: PLC0415 -- imports asyncio

    return run(coroutine)


def refuse_to_block(seconds: float, token: CancelToken) -> None:
    """Sleep in a thread that a coroutine has started; in the coroutine itself, refuse.

    Raises:
        StateError: an event loop runs in this thread.
    """
    from asyncio import get_running_loop  # noqa: PLC0415 -- loaded: a coroutine is going on

    try:
        get_running_loop()
    except RuntimeError:
        token.event.wait(seconds)
    else:
        raise StateError("sleep", "it would hold up the event loop; await run.asleep(...)")
