"""Reading a checkpoint folder from outside; what is being worked on is only looked at."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from cronkit._files import _atomic
from cronkit._files._lock import is_held
from cronkit.checkpoints import _layout
from cronkit.checkpoints._about import ABOUT, identity
from cronkit.checkpoints._records import Damage, Found

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class Archive:
    """The operations of one checkpoint folder.

    Args:
        root: the folder, without links.
        limit: bytes; a larger state is damage.
    """

    __slots__ = ("_limit", "root")

    def __init__(self, root: str, limit: int) -> None:
        self._limit = limit
        self.root = root

    @contextmanager
    def opened(self, place: str) -> Iterator[int]:
        """Open ``running`` or ``done/<month>``, with no link on the way."""
        outer, _, inner = place.partition("/")
        with _atomic.folder(self.root) as root, _atomic.folder(outer, root) as folder:
            if not inner:
                yield folder
                return
            with _atomic.folder(inner, folder) as month:
                yield month

    def months(self) -> list[str]:
        """Return the places of the operations that have ended, the newest first."""
        with self.opened(_layout.DONE) as done:
            names = sorted(filter(_layout.is_month, _atomic.names(done)), reverse=True)
        return [f"{_layout.DONE}/{name}" for name in names]

    def within(self, place: str) -> list[Found]:
        """Return the operations in ``running`` or a month."""
        found = []
        with self.opened(place) as folder:
            for operation in sorted(filter(_layout.is_operation, _atomic.names(folder))):
                # It may end, and its folder move away, between the listing and the look.
                with suppress(FileNotFoundError):
                    found.append(self._look(operation, folder, f"{self.root}/{place}"))
        return found

    def find(self, operation: str) -> Found | None:
        """Return one operation, or ``None``."""
        # Twice: it may move from one place to the other while one looks.
        for place in (_layout.RUNNING, *self.months(), *self.months()):
            with suppress(FileNotFoundError), self.opened(place) as folder:
                return self._look(operation, folder, f"{self.root}/{place}")
        return None

    def _look(self, operation: str, within: int, path: str) -> Found:
        try:
            folder = _atomic.open_folder(operation, within)
        except NotADirectoryError:
            damage = Damage(operation=operation, where=f"{path}/{operation}", reason=_NO_FOLDER)
            return Found(operation=operation, record=None, damaged=[damage])
        try:
            owned = is_held(_layout.LOCK, folder)
            reading = _layout.read_folder(operation, folder, self._limit, newest=True)
        finally:
            os.close(folder)
        return Found(
            operation=operation,
            record=reading.records[0] if reading.records else None,
            owned=owned,
            damaged=_layout.damages(operation, f"{path}/{operation}", reading.damaged),
        )

    def with_identity(self, type_: str, key: str) -> list[str]:
        """Return the ids of the operations that run under this type and key."""
        with self.opened(_layout.RUNNING) as running:
            return [
                operation
                for operation in sorted(filter(_layout.is_operation, _atomic.names(running)))
                if self._identity(operation, running) == (type_, key)
            ]

    def _identity(self, operation: str, running: int) -> tuple[object, object] | None:
        """Return type and key of an operation, from ``op.json`` or else from a checkpoint."""
        with suppress(OSError), _atomic.folder(operation, running) as folder:
            known = identity(folder)
            if known is not None:
                return known
            reading = _layout.read_folder(operation, folder, self._limit, newest=True)
            if reading.records:
                return reading.records[0].type, reading.records[0].key
        return None

    def verify(self, place: str) -> Iterator[Damage]:
        """Yield every file in a place that does not hold what was written there."""
        with self.opened(place) as outer:
            for operation in sorted(filter(_layout.is_operation, _atomic.names(outer))):
                path = f"{self.root}/{place}/{operation}"
                try:
                    with _atomic.folder(operation, outer) as folder:
                        yield from self._verify(operation, folder, path)
                except NotADirectoryError:
                    yield Damage(operation=operation, where=path, reason=_NO_FOLDER)
                except FileNotFoundError:
                    continue

    def _verify(self, operation: str, folder: int, path: str) -> Iterable[Damage]:
        reading = _layout.read_folder(operation, folder, self._limit, newest=False)
        found = [(_layout.checkpoint_name(seq), reason) for seq, reason in reading.damaged]
        if not reading.records and not reading.damaged:
            found.append(("", "holds no checkpoint"))
        for name in sorted(_atomic.names(folder)):
            if name.endswith(_layout.DAMAGED):
                found.append((name, "was set aside as damaged"))
            elif not _layout.is_ours(name):
                found.append((name, "was not written here"))
        if identity(folder) is None:
            found.append((ABOUT, "does not hold what was written"))
        return [
            Damage(operation=operation, where=f"{path}/{name}".rstrip("/"), reason=reason)
            for name, reason in found
        ]


_NO_FOLDER = "is no folder, or is a link"
