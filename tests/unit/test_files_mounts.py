"""Which file system a folder is on, read from tables as the kernel prints them."""

from __future__ import annotations

import pytest

from cronkit._files import _mounts
from cronkit._files._mounts import file_system, is_network, refuse_network
from cronkit.errors import UnsupportedPlatformError

TABLE = """\
22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw
31 27 0:28 / /srv rw,relatime shared:1 master:2 - xfs /dev/vdb rw
42 31 0:40 / /srv/share rw - nfs4 host:/export rw,vers=4.2
43 31 0:41 / /srv/two\\040words rw - fuse.sshfs me@host:/ rw
44 31 0:42 / /srv/share/local rw - tmpfs tmpfs rw
45 31 0:43 / /srv/twice rw - cifs //host/a rw
46 31 0:44 / /srv/twice rw - ext4 /dev/vdc rw
a line without a dash
47 31 0:45 - too short
"""


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/", ("/", "ext4")),
        ("/home/me", ("/", "ext4")),
        ("/srv", ("/srv", "xfs")),
        ("/srv/share", ("/srv/share", "nfs4")),
        ("/srv/share/a/b", ("/srv/share", "nfs4")),
        ("/srv/shared", ("/srv", "xfs")),  # a longer name is not inside
        ("/srv/share/local/x", ("/srv/share/local", "tmpfs")),
        ("/srv/two words/x", ("/srv/two words", "fuse.sshfs")),
        ("/srv/twice/x", ("/srv/twice", "ext4")),  # the later mount covers the earlier
    ],
)
def test_the_longest_and_latest_mount_point_that_holds_a_path_is_its_own(path, found):
    assert file_system(TABLE, path) == found


def test_a_table_that_holds_nothing_useful_gives_none():
    assert file_system("no mounts\n", "/srv") is None


@pytest.mark.parametrize(
    "name",
    [
        "9p",
        "ceph",
        "cifs",
        "fuse.glusterfs",
        "fuse.sshfs",
        "lustre",
        "nfs",
        "nfs4",
        "smb3",
        "smbfs",
    ],
)
def test_a_type_that_keeps_its_files_elsewhere_is_a_network(name):
    assert is_network(name)


@pytest.mark.parametrize(
    "name", ["btrfs", "ext4", "fuse.bindfs", "fuseblk", "nfsd", "overlay", "tmpfs", "xfs", "zfs"]
)
def test_a_local_type_is_no_network(name):
    assert not is_network(name)


def test_a_network_folder_is_refused_with_mount_point_and_type(share, tmp_path):
    refuse_network(tmp_path / "local", "a store")
    with pytest.raises(UnsupportedPlatformError) as caught:
        refuse_network(share / "not" / "there", "a store")
    assert caught.value.feature == "a store"
    assert f"{share} is a network file system (nfs4)" in caught.value.reason


def test_a_link_into_a_network_folder_is_refused_too(share, tmp_path):
    (tmp_path / "innocent").symlink_to(share)
    with pytest.raises(UnsupportedPlatformError):
        refuse_network(tmp_path / "innocent" / "x", "checkpoints")


def test_without_a_table_nothing_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(_mounts, "_MOUNTINFO", tmp_path / "none")
    refuse_network(tmp_path, "a store")
