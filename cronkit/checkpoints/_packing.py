"""A state as the payload of a record and back: codec, compression, version, migrations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import attrs

from cronkit._convert import integer
from cronkit._files import _compression
from cronkit._files._framing import DamagedError
from cronkit.checkpoints._records import Checkpoint, OperationInfo, Progress
from cronkit.errors import CorruptCheckpointError, PolicyError, StateVersionError

if TYPE_CHECKING:
    from cronkit.checkpoints._codec import Codec
    from cronkit.checkpoints._records import Found, Record

Migration = Callable[[dict[str, Any]], dict[str, Any]]


def checked_migrations(value: Mapping[int, Migration], version: int) -> dict[int, Migration]:
    """Return `value` if each key is a version below `version` and each value a function.

    Raises:
        PolicyError: it is not so.
    """
    if not isinstance(value, Mapping):
        raise PolicyError("migrations", value, "a dict of functions by version")
    for old, migration in value.items():
        integer(old, "migrations", least=0, most=version - 1)
        if not callable(migration):
            raise PolicyError("migrations", migration, "functions of an old state")
    return dict(value)


class Packing:
    """Turns states into payloads and back, by the rules of one manager.

    Args:
        codec: states to bytes.
        compression: ``None``, ``"gzip"`` or ``"zstd"``.
        version: the version of the states that the code writes.
        migrations: by old version, a function from a state of that version to the next.
    """

    __slots__ = ("_compression", "_migrations", "_version", "codec")

    def __init__(
        self,
        codec: Codec,
        *,
        compression: str | None,
        version: int,
        migrations: Mapping[int, Migration],
    ) -> None:
        self.codec = codec
        self._compression = _compression.method(compression)
        self._version = integer(version, "state_version", least=0)
        self._migrations = checked_migrations(migrations, self._version)

    def pack(self, record: Record, state: dict[str, Any]) -> Record:
        """Return `record` with `state` as its payload.

        Raises:
            StateNotSerializableError: a value has no safe form, or the whole is too large.
        """
        data = self.codec.dump(state)
        return attrs.evolve(
            record,
            payload=_compression.compress(data, self._compression),
            size=len(data),
            compression=self._compression,
            state_version=self._version,
        )

    def unpack(self, record: Record) -> dict[str, Any]:
        """Return the state of `record` in the version of the code.

        Raises:
            CorruptCheckpointError: the payload is not what `pack` wrote.
            StateVersionError: no migration leads from its version to the code's.
            MissingExtraError: it is compressed with an extra that is not installed.
        """
        try:
            data = _compression.decompress(record.payload, record.compression, self.codec.limit)
            state = self.codec.load(data, plain=record.state_version != self._version)
        except DamagedError as error:
            where = f"checkpoint {record.seq} of {record.operation}"
            raise CorruptCheckpointError(where, error.reason) from None
        if not state:
            return state  # nothing was saved yet, and every version begins with nothing
        for version in range(record.state_version, self._version):
            if version not in self._migrations:
                raise StateVersionError(record.state_version, self._version)
            state = self._migrations[version](state)
        if record.state_version > self._version:
            raise StateVersionError(record.state_version, self._version)
        return state

    def checkpoint(self, record: Record) -> Checkpoint:
        """Return `record` as a caller sees it.

        Raises:
            CorruptCheckpointError: see `unpack`.
            StateVersionError: see `unpack`.
        """
        return Checkpoint(
            operation=record.operation,
            type=record.type,
            key=record.key,
            seq=record.seq,
            fence=record.fence,
            saved_at=record.saved_at,
            progress=Progress(processed=record.processed, total=record.total),
            last_item=self.last_item(record),
            state=self.unpack(record),
            state_version=self._version,
        )

    def last_item(self, record: Record) -> object:
        """Return the key of the last item done; as plain JSON where it cannot be read."""
        try:
            return self.codec.read_key(record.last_item)
        except (DamagedError, RecursionError):
            return record.last_item

    def info(self, found: Found) -> OperationInfo:
        """Return what a backend found as a caller sees it; nothing here raises."""
        record = found.record
        if record is None:
            return OperationInfo(
                id=found.operation, status="damaged", owned=found.owned, damaged=found.damaged
            )
        interrupted = record.status == "running" and not found.owned
        return OperationInfo(
            id=record.operation,
            type=record.type,
            key=record.key,
            status="interrupted" if interrupted else record.status,
            reason=record.reason,
            progress=Progress(processed=record.processed, total=record.total),
            last_item=self.last_item(record),
            created_at=record.created_at,
            saved_at=record.saved_at,
            owner=record.owner,
            owned=found.owned,
            fence=record.fence,
            damaged=found.damaged,
        )
