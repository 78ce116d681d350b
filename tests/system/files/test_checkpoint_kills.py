"""A process is killed at any moment, at every item, at every system call: what was acknowledged
is there, the operation is reported interrupted, and no item is skipped."""

from __future__ import annotations

import itertools
import random
import signal

import pytest

from cronkit import CheckpointManager
from cronkit.errors import OperationNotFoundError

pytestmark = pytest.mark.system

TOTAL = 150


def numbers(path):
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def test_killed_at_random_no_item_is_skipped_and_few_are_repeated(worker, tmp_path, scale):
    kills, chance = scale.pick(20, 200), random.Random(20260301)
    root, manager = tmp_path / "checkpoints", CheckpointManager(tmp_path / "checkpoints")
    killed = finished = repeated = 0
    while killed < kills or finished == 0:
        log = tmp_path / f"effects-{finished}"
        done = numbers(log)
        process = worker(root, "export", log, TOTAL)
        # The moment of death lies a random number of steps ahead, and then anywhere in a step.
        acknowledged, ended = 0, False
        for _ in range(chance.randrange(1, 60)):
            words = process.read()
            if words == ["done"]:
                ended = True
                break
            acknowledged = int(words[1])
        if ended:
            process.wait()
            assert set(numbers(log)) == set(range(TOTAL))
            finished += 1
            continue
        process.kill()
        for words in process.read_all():  # what it said before it died was said
            if words == ["done"]:
                ended = True
            else:
                acknowledged = int(words[1])
        killed += 1
        interrupted = manager.get_interrupted_operations()
        if not interrupted:
            assert ended or set(numbers(log)) == set(range(TOTAL))
            finished += 1
            continue
        (found,) = interrupted
        assert not found.damaged
        assert found.progress.processed >= acknowledged
        after = numbers(log)
        # Each process went on exactly at the checkpoint it found.
        if new := after[len(done) :]:
            assert new == list(range(new[0], new[0] + len(new)))
            assert new[0] <= (max(done) + 1 if done else 0)
            repeated += len(set(new) & set(done))
            assert max(after) + 1 - found.progress.processed <= 5 + 1
    assert repeated <= 6 * killed
    assert killed >= kills


def test_killed_at_every_item_of_a_run_at_most_the_items_since_the_checkpoint_repeat(
    worker, tmp_path, scale
):
    total = scale.pick(40, 200)
    process = worker(tmp_path / "checkpoints", "kill_at_every_item", total)
    for victim in range(total):
        first = [int(word) for word in process.read()[1:]]
        second = [int(word) for word in process.read()[1:]]
        assert first == list(range(victim + 1))
        assert second == list(range(victim - victim % 7, total))
    assert process.read() == ["all"]


def calls_of(worker, traced, root, what):
    """The system calls of one step, in order, each with its how-manieth."""
    process = worker(root, "step", what)
    process.read()
    with traced(process.pid) as tracing:
        process.go()
        assert process.read() == ["ok"]
    process.kill()
    # The sign comes and the report goes through the socket.
    return [call for call in tracing.calls() if call[0] not in {"recvfrom", "sendto"}]


@pytest.mark.parametrize("what", ["start", "save", "resume", "complete"])
def test_killed_at_every_system_call_what_was_acknowledged_is_there(
    worker, traced, tmp_path, scale, what
):
    calls = calls_of(worker, traced, tmp_path / "whole", what)
    assert len(calls) > 12
    assert {name for name, _ in calls} >= {"openat", "fsync"}
    survived = 0
    for number, (name, nth) in enumerate(calls):
        if number % scale.pick(len(calls) // 8, 1):
            continue
        root = tmp_path / str(number)
        process = worker(root, "step", what)
        process.read()
        with traced(process.pid, "-e", f"inject={name}:signal=KILL:when={nth}"):
            process.go()
            told = process.read()
        survived += told == ["ok"]  # some calls are not made in each run
        process.kill()
        check_after_kill(CheckpointManager(root), what, acknowledged=told == ["ok"])
    assert survived <= scale.pick(1, len(calls) / 10)


def check_after_kill(manager, what, *, acknowledged):
    interrupted = manager.get_interrupted_operations()
    ended = [info for info in manager.operations(ended=True) if info.status == "completed"]
    assert not any(info.damaged for info in interrupted)
    if what == "start":
        assert len(interrupted) <= 1
        assert interrupted or not acknowledged
        states = [{}]
    elif what == "complete":
        assert len(interrupted) + len(ended) == 1
        assert ended or not acknowledged
        states = [1]
    else:
        assert len(interrupted) == 1
        states = [1] if what == "resume" else [2] if acknowledged else [1, 2]
    with manager.operation("export") as again:
        assert again.resumed == bool(interrupted)
        if interrupted:
            assert again.state == {} or again.state["n"] in states
    manager.prune()
    assert manager.verify() == []
    with pytest.raises(OperationNotFoundError):
        manager.resume(again.id)


@pytest.mark.parametrize(
    ("what", "error"), list(itertools.product(["save", "start", "complete"], ["EIO", "ENOSPC"]))
)
def test_each_call_failing_in_turn_acknowledges_nothing_that_is_not_there(  # noqa: PLR0917 -- fixtures
    worker, traced, tmp_path, scale, what, error
):
    calls = [
        (name, nth)
        for name, nth in calls_of(worker, traced, tmp_path / "whole", what)
        if name not in {"getpid", "getrandom", "munmap", "mmap", "brk", "futex", "rt_sigaction"}
    ]
    refused = 0
    for number, (name, nth) in enumerate(calls):
        if number % scale.pick(len(calls) // 8, 1):
            continue
        root = tmp_path / str(number)
        process = worker(root, "step", what)
        process.read()
        with traced(process.pid, "-e", f"inject={name}:error={error}:when={nth}"):
            process.go()
            told = process.read()
        assert told[0] == "ok" or told[1] in {
            "CheckpointWriteError", "OperationLostError", "OSError",
        }, (name, nth, told)  # fmt: skip
        refused += told[0] == "error"
        check_after_error(CheckpointManager(root), what, told, process)
    assert refused >= scale.pick(1, 5)


def check_after_error(manager, what, told, process):
    if what == "save":
        (info,) = manager.operations()
        states = [2] if told == ["ok"] else [1, 2]
        assert manager.get_last_checkpoint(info.id).state["n"] in states
        # The next save uses a new file, and works.
        process.go()
        assert process.read() == ["ok"]
        assert manager.get_last_checkpoint(info.id).state == {"n": 3}
    elif told == ["ok"]:
        assert len(manager.operations()) == (what == "start")
    process.kill()
    with manager.operation("export"):
        pass
    manager.prune()
    assert manager.verify() == []


class TestSigterm:
    def test_the_item_ends_the_state_is_saved_and_the_signal_has_its_way(self, worker, tmp_path):
        process = worker(tmp_path, "hold", "0.05")
        while process.read() != ["item", "3"]:
            pass
        process.process.send_signal(signal.SIGTERM)
        assert process.wait() == -signal.SIGTERM
        last = process.read_all()
        (found,) = CheckpointManager(tmp_path).get_interrupted_operations()
        assert found.progress.processed == (int(last[-1][1]) if last else 3) + 1

    @pytest.mark.parametrize(
        ("how", "told", "status"),
        [("dropped", [], "interrupted"), ("kept", [["left"]], "completed")],
    )
    def test_a_signal_in_an_item_that_leaves_the_loop_is_not_lost(
        self, worker, tmp_path, how, told, status
    ):
        process = worker(tmp_path, "leave", how)
        while process.read() != ["item", "3"]:
            pass
        process.process.send_signal(signal.SIGTERM)
        process.go()
        assert process.wait() == -signal.SIGTERM
        assert process.read_all() == told
        (found,) = CheckpointManager(tmp_path).operations(ended=True)
        assert (found.status, found.progress.processed) == (status, 3)

    def test_a_loop_that_was_left_holds_no_signal_back(self, worker, tmp_path):
        process = worker(tmp_path, "leave", "kept")
        while process.read() != ["item", "3"]:
            pass
        process.go()
        assert [process.read(), process.read()] == [["left"], ["ended", "1"]]
        process.process.send_signal(signal.SIGTERM)
        assert process.wait() == -signal.SIGTERM

    def test_a_second_signal_does_not_wait(self, worker, tmp_path):
        process = worker(tmp_path, "hold", "60")
        process.read()
        process.process.send_signal(signal.SIGTERM)
        process.process.send_signal(signal.SIGTERM)
        while process.process.poll() is None:  # the two may have come as one
            process.process.send_signal(signal.SIGTERM)
        assert process.wait() == -signal.SIGTERM
        (found,) = CheckpointManager(tmp_path).get_interrupted_operations()
        assert found.progress.processed == 0

    def test_a_handler_of_the_application_is_called_at_once_and_the_loop_goes_on(
        self, worker, tmp_path
    ):
        process = worker(tmp_path, "hold_with_handler")
        assert process.read() == ["item", "0"]
        process.process.send_signal(signal.SIGTERM)
        assert process.read() == ["handler"]
        process.go()
        assert process.read() == ["saved", "0"]
        assert process.read() == ["item", "1"]
        process.go()
        assert process.read() == ["saved", "1"]
