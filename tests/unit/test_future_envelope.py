"""What `FutureExecutor` hands to an engine: one function, one envelope, no secret, no code."""

from __future__ import annotations

import math
import pickle
from concurrent.futures import Executor, Future

import pytest

from cronkit import Scheduler, current_run
from cronkit.executors import FutureExecutor
from cronkit.stores import SQLiteStore

SECRET = "hunter2-swordfish"


class Recorder(Executor):
    """An executor that runs what it is given at once, as a worker of another process would."""

    def __init__(self):
        self.calls = []

    def submit(self, /, *args, **kwargs):
        self.calls.append((args, kwargs))
        function, envelope = (pickle.loads(pickle.dumps(each)) for each in args)
        future = Future()
        future.set_result(function(envelope))
        return future


def noting():
    current_run().note(worker="mine", colour="blue")


@pytest.fixture
def engine():
    return Recorder()


@pytest.fixture
def run(engine, tmp_path, monkeypatch):
    url = f"sqlite:///{tmp_path}/{SECRET}.db"
    monkeypatch.setenv("CRONKIT_TEST_STORE", url)
    executor = FutureExecutor(engine, store="env:CRONKIT_TEST_STORE")
    with Scheduler(store=SQLiteStore(tmp_path / f"{SECRET}.db"), executor=executor) as scheduler:
        scheduler.add(math.hypot, id="job", args=[3, 4])
        handle = scheduler.run_now("job")
        assert handle.result("30s") == 5
        yield handle.wait()


def test_it_is_one_function_and_one_positional_envelope(run, engine):
    ((args, kwargs),) = engine.calls
    function, envelope = args
    assert kwargs == {}
    assert function.__module__.startswith("cronkit.")
    assert (envelope.run_id, envelope.fence, envelope.attempt) == (run.id, run.fence, 1)
    assert (envelope.function, envelope.args) == ("math:hypot", (3, 4))


def test_the_store_travels_by_reference_and_never_by_its_address(run, engine):
    ((args, _),) = engine.calls
    assert args[1].store == "env:CRONKIT_TEST_STORE"
    assert SECRET not in repr(args)
    assert SECRET.encode() not in pickle.dumps(args)


def test_the_worker_stamps_its_own_start(run):
    assert run.notes["worker"]
    assert run.notes["began_at"] >= run.started_at.isoformat()


def test_a_note_of_the_job_under_a_name_of_the_stamp_costs_nothing_but_itself(engine):
    with Scheduler(executor=FutureExecutor(engine)) as scheduler:
        scheduler.add(noting, id="job")
        run = scheduler.run_now("job").wait("30s")
    assert run.outcome == "succeeded"
    assert run.notes["colour"] == "blue"
    assert run.notes["worker"] != "mine"
