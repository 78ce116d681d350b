"""A folder of exports: its rules, and the exports that write into it."""

from __future__ import annotations

import logging
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

import attrs

from cronkit import _convert, _shapes
from cronkit._files._compression import method
from cronkit._files._paths import folder_path
from cronkit._files._retention import Keep
from cronkit.errors import PolicyError
from cronkit.exporters._csv import Csv
from cronkit.exporters._hidden import remove_old
from cronkit.exporters._json import Json, JsonLines
from cronkit.exporters._markdown import Markdown
from cronkit.exporters._names import PATTERN, Grammar
from cronkit.exporters._rotating import RotatingExporter
from cronkit.exporters._shelf import locked

if TYPE_CHECKING:
    import os
    from datetime import datetime, tzinfo

    from cronkit.abc import Clock
    from cronkit.exporters._formats import Format
    from cronkit.exporters._options import FormatOptions
    from cronkit.exporters._records import Deletion, ExportInfo
    from cronkit.exporters._shelf import Shelf

_LOGGER = logging.getLogger("cronkit.exporters")
_FORMATS: dict[str, type] = {
    "json": Json,
    "jsonl": JsonLines,
    "csv": Csv,
    "md": Markdown,
}
_NOT_GIVEN = Keep()
_PARTS_STAY = timedelta(days=30)


class ExportDirectory:
    """A folder of exports, of which only the newest stay.

    A file appears when it is complete, under a name that sorts after all names before it. What a
    crash leaves is hidden, and goes with the next export. Only files that were written here are
    ever deleted, and of each export never the newest; one name in two formats is two exports.

    Args:
        path: the folder, made with the first export if it is not there.
        keep: what stays of each export; ``None``: everything.
        compression: of the files: ``None``, ``"gzip"``, or ``"zstd"`` (an extra).
        latest: keep a link ``<name>-latest.<extension>`` to the newest file of each export.
        manifest: keep a hidden manifest with the size and hash of each file; without it nothing
            is deleted.
        timezone: the zone of the stamps in the names, and of days, weeks and months.
        clock: where to read the time.

    Raises:
        PolicyError: an argument is out of its range, or `keep` was given without a manifest.
        MissingExtraError: the compression needs an extra.
        UnknownZoneError: the zone is not known.

    Example:
        >>> exports = ExportDirectory("Scheduled Output", keep=Keep(last=5))
        >>> as_json = exports.rotating("export-json", format="json", items_key="albums")
        >>> result = as_json.write([{"title": "Blue"}, {"title": "Hejira"}])
        >>> result.rows, result.path.suffix
        (2, '.json')
    """

    __slots__ = ("_clock", "_keep", "_zone", "compression", "latest", "manifest", "path")

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        keep: Keep | None = _NOT_GIVEN,
        compression: str | None = None,
        latest: bool = False,
        manifest: bool = True,
        timezone: tzinfo | str = "UTC",
        clock: Clock | None = None,
    ) -> None:
        self.path = Path(folder_path(path, "path")).absolute()
        self.compression = method(compression)
        self.latest = _convert.flag(latest, "latest")
        self.manifest = _convert.flag(manifest, "manifest")
        self._zone = _convert.zone(timezone)
        self._clock = _shapes.clock(clock)
        self._keep: Keep | None = None
        if keep is not _NOT_GIVEN or manifest:
            self.keep = keep

    @property
    def keep(self) -> Keep | None:
        """What stays of each export; ``None``: everything. May be set; applies from then on."""
        return self._keep

    @keep.setter
    def keep(self, value: Keep | None) -> None:
        if value is not None and not isinstance(value, Keep):
            raise PolicyError("keep", value, "a Keep, or None")
        if value is not None and not self.manifest:
            raise PolicyError("keep", value, "None without a manifest: nothing would be deleted")
        self._keep = value

    def rotating(
        self,
        name: str,
        format: str | Format = "json",  # noqa: A002 -- the word that users know
        *,
        pattern: str = PATTERN,
        **options: Unpack[FormatOptions],
    ) -> RotatingExporter:
        """Return the export of this name.

        Args:
            name: 1-128 letters, digits, ``.``, ``_``, ``-``.
            format: ``"json"``, ``"jsonl"``, ``"csv"``, ``"md"``, or a `Format` of your own.
            pattern: how file names are built, from ``{name}``, ``{stamp:…}``, ``{seq}``, ``{ext}``.
            options: of the format, see `Json`, `JsonLines`, `Csv`, `Markdown`.

        Raises:
            PolicyError: an argument is out of its range; an option that the format does not have.
        """
        made = self._format(format, options)
        return RotatingExporter(self, Grammar(name, made.extension, pattern), made)

    @staticmethod
    def _format(value: str | Format, options: FormatOptions) -> Format:
        if not isinstance(value, str):
            if options or not hasattr(value, "writer"):
                raise PolicyError("format", value, "a Format, with its options set")
            return value
        kind = _FORMATS[_convert.choice(value, "format", tuple(_FORMATS))]
        known = [field.name for field in attrs.fields(kind)]
        for option, given in options.items():
            if option not in known:
                allowed = ", ".join(known) or "no options"
                raise PolicyError(option, given, f"for format={value!r}: {allowed}")
        made: Format = kind(**options)
        return made

    def prune(self, *, dry_run: bool = False) -> list[Deletion]:
        """Delete what `keep` lets go of every export here; return it with its reason.

        Hidden files that an operation has not touched for 30 days go too.

        Args:
            dry_run: delete nothing, only return what would go.

        Raises:
            PolicyError: `dry_run` is neither true nor false.
            ExportWriteError: the folder cannot be read, or a file not deleted.
            LockTimeoutError: another process holds the folder's lock and does not move.
        """
        _convert.flag(dry_run, "dry_run")
        if not self.path.is_dir():
            return []
        now = self.now()
        with locked(self.path, manifest=self.manifest) as shelf:
            if not dry_run:
                remove_old(shelf, now - _PARTS_STAY)
            if self._keep is None:
                return []
            return shelf.prune(shelf.keys(), self._keep, now, dry_run=dry_run)

    def exports(self) -> list[ExportInfo]:
        """Return the exports that the manifest knows, the oldest first.

        Raises:
            ExportWriteError: the folder cannot be read.
            LockTimeoutError: another process holds the folder's lock and does not move.
        """
        if not self.path.is_dir():
            return []
        with locked(self.path, manifest=self.manifest) as shelf:
            return shelf.infos(self._zone)

    def now(self) -> datetime:
        """Return the time in the zone of this folder."""
        return self._clock.now().astimezone(self._zone)

    def rotate(self, shelf: Shelf, key: str, now: datetime) -> list[Deletion]:
        """Delete what goes after a new file has appeared; that file is there in any case."""
        if self._keep is None:
            return []
        try:
            return shelf.prune([key], self._keep, now, dry_run=False)
        except OSError as error:
            _LOGGER.warning("export.prune_failed", extra={"export": key, "reason": str(error)})
            return []

    def __repr__(self) -> str:
        return f"ExportDirectory({str(self.path)!r})"
