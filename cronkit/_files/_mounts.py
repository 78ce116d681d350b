"""Which file system a folder is on, and whether its locks can be trusted.

A kernel lock on a network file system may be kept by one client only, or survive its owner; what
depends on such a lock refuses to start there instead of working most of the time.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from cronkit.errors import UnsupportedPlatformError

_MOUNTINFO = Path("/proc/self/mountinfo")
_OCTAL = re.compile(r"\\([0-7]{3})")

# Types as Linux names them; a FUSE file system appears as "fuse.<program>".
_NETWORK = re.compile(
    "9p|afs|beegfs|ceph|cifs|coda|davfs|gfs2?|glusterfs|gpfs|lustre|ncpfs|nfs4?|ocfs2|orangefs"
    "|prl_fs|pvfs2|smb[23fs]+|vboxsf|virtiofs"
    r"|fuse\.(ceph-fuse|davfs2|gcsfuse|glusterfs|goofys|juicefs|mfs|moosefs|rclone|s3fs|seaweedfs"
    "|smbnetfs|sshfs|vmhgfs-fuse)"
)


def file_system(mountinfo: str, path: str) -> tuple[str, str] | None:
    r"""Return the mount point of `path` and the type of its file system.

    Args:
        mountinfo: the text of ``/proc/self/mountinfo``, see ``man 5 proc``.
        path: an absolute path without links.

    Returns:
        ``None`` if no mount point holds `path`.

    Example:
        >>> table = "27 1 254:0 / / rw - ext4 /dev/vda rw\n42 27 0:9 / /srv/n rw - nfs4 host:/ rw"
        >>> file_system(table, "/srv/n/x")
        ('/srv/n', 'nfs4')
        >>> file_system(table, "/srv/none")
        ('/', 'ext4')
    """
    found: tuple[str, str] | None = None
    for line in mountinfo.splitlines():
        before, dash, after = line.partition(" - ")
        fields = before.split(" ")
        if not dash or len(fields) < 5:  # noqa: PLR2004 -- the mount point is the fifth field
            continue
        point = _OCTAL.sub(lambda match: chr(int(match[1], 8)), fields[4])
        inside = point in {"/", path} or path.startswith(f"{point}/")
        # A later line of the same mount point covers an earlier one.
        if inside and (found is None or len(point) >= len(found[0])):
            found = point, after.split(" ", 1)[0]
    return found


def is_network(type_name: str) -> bool:
    """Return whether this type of file system keeps its files on another machine.

    Example:
        >>> is_network("nfs4"), is_network("fuse.sshfs"), is_network("ext4")
        (True, True, False)
    """
    return _NETWORK.fullmatch(type_name) is not None


def refuse_network(path: str | os.PathLike[str], feature: str) -> None:
    """Raise if `path`, which may not exist yet, lies on a network file system.

    Where the system has no mountinfo (macOS), nothing is refused.

    Raises:
        UnsupportedPlatformError: it does; the reason names the mount point and its type.
    """
    try:
        table = _MOUNTINFO.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return
    found = file_system(table, os.path.realpath(path))
    if found is not None and is_network(found[1]):
        point, type_name = found
        raise UnsupportedPlatformError(
            feature,
            f"{point} is a network file system ({type_name}), where a kernel lock "
            "does not tell who is alive; use a local folder",
        )
