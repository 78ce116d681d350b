"""Where the file of a SQLite store may lie."""

from __future__ import annotations

import pytest

from cronkit.errors import PolicyError, UnsupportedPlatformError
from cronkit.stores import SQLiteStore, open_store


@pytest.mark.parametrize(
    "make",
    [
        lambda folder: SQLiteStore(folder / "state.db"),
        lambda folder: SQLiteStore(str(folder / "state.db")),
        lambda folder: open_store(f"sqlite:///{folder}/state.db"),
    ],
    ids=["path", "text", "url"],
)
def test_a_network_file_system_is_refused_with_its_reason_and_nothing_is_made(share, make):
    with pytest.raises(UnsupportedPlatformError, match=r"network file system \(nfs4\)") as caught:
        make(share)
    assert caught.value.feature == "SQLiteStore"
    assert str(share) in caught.value.reason
    assert list(share.iterdir()) == []


def test_a_folder_beside_it_is_taken(share):
    assert SQLiteStore(share.parent / "state.db").runs() == []


def test_a_link_to_a_file_on_a_network_file_system_is_refused(share, tmp_path):
    (tmp_path / "state.db").symlink_to(share / "state.db")
    with pytest.raises(UnsupportedPlatformError, match="network file system"):
        SQLiteStore(tmp_path / "state.db")


def test_a_link_that_lies_on_one_is_refused_for_the_locks_beside_it(share, tmp_path):
    (share / "state.db").symlink_to(tmp_path / "state.db")
    with pytest.raises(UnsupportedPlatformError, match="network file system"):
        SQLiteStore(share / "state.db")


@pytest.mark.parametrize(
    ("name", "allowed"),
    [("", "not a folder"), ("none/state.db", "in a folder that exists")],
)
def test_a_path_without_a_folder_and_a_folder_are_refused(tmp_path, name, allowed):
    with pytest.raises(PolicyError, match=allowed):
        SQLiteStore(tmp_path / name)


@pytest.mark.parametrize("path", [None, 5, "", b"", "a\0b", "\ud800", "a" * 5_000], ids=ascii)
def test_what_is_no_path_is_refused(path):
    with pytest.raises(PolicyError, match="the path of a file"):
        SQLiteStore(path)
