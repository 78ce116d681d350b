"""Compressed bytes come back whole, and never as more than was allowed."""

from __future__ import annotations

import gzip
import sys
import zlib

import pytest

from cronkit._files._compression import compress, compressor, decompress, method
from cronkit._files._framing import DamagedError
from cronkit.errors import MissingExtraError, PolicyError

DATA = b"each row once, " * 1000


@pytest.fixture(params=["gzip", "zstd"])
def chosen(request):
    if request.param == "zstd":
        pytest.importorskip("zstandard", reason="the extra 'zstd' is not installed")
    return request.param


def test_what_was_compressed_comes_back(chosen):
    packed = compress(DATA, chosen)
    assert len(packed) < len(DATA) / 10
    assert decompress(packed, chosen, len(DATA)) == DATA


def test_without_a_method_bytes_stay_as_they_are():
    assert compress(DATA, None) == DATA
    assert decompress(memoryview(DATA), None, len(DATA)) == DATA


def test_a_stream_gives_what_one_piece_gives(chosen):
    stream = compressor(chosen)
    pieces = [stream.compress(DATA[start : start + 100]) for start in range(0, len(DATA), 100)]
    assert decompress(b"".join([*pieces, stream.flush()]), chosen, len(DATA)) == DATA


def test_one_byte_more_than_allowed_is_refused(chosen):
    with pytest.raises(DamagedError, match="more than the allowed 14999 bytes"):
        decompress(compress(DATA, chosen), chosen, len(DATA) - 1)


def test_uncompressed_bytes_are_bounded_too():
    with pytest.raises(DamagedError, match="more than the allowed 3 bytes"):
        decompress(b"1234", None, 3)


def test_ten_gigabytes_of_zeros_in_ten_megabytes_are_refused_without_unpacking_them():
    block = zlib.compressobj(9, zlib.DEFLATED, -15)
    megabytes = 64
    zeros = block.compress(bytes(megabytes << 20)) + block.flush(zlib.Z_FULL_FLUSH)
    bomb = gzip.compress(b"")[:10] + zeros * (10_240 // megabytes)
    with pytest.raises(DamagedError, match="more than the allowed 1000000 bytes"):
        decompress(bomb, "gzip", 1_000_000)


def test_a_zstd_frame_that_asks_for_a_huge_window_is_refused():
    zstandard = pytest.importorskip("zstandard", reason="the extra 'zstd' is not installed")
    parameters = zstandard.ZstdCompressionParameters(window_log=27)
    packed = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    frame = packed.compress(DATA) + packed.flush()
    with pytest.raises(DamagedError, match="is not what zstd wrote"):
        decompress(frame, "zstd", len(DATA))


@pytest.mark.parametrize(
    "damage",
    [
        lambda packed: packed[:-1],
        lambda packed: packed[: len(packed) // 2],
        lambda packed: packed + b"x",
        lambda packed: packed + packed,
        lambda packed: b"",
        lambda packed: b"plain text",
    ],
)
def test_bytes_that_gzip_did_not_write_are_refused(damage):
    with pytest.raises(DamagedError):
        decompress(damage(compress(DATA, "gzip")), "gzip", 10 * len(DATA))


def test_gzip_writes_no_time_so_that_equal_bytes_stay_equal():
    assert compress(DATA, "gzip")[4:8] == bytes(4)
    assert gzip.decompress(compress(DATA, "gzip")) == DATA


def test_an_unknown_method_is_refused_with_what_is_allowed():
    with pytest.raises(PolicyError, match="'gzip', 'zstd'"):
        method("bzip2")
    assert method(None) is None
    assert method("gzip") == "gzip"


def test_zstd_without_its_extra_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "zstandard", None)
    with pytest.raises(MissingExtraError, match=r"cronkit\[zstd\]"):
        method("zstd")
