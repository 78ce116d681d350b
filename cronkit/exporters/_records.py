"""What an export came to, and how far it is: the values that callers get."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import attrs


@attrs.frozen(kw_only=True)
class Deletion:
    """One file that was deleted, or would be.

    Attributes:
        path: the file.
        reason: which rule let it go.
    """

    path: Path
    reason: str


@attrs.frozen(kw_only=True)
class ExportResult:
    """One published export.

    Attributes:
        path: the file.
        rows: how many rows it has; ``None`` for free text.
        bytes: its size.
        sha256: the hash of its bytes, in hexadecimal.
        deleted: the older files that went because of it.
    """

    path: Path
    rows: int | None
    bytes: int
    sha256: str
    deleted: Sequence[Deletion] = ()


@attrs.frozen(kw_only=True)
class ExportProgress:
    """How far an export is.

    Attributes:
        rows: how many rows are written.
        total: how many there will be; ``None`` where nobody knows.
        bytes: how many bytes they have before compression.
    """

    rows: int
    total: int | None
    bytes: int


@attrs.frozen(kw_only=True)
class ExportInfo:
    """One export of a folder, as the manifest knows it.

    Attributes:
        path: the file.
        export: the name of the export that it is one of.
        serial: its number in the folder, rising.
        made_at: when it was published, aware.
        rows: how many rows it has; ``None`` for free text.
        bytes: its size.
        sha256: the hash of its bytes, in hexadecimal.
        present: whether the file is still there as it was written.
    """

    path: Path
    export: str
    serial: int
    made_at: datetime
    rows: int | None
    bytes: int
    sha256: str
    present: bool
