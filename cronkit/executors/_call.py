"""One attempt, called: its function in a context of its own, whatever it raises caught."""

from __future__ import annotations

from contextvars import copy_context
from types import CoroutineType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cronkit._context import Attempt


def call(attempt: Attempt) -> tuple[object, BaseException | None]:
    """Call an attempt's function; return its result, or what it raised.

    A job may raise anything, also ``SystemExit`` and ``KeyboardInterrupt``: here it becomes a
    value, and the thread goes on. An ``async def`` function runs to its end on a loop of its own.
    """
    try:
        context = copy_context()
        value = context.run(attempt.call)
        if isinstance(value, CoroutineType):
            import asyncio  # noqa: PLC0415 -- costs 30 ms of import; only async jobs come here

            value = context.run(asyncio.run, value)
    except BaseException as error:  # noqa: BLE001 -- the job boundary
        return None, error
    return value, None
