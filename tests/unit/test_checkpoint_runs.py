"""Operations and exports inside runs: a retry goes on, a later run shuts an earlier one out."""

from __future__ import annotations

import json
from contextvars import copy_context

import pytest

from cronkit import Backoff, Scheduler, current_run
from cronkit.checkpoints import CheckpointManager
from cronkit.errors import FenceLostError, RunCancelledError
from cronkit.exporters import ExportDirectory
from cronkit.jobs import Job
from cronkit.testing import FakeClock, MemoryCheckpoints
from tests.attempts import FIRED, attempt_at


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


def attempt_of(work, fence, job_id="export"):
    """Return an attempt with a fence, as a durable store gives it."""
    job = Job(id=job_id, func=work, trigger=None)
    return attempt_at(job, FakeClock(FIRED), fence=fence)


def in_run(fence, work, job_id="export"):
    """Do some work inside a run with this fence."""
    return copy_context().run(attempt_of(work, fence, job_id).call)


def test_a_run_with_a_lower_fence_does_not_take_the_operation(manager):
    def save():
        operation = manager.operation()
        operation.save_checkpoint({"by": current_run().fence})
        operation.release()

    def take():
        operation = manager.operation("export")
        operation.release()
        return operation.id, current_run().notes

    in_run(7, save)
    with pytest.raises(FenceLostError) as caught:
        in_run(6, take)
    assert (caught.value.fence, caught.value.current) == (6, 7)
    (found,) = manager.get_interrupted_operations()
    assert manager.get_last_checkpoint(found.id).state == {"by": 7}
    for fence, job_id in ((7, "export"), (8, "export"), (1, "other")):
        operation, notes = in_run(fence, take, job_id)
        assert notes == {"operation": operation}


def test_a_fence_stays_known_when_a_person_continues_the_operation(manager):
    def save():
        operation = manager.operation("export")
        operation.save_checkpoint()
        operation.release()

    in_run(7, save)
    save()
    with pytest.raises(FenceLostError):
        in_run(6, save)


def test_a_run_with_a_lower_fence_does_not_publish(exports):
    films = exports.rotating("films")
    in_run(7, lambda: films.write([1]))
    with pytest.raises(FenceLostError, match="films"):
        in_run(6, lambda: films.write([2]))
    assert len(exports.exports()) == 1
    assert not list(exports.path.glob(".films*"))
    in_run(1, lambda: films.write([3]), "other")
    in_run(8, lambda: films.write([4]))
    assert len(exports.exports()) == 3


def test_a_run_that_is_asked_to_stop_saves_at_the_end_of_the_item(manager):
    seen = []

    def work():
        with manager.operation() as operation:
            for item in operation.track(range(10)):
                seen.append(item)
                if item == 2:
                    attempt.token.set("cancelled")

    attempt = attempt_of(work, 1)
    with pytest.raises(RunCancelledError):
        copy_context().run(attempt.call)
    assert seen == [0, 1, 2]
    (found,) = manager.get_interrupted_operations()
    assert found.progress.processed == 3
