"""Gzip and zstd, in one piece and as a stream, with a bound on what comes out.

A few kilobytes can unpack to gigabytes; whoever unpacks here says how much it is ready to hold.
The only place that imports zstandard, and only when ``"zstd"`` is asked for.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Protocol, cast

from cronkit._convert import choice
from cronkit._files._framing import DamagedError
from cronkit.errors import MissingExtraError

if TYPE_CHECKING:
    from types import ModuleType

_GZIP = 16 + zlib.MAX_WBITS
_LEVEL = 6
# The largest window that `zstd -19` writes is 8 MiB; a frame that asks for more is an attack.
_ZSTD_WINDOW = 1 << 23

SUFFIXES = {None: "", "gzip": ".gz", "zstd": ".zst"}
"""Each method that is known, and what it adds to a file's name."""


class Compressor(Protocol):
    """A stream that is being compressed."""

    def compress(self, data: bytes, /) -> bytes:
        """Take `data`; return what can be written so far."""
        ...

    def flush(self) -> bytes:
        """Return the rest; the stream has ended."""
        ...


def method(value: str | None, argument: str = "compression") -> str | None:
    """Return `value` if it is a method that can be used here.

    Raises:
        PolicyError: it is not known.
        MissingExtraError: it is ``"zstd"``, and the extra is not installed.
    """
    if value is None:
        return None
    choice(value, argument, ("gzip", "zstd"))
    if value == "zstd":
        _zstandard()
    return value


def compressor(chosen: str) -> Compressor:
    """Return a fresh stream of the method `chosen`."""
    if chosen == "zstd":
        return cast("Compressor", _zstandard().ZstdCompressor().compressobj())
    # The header that zlib writes carries no time and no name: equal rows give equal bytes.
    return zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)


def compress(data: bytes, chosen: str | None) -> bytes:
    """Return `data` as the method `chosen` writes it; ``None`` leaves it as it is.

    Example:
        >>> len(compress(bytes(10_000), "gzip")) < 100
        True
    """
    if chosen is None:
        return data
    stream = compressor(chosen)
    return stream.compress(data) + stream.flush()


def decompress(data: bytes | memoryview, chosen: str | None, limit: int) -> bytes:
    """Return what was compressed; at most `limit` bytes are ever held.

    Raises:
        DamagedError: `data` is not what the method wrote, or unpacks to more than `limit`.
        MissingExtraError: it is zstd, and the extra is not installed.

    Example:
        >>> decompress(compress(b"state", "gzip"), "gzip", limit=100)
        b'state'
    """
    if chosen is None:
        result = bytes(data)
    elif chosen == "zstd":
        result = _unpack_zstd(data, limit)
    else:
        result = _unpack_gzip(data, limit)
    if len(result) > limit:
        raise DamagedError(f"unpacks to more than the allowed {limit} bytes")
    return result


def _unpack_gzip(data: bytes | memoryview, limit: int) -> bytes:
    stream = zlib.decompressobj(_GZIP)
    try:
        result = stream.decompress(data, limit + 1)
    except zlib.error as error:
        raise DamagedError(f"is not what gzip wrote: {error}") from None
    if len(result) <= limit and (not stream.eof or stream.unused_data):
        raise DamagedError("is not one whole gzip member")
    return result


def _unpack_zstd(data: bytes | memoryview, limit: int) -> bytes:
    zstandard = _zstandard()
    reader = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW).stream_reader(bytes(data))
    try:
        return bytes(reader.read(limit + 1))
    except zstandard.ZstdError as error:
        raise DamagedError(f"is not what zstd wrote: {error}") from None


def _zstandard() -> ModuleType:
    try:
        import zstandard  # noqa: PLC0415 -- an extra
    except ImportError:
        raise MissingExtraError("compression='zstd'", "zstd") from None
    return zstandard
