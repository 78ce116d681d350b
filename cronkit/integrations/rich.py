"""`ProgressBar`: how far an export or an operation is, on the terminal. Extra: ``cli``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from cronkit.errors import MissingExtraError, PolicyError
from cronkit.exporters import ExportProgress

try:
    from rich import progress as _rich
except ImportError as error:
    raise MissingExtraError("ProgressBar", "cli") from error

if TYPE_CHECKING:
    from types import TracebackType

    from rich.console import Console

    from cronkit.checkpoints import Progress


class ProgressBar:
    """A bar in a terminal, moved by calling it with the progress of an export or an operation.

    Pass it as ``progress=`` to `RotatingExporter.write` or to `Operation.track`. It shows itself
    with the first call inside the ``with`` block, where a resumed operation stands, and stays on
    the screen as it was when the block ends. Where the output is no terminal, only that last line
    is written.

    Args:
        description: what stands before the bar, as it is.
        console: where to draw; ``None``: standard output.

    Raises:
        MissingExtraError: on import, rich is not installed.
        PolicyError: `description` is no text.

    Example:
        >>> from cronkit.exporters import ExportDirectory
        >>> films = ExportDirectory("out").rotating("films", format="csv")
        >>> with ProgressBar("films") as bar:
        ...     result = films.write([{"title": "Heat"}], progress=bar)
        films ━━━...━━━ 1/1 100%...
    """

    __slots__ = ("_bar", "_description", "_task")

    def __init__(self, description: str, *, console: Console | None = None) -> None:
        if not isinstance(description, str):
            raise PolicyError("description", description, "text")
        self._description = description
        self._task: _rich.TaskID | None = None
        self._bar = _rich.Progress(
            # A "[" in a name is a bracket, not the markup of rich.
            _rich.TextColumn("{task.description}", markup=False),
            _rich.BarColumn(),
            _rich.MofNCompleteColumn(),
            _rich.TaskProgressColumn(show_speed=True),
            _rich.TimeRemainingColumn(),
            console=console,
        )

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def __call__(self, progress: Progress | ExportProgress) -> None:
        """Move the bar to where `progress` says."""
        done = progress.rows if isinstance(progress, ExportProgress) else progress.processed
        if self._task is None:
            # What was done before counts for the bar, and not for the speed.
            self._task = self._bar.add_task(self._description, total=progress.total, completed=done)
        else:
            self._bar.update(self._task, total=progress.total, completed=done)
