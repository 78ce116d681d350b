"""What goes to a child process and what comes back: one letter out, frames in."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from datetime import timedelta, tzinfo

import attrs

from cronkit.jobs import Taken

_HEAD = struct.Struct("!cQ")

RESULT, ERROR, NOTE, PROGRESS, LOG = b"r", b"e", b"n", b"p", b"l"


@attrs.frozen(kw_only=True)
class Setting:
    """What a child must arrange before it can read its letter; builtin values only.

    Attributes:
        main: how to import the program's main module, as `multiprocessing` says it; ``None``:
            nothing in the letter needs it.
        memory_limit: bytes of address space; ``None``: no limit.
        log_level: the level of the parent's logger ``cronkit.run``.
    """

    main: Mapping[str, object] | None
    memory_limit: int | None
    log_level: int


@attrs.frozen(kw_only=True)
class Letter:
    """One attempt on its way to a child process.

    Attributes:
        function: ``module:qualname``.
        args: positional arguments.
        kwargs: keyword arguments.
        taken: the row that was taken, without arguments.
        zone: the zone of the fire time.
        tags: the job's tags.
        timeout: the job's timeout.
        left: how much of it is left.
    """

    function: str
    args: tuple[object, ...]
    kwargs: Mapping[str, object]
    taken: Taken
    zone: tzinfo
    tags: frozenset[str]
    timeout: timedelta | None
    left: timedelta | None


def frame(kind: bytes, body: bytes) -> bytes:
    """Return the head that goes before `body`.

    Example:
        >>> list(Frames().feed(frame(NOTE, b"x") + b"x"))
        [(b'n', b'x')]
    """
    return _HEAD.pack(kind, len(body))


class Frames:
    """Frames out of bytes as they come in; never waits for the rest of one."""

    __slots__ = ("_buffer", "_wanted")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._wanted = _HEAD.size

    def feed(self, data: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Take in bytes; yield each frame that is complete as (kind, body)."""
        self._buffer += data
        while len(self._buffer) >= self._wanted:
            kind, length = _HEAD.unpack_from(self._buffer)
            self._wanted = _HEAD.size + length
            if len(self._buffer) < self._wanted:
                return
            yield kind, bytes(memoryview(self._buffer)[_HEAD.size : self._wanted])
            del self._buffer[: self._wanted]
            self._wanted = _HEAD.size
