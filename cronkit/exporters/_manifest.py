"""What was exported into a folder: one line of JSON a file, appended before the file appears.

The manifest is what pruning trusts: a file that is not in it, or is no longer what was written,
was put there by somebody else. Serial numbers, not file times, say which export is the newest.
A line that a crash cut off, or that cannot be read, is passed over; its file is left alone.
"""

from __future__ import annotations

import json
import os
import re
from datetime import datetime
from typing import TYPE_CHECKING

import attrs

from cronkit._files import _atomic

if TYPE_CHECKING:
    from collections.abc import Iterable

MANIFEST = ".exports.jsonl"
LOCK = ".exports.lock"

# A manifest whose writer died while it wrote it anew.
_LEFT = re.compile(rf"\.{re.escape(MANIFEST)}\.[0-9a-f]{{8}}\.tmp", re.ASCII)
_LIMIT = 256 << 20
_SLACK = 200
_MODE = 0o666  # less the umask, like the exports themselves


@attrs.frozen(kw_only=True)
class Entry:
    """One export.

    Attributes:
        serial: its number in the folder, rising.
        name: the file's name.
        export: the name of the export that it is one of.
        pattern: the pattern of its name.
        extension: the extension of its format.
        made_at: when it was published, aware.
        rows: how many rows it has; ``None`` for free text.
        bytes: its size.
        sha256: the hash of its bytes, in hexadecimal.
        inode: the number of the file in its file system.
        written_at: when its bytes were last written, in nanoseconds since 1970.
        part: which operation wrote it; ``None``: none.
        job: the job whose run wrote it; ``None``: none.
        fence: the fence of that run; ``None``: none.
    """

    serial: int
    name: str
    export: str
    pattern: str
    extension: str
    made_at: datetime
    rows: int | None
    bytes: int
    sha256: str
    inode: int
    written_at: int
    part: str | None = None
    job: str | None = None
    fence: int | None = None

    @property
    def key(self) -> str:
        """Which export it is one of, see `Grammar.key`."""
        return f"{self.export}.{self.extension}"


class Manifest:
    """The manifest of an open folder. Whoever uses it holds the folder's lock.

    Args:
        folder: the open folder.
    """

    __slots__ = ("_folder", "_lines", "_torn", "entries")

    def __init__(self, folder: int) -> None:
        self._folder = folder
        self._lines = 0
        self._torn = False
        self.entries = self._read()

    def _read(self) -> dict[int, Entry]:
        """Return the exports that were not deleted, by serial, the oldest first."""
        try:
            data = _atomic.read(MANIFEST, self._folder, _LIMIT)
        except FileNotFoundError:
            return {}
        entries: dict[int, Entry] = {}
        lines = data.split(b"\n")
        self._lines = len(lines)
        self._torn = lines[-1] != b""
        for line in lines[: -1 if self._torn else None]:
            found = _parse(line)
            if isinstance(found, Entry):
                entries[found.serial] = found
            elif found is not None:
                entries.pop(found, None)
        return dict(sorted(entries.items()))

    def of(self, key: str) -> list[Entry]:
        """Return the entries of one export, the newest first."""
        return [entry for entry in reversed(self.entries.values()) if entry.key == key]

    def next_serial(self) -> int:
        """Return the serial of the next export."""
        return max(self.entries, default=0) + 1

    def add(self, entry: Entry) -> None:
        """Append an entry, durably.

        Raises:
            OSError: a call failed.
        """
        self.entries[entry.serial] = entry
        self._append([_line(_facts(entry))])

    def forget(self, serials: Iterable[int]) -> None:
        """Append that these exports are no more; write the manifest anew when most of it is old.

        Raises:
            OSError: a call failed.
        """
        gone = [serial for serial in serials if self.entries.pop(serial, None) is not None]
        if self._lines + len(gone) > 2 * len(self.entries) + _SLACK:
            self._rewrite()
        elif gone:
            self._append([_line({"deleted": serial}) for serial in gone])

    def _append(self, lines: list[bytes]) -> None:
        data = b"".join(lines)
        if self._torn:
            # What a crash cut off ends here, so that it does not spoil the next line.
            data, self._torn = b"\n" + data, False
        _atomic.append(MANIFEST, self._folder, data, _MODE)
        if not self._lines:
            os.fsync(self._folder)
        self._lines += len(lines)

    def _rewrite(self) -> None:
        for name in filter(_LEFT.fullmatch, _atomic.names(self._folder)):
            _atomic.remove(name, self._folder)
        lines = [_line(_facts(entry)) for entry in self.entries.values()]
        _atomic.replace(MANIFEST, self._folder, lines, _MODE)
        self._lines, self._torn = len(lines), False


def _facts(entry: Entry) -> dict[str, object]:
    facts: dict[str, object] = attrs.asdict(entry, recurse=False)
    return facts | {"made_at": entry.made_at.isoformat()}


def _line(facts: dict[str, object]) -> bytes:
    return json.dumps(facts, separators=(",", ":")).encode() + b"\n"


def _parse(line: bytes) -> Entry | int | None:
    """Return the entry of a line, the serial that it says is deleted, or ``None``."""
    try:
        facts = json.loads(line)
        if "deleted" in facts:
            return int(facts["deleted"])
        entry = Entry(**{**facts, "made_at": datetime.fromisoformat(facts["made_at"])})
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return entry if _is_sound(entry) else None


def _is_sound(entry: Entry) -> bool:
    """Return whether every field is what it may be; a line may be damaged, or made by hand."""
    whole = (entry.serial, entry.bytes, entry.inode, entry.written_at)
    texts = (entry.name, entry.export, entry.pattern, entry.extension, entry.sha256)
    return (
        all(type(value) is int and value >= 0 for value in whole)
        and all(type(value) is str and value for value in texts)
        and "/" not in entry.name
        and entry.made_at.tzinfo is not None
        and all(value is None or type(value) is int for value in (entry.rows, entry.fence))
        and all(value is None or type(value) is str for value in (entry.part, entry.job))
    )
