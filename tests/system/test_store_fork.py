"""A store on a database is used by many threads, and by a process that forks: neither gets in the way."""

from __future__ import annotations

import signal
from datetime import UTC, datetime

import pytest

from cronkit.stores import SQLiteStore

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
pytestmark = [pytest.mark.system, pytest.mark.timeout(120)]

HEAD = """
    import os, signal, sys, threading, time, warnings
    from cronkit import Scheduler

    warnings.simplefilter("ignore")  # of forking with threads: that is what is tried here
    kind, address = sys.argv[1:]
    if kind == "sqlite":
        from cronkit.stores import SQLiteStore as Store
    else:
        from cronkit.integrations.postgres import PostgresStore as Store
    scheduler = Scheduler(store=Store(address))
    scheduler.add(os.getpid, id="who", overlap="allow")

    def works():
        "Whoever shares the store may take the run: what counts is that its outcome comes back."
        run = scheduler.run_now("who").wait(20)
        return run is not None and str(run.outcome) == "succeeded" and scheduler.status().health.ok
"""

FORKS = (
    HEAD
    + """
    def held():
        "Name what this process holds open of the database."
        found = []
        for each in os.listdir("/proc/self/fd"):
            try:
                found.append(os.readlink(f"/proc/self/fd/{each}"))
            except FileNotFoundError:  # the one that lists them
                pass
        return sorted(each for each in found if each.startswith((address, address + "-")))

    def fork_and_start():
        child = os.fork()
        if child:
            return os.WEXITSTATUS(os.waitpid(child, 0)[1])
        signal.alarm(40)
        code = 9
        try:
            if held():
                os._exit(8)
            with scheduler:
                code = 0 if all(works() for _ in range(5)) else 7
        except BaseException as error:
            print(repr(error), flush=True)
        finally:
            os._exit(code)

    def ask():
        while not stop.is_set():
            asked.append(works())

    asked, stop = [], threading.Event()
    with scheduler:
        asking = threading.Thread(target=ask)
        asking.start()  # the store is in use while the process forks
        print([fork_and_start() for _ in range(5)])
        stop.set()
        asking.join()
        print(all(asked), works())
    runs = scheduler.runs()
    print({str(run.outcome) for run in runs}, len(runs) - len(asked))
"""
)

LIVES_ON = """
    import os, sys, time, warnings
    from datetime import UTC, datetime
    from cronkit.stores import SQLiteStore

    warnings.simplefilter("ignore")
    store = SQLiteStore(sys.argv[1])
    store.open("parent", datetime.now(UTC))
    child = os.fork()
    if child == 0 and sys.argv[2] == "child ends":
        store.runs()
        del store
        os._exit(0)
    if child == 0:
        print("forked", flush=True)
        time.sleep(60)
    if sys.argv[2] == "child ends":
        os.waitpid(child, 0)
        print("forked", flush=True)
    time.sleep(60)
"""

THREADS = (
    HEAD
    + """
    def use():
        for _ in range(25):
            handle = scheduler.run_now("who")
            scheduler.status()
            assert scheduler.runs("who", limit=1)
            assert handle.result(30) == os.getpid()
        ended.append(1)

    ended = []
    with scheduler:
        them = [threading.Thread(target=use) for _ in range(8)]
        for each in them:
            each.start()
        for each in them:
            each.join()
    print(len(ended), len(scheduler.runs()), {str(run.outcome) for run in scheduler.runs()})
"""
)


@pytest.fixture(params=["sqlite", "postgres"])
def place(request, tmp_path):
    """The kind of a store, and its address."""
    if request.param == "sqlite":
        return "sqlite", str(tmp_path / "state.db")
    return "postgres", request.getfixturevalue("postgres").schema()


def test_children_that_are_forked_at_work_use_the_store_and_so_does_the_parent(program, place):
    it = program(FORKS, *place)
    assert it.end(110)[0] == 0
    assert it.output == ["[0, 0, 0, 0, 0]", "True True", "{'succeeded'} 26"]


def test_many_threads_use_it_at_once(program, place):
    it = program(THREADS, *place)
    assert it.end(90)[0] == 0
    assert it.output == ["8 200 {'succeeded'}"]


@pytest.fixture
def witness(tmp_path):
    store = SQLiteStore(tmp_path / "state.db")
    store.open("witness", NOW)
    yield lambda: "parent" in store.pulse("witness", NOW).dead
    store.close("witness", NOW)


def test_the_end_of_a_child_does_not_let_its_parent_pass_for_dead(program, tmp_path, witness):
    program(LIVES_ON, str(tmp_path / "state.db"), "child ends").until("forked")
    assert not witness()


def test_a_child_that_lives_on_does_not_let_its_dead_parent_pass_for_alive(
    program, tmp_path, witness
):
    it = program(LIVES_ON, str(tmp_path / "state.db"), "child lives")
    it.until("forked")
    assert not witness()
    it.signal(signal.SIGKILL)
    it.process.wait()
    assert witness()
