"""A file is there whole or not at all; no name is looked up through a link."""

from __future__ import annotations

import errno
import os

import pytest

from cronkit._files import _atomic
from cronkit._files._framing import DamagedError


@pytest.fixture
def folder(tmp_path):
    with _atomic.folder(str(tmp_path)) as descriptor:
        yield descriptor


def test_a_written_file_holds_all_parts_and_is_for_its_owner_only(tmp_path, folder):
    _atomic.replace("a", folder, [b"one ", memoryview(b"two "), b"three"])
    assert (tmp_path / "a").read_bytes() == b"one two three"
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_file_is_replaced_in_one_step(tmp_path, folder):
    (tmp_path / "a").write_bytes(b"old")
    with (tmp_path / "a").open("rb") as reader:
        _atomic.replace("a", folder, [b"new"])
        assert reader.read() == b"old"
    assert (tmp_path / "a").read_bytes() == b"new"


def test_a_link_in_the_place_of_a_file_is_replaced_and_not_followed(tmp_path, folder):
    (tmp_path / "victim").write_bytes(b"mine")
    (tmp_path / "a").symlink_to("victim")
    _atomic.replace("a", folder, [b"new"])
    assert (tmp_path / "victim").read_bytes() == b"mine"
    assert not (tmp_path / "a").is_symlink()


@pytest.mark.parametrize("call", ["open", "write", "fsync", "close", "rename"])
@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC])
def test_an_error_of_any_call_is_raised_and_leaves_the_old_file(
    call, number, tmp_path, folder, monkeypatch
):
    (tmp_path / "a").write_bytes(b"old")
    real = getattr(os, call)

    def failing(*args, **kwargs):
        if call == "close":
            real(*args, **kwargs)  # the descriptor of a failed close is gone, see close(2)
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(os, call, failing)
        with pytest.raises(OSError) as caught:
            _atomic.replace("a", folder, [b"new"])
    assert caught.value.errno == number
    assert (tmp_path / "a").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_failing_fsync_of_the_folder_is_raised(tmp_path, folder, monkeypatch):
    real = os.fsync

    def failing(descriptor):
        if descriptor == folder:
            raise OSError(errno.EIO, "Input/output error")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(OSError, match="Input/output error"):
        _atomic.replace("a", folder, [b"new"])


def test_a_disk_that_takes_a_part_of_a_write_is_asked_again(tmp_path, folder, monkeypatch):
    real = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: real(descriptor, data[:3]))
    _atomic.replace("a", folder, [b"0123456789"])
    assert (tmp_path / "a").read_bytes() == b"0123456789"


def test_a_regular_file_is_read_whole(tmp_path, folder):
    data = os.urandom(3 << 20)
    (tmp_path / "a").write_bytes(data)
    assert _atomic.read("a", folder, limit=len(data)) == data


@pytest.mark.parametrize("size", [0, 1, 100])
def test_a_file_of_exactly_the_limit_is_read_and_one_byte_more_is_not(size, tmp_path, folder):
    (tmp_path / "a").write_bytes(bytes(size))
    assert _atomic.read("a", folder, limit=size) == bytes(size)
    (tmp_path / "a").write_bytes(bytes(size + 1))
    with pytest.raises(DamagedError, match=f"more than the allowed {size} bytes"):
        _atomic.read("a", folder, limit=size)


def test_what_is_no_regular_file_is_not_read(tmp_path, folder):
    (tmp_path / "target").write_bytes(b"secret")
    (tmp_path / "link").symlink_to("target")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "fifo")
    for name, reason in [
        ("link", "is a link"),
        ("folder", "is not a regular file"),
        ("fifo", "is not a regular file"),
    ]:
        assert not _atomic.is_regular(name, folder)
        with pytest.raises(DamagedError, match=reason):
            _atomic.read(name, folder, limit=100)
    assert _atomic.is_regular("target", folder)
    assert not _atomic.is_regular("none", folder)
    with pytest.raises(FileNotFoundError):
        _atomic.read("none", folder, limit=100)


def test_a_disk_that_cannot_read_a_file_makes_it_damaged(tmp_path, folder, monkeypatch):
    (tmp_path / "a").write_bytes(b"x")

    def failing(*_):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "read", failing)
    with pytest.raises(DamagedError, match="cannot be read: Input/output error"):
        _atomic.read("a", folder, limit=100)


def test_a_folder_inside_another_is_opened_only_if_it_is_no_link(tmp_path, folder):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "file").write_bytes(b"")
    with _atomic.folder("real", folder) as inner:
        assert os.fstat(inner).st_ino == (tmp_path / "real").stat().st_ino
    for name in ("link", "file", "none"):
        with pytest.raises(OSError), _atomic.folder(name, folder):
            pass


def test_a_new_folder_is_for_its_owner_only(tmp_path, folder):
    assert _atomic.make_folder("new", folder)
    assert not _atomic.make_folder("new", folder)
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700


def test_missing_folders_are_made_and_each_is_brought_to_the_disk(tmp_path, synced):
    path = tmp_path / "a" / "b" / "c"
    _atomic.make_folders(path, 0o700)
    assert path.stat().st_mode & 0o777 == 0o700
    assert synced() == [each.stat().st_ino for each in (tmp_path, tmp_path / "a", tmp_path / "a/b")]
    _atomic.make_folders(path)
    assert synced() == []


def test_a_file_in_the_place_of_a_folder_is_refused(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "link").symlink_to("nowhere")
    for name in ("file", "link", "file/inside"):
        with pytest.raises(OSError):
            _atomic.make_folders(tmp_path / name)


def test_a_new_file_is_never_an_old_one_or_a_link(tmp_path, folder):
    (tmp_path / "old").write_bytes(b"old")
    (tmp_path / "link").symlink_to("elsewhere")
    for name in ("old", "link"):
        with pytest.raises(FileExistsError):
            _atomic.open_new(name, folder)
    assert not (tmp_path / "elsewhere").exists()


def test_removing_says_whether_something_went(tmp_path, folder):
    (tmp_path / "a").write_bytes(b"")
    assert _atomic.remove("a", folder)
    assert not _atomic.remove("a", folder)
