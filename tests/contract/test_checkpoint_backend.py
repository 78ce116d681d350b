"""What every checkpoint backend promises, over the file backend and the fake.

A second handle on the same place stands for another process; a crash makes an owner vanish
without a word. Real processes that are really killed are in ``tests/system``.
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import attrs
import pytest

from cronkit.checkpoints import CheckpointBackend, FileBackend, OwnedOperation, Record
from cronkit.errors import (
    OperationBusyError,
    OperationLostError,
    OperationNotFoundError,
    StateError,
)
from cronkit.testing._checkpoints import MemoryCheckpoints

START = datetime(2026, 3, 1, 9, tzinfo=UTC)


class FilePlace:
    def __init__(self, path):
        self._path = path

    def handle(self) -> CheckpointBackend:
        return FileBackend(self._path)

    def crash(self, owned: OwnedOperation) -> None:
        owned._lock.release()


class MemoryPlace:
    def __init__(self):
        self._backend = MemoryCheckpoints()

    def handle(self) -> CheckpointBackend:
        return self._backend

    def crash(self, owned: OwnedOperation) -> None:
        self._backend.crash()


@pytest.fixture(params=["file", "memory"])
def place(request, tmp_path):
    return FilePlace(tmp_path / "checkpoints") if request.param == "file" else MemoryPlace()


@pytest.fixture
def backend(place):
    return place.handle()


@pytest.fixture
def other(place):
    """The same place, seen from another process."""
    return place.handle()


def first(operation="export-1", *, type="export", key="", minute=0) -> Record:  # noqa: A002 -- the field's name
    at = START + timedelta(minutes=minute)
    return Record(operation=operation, type=type, key=key, created_at=at, saved_at=at)


def with_state(owned: OwnedOperation, payload: bytes, **facts) -> Record:
    return attrs.evolve(owned.record, payload=payload, size=len(payload), **facts)


def test_a_started_operation_is_owned_and_its_first_record_is_there(backend, other):
    owned = backend.begin(first(), resume=True)
    assert owned.record.seq == 0
    (found,) = other.running()
    assert found.owned
    assert found.record == owned.record
    assert other.find("export-1").record == owned.record


def test_what_was_saved_is_what_others_read(backend, other):
    owned = backend.begin(first(), resume=True)
    record = owned.save(
        with_state(
            owned,
            b'{"done":3}',
            processed=3,
            total=10,
            last_item=["m", 3],
            parts={"out": {"offset": 7}},
        )
    )
    assert other.find("export-1").record == record == owned.record
    assert record.payload == b'{"done":3}'
    assert (record.processed, record.total, record.last_item) == (3, 10, ["m", 3])
    assert record.parts == {"out": {"offset": 7}}


def test_numbers_rise_with_every_save(backend):
    owned = backend.begin(first(), resume=True)
    numbers = [owned.save(owned.record).seq for _ in range(5)]
    assert numbers == sorted(set(numbers))
    assert numbers[0] > 0


def test_the_identity_is_type_and_key(backend):
    one = backend.begin(first("a-1", type="a"), resume=True)
    two = backend.begin(first("a-2", type="a", key="ann"), resume=True)
    three = backend.begin(first("b-1", type="b"), resume=True)
    assert [found.operation for found in backend.running()] == ["a-1", "a-2", "b-1"]
    for owned in (one, two, three):
        owned.release()


@pytest.mark.parametrize("resume", [True, False])
def test_of_two_that_begin_the_same_one_owns_it(backend, other, resume):
    owned = backend.begin(first(), resume=True)
    with pytest.raises(OperationBusyError) as caught:
        other.begin(first("export-2"), resume=resume)
    assert caught.value.operation == "export-1"
    assert caught.value.owner
    with pytest.raises(OperationBusyError):
        other.own("export-1")
    owned.save(owned.record)
    assert [found.operation for found in other.running()] == ["export-1"]


def test_an_interrupted_operation_is_continued_with_its_state_and_a_higher_fence(
    place, backend, other
):
    owned = backend.begin(first(), resume=True)
    before = owned.save(with_state(owned, b'{"n":1}', processed=1))
    place.crash(owned)
    (found,) = other.running()
    assert not found.owned
    again = other.begin(first("export-2"), resume=True)
    assert again.record.operation == "export-1"
    assert again.record.payload == b'{"n":1}'
    assert again.record.processed == 1
    assert again.record.fence > before.fence
    assert again.record.seq > before.seq
    assert other.find("export-1").record == again.record


def test_a_released_operation_can_be_owned_by_its_id(backend, other):
    owned = backend.begin(first(), resume=True)
    owned.release()
    owned.release()
    again = other.own("export-1")
    with pytest.raises(OperationBusyError):
        backend.own("export-1")
    assert again.save(again.record).fence == again.record.fence


def test_a_released_owner_cannot_save(backend):
    owned = backend.begin(first(), resume=True)
    owned.release()
    for call in (owned.save, owned.finish):
        with pytest.raises(StateError, match="export-1"):
            call(owned.record)


def test_not_to_resume_ends_the_interrupted_one_as_superseded(place, backend, other):
    owned = backend.begin(first(), resume=True)
    owned.save(with_state(owned, b'{"n":1}'))
    place.crash(owned)
    fresh = other.begin(first("export-2", minute=1), resume=False)
    assert fresh.record.operation == "export-2"
    assert fresh.record.payload == b"{}"
    assert [found.operation for found in other.running()] == ["export-2"]
    (old,) = other.finished()
    assert (old.operation, old.record.status, old.record.payload) == (
        "export-1", "superseded", b'{"n":1}',
    )  # fmt: skip


def test_a_finished_operation_runs_no_more_and_is_still_there_to_look_at(backend, other):
    owned = backend.begin(first(), resume=True)
    last = owned.finish(with_state(owned, b'{"n":9}', status="completed", processed=9))
    assert other.running() == []
    (found,) = other.finished()
    assert found.record == last == other.find("export-1").record
    assert not found.owned
    with pytest.raises(OperationNotFoundError, match="export-1"):
        other.own("export-1")
    with pytest.raises(StateError):
        owned.save(last)
    fresh = other.begin(first("export-2"), resume=True)
    assert fresh.record.operation == "export-2"


def test_force_takes_it_from_an_owner_that_still_holds_it(backend, other):
    frozen = backend.begin(first(), resume=True)
    before = frozen.save(with_state(frozen, b'{"n":1}'))
    mine = other.own("export-1", force=True)
    assert mine.record.payload == b'{"n":1}'
    assert mine.record.fence > before.fence
    assert mine.record.forced == mine.record.fence
    saved = mine.save(with_state(mine, b'{"n":2}'))
    for call in (frozen.save, frozen.finish):
        with pytest.raises(OperationLostError) as caught:
            call(with_state(frozen, b'{"n":-1}'))
        assert (caught.value.fence, caught.value.current) == (before.fence, saved.fence)
    assert other.find("export-1").record == saved
    frozen.release()
    assert other.find("export-1").owned
    mine.finish(attrs.evolve(mine.record, status="completed"))


def test_a_forced_owner_is_remembered_by_the_next(place, backend, other):
    backend.begin(first(), resume=True)
    forced = other.own("export-1", force=True)
    place.crash(forced)
    again = other.own("export-1")
    assert again.record.forced == forced.record.fence < again.record.fence


def test_an_owner_that_lost_finds_so_even_when_the_other_has_finished(backend, other):
    frozen = backend.begin(first(), resume=True)
    mine = other.own("export-1", force=True)
    last = mine.finish(attrs.evolve(mine.record, status="completed"))
    with pytest.raises(OperationLostError):
        frozen.save(frozen.record)
    assert other.find("export-1").record == last


@pytest.mark.parametrize(
    "operation", ["export-9", "../export-1", "", ".", "a/b", "a\x00", "x" * 500]
)
def test_an_operation_that_is_not_there_is_not_found(backend, operation):
    backend.begin(first(), resume=True)
    with pytest.raises(OperationNotFoundError):
        backend.find(operation)
    for force in (False, True):
        with pytest.raises(OperationNotFoundError):
            backend.own(operation, force=force)


def test_the_oldest_running_operation_comes_first_and_the_newest_finished_one(backend):
    for minute, key in enumerate("cab"):
        backend.begin(first(f"run-{key}", key=key, minute=minute), resume=True)
        ended = backend.begin(first(f"end-{key}", key=f"e{key}", minute=minute), resume=True)
        ended.finish(attrs.evolve(ended.record, status="completed"))
    assert [found.operation for found in backend.running()] == ["run-c", "run-a", "run-b"]
    assert [found.operation for found in backend.finished()] == ["end-b", "end-a", "end-c"]


def test_pruning_removes_only_what_ended_before(backend):
    for operation, month in [("march", 3), ("april", 4)]:
        owned = backend.begin(first(operation, key=operation), resume=True)
        owned.finish(
            attrs.evolve(
                owned.record, status="completed", saved_at=datetime(2026, month, 5, tzinfo=UTC)
            )
        )
    backend.begin(first("old-and-running", key="r"), resume=True)
    limit = datetime(2026, 4, 1, tzinfo=UTC)
    assert backend.prune(None, dry_run=False) == []
    (would_go,) = backend.prune(limit, dry_run=True)
    assert "march" in would_go.where
    assert would_go.reason
    assert len(list(backend.finished())) == 2
    assert backend.prune(limit, dry_run=False) == [would_go]
    assert [found.operation for found in backend.finished()] == ["april"]
    assert [found.operation for found in backend.running()] == ["old-and-running"]
    assert backend.prune(limit, dry_run=False) == []


def test_what_is_whole_verifies(backend):
    owned = backend.begin(first(), resume=True)
    owned.save(owned.record)
    assert backend.verify() == []


def test_of_many_threads_that_begin_the_same_at_once_one_owns_it(place):
    handles = [place.handle() for _ in range(8)]
    barrier = threading.Barrier(len(handles))
    owners, busy = [], []

    def begin(index, handle):
        barrier.wait()
        try:
            owners.append(handle.begin(first(f"export-{index}"), resume=True))
        except OperationBusyError as error:
            busy.append(error)

    threads = [threading.Thread(target=begin, args=each) for each in enumerate(handles)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(owners), len(busy)) == (1, 7)
    assert len(handles[0].running()) == 1


def test_both_implementations_are_backends(backend):
    typed: CheckpointBackend = backend
    owned: OwnedOperation = typed.begin(first(), resume=True)
    assert owned.damaged == () or list(owned.damaged) == []
