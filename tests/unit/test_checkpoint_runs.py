"""Operations and exports inside runs: a retry goes on, a later run shuts an earlier one out."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from cronkit import Backoff, Scheduler
from cronkit._context import active
from cronkit.checkpoints import CheckpointManager
from cronkit.checkpoints import _manager as manager_module
from cronkit.checkpoints import _tracking as tracking_module
from cronkit.errors import FenceLostError, RunCancelledError
from cronkit.exporters import ExportDirectory
from cronkit.exporters import _rotating as rotating_module
from cronkit.testing import FakeClock, MemoryCheckpoints


class FailedError(Exception):
    pass


@pytest.fixture
def clock():
    return FakeClock("2026-03-01T09:00+00:00")


@pytest.fixture
def manager(clock):
    return CheckpointManager(MemoryCheckpoints(), every=5, every_seconds=None, clock=clock)


@pytest.fixture
def exports(tmp_path, clock):
    return ExportDirectory(tmp_path / "out", clock=clock)


def test_a_retry_continues_the_operation_and_the_run_names_it(manager, exports, clock):
    scheduler, seen = Scheduler(clock=clock), []
    numbers = exports.rotating("numbers", "jsonl")

    @scheduler.every("1h", retry=Backoff(attempts=3, base="1s", jitter="none"))
    def export():
        with manager.operation(total=10) as operation, numbers.open(operation=operation) as out:
            for item in operation.track(range(10)):
                seen.append(item)
                out.write(item)
                if len(seen) in {4, 9}:
                    raise FailedError
        return out.result

    with scheduler:
        clock.advance("1h5m")
        (run,) = scheduler.runs()
    assert (run.outcome, run.attempt) == ("succeeded", 3)
    assert seen == [0, 1, 2, 3, 3, 4, 5, 6, 7, 7, 8, 9]
    (ended,) = manager.operations(ended=True)
    assert (ended.type, ended.status) == ("export", "completed")
    assert run.notes["operation"] == ended.id
    assert run.notes["export"]["rows"] == 10
    (info,) = exports.exports()
    assert [json.loads(line) for line in info.path.read_text().splitlines()] == list(range(10))
    assert run.notes["export"]["path"] == str(info.path)


def test_the_next_fire_time_continues_what_the_last_one_left(manager, clock):
    scheduler, seen = Scheduler(clock=clock), []

    @scheduler.every("1h")
    def export():
        with manager.operation() as operation:
            for item in operation.track(range(8)):
                seen.append(item)
                if len(seen) == 4:
                    raise FailedError

    with scheduler:
        clock.advance("2h")
    assert seen == [0, 1, 2, 3, 3, 4, 5, 6, 7]


class Run(SimpleNamespace):
    """A run with a fence, as a durable store gives it."""

    def __init__(self, fence, job_id="export", *, cancelled=False):
        super().__init__(
            id=f"{job_id}@{fence}", job_id=job_id, fence=fence, cancelled=cancelled, noted={}
        )

    def note(self, **facts):
        self.noted.update(facts)

    def raise_if_cancelled(self):
        if self.cancelled:
            raise RunCancelledError(self.id)


@pytest.fixture
def inside(monkeypatch):
    """Let the code believe that it is inside this run."""

    def enter(run):
        for module in (manager_module, tracking_module, rotating_module):
            monkeypatch.setattr(module, "active", lambda: run)
        return run

    yield enter
    assert active() is None


def test_a_run_with_a_lower_fence_does_not_take_the_operation(manager, inside):
    inside(Run(7))
    operation = manager.operation()
    operation.save_checkpoint({"by": 7})
    operation.release()
    inside(Run(6))
    with pytest.raises(FenceLostError) as caught:
        manager.operation()
    assert (caught.value.fence, caught.value.current) == (6, 7)
    (found,) = manager.get_interrupted_operations()
    assert manager.get_last_checkpoint(found.id).state == {"by": 7}
    for run in (Run(7), Run(8), Run(1, "other")):
        inside(run)
        mine = manager.operation("export")
        assert run.noted == {"operation": mine.id}
        mine.release()


def test_a_fence_stays_known_when_a_person_continues_the_operation(manager, inside):
    inside(Run(7))
    operation = manager.operation()
    operation.save_checkpoint()
    operation.release()
    inside(None)
    by_hand = manager.operation("export")
    by_hand.save_checkpoint()
    by_hand.release()
    inside(Run(6))
    with pytest.raises(FenceLostError):
        manager.operation()


def test_a_run_with_a_lower_fence_does_not_publish(exports, inside):
    films = exports.rotating("films")
    inside(Run(7))
    films.write([1])
    inside(Run(6))
    with pytest.raises(FenceLostError, match="films"):
        films.write([2])
    assert len(exports.exports()) == 1
    assert not list(exports.path.glob(".films*"))
    inside(Run(1, "other"))
    films.write([3])
    inside(Run(8))
    films.write([4])
    assert len(exports.exports()) == 3


def test_a_run_that_is_asked_to_stop_saves_at_the_end_of_the_item(manager, inside):
    run = inside(Run(1))
    operation, seen = manager.operation(), []

    def work():
        with operation:
            for item in operation.track(range(10)):
                seen.append(item)
                run.cancelled = item == 2

    with pytest.raises(RunCancelledError):
        work()
    assert seen == [0, 1, 2]
    (found,) = manager.get_interrupted_operations()
    assert found.progress.processed == 3
