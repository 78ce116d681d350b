"""A frame is read back whole or refused with a reason; no single byte may differ."""

from __future__ import annotations

import pytest

from cronkit._files._framing import DamagedError, pack, unpack

HEADER, PAYLOAD = b'{"seq": 1}', b"the state"
FRAME = b"".join(pack(b"CKPT1", HEADER, PAYLOAD))
LINE_END = FRAME.index(b"\n")


@pytest.mark.parametrize("payload", [b"", b"x", b"\n\n\n", b"CKPT1 0 0\n", bytes(range(256)) * 9])
@pytest.mark.parametrize("header", [b"", b"{}", b"a\nb"])
def test_a_frame_is_read_back_whole(header, payload):
    read_header, read_payload = unpack(b"CKPT1", b"".join(pack(b"CKPT1", header, payload)))
    assert (read_header, bytes(read_payload)) == (header, payload)


def test_every_truncation_is_refused():
    for length in range(len(FRAME)):
        with pytest.raises(DamagedError):
            unpack(b"CKPT1", FRAME[:length])


def test_every_flipped_bit_is_refused():
    for index in range(len(FRAME)):
        for bit in range(8):
            damaged = bytearray(FRAME)
            damaged[index] ^= 1 << bit
            with pytest.raises(DamagedError):
                unpack(b"CKPT1", bytes(damaged))


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (b"", "does not begin with a CKPT1 line"),
        (FRAME + b"x", "holds 20 bytes after its first line, not 19"),
        (FRAME.replace(b"CKPT1", b"CKPT2"), "does not begin with a CKPT1 line"),
        (FRAME.replace(b" 10 9\n", b" 9 10\n"), "its sha256 differs"),
        (FRAME.replace(b" 10 9\n", b" 010 9\n"), "holds no lengths"),
        (FRAME.replace(b" 10 9\n", b" +10 9\n"), "holds no lengths"),
        (FRAME.replace(b" 10 9\n", b" 1_0 9\n"), "holds no lengths"),
        (FRAME.replace(b" 10 9\n", b" 10 " + b"9" * 40 + b"\n"), "holds no lengths"),
        (FRAME.replace(b" 10 9\n", b" 10\n"), "does not begin with a CKPT1 line"),
        (FRAME.replace(b"the", b"The"), "its sha256 differs"),
        (b"CKPT1 " + b"0" * 300 + b"\n", "does not begin with a CKPT1 line"),
    ],
)
def test_damage_is_named(frame, reason):
    with pytest.raises(DamagedError, match=reason):
        unpack(b"CKPT1", frame)
