"""A change of a job in one process reaches another: over PostgreSQL at once, over SQLite in a second."""

from __future__ import annotations

import time

import pytest

from cronkit import Every, Scheduler
from cronkit.stores import SQLiteStore

pytestmark = pytest.mark.system

LISTENER = """
import sys, threading
from cronkit import Every, Scheduler
from cronkit.jobs import JobChanged

kind, address = sys.argv[1:]
if kind == "sqlite":
    from cronkit.stores import SQLiteStore as Store
else:
    from cronkit.integrations.postgres import PostgresStore as Store
scheduler = Scheduler(store=Store(address))
scheduler.add(print, Every("1d"), id="job")

@scheduler.on(JobChanged)
def changed(event):
    print("changed", scheduler["job"].trigger, scheduler["job"].timeout, flush=True)

with scheduler:
    print("ready", flush=True)
    threading.Event().wait()
"""


@pytest.mark.parametrize(("kind", "within"), [("sqlite", 1.5), ("postgres", 1.0)])
def test_an_edit_reaches_another_process_in_time(kind, within, program, tmp_path, request):
    if kind == "sqlite":
        address = str(tmp_path / "state.db")
        store = SQLiteStore(address)
    else:
        address = request.getfixturevalue("postgres").schema()
        from cronkit.integrations.postgres import PostgresStore

        store = PostgresStore(address)
    scheduler = Scheduler(store=store)
    scheduler.add(print, Every("1d"), id="job")
    other = program(LISTENER, kind, address)
    other.until("ready")
    took = []
    with scheduler:
        for minutes in range(1, 6):
            began = time.monotonic()
            scheduler.reschedule("job", Every(60 * minutes))
            other.until(f"changed every {minutes}m None")
            took.append(time.monotonic() - began)
        scheduler.update("job", timeout="5s")
        other.until("changed every 5m 0:00:05")
    print(kind, [f"{each:.3f}" for each in took])
    assert sorted(took)[len(took) // 2] < within
