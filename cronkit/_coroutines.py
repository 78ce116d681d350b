"""What coroutines need below the executors. Apart, because it imports asyncio: 30 ms."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context
from functools import partial
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from cronkit._cancel import CancelToken
    from cronkit._handle import RunHandle

_T = TypeVar("_T")


async def sleep(seconds: float, token: CancelToken) -> None:
    """Sleep for `seconds`, or until the token is set.

    The token wakes it also in a task that the job has started, which no cancellation of the job's
    own task reaches.
    """
    woken = asyncio.Event()
    wake = partial(_from_any_thread, asyncio.get_running_loop(), woken.set)
    token.wakers = (*token.wakers, wake)
    try:
        # `set` writes the reason before it reads the wakers: one of the two sees the other.
        if token.reason is None:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await woken.wait()
    finally:
        token.wakers = tuple(each for each in token.wakers if each is not wake)


async def until_ended(handle: RunHandle, look_seconds: float | None) -> None:
    """Wait until the run of a handle has ended.

    Args:
        handle: it calls what is among its wakers when the run has ended here.
        look_seconds: how often to ask the store, where the run may end elsewhere; ``None``: never.
    """
    woken = asyncio.Event()
    wake = partial(_from_any_thread, asyncio.get_running_loop(), woken.set)
    handle.wakers.append(wake)
    try:
        # `complete` sets `ended` before it reads the wakers: one of the two sees the other.
        while not (handle.ended.is_set() or await asyncio.to_thread(_done, handle)):
            with suppress(TimeoutError):
                async with asyncio.timeout(look_seconds):
                    await woken.wait()
    finally:
        handle.wakers.remove(wake)


def _done(handle: RunHandle) -> bool:
    return handle.done  # it may ask a store on a disk or behind a network


def _from_any_thread(loop: asyncio.AbstractEventLoop, call: Callable[[], object]) -> None:
    with suppress(RuntimeError):  # its host has closed the loop: nobody waits there any more
        loop.call_soon_threadsafe(call)


def run(coroutine: Coroutine[object, object, _T]) -> _T:
    """Run a coroutine to its end on a loop of its own, also where another loop runs."""
    return apart(lambda: asyncio.run(coroutine))


def apart(work: Callable[[], _T]) -> _T:
    """Do `work` here, or in a thread of its own where an event loop runs; wait for its end.

    Two event loops cannot run in one thread.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return work()
    with ThreadPoolExecutor(1, thread_name_prefix="cronkit-apart") as pool:
        return pool.submit(copy_context().run, work).result()
