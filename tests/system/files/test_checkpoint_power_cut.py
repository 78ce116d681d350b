"""The power is cut under a mounted ext4: what was acknowledged is there after the next mount.

``FS_IOC_SHUTDOWN`` without a flush of the journal stops a file system in the middle of a write, as
a power cut does: what did not reach the device is lost (Linux, ``fs/ext4/ioctl.c``).
"""

from __future__ import annotations

import random
import subprocess

import pytest

from cronkit import CheckpointManager
from tests.system.files.processes import fill

pytestmark = pytest.mark.system


def test_the_simulated_power_cut_loses_what_was_not_flushed(disk):
    (disk.mounted / "unflushed").write_bytes(b"x" * 100_000)
    disk.cut()
    disk.power_cycle()
    lost = disk.mounted / "unflushed"
    assert not lost.exists() or lost.read_bytes() != b"x" * 100_000


def test_what_was_acknowledged_before_a_power_cut_is_there_after_it(disk, worker, scale):
    chance = random.Random(3)
    for turn in range(scale.pick(5, 40)):
        root = disk.mounted / "checkpoints"
        process = worker(root, "save_for_ever", stderr=subprocess.DEVNULL)
        acknowledged = 0
        for _ in range(chance.randrange(1, 40)):
            acknowledged = int(process.read()[1])
        disk.cut()
        # What is told from here on is no promise: Linux lets an fsync that is caught in the middle
        # succeed, and nobody hears that of a machine without power.
        process.wait()  # an error of the dead disk ended it
        disk.power_cycle()
        manager = CheckpointManager(root)
        (found,) = manager.get_interrupted_operations()
        assert not found.damaged, turn
        state = manager.get_last_checkpoint(found.id).state
        assert state["number"] >= acknowledged, turn


@pytest.mark.parametrize("command", ["start", "complete"])
def test_a_start_and_an_end_survive_a_power_cut_once_they_are_acknowledged(
    disk, worker, scale, command
):
    for turn in range(scale.pick(2, 10)):
        root = disk.mounted / str(turn)
        process = worker(root, "step", command)
        process.read()
        process.go()
        assert process.read() == ["ok"]
        disk.cut()
        process.kill()
        disk.power_cycle()
        manager = CheckpointManager(root)
        assert len(manager.get_interrupted_operations()) == (command == "start")
        statuses = [info.status for info in manager.operations(ended=True)]
        assert statuses == (["interrupted"] if command == "start" else ["completed"])
        assert manager.verify() == []


def test_a_full_disk_refuses_the_save_and_the_last_checkpoint_stays(disk):
    manager = CheckpointManager(disk.mounted / "checkpoints")
    operation = manager.operation("export")
    operation.save_checkpoint({"n": 1})
    fill(disk.mounted / "filler")
    with pytest.raises(OSError, match="No space left on device"):
        operation.save_checkpoint({"n": 2, "pad": "x" * 1_000_000})
    assert manager.get_last_checkpoint(operation.id).state == {"n": 1}
    (disk.mounted / "filler").unlink()
    operation.save_checkpoint({"n": 3})
    assert manager.get_last_checkpoint(operation.id).state == {"n": 3}
    operation.complete()
