"""Several processes want one operation: one owns it, no update is lost, a late owner is refused."""

from __future__ import annotations

import random
import signal
import threading
import time

import pytest

from cronkit import CheckpointManager
from cronkit.errors import OperationBusyError

pytestmark = pytest.mark.system


def listen(process, said):
    def gather():
        for words in iter(process.read, []):
            said.append(words)

    thread = threading.Thread(target=gather)
    thread.start()
    return thread


@pytest.mark.parametrize("processes", [2, 3, 4])
def test_contending_processes_lose_no_update(worker, tmp_path, scale, processes):
    turns = scale.pick(6, 60)
    said = [[] for _ in range(processes)]
    workers = [worker(tmp_path, "count", turns, seed) for seed in range(processes)]
    for thread in [listen(*each) for each in zip(workers, said, strict=True)]:
        thread.join()
    acknowledged = [words for each in said for words in each if words[0] == "ack"]
    owners = [words for each in said for words in each if words[0] == "owner"]
    assert len(owners) == processes * turns
    assert len({fence for _, fence, _ in owners}) == len(owners)
    # Every number was acknowledged once: nobody counted on from an old one.
    assert sorted(int(number) for _, _, number in acknowledged) == list(
        range(1, len(acknowledged) + 1)
    )
    operation = CheckpointManager(tmp_path).operation("count")
    assert operation.state == {"number": len(acknowledged)}


def test_contending_processes_that_are_killed_lose_no_acknowledged_update(worker, tmp_path, scale):
    kills, chance, said = scale.pick(8, 60), random.Random(7), []
    workers = [worker(tmp_path, "count", 100_000, seed) for seed in range(3)]
    threads = [listen(each, said) for each in workers]
    for turn in range(kills):
        while len(said) < (turn + 1) * 30:
            assert all(each.process.poll() is None for each in workers)
            time.sleep(0.001)
        victim = chance.randrange(len(workers))
        workers[victim].kill()
        workers[victim] = worker(tmp_path, "count", 100_000, 100 + turn)
        threads.append(listen(workers[victim], said))
    for each in workers:
        each.kill()
    for thread in threads:
        thread.join()
    acknowledged = [int(words[2]) for words in said if words[0] == "ack"]
    assert len(acknowledged) == len(set(acknowledged))
    last = CheckpointManager(tmp_path).operation("count").state["number"]
    assert last >= max(acknowledged)
    # A number that was saved, but whose acknowledgement died with its process, is no update lost.
    assert last - len(acknowledged) <= kills + 3


def test_another_process_owns_it_within_a_second_of_a_kill(worker, tmp_path, scale):
    waits = []
    for _ in range(scale.pick(3, 10)):
        owner = worker(tmp_path, "hold", "60")
        assert owner.read()[0] == "item"
        waiting = worker(tmp_path, "wait_for_it")
        waiting.read()
        begin = time.monotonic()
        owner.kill()
        assert waiting.read()[0] == "owner"
        waits.append(time.monotonic() - begin)
        waiting.wait()
    assert max(waits) < 1.0


def test_a_stopped_owner_keeps_its_operation_until_it_is_taken_by_force(worker, tmp_path):
    owner = worker(tmp_path, "late")
    (_, fence) = owner.read()
    owner.go()
    assert owner.read() == ["ok"]
    owner.process.send_signal(signal.SIGSTOP)
    manager = CheckpointManager(tmp_path)
    with pytest.raises(OperationBusyError, match=f"process {owner.pid} on"):
        manager.operation("export")
    mine = manager.operation("export", force=True)
    assert mine.fence > int(fence)
    assert mine.state == {"late": 0}
    mine.save_checkpoint({"mine": 1})
    owner.go()
    owner.process.send_signal(signal.SIGCONT)
    assert owner.read() == ["error", "OperationLostError"]
    assert manager.get_last_checkpoint(mine.id).state == {"mine": 1}
    owner.kill()
    mine.save_checkpoint({"mine": 2})
    mine.complete()


def test_an_owner_that_was_stopped_inside_a_save_is_refused_when_it_wakes(worker, tmp_path, scale):
    chance = random.Random(11)
    for turn in range(scale.pick(5, 60)):
        root = tmp_path / str(turn)
        owner = worker(root, "save_for_ever")
        for _ in range(chance.randrange(2, 40)):
            owner.read()
        owner.process.send_signal(signal.SIGSTOP)
        manager = CheckpointManager(root)
        mine = manager.operation("export", force=True)
        number = mine.state["number"]
        mine.save_checkpoint({"number": 1_000_000})
        owner.process.send_signal(signal.SIGCONT)
        assert owner.wait() == 1  # OperationLostError ended it
        acknowledged = [int(words[1]) for words in owner.read_all()]
        assert all(each <= number for each in acknowledged)
        assert manager.get_last_checkpoint(mine.id).state == {"number": 1_000_000}
        mine.complete()


def test_a_forked_child_neither_saves_nor_frees_the_operation_of_its_parent(tmp_path):
    import os

    manager = CheckpointManager(tmp_path)
    operation = manager.operation("export")
    read_end, write_end = os.pipe()
    if not (child := os.fork()):
        try:
            operation.save_checkpoint({"child": 1})
        except Exception as error:  # noqa: BLE001 -- whatever it is, the parent is told
            os.write(write_end, type(error).__name__.encode())
        operation.release()
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(read_end, 100) == b"StateError"
    with pytest.raises(OperationBusyError):
        manager.operation("export")
    operation.save_checkpoint({"parent": 1})
    operation.complete()
    os.close(read_end)
    os.close(write_end)
