"""The same work with the checkpoints written by hand: start, save, find what was interrupted.

python examples/checkpointed_export/explicit.py [--folder out] [--items 1000] [--pause 0.002]
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING

from cronkit import CheckpointManager

if TYPE_CHECKING:
    from cronkit.checkpoints import Operation

EVERY = 50


def work(operation: Operation, first: int, count: int, pause: float) -> None:
    """Do the movies from `first` on; what lies behind the last checkpoint comes again."""
    for number in range(first, count + 1):
        time.sleep(pause)  # the work
        print(f"movie {number}", flush=True)
        if number % EVERY == 0:
            operation.save_checkpoint({"last_movie_id": number, "processed_count": number})
    operation.complete()
    print("complete", flush=True)


def main() -> None:
    """Continue what was interrupted, or start."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("out"))
    parser.add_argument("--items", type=int, default=1000)
    parser.add_argument("--pause", type=float, default=0.002)
    arguments = parser.parse_args()

    manager = CheckpointManager(arguments.folder / "checkpoints")
    interrupted = manager.get_interrupted_operations()
    if interrupted:
        operation = manager.resume(interrupted[0].id)
        done = operation.get_last_checkpoint().state.get("processed_count", 0)
    else:
        operation, done = manager.start_operation("export_movies", arguments.items), 0
    work(operation, done + 1, arguments.items, arguments.pause)


if __name__ == "__main__":
    main()
