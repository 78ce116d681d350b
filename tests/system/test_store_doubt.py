"""The connection breaks between a commit and its answer: what was written counts, once."""

from __future__ import annotations

import collections
import contextlib
import socket
import threading
import time
from pathlib import Path

import pytest

from cronkit import Scheduler, current_run
from cronkit.jobs import RunInterrupted, StoreBack

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]

LONG = 30.0
SOCKET = ".s.PGSQL.5432"


class Wire:
    """Stands between a scheduler and its server, and can be cut at a commit.

    Attributes:
        cuts: how often it was cut.
        delay: how many seconds the server gets to know of the commit after the cut.
    """

    def __init__(self, folder: Path, server: Path) -> None:
        self._server = str(server / SOCKET)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(folder / SOCKET))
        self._listener.listen()
        self._left = 0
        self.cuts = 0
        self.delay = 0.0
        threading.Thread(target=self._accept, daemon=True).start()

    def cut_at(self, number: int) -> None:
        """Let the server commit, but nobody hear of it, at this commit from now on."""
        self._left = number

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(self._server)
                threading.Thread(target=self._ask, args=(client, server), daemon=True).start()
                threading.Thread(target=self._answer, args=(client, server), daemon=True).start()

    def _ask(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := client.recv(65_536):
                if b"COMMIT" in data and self._left:
                    self._left -= 1
                    if not self._left:
                        client.shutdown(socket.SHUT_RDWR)  # before: it must not hear the answer
                        self.cuts += 1
                        time.sleep(self.delay)
                        server.sendall(data)
                        time.sleep(0.2)
                        break
                server.sendall(data)
        self._hang_up(client, server)

    def _answer(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := server.recv(65_536):
                client.sendall(data)
        self._hang_up(client, server)

    @staticmethod
    def _hang_up(*ends: socket.socket) -> None:
        for each in ends:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()


@pytest.fixture
def wire(postgres, tmp_path_factory):
    import tempfile

    with tempfile.TemporaryDirectory(prefix="cronkit-wire-", dir="/tmp") as folder:
        made = Wire(Path(folder), postgres.folder)
        made.dsn = postgres.schema().replace(str(postgres.folder), folder)
        yield made
        made.close()


def wait_for(condition, seconds=LONG):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("delay", "cuts"), [(0.0, (8, 60)), (4.0, (4, 30))], ids=["at once", "after the reconnect"]
)
def test_whichever_commit_it_is_each_fire_time_starts_once_and_ends(delay, cuts, wire, scale):
    from cronkit.integrations.postgres import PostgresStore

    scheduler = Scheduler(store=PostgresStore(wire.dsn))
    starts, events = [], []
    scheduler.on(StoreBack, RunInterrupted)(events.append)
    scheduler.every("300ms", id="tick")(lambda: starts.append(current_run().id))
    followed = []
    scheduler.after("tick", id="follower")(lambda: followed.append(current_run().id))
    with scheduler:
        wait_for(lambda: starts)
        wire.delay = delay
        for number in range(scale.pick(*cuts)):
            before = wire.cuts
            wire.cut_at(1 + number % 4)
            wait_for(lambda before=before: wire.cuts > before)
            count = len(starts)
            wait_for(lambda before=count: len(starts) > before + 1)
            wait_for(lambda: scheduler.status().health.ok)
        scheduler.pause("tick")
        wait_for(lambda: all(run.outcome for run in scheduler.runs()))
        assert scheduler.status().loop_failures == 0
        assert scheduler._app.engine.attempts.endings.late == 0
    runs = scheduler.runs()
    assert [event for event in events if isinstance(event, RunInterrupted)] == []
    assert {str(run.outcome) for run in runs} <= {"succeeded", "skipped"}
    assert collections.Counter(starts).most_common(1)[0][1] == 1
    succeeded = {run.id for run in runs if run.outcome == "succeeded"}
    assert succeeded == {*starts, *followed}
    assert len(followed) == len(set(followed))
    # Each has its follower's row; one that came while the one before was in doubt was skipped.
    rows = {run.id for run in runs if run.job_id == "follower"}
    assert rows == {each.replace("tick", "follower") for each in starts}
    print(f"{wire.cuts} cuts, {len(starts)} starts")
