r"""One file as one checked frame: a line with the hash and both lengths, a header, a payload.

``CKPT1 <sha256> <header length> <payload length>\n`` + header + payload; the magic word is the
caller's. The hash covers everything but itself: magic, lengths, header and payload. What the
header means is not known here.
"""

from __future__ import annotations

from hashlib import sha256

_LONGEST_LINE = 128
_DIGITS = frozenset(b"0123456789")


class DamagedError(ValueError):
    """A file does not hold what was written; the caller says which file.

    Attributes:
        reason: what is wrong, as a phrase.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


def pack(magic: bytes, header: bytes, payload: bytes) -> tuple[bytes, bytes, bytes]:
    r"""Return the three parts of a frame, in the order in which they are written.

    Example:
        >>> line, header, payload = pack(b"CKPT1", b"{}", b"state")
        >>> line[:14], line[-5:]
        (b'CKPT1 02360b75', b' 2 5\n')
    """
    lengths = b"%d %d\n" % (len(header), len(payload))
    digest = _digest(magic, lengths, header, payload)
    return b"%b %b %b" % (magic, digest, lengths), header, payload


def unpack(magic: bytes, frame: bytes) -> tuple[bytes, memoryview]:
    """Return header and payload of a frame; the payload is a view, not a copy.

    Raises:
        DamagedError: a byte is missing, too many, or not the one that was written.

    Example:
        >>> header, payload = unpack(b"CKPT1", b"".join(pack(b"CKPT1", b"{}", b"state")))
        >>> header, bytes(payload)
        (b'{}', b'state')
    """
    end = frame.find(b"\n", 0, _LONGEST_LINE) + 1
    words = frame[:end].rstrip(b"\n").split(b" ")
    if not end or len(words) != 4 or words[0] != magic:  # noqa: PLR2004 -- see the line above
        raise DamagedError(f"does not begin with a {magic.decode()} line")
    body = memoryview(frame)[end:]
    header_length, payload_length = _length(words[2]), _length(words[3])
    if len(body) != header_length + payload_length:
        raise DamagedError(
            f"holds {len(body)} bytes after its first line, not {header_length + payload_length}"
        )
    header, payload = body[:header_length], body[header_length:]
    if words[1] != _digest(magic, b"%b %b\n" % (words[2], words[3]), header, payload):
        raise DamagedError("its sha256 differs from the one in its first line")
    return bytes(header), payload


def _digest(magic: bytes, *parts: bytes | memoryview) -> bytes:
    digest = sha256(magic)
    for part in parts:
        digest.update(part)
    return digest.hexdigest().encode()


def _length(word: bytes) -> int:
    """Read a length; one written in another way than ours is damage."""
    if word and len(word) <= 15 and _DIGITS.issuperset(word) and (word == b"0" or word[0] != 48):  # noqa: PLR2004 -- 10**15 bytes; 48 is "0"
        return int(word)
    raise DamagedError("its first line holds no lengths")
