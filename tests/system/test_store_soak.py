"""Schedulers that share a store are killed and stopped at random: nothing starts twice, none is lost.

Each process runs one job a second that appends a line to a file: that line is the start. What the
store says of each second is read at the end.
"""

from __future__ import annotations

import collections
import random
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cronkit.stores import SQLiteStore

pytestmark = [pytest.mark.system, pytest.mark.timeout(900)]

ROOT = Path(__file__).parents[2]
PROCESSES = 4
LEASE = 3
SECOND = timedelta(seconds=1)

WORKER = """
import os, random, sys
from cronkit import Scheduler, current_run

kind, address, lease, path = sys.argv[1:]
if kind == "sqlite":
    from cronkit.stores import SQLiteStore as Store
else:
    from cronkit.integrations.postgres import PostgresStore as Store
lines = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
scheduler = Scheduler(store=Store(address, lease=lease + "s"))

@scheduler.every("1s")
def tick():
    run = current_run()
    os.write(lines, f"{run.id} {run.fence} {os.getpid()}\\n".encode())
    run.sleep(random.random() / 3)

scheduler.run_forever()
"""


class Swarm:
    """Processes that share a store; each that is killed is replaced."""

    def __init__(self, kind: str, address: str, folder: Path) -> None:
        self.starts = folder / "starts"
        self.arguments = (kind, address, str(LEASE), str(self.starts))
        self.log = (folder / "log").open("ab")
        self.processes = [self._spawn() for _ in range(PROCESSES)]
        self.stopped: dict[subprocess.Popen, float] = {}
        self.kills = self.stops = 0

    def _spawn(self) -> subprocess.Popen:
        return subprocess.Popen(
            [sys.executable, "-c", WORKER, *self.arguments],
            cwd=ROOT,
            stdout=self.log,
            stderr=self.log,
        )

    def harm(self, dice: random.Random) -> None:
        """Kill one of them, or stop one for longer than the lease."""
        now = time.monotonic()
        for process, until in list(self.stopped.items()):
            if now >= until:
                process.send_signal(signal.SIGCONT)
                del self.stopped[process]
        number = dice.randrange(PROCESSES)
        victim = self.processes[number]
        if dice.random() < 0.25 and len(self.stopped) < PROCESSES - 2:
            victim.send_signal(signal.SIGSTOP)
            self.stopped[victim] = now + LEASE + 1 + dice.random()
            self.stops += 1
        else:
            victim.kill()
            victim.wait()
            self.stopped.pop(victim, None)
            self.processes[number] = self._spawn()
            self.kills += 1

    def end(self) -> None:
        """Let all go on, and stop them in good order."""
        for process in self.processes:
            process.send_signal(signal.SIGCONT)
            process.terminate()
        for process in self.processes:
            process.wait(30)
        self.log.close()

    def one_more(self) -> None:
        """Run a last scheduler for long enough that it finds what the dead have left."""
        alone = f"import time\nwith scheduler: time.sleep({LEASE * 2})"
        code = WORKER.replace("scheduler.run_forever()", alone)
        subprocess.run([sys.executable, "-c", code, *self.arguments], cwd=ROOT, check=True)

    def kill(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()
        self.log.close()


@pytest.fixture
def swarm(tmp_path):
    started = []

    def start(kind: str, address: str) -> Swarm:
        started.append(Swarm(kind, address, tmp_path))
        return started[-1]

    yield start
    for each in started:
        each.kill()


def seconds_of(runs) -> collections.Counter:
    """Return how often each second is accounted for: by a run, or in a stretch of them."""
    found = collections.Counter()
    for run in runs:
        instant = run.first or run.fire_time
        while instant <= run.fire_time:
            found[instant] += 1
            instant += SECOND
    return found


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_each_fire_time_starts_at_most_once_and_has_an_outcome(
    kind, swarm, tmp_path, scale, request
):
    if kind == "sqlite":
        address = str(tmp_path / "state.db")
        store = SQLiteStore(address)
    else:
        address = request.getfixturevalue("postgres").schema()
        from cronkit.integrations.postgres import PostgresStore

        store = PostgresStore(address)
    dice = random.Random(7)
    kills, fire_times = scale.pick(12, 200), scale.pick(15, 200)
    them = swarm(kind, address)
    begun = time.monotonic()
    while them.kills < kills or time.monotonic() - begun < fire_times:
        time.sleep(dice.random() * 1.6)
        them.harm(dice)
    them.end()
    them.one_more()

    runs = [run for run in store.runs(job_id="tick") if run.origin == "trigger"]
    starts = collections.Counter(line.split()[0] for line in them.starts.read_text().splitlines())
    seconds = seconds_of(runs)
    first, last = min(seconds), max(seconds)
    every = [first + SECOND * n for n in range((last - first) // SECOND + 1)]
    outcomes = collections.Counter(str(run.outcome) for run in runs)
    log = (tmp_path / "log").read_text()
    print(
        f"{kind}: {len(every)} fire times, {them.kills} kills, {them.stops} stops, "
        f"{sum(starts.values())} starts, {dict(outcomes)}"
    )

    assert len(every) >= fire_times
    assert {run_id: count for run_id, count in starts.items() if count > 1} == {}
    assert [each for each in every if not seconds[each]] == []
    assert [each for each in every if seconds[each] > 1] == []
    assert [run.id for run in runs if run.outcome is None] == []
    assert set(starts) <= {run.id for run in runs}
    assert {run.id for run in runs if run.outcome == "succeeded"} <= set(starts)
    assert "Traceback" not in log
    assert datetime.now(UTC) - last < timedelta(minutes=1)
