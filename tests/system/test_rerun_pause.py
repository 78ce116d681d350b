"""A job that kills its process, on several processes of one SQLite file: they do not die together."""

from __future__ import annotations

import itertools

import pytest

pytestmark = pytest.mark.system

MEMBER = """
    import os, sys, threading, time
    from cronkit import Scheduler, current_run
    from cronkit.stores import SQLiteStore

    scheduler = Scheduler(store=SQLiteStore(sys.argv[1]))

    @scheduler.job(id="poison", on_interrupted="rerun")
    def poison():
        print("attempt", current_run().attempt, time.monotonic(), flush=True)
        os._exit(9)

    scheduler.start()
    print("ready", flush=True)
    if sys.argv[2:]:
        scheduler.run_now("poison")
    threading.Event().wait(25)
"""


def test_a_poison_pill_takes_down_one_process_after_the_other_ever_slower(program, tmp_path):
    store = str(tmp_path / "state.db")
    members = [program(MEMBER, store) for _ in range(3)]
    for each in members:
        each.until("ready")
    members.append(program(MEMBER, store, "run it"))
    codes = [each.end()[0] for each in members]
    lines = [line.split() for each in members for line in each.output if line != "ready"]
    lines.sort(key=lambda line: int(line[1]))
    moments = [float(line[2]) for line in lines]
    least = [0, 1, 2]

    assert codes == [9] * 4
    assert [line[1] for line in lines] == ["1", "2", "3", "4"]
    waited = [b - a for a, b in itertools.pairwise(moments)]
    assert all(waited[n] >= least[n] for n in range(3)), waited
    assert waited[0] < 5
