"""The ends of pipes that this process holds, and what is done when one of them is ready.

None of them blocks: who is at the other end may stop in the middle of a sentence.
"""

from __future__ import annotations

import os
import selectors
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import ExitStack

_CHUNK = 1 << 18


class Pipes:
    """Pipes to one other process, attended by one thread.

    Attributes:
        closed: whether `close` was called; nothing may be written any more.
    """

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._ours: set[int] = set()
        self.closed = False

    def open(self, theirs: ExitStack, *, reads: bool) -> tuple[int, int]:
        """Return our end and the other end of a new pipe; `theirs` closes the other."""
        reading, writing = os.pipe()
        near, far = (reading, writing) if reads else (writing, reading)
        self._ours.add(near)
        theirs.callback(os.close, far)
        return near, far

    def bell(self) -> int:
        """Return what any thread writes to, so that `serve` looks up."""
        reads, writes = os.pipe()
        self._ours |= {reads, writes}
        self.on_data(reads, lambda _: None)
        return writes

    def on_data(self, fd: int, take: Callable[[bytes], object]) -> None:
        """Give what can be read from `fd` to `take`; at its end an empty one, and it is closed."""

        def read() -> bool:
            data = os.read(fd, _CHUNK)
            take(data)
            return bool(data)

        self._watch(fd, selectors.EVENT_READ, read)

    def send(self, fd: int, data: bytes) -> None:
        """Write `data` to `fd` as it is taken, and close it."""
        left = memoryview(data)

        def write() -> bool:
            nonlocal left
            with suppress(BrokenPipeError):  # nobody is there to read it
                left = left[os.write(fd, left[:_CHUNK]) :]
                return bool(left)
            return False

        self._watch(fd, selectors.EVENT_WRITE, write)

    def on_exit(self, sentinel: int) -> None:
        """Look up when `sentinel` is ready; it is not ours to read or to close."""
        self._selector.register(sentinel, selectors.EVENT_READ)

    def forget(self, sentinel: int) -> None:
        """Look up for `sentinel` no more."""
        self._selector.unregister(sentinel)

    def _watch(self, fd: int, event: int, act: Callable[[], bool]) -> None:
        os.set_blocking(fd, False)
        self._selector.register(fd, event, act)

    def serve(self, seconds: float | None) -> None:
        """Do what is ready, or wait until something is, for `seconds` at most."""
        for key, _ in self._selector.select(seconds):
            if key.data is not None:
                self._act(key)

    def drain(self) -> None:
        """Read what is left in the pipes."""
        for key in list(self._selector.get_map().values()):
            if key.events == selectors.EVENT_READ:
                while self._act(key):
                    pass

    def _act(self, key: selectors.SelectorKey) -> bool:
        """Do what a ready descriptor asks for; return whether it may have more."""
        with suppress(BlockingIOError):
            if key.data():
                return True
            self._selector.unregister(key.fd)
            self._ours.discard(key.fd)
            os.close(key.fd)
        return False

    def close(self) -> None:
        """Close our ends."""
        self.closed = True
        self._selector.close()
        ours, self._ours = self._ours, set()
        for fd in ours:
            os.close(fd)
