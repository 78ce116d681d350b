"""Where the file of an operation can be continued, as a checkpoint holds it."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from cronkit.errors import ExportError
from cronkit.exporters._formats import JSON


@attrs.frozen(kw_only=True)
class Position:
    """Where the file of an operation can be continued.

    Attributes:
        file: the name of the hidden file.
        fence: the fence of the owner that made it.
        offset: where it is cut.
        sha256: the hash up to there; ``None``: not known.
        rows: how many rows stand before that place.
        state: what the writer of the format needs to go on.
        done: whether nothing more will be written.
    """

    file: str
    fence: int
    offset: int
    sha256: str | None
    rows: int
    state: Mapping[str, JSON]
    done: bool = False


def write_position(position: Position) -> Mapping[str, JSON]:
    """Return what a checkpoint holds of a position."""
    facts: dict[str, JSON] = attrs.asdict(position, recurse=False)
    return facts


def read_position(saved: Mapping[str, JSON], path: str) -> Position:
    """Return the position that a checkpoint holds.

    Raises:
        ExportError: it holds something else.
    """
    try:
        position = Position(**saved)  # type: ignore[arg-type]  # each field is checked below
    except TypeError:
        raise ExportError(path, "the checkpoint holds no position in this export") from None
    counts = (position.fence, position.offset, position.rows)
    if (
        all(type(count) is int and count >= 0 for count in counts)
        and type(position.file) is str
        and (position.sha256 is None or type(position.sha256) is str)
        and isinstance(position.state, dict)
        and type(position.done) is bool
    ):
        return position
    raise ExportError(path, "the checkpoint holds no position in this export")
