"""Beats come from a thread and a connection of their own: what holds up the engine costs no run."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import pytest

from cronkit import Every, Scheduler

pytestmark = [pytest.mark.system, pytest.mark.timeout(120)]

LONG = 30.0
LEASE = 1


class Hangs:
    """A trigger that lets nobody know its next fire time while it is told to hang.

    It is the engine's own thread, under the engine's lock, that waits for it.
    """

    def __init__(self):
        self.hanging, self.let_go, self.hung = False, threading.Event(), threading.Event()

    def next(self, after):
        if self.hanging:
            self.hung.set()
            self.let_go.wait(LONG)
        return after + timedelta(seconds=0.1)

    def __repr__(self):
        return "Hangs()"


@pytest.fixture(params=["sqlite", "postgres"])
def store_on(request, tmp_path):
    if request.param == "sqlite":
        from cronkit.stores import SQLiteStore

        return lambda: SQLiteStore(tmp_path / "state.db", lease=LEASE)
    dsn = request.getfixturevalue("postgres").schema()
    from cronkit.integrations.postgres import PostgresStore

    return lambda: PostgresStore(dsn, lease=LEASE)


def test_an_engine_that_is_held_up_for_leases_keeps_its_runs(store_on):
    busy, witness = Scheduler(store=store_on()), Scheduler(store=store_on())
    trigger, go_on, begun = Hangs(), threading.Event(), threading.Event()
    busy.add(lambda: None, trigger, id="hangs", overlap="allow")
    for each in (busy, witness):
        each.add(lambda: (begun.set(), go_on.wait(LONG)), id="long")
    with busy:
        handle = busy.run_now("long")
        assert begun.wait(LONG)
        with witness:
            trigger.hanging = True
            assert trigger.hung.wait(LONG)
            time.sleep(4 * LEASE)  # for as long nobody beats but the heart
            (run,) = witness.runs("long")
            assert run.phase == "running"
            trigger.hanging = False
            trigger.let_go.set()
            go_on.set()
            assert handle.wait(LONG).outcome == "succeeded"


def test_an_owner_whose_heart_has_stopped_loses_its_runs(store_on):
    """So the witness of the test above would have seen it; also that a lease may be that short."""
    busy, witness = Scheduler(store=store_on()), Scheduler(store=store_on())
    go_on, begun = threading.Event(), threading.Event()
    for each in (busy, witness):
        each.add(lambda: (begun.set(), go_on.wait(LONG)), Every("1d"), id="long")
    with busy:
        handle = busy.run_now("long")
        assert begun.wait(LONG)
        busy._app.engine.neighbours.heart._stop.set()
        with witness:
            assert handle.wait(LONG).outcome == "interrupted"
        go_on.set()
