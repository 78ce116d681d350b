"""A sleep in an event loop that a cancel token ends. Apart, because it imports asyncio."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cronkit._cancel import CancelToken


async def sleep(seconds: float, token: CancelToken) -> None:
    """Sleep for `seconds`, or until the token is set.

    The token wakes it also in a task that the job has started, which no cancellation of the job's
    own task reaches.
    """
    woken = asyncio.Event()
    wake = partial(asyncio.get_running_loop().call_soon_threadsafe, woken.set)
    token.wakers = (*token.wakers, wake)
    try:
        # `set` writes the reason before it reads the wakers: one of the two sees the other.
        if token.reason is None:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await woken.wait()
    finally:
        token.wakers = tuple(each for each in token.wakers if each is not wake)
