"""Names in a checkpoint folder, and how the files of one operation are read. Writes nothing.

::

    start.lock                      held for the moment of a start
    running/<operation>/lock        held by the owner for as long as it owns
                       /op.json     what it is, for people and other programs
                       /000000000042.ckpt
                       /000000000041.ckpt.damaged
    running/.new-<random>/          being made; a crash may leave it
    done/2026-03/<operation>/       ended
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import attrs

from cronkit._files import _atomic
from cronkit._files._framing import DamagedError, pack, unpack
from cronkit.checkpoints._headers import header, record_of
from cronkit.checkpoints._records import Damage, Record
from cronkit.errors import OperationNotFoundError

MAGIC = b"CKPT1"
RUNNING = "running"
DONE = "done"
LOCK = "lock"
START_LOCK = "start.lock"
NEW = ".new-"
DAMAGED = ".damaged"

_CHECKPOINT = re.compile(r"(\d{12})\.ckpt", re.ASCII)
_LEFT_OVER = re.compile(r"\.(\d{12}\.ckpt|op\.json)\.[0-9a-f]{8}\.tmp|\.lock-[0-9a-f]{8}", re.ASCII)
_OURS = re.compile(r"(\d{12}\.ckpt(\.damaged)?|op\.json|lock)", re.ASCII)
_OPERATION = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,159}", re.ASCII)
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])", re.ASCII)

_LONGEST_HEADER = 1 << 20
_PATIENCE = 20


def checked_id(operation: str) -> str:
    """Return `operation` if it can be the id of one; what else it is never reaches a path.

    Raises:
        OperationNotFoundError: it cannot.
    """
    if isinstance(operation, str) and _OPERATION.fullmatch(operation):
        return operation
    raise OperationNotFoundError(operation if isinstance(operation, str) else repr(operation))


def is_operation(name: str) -> bool:
    """Return whether a folder of this name holds an operation."""
    return _OPERATION.fullmatch(name) is not None


def is_month(name: str) -> bool:
    """Return whether a folder of this name holds the operations that ended in a month."""
    return _MONTH.fullmatch(name) is not None


def is_left_over(name: str) -> bool:
    """Return whether a file of this name was being written when its writer died."""
    return _LEFT_OVER.fullmatch(name) is not None


def is_ours(name: str) -> bool:
    """Return whether a file of this name in the folder of an operation was written here."""
    return is_left_over(name) or _OURS.fullmatch(name) is not None


def checkpoint_name(seq: int) -> str:
    """Return the name of a checkpoint file.

    Example:
        >>> checkpoint_name(42)
        '000000000042.ckpt'
    """
    return f"{seq:012}.ckpt"


def frame(record: Record) -> tuple[bytes, bytes, bytes]:
    """Return the bytes of a checkpoint file, in parts."""
    return pack(MAGIC, header(record), record.payload)


def numbers(names: Sequence[str]) -> list[int]:
    """Return the numbers of the checkpoint files among `names`, the newest first."""
    matches = map(_CHECKPOINT.fullmatch, names)
    return sorted((int(match[1]) for match in matches if match), reverse=True)


def highest(names: Sequence[str]) -> int:
    """Return the highest number in use among `names`, damaged files included; -1: none."""
    return max(numbers([name.removesuffix(DAMAGED) for name in names]), default=-1)


def read_record(operation: str, seq: int, folder: int, limit: int) -> Record:
    """Return the record in a checkpoint file of the open `folder`.

    Args:
        operation: whose folder it is.
        seq: the number of the file.
        folder: the open folder.
        limit: bytes; a state larger than this is damage.

    Raises:
        FileNotFoundError: it is not there.
        DamagedError: it does not hold what was written for this place.
    """
    # A compressed state may be larger than the state itself, by little.
    data = _atomic.read(checkpoint_name(seq), folder, limit + limit // 8 + _LONGEST_HEADER)
    head, payload = unpack(MAGIC, data)
    record = record_of(head, bytes(payload))
    if (record.operation, record.seq) != (operation, seq):
        raise DamagedError(
            f"is checkpoint {record.seq} of {record.operation[:160]!a}, put in another's place"
        )
    if record.size > limit:
        raise DamagedError(f"holds a state of more than the allowed {limit} bytes")
    return record


@attrs.frozen(kw_only=True)
class Reading:
    """All checkpoint files of one operation, as they were read.

    Attributes:
        records: the good ones, the newest first, and only that one with its payload.
        damaged: the numbers and reasons of the others.
    """

    records: Sequence[Record]
    damaged: Sequence[tuple[int, str]]


def read_folder(operation: str, folder: int, limit: int, *, newest: bool) -> Reading:
    """Read the checkpoints of an operation.

    Args:
        operation: whose folder it is.
        folder: the open folder.
        limit: bytes; a state larger than this is damage.
        newest: stop at the first good one.
    """
    reading = Reading(records=(), damaged=())
    for _ in range(_PATIENCE):
        reading = _read_listed(operation, folder, limit, newest=newest)
        # All gone since they were listed: a busy owner has written and removed more meanwhile.
        if reading.records or reading.damaged or not numbers(_atomic.names(folder)):
            break
    return reading


def _read_listed(operation: str, folder: int, limit: int, *, newest: bool) -> Reading:
    records: list[Record] = []
    damaged: list[tuple[int, str]] = []
    for seq in numbers(_atomic.names(folder)):
        try:
            record = read_record(operation, seq, folder, limit)
            # Of the older ones nobody asks for the state; three large ones need not be held.
            records.append(attrs.evolve(record, payload=b"") if records else record)
        except FileNotFoundError:
            continue
        except DamagedError as error:
            damaged.append((seq, error.reason))
        if newest and records:
            break
    return Reading(records=records, damaged=damaged)


def damages(operation: str, where: str, found: Sequence[tuple[int, str]]) -> list[Damage]:
    """Return what was found damaged in the folder `where`, as values."""
    return [
        Damage(operation=operation, where=f"{where}/{checkpoint_name(seq)}", reason=reason)
        for seq, reason in found
    ]
