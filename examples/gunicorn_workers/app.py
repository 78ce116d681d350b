"""A web application whose four gunicorn workers share one schedule.

Each worker has a scheduler; all of them share one SQLite file. At each fire time one worker runs
the job, whichever comes first, and when a worker dies the others go on.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from cronkit import Scheduler, current_run
from cronkit.stores import SQLiteStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

scheduler = Scheduler(store=SQLiteStore(os.environ.get("STATE", "state.db")))


@scheduler.every("1s")
def tick() -> None:
    """Append the fire time, and who ran it, to a file."""
    run = current_run()
    with Path(os.environ.get("TICKS", "ticks.txt")).open("a", encoding="utf-8") as file:
        file.write(f"{run.id} {os.getpid()}\n")


def application(
    environ: dict[str, object], start_response: Callable[[str, list[tuple[str, str]]], object]
) -> Iterable[bytes]:
    """Answer with the last ten runs, of all workers."""
    del environ
    runs = [
        {"id": run.id, "outcome": run.outcome, "owner": run.owner}
        for run in scheduler.runs("tick", limit=10)
    ]
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(runs, indent=1).encode()]
