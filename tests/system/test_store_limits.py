"""A limit on a tag holds over real processes that share a store and know nothing of each other's jobs."""

from __future__ import annotations

import itertools
import time

import pytest

pytestmark = [pytest.mark.system, pytest.mark.timeout(120)]

PRESS = """
import os, sys, time
from cronkit import Scheduler, current_run

kind, address, job_id, path = sys.argv[1:]
if kind == "sqlite":
    from cronkit.stores import SQLiteStore as Store
else:
    from cronkit.integrations.postgres import PostgresStore as Store
lines = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
scheduler = Scheduler(store=Store(address), limits={"press": 1})

@scheduler.every("100ms", id=job_id, tags={"press"}, overlap="queue", coalesce="latest")
def print_page():
    began = time.monotonic()
    current_run().sleep(0.05)
    os.write(lines, f"{began} {time.monotonic()} {job_id}\\n".encode())

print("ready", flush=True)
scheduler.run_forever()
"""


def address_of(kind, tmp_path, request):
    if kind == "sqlite":
        return str(tmp_path / "state.db")
    return request.getfixturevalue("postgres").schema()


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_runs_of_two_processes_with_one_tag_never_go_on_together(
    kind, program, tmp_path, scale, request
):
    address, pages = address_of(kind, tmp_path, request), tmp_path / "pages"
    jobs = ("left", "right")
    wanted = scale.pick(10, 100)
    them = [program(PRESS, kind, address, job_id, str(pages)) for job_id in jobs]
    for each in them:
        each.until("ready")

    def printed():
        lines = pages.read_text().split("\n")[:-1] if pages.exists() else []
        return [(float(a), float(b), job_id) for a, b, job_id in map(str.split, lines)]

    deadline = time.monotonic() + 90
    while not all(sum(each[2] == job for each in printed()) >= wanted for job in jobs):
        assert time.monotonic() < deadline, printed()
        time.sleep(0.1)
    for each in them:
        each.signal(15)
    assert [each.end()[0] for each in them] == [0, 0]

    spans = sorted(printed())
    together = [(one, two) for one, two in itertools.pairwise(spans) if two[0] < one[1]]
    assert together == []
