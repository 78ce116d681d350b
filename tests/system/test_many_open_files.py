"""A process with more than 1,024 open files, as a server may be: nothing here waits by select(2)."""

from __future__ import annotations

import pytest

pytestmark = [pytest.mark.system, pytest.mark.timeout(60)]

HEAD = """
    import math, os, resource, sys, time
    from cronkit import Scheduler

    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4_096), hard))
    held = [os.open("/dev/null", os.O_RDONLY) for _ in range(1_200)]
"""


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_jobs_run_in_processes_and_on_a_loop(program, method):
    it = program(
        HEAD
        + """
    from cronkit.executors import ProcessExecutor

    async def nap():
        return 2

    scheduler = Scheduler(executors={"process": ProcessExecutor(start_method=sys.argv[1])})
    scheduler.add(math.sqrt, id="root", args=[4], executor="process")
    scheduler.add(nap)
    with scheduler:
        print(scheduler.run_now("root").result(30), scheduler.run_now("nap").result(30))
    """,
        method,
    )
    assert it.end()[0] == 0
    assert it.output == ["2.0 2"]


def test_stores_are_used_and_listened_to(program, postgres, tmp_path):
    it = program(
        HEAD
        + """
    from cronkit.integrations.postgres import PostgresStore
    from cronkit.stores import SQLiteStore

    for store in (SQLiteStore(sys.argv[1]), PostgresStore(sys.argv[2])):
        scheduler = Scheduler(store=store)
        scheduler.add(math.sqrt, id="root", args=[4])
        with scheduler:
            print(scheduler.run_now("root").result(30))
            time.sleep(2)  # for the heart to look at the others; what fails is in the log
            print(scheduler.status().health.ok)
    """,
        str(tmp_path / "state.db"),
        postgres.schema(),
    )
    assert it.end()[0] == 0
    assert it.output == ["2.0", "True"] * 2
