"""Checkpoints: long work that goes on where it stopped.

`CheckpointManager` starts, continues and lists operations; an `Operation` is one piece of long
work in the hands of this process. What is kept, and where, is a `CheckpointBackend`; the one for a
folder is `FileBackend`. Nothing here knows a scheduler, apart from asking which run is going on.
"""

from __future__ import annotations

from cronkit.checkpoints._backend import CheckpointBackend, OwnedOperation
from cronkit.checkpoints._file_backend import FileBackend
from cronkit.checkpoints._manager import CheckpointManager
from cronkit.checkpoints._operation import Operation
from cronkit.checkpoints._records import (
    Checkpoint,
    Damage,
    Found,
    OperationInfo,
    Progress,
    Record,
    Removal,
)

__all__ = [
    "Checkpoint",
    "CheckpointBackend",
    "CheckpointManager",
    "Damage",
    "FileBackend",
    "Found",
    "Operation",
    "OperationInfo",
    "OwnedOperation",
    "Progress",
    "Record",
    "Removal",
]
