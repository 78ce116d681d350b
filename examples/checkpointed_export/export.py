"""A long export that goes on where it was killed: one command, run it as often as needed.

python examples/checkpointed_export/export.py [--folder out] [--items 1000] [--pause 0.002]
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING

from cronkit import CheckpointManager
from cronkit.exporters import ExportDirectory, Keep

if TYPE_CHECKING:
    from collections.abc import Iterator


def movies(count: int) -> Iterator[dict[str, object]]:
    """Yield the movies, always in the same order; in an application, a database does."""
    for number in range(1, count + 1):
        yield {"id": number, "title": f"Movie {number}", "year": 1950 + number % 75}


def export(folder: Path, count: int, pause: float) -> None:
    """Write every movie to one JSON file; start anew, or go on where the last run stopped."""
    manager = CheckpointManager(folder / "checkpoints", every=50)
    exports = ExportDirectory(folder / "exports", keep=Keep(last=5))
    as_json = exports.rotating("movies", envelope={"total": count}, items_key="movies")

    with (
        manager.operation("export_movies", total=count) as operation,
        as_json.open(operation=operation) as out,
    ):
        print(
            f"{'resumed' if operation.resumed else 'started'} at {operation.progress}", flush=True
        )
        for movie in operation.track(movies(count), key=lambda movie: movie["id"]):
            time.sleep(pause)  # the work
            out.write(movie)
    if out.result is not None:
        print(f"wrote {out.result.rows} movies to {out.result.path}", flush=True)


def main() -> None:
    """Read the command line and export."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("out"))
    parser.add_argument("--items", type=int, default=1000)
    parser.add_argument("--pause", type=float, default=0.002)
    arguments = parser.parse_args()
    export(arguments.folder, arguments.items, arguments.pause)


if __name__ == "__main__":
    main()
