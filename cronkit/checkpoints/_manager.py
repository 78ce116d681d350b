"""Starting, continuing and listing operations.

It ties a backend, the rules of one application (how often, how large, which version) and the run
that may be going on.
"""

from __future__ import annotations

import logging
import os
from datetime import timedelta
from typing import TYPE_CHECKING

from cronkit import _convert, _shapes
from cronkit._context import active
from cronkit.checkpoints import _tagged
from cronkit.checkpoints._codec import Codec
from cronkit.checkpoints._file_backend import FileBackend
from cronkit.checkpoints._operation import Operation
from cronkit.checkpoints._packing import Packing
from cronkit.checkpoints._starting import first_record, refuse_late_run, refuse_small_total
from cronkit.checkpoints._writer import Cadence, Writer, log_taken
from cronkit.errors import (
    CheckpointError,
    CorruptCheckpointError,
    LockTimeoutError,
    OperationBusyError,
    PolicyError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cronkit._context import RunContext
    from cronkit.abc import Clock
    from cronkit.checkpoints._backend import CheckpointBackend, OwnedOperation
    from cronkit.checkpoints._packing import Migration
    from cronkit.checkpoints._records import Checkpoint, Damage, OperationInfo, Removal

_LOGGER = logging.getLogger("cronkit.checkpoints")
_DAY = timedelta(days=1)


class CheckpointManager:
    """Keeps the state of long operations, so that after a crash they go on where they were.

    Args:
        place: a folder on a local disk, made if it is not there, or a `CheckpointBackend`.
        every: save after so many items; ``None``: by time only.
        every_seconds: save after so long, at the end of an item; ``None``: by count only.
        max_checkpoints: how many checkpoints of an operation stay (folder only), 2 or more.
        compression: of the saved states: ``None``, ``"gzip"``, or ``"zstd"`` (an extra).
        max_state_bytes: the largest state, before compression.
        state_version: the version of the states that this code writes.
        migrations: by old version, a function from a state of that version to the next; in what
            it is given, instances of registered classes are dicts of their fields.
        classes: attrs classes that a state may hold; a dict gives them names of their own.
        keep_finished: how long operations that have ended stay; ``None``: for ever.
        clock: where to read the time.

    Raises:
        PolicyError: an argument is out of its range.
        DurationError: a duration cannot be read.
        MissingExtraError: the compression needs an extra.
        UnsupportedPlatformError: the folder is on a network file system, or this is Windows.
        CheckpointWriteError: the folder cannot be made.

    Example:
        >>> manager = CheckpointManager("checkpoints", every=100)
        >>> operation = manager.start_operation("export_movies", total=1000)
        >>> operation.save_checkpoint({"last_movie_id": 17, "processed_count": 100})
        >>> operation.progress.fraction
        0.1
        >>> operation.complete()
    """

    __slots__ = ("_backend", "_cadence", "_clock", "_keep_finished", "_packing", "_tidied_at")

    def __init__(
        self,
        place: str | os.PathLike[str] | CheckpointBackend,
        *,
        every: int | None = 100,
        every_seconds: timedelta | float | str | None = 30,
        max_checkpoints: int | None = None,
        compression: str | None = None,
        max_state_bytes: int = 64 << 20,
        state_version: int = 1,
        migrations: Mapping[int, Migration] | None = None,
        classes: Mapping[str, type[object]] | Sequence[type[object]] = (),
        keep_finished: timedelta | float | str | None = "30d",
        clock: Clock | None = None,
    ) -> None:
        self._cadence = Cadence(every=every, every_seconds=every_seconds)
        self._clock = _shapes.clock(clock)
        self._keep_finished = (
            None if keep_finished is None else _convert.duration(keep_finished, "keep_finished")
        )
        codec = Codec(
            _tagged.register(classes), _convert.integer(max_state_bytes, "max_state_bytes", least=2)
        )
        self._packing = Packing(
            codec, compression=compression, version=state_version, migrations=migrations or {}
        )
        self._backend = _backend(place, max_checkpoints, max_state_bytes)
        self._tidied_at: float | None = None

    def operation(
        self,
        type: str | None = None,  # noqa: A002 -- the word of the checkpoint's own field
        total: int | None = None,
        *,
        key: str = "",
        resume: str = "auto",
        force: bool = False,
    ) -> Operation:
        """Continue the interrupted operation of this type and key, or start one.

        Args:
            type: what kind of work it is, 1-128 letters, digits, ``.``, ``_``, ``-``; inside a
                run it may be left out and is the id of the job, so that a retry, or the next
                fire time, continues what was interrupted.
            total: how many items there are.
            key: which one of that kind, any text of at most 256 characters.
            resume: ``"auto"``, or ``"never"``: end an interrupted one as superseded.
            force: take the operation from a process that still holds it. Only for one that is
                known to be frozen: what it saves later is refused.

        Raises:
            OperationBusyError: somebody works on it.
            CorruptCheckpointError: it was interrupted, and none of its checkpoints can be read.
            StateVersionError: no migration leads from the saved state to the code's version.
            ResumeMismatchError: more items are done than there are.
            FenceLostError: a later run of this job has worked on it.
            StateError: no type was given outside of a run.
            CheckpointWriteError: the disk failed.
        """
        run = active()
        record = self._packing.pack(first_record(type, key, total, self._clock.now(), run), {})
        resumable = _convert.choice(resume, "resume", ("auto", "never")) == "auto"
        _convert.flag(force, "force")
        self._tidy()
        try:
            owned = self._backend.begin(record, resume=resumable)
        except OperationBusyError as busy:
            if not force:
                raise
            owned = self._backend.own(busy.operation, force=True)
        return self._operation(
            owned, total, run, resumed=owned.record.operation != record.operation
        )

    def start_operation(
        self,
        type: str | None = None,  # noqa: A002 -- the word of the checkpoint's own field
        total: int | None = None,
        *,
        key: str = "",
    ) -> Operation:
        """Start an operation anew; one of this type and key that was interrupted is superseded.

        Raises:
            OperationBusyError: somebody works on it.
            StateError: no type was given outside of a run.
            CheckpointWriteError: the disk failed.
        """
        return self.operation(type, total, key=key, resume="never")

    def resume(self, operation: str, *, force: bool = False) -> Operation:
        """Own an interrupted operation.

        Args:
            operation: its id, as `get_interrupted_operations` gives it.
            force: take it from a process that still holds it, see `operation`.

        Raises:
            OperationBusyError: somebody works on it.
            OperationNotFoundError: there is none with this id, or it has ended.
            CorruptCheckpointError: none of its checkpoints can be read.
            StateVersionError: no migration leads from the saved state to the code's version.
            FenceLostError: a later run of this job has worked on it.
            CheckpointWriteError: the disk failed.
        """
        owned = self._backend.own(operation, force=_convert.flag(force, "force"))
        return self._operation(owned, None, active(), resumed=True)

    def get_interrupted_operations(self) -> list[OperationInfo]:
        """Return the operations that began, never ended, and nobody works on; the oldest first.

        Read-only: nothing is taken. One of which no checkpoint can be read is among them, with
        status ``damaged``.
        """
        return [self._packing.info(found) for found in self._backend.running() if not found.owned]

    def operations(self, *, ended: bool = False) -> list[OperationInfo]:
        """Return all operations that have not ended, and on request those that have.

        Read-only: nothing is taken.
        """
        finished = self._backend.finished() if _convert.flag(ended, "ended") else ()
        return [self._packing.info(each) for each in (*self._backend.running(), *finished)]

    def get_last_checkpoint(self, operation: str) -> Checkpoint:
        """Return the last good checkpoint of an operation, whoever owns it, running or ended.

        Raises:
            OperationNotFoundError: there is none with this id.
            CorruptCheckpointError: none of its checkpoints can be read.
            StateVersionError: no migration leads from the saved state to the code's version.
        """
        found = self._backend.find(operation)
        if found.record is None:
            raise CorruptCheckpointError(operation, "none of its checkpoints can be read")
        return self._packing.checkpoint(found.record)

    def verify(self) -> list[Damage]:
        """Read everything that is kept and return what is not as it was written."""
        return list(self._backend.verify())

    def prune(self, *, dry_run: bool = False) -> list[Removal]:
        """Remove operations that ended longer than `keep_finished` ago, and what crashes left.

        A folder is pruned by whole months. Operations that have not ended are never touched.

        Args:
            dry_run: remove nothing, only return what would go.

        Raises:
            LockTimeoutError: another process is in the middle of a start and does not move.
        """
        _convert.flag(dry_run, "dry_run")
        before = None
        if self._keep_finished is not None:
            before = self._clock.now() - self._keep_finished
        return list(self._backend.prune(before, dry_run=dry_run))

    def _operation(
        self, owned: OwnedOperation, total: int | None, run: RunContext | None, *, resumed: bool
    ) -> Operation:
        try:
            refuse_late_run(owned.record, run)
            refuse_small_total(owned.record, total)
            writer = Writer(owned, self._packing, self._cadence, self._clock, run)
            writer.total = owned.record.total if total is None else total
            operation = Operation(writer, self._packing, resumed=resumed)
        except BaseException:
            owned.release()
            raise
        log_taken(owned, resumed=resumed)
        if run is not None:
            run.note(operation=operation.id)
        return operation

    def _tidy(self) -> None:
        """Prune once a day at a start; what stands in its way does not stand in the start's."""
        now = self._clock.monotonic()
        if self._tidied_at is not None and now - self._tidied_at < _DAY.total_seconds():
            return
        self._tidied_at = now
        try:
            self.prune()
        except (CheckpointError, LockTimeoutError, OSError) as error:
            _LOGGER.warning("checkpoint.prune_failed", extra={"reason": str(error)})

    def __repr__(self) -> str:
        return f"<CheckpointManager on {self._backend!r}>"


def _backend(
    place: str | os.PathLike[str] | CheckpointBackend, keep: int | None, limit: int
) -> CheckpointBackend:
    if isinstance(place, (str, os.PathLike)):
        return FileBackend(
            place, max_checkpoints=3 if keep is None else keep, max_state_bytes=limit
        )
    if not hasattr(place, "begin"):
        raise PolicyError("place", place, "a folder, or a CheckpointBackend")
    if keep is not None:
        raise PolicyError("max_checkpoints", keep, "only a folder; a backend has its own rule")
    return place
