"""Seven trials of a state that is kept on a disk; each raises `FailedError` where a peer fails it."""

from __future__ import annotations

import json
import logging
import os
import random
import select
import shutil
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.benchmarks._durable_peers import PEERS, STORED_AS, is_whole, state_of
from tests.system.files.processes import Disk, Traced, Worker, fill, find_strace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.benchmarks._durable_peers import State

PROGRAM = Path(__file__).with_name("_durable_worker.py")
PROCESSES, TURNS = 4, 40
TAKEOVER_SECONDS = 1.0
# Calls that reach the disk; a failing `close` would leave the file open, which no kernel does.
CALLS = {
    "openat", "read", "pread64", "write", "pwrite64", "fsync", "fdatasync", "ftruncate",
    "rename", "renameat", "renameat2", "link", "linkat",
}  # fmt: skip


class FailedError(Exception):
    """The peer has failed a trial; the text says by what."""


class Trial:
    """One peer in a folder of its own, with the processes that work on it."""

    def __init__(self, peer: str, folder: Path, scale: str) -> None:
        self.peer = peer
        self.folder = folder
        self.full = scale == "full"
        self.chance = random.Random(7)
        self._workers: list[Worker] = []

    def pick(self, quick: int, full: int) -> int:
        return full if self.full else quick

    def start(self, *command: object, peer: str = "", folder: Path | None = None) -> Worker:
        place = folder or self.folder
        place.mkdir(exist_ok=True)
        name = peer or STORED_AS.get(self.peer, self.peer)
        worker = Worker(PROGRAM, place, name, *command, stderr=subprocess.DEVNULL)
        self._workers.append(worker)
        return worker

    def close(self) -> None:
        for worker in self._workers:
            worker.close()

    def expect(self, *allowed: int, folder: Path | None = None) -> int:
        """Return the number of the state that a fresh process finds; fail on any other."""
        found = read(STORED_AS.get(self.peer, self.peer), folder or self.folder)
        if isinstance(found, str):
            raise FailedError(found)
        if not is_whole(found):
            raise FailedError("half a state" if found else "nothing is left")
        if allowed and found["number"] not in allowed:
            raise FailedError("an acknowledged state is lost")
        return found["number"]

    def save(self, number: int, folder: Path | None = None) -> None:
        """Save in a fresh process."""
        if self.start("save", number, folder=folder).read() != ["ok"]:
            raise FailedError("nothing can be saved any more")


def read(peer: str, folder: Path) -> State | str:
    """Return the state that a process of its own reads, or its error; some readers kill theirs."""
    read_end, write_end = os.pipe()
    if not (child := os.fork()):
        logging.disable()
        try:
            opened = PEERS[peer](folder)
            answer = json.dumps(opened.load())
        except BaseException as error:  # noqa: BLE001 -- every peer has errors of its own
            answer = json.dumps(f"cannot be read: {type(error).__name__}")
        with os.fdopen(write_end, "w") as pipe:
            pipe.write(answer)
        os._exit(0)
    os.close(write_end)
    with os.fdopen(read_end) as pipe:
        answer = pipe.read()
    _, status = os.waitpid(child, 0)
    return json.loads(answer) if answer else f"its reader dies of signal {status & 127}"


def kill(trial: Trial) -> None:
    """SIGKILL at any moment, again and again."""
    for _ in range(trial.pick(20, 200)):
        worker = trial.start("save_for_ever")
        for _ in range(trial.chance.randrange(1, 30)):
            words = worker.read()
            if not words:
                raise FailedError("after a kill its state cannot be read")
        worker.kill()
        acknowledged = max([int(words[1]), *(int(late[1]) for late in worker.read_all())])
        # The next one may be saved and its acknowledgement dead with the process.
        trial.expect(acknowledged, acknowledged + 1)
        worker.close()


def contend(trial: Trial) -> None:
    """Several processes each take the operation, count one on, and let it go."""
    workers = [trial.start("count", TURNS, peer=trial.peer) for _ in range(PROCESSES)]
    for worker in workers:
        worker.read()
    for worker in workers:
        worker.go()
    died = sum(worker.read() != ["done"] for worker in workers)
    if died:
        raise FailedError(f"{died} of {PROCESSES} processes died of it")
    lost = PROCESSES * TURNS - trial.expect()
    if lost:
        raise FailedError(f"lost {lost} of {PROCESSES * TURNS} updates")


def takeover(trial: Trial) -> None:
    """Who waits for an owner gets the operation when it dies, and not before."""
    owner = trial.start("hold", peer=trial.peer)
    owner.read()
    waiting = trial.start("own", peer=trial.peer)
    waiting.read()
    if _answers(waiting, TAKEOVER_SECONDS):
        raise FailedError("two processes work at once")
    begin = time.monotonic()
    owner.kill()
    if not _answers(waiting, TAKEOVER_SECONDS):
        raise FailedError(f"still owned {TAKEOVER_SECONDS:.0f} s after a kill")
    if waiting.read() != ["owner", "1"]:
        raise FailedError("the next owner does not find the state")
    assert time.monotonic() - begin < 2 * TAKEOVER_SECONDS


def _answers(worker: Worker, seconds: float) -> bool:
    return bool(select.select([worker.channel], [], [], seconds)[0])


def disk_full(trial: Trial) -> None:
    """A save finds no room; later there is room again."""
    with disk(trial) as made:
        folder = made.mounted / "state"
        worker = trial.start("step", 1_000_000, folder=folder)
        worker.read()
        fill(made.mounted / "filler")
        worker.go()
        told = worker.read()
        worker.kill()
        (made.mounted / "filler").unlink()
        trial.expect(2 if told == ["ok"] else 1, folder=folder)
        trial.save(3, folder=folder)
        trial.expect(3, folder=folder)


def io_error(trial: Trial) -> None:
    """Each call of a save that reaches the disk fails with EIO in turn."""
    strace = find_strace()

    def traced_step(name: str, *options: str) -> tuple[list[str], Traced]:
        folder = trial.folder / name
        trial.folder.mkdir(exist_ok=True)
        worker = trial.start("step", 2_000, folder=folder)
        worker.read()
        with Traced(strace, worker.pid, str(trial.folder / f"{name}.strace"), *options) as tracing:
            worker.go()
            told = worker.read()
        worker.kill()
        return told, tracing

    _, tracing = traced_step("whole")
    calls = [call for call in tracing.calls() if call[0] in CALLS]
    for number, (name, nth) in enumerate(calls):
        if number % trial.pick(len(calls) // 6 + 1, 1):
            continue
        told, _ = traced_step(str(number), "-e", f"inject={name}:error=EIO:when={nth}")
        folder = trial.folder / str(number)
        trial.expect(*([2] if told == ["ok"] else [1, 2]), folder=folder)
        trial.save(3, folder=folder)
        trial.expect(3, folder=folder)


def bit_rot(trial: Trial) -> None:
    """One bit of what lies on the disk is another: it is an error, or an older state is found."""
    trial.save(1)
    trial.save(2)
    files = [path for path in trial.folder.rglob("*") if path.is_file() and path.stat().st_size]
    places = [(path, place) for path in files for place in range(path.stat().st_size)]
    for path, place in trial.chance.sample(places, min(len(places), trial.pick(300, 5_000))):
        _flip(path, place, 1 << trial.chance.randrange(8))
        copy = trial.folder.with_name("copy")
        shutil.copytree(trial.folder, copy)
        found = read(STORED_AS.get(trial.peer, trial.peer), copy)
        shutil.rmtree(copy)
        _flip(path, place, None)
        if not isinstance(found, str) and found not in (state_of(1), state_of(2)):
            raise FailedError("gives another state" if found else "begins anew in silence")


_before: dict[Path, bytes] = {}


def _flip(path: Path, place: int, mask: int | None) -> None:
    """Flip bits of one byte; ``None``: put it back."""
    if mask is None:
        path.write_bytes(_before.pop(path))
        return
    data = _before[path] = path.read_bytes()
    path.write_bytes(data[:place] + bytes([data[place] ^ mask]) + data[place + 1 :])


def power_cut(trial: Trial) -> None:
    """The file system stops in the middle of a write; what was not flushed is gone."""
    with disk(trial) as made:
        for turn in range(trial.pick(5, 40)):
            folder = made.mounted / str(turn)
            worker = trial.start("save_for_ever", folder=folder)
            for _ in range(trial.chance.randrange(1, 40)):
                words = worker.read()
            made.cut()
            worker.kill()
            # What is told while the disk goes is no promise: Linux lets an fsync that is caught
            # in the middle succeed. Nobody hears that of a machine without power.
            acknowledged = int(words[1])
            told = max([acknowledged, *(int(late[1]) for late in worker.read_all())])
            made.power_cycle()
            trial.expect(*range(acknowledged, told + 2), folder=folder)


@contextmanager
def disk(trial: Trial) -> Iterator[Disk]:
    trial.folder.mkdir()
    made = Disk(trial.folder)
    try:
        yield made
    finally:
        trial.close()
        made.unmount()


TRIALS: dict[str, Callable[[Trial], None]] = {
    "kill": kill,
    "contend": contend,
    "takeover": takeover,
    "disk full": disk_full,
    "EIO": io_error,
    "bit rot": bit_rot,
    "power cut": power_cut,
}
OF_OWNERS = {"contend", "takeover"}
