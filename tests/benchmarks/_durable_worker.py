"""A process that keeps the state of long work in one of the peers, and may be killed at any moment.

Its arguments are a folder, the number of the socket on which it reports each step with one line
(``send`` is no call that the trials make fail), the name of the peer, a command and its arguments.
"""

from __future__ import annotations

import socket
import sys
import time
from pathlib import Path

from tests.benchmarks._durable_peers import PEERS, BusyError, Peer, state_of

FOLDER, CHANNEL, NAME, COMMAND, *ARGUMENTS = sys.argv[1:]
channel = socket.socket(fileno=int(CHANNEL))
lines = channel.makefile("r")


def report(*words: object) -> None:
    channel.send(" ".join(map(str, words)).encode() + b"\n")


def opened() -> Peer:
    """Open the peer, as soon as it is nobody else's."""
    while True:
        try:
            return PEERS[NAME](Path(FOLDER))
        except BusyError:
            time.sleep(0.001)


def save_for_ever() -> None:
    """Save as fast as it goes; report each acknowledged number."""
    peer = opened()
    number = peer.load().get("number", 0)
    while True:
        number += 1
        peer.save(state_of(number, 500 + number % 3_000))
        report("ack", number)


def count(turns: str) -> None:
    """Take the operation, count on in its state, let it go; again and again."""
    report("ready")
    lines.readline()
    for _ in range(int(turns)):
        peer = opened()
        peer.save(state_of(peer.load().get("number", 0) + 1))
        peer.close()
    report("done")


def hold() -> None:
    """Work on the operation and never end."""
    peer = opened()
    peer.save(state_of(1))
    report("owner", peer.load()["number"])
    lines.readline()


def own() -> None:
    """Work on the operation as soon as one may; report where it is."""
    report("ready")
    report("owner", opened().load().get("number", 0))
    lines.readline()


def step(size: str) -> None:
    """Save twice, the second time on a sign; report what came of it."""
    peer = opened()
    peer.save(state_of(1))
    report("ready")
    lines.readline()
    try:
        peer.save(state_of(2, int(size)))
    except Exception as error:  # noqa: BLE001 -- every peer has errors of its own
        report("error", type(error).__name__)
    else:
        report("ok")
    lines.readline()


def save(number: str) -> None:
    """Save once."""
    peer = opened()
    peer.save(state_of(int(number)))
    peer.close()
    report("ok")


if __name__ == "__main__":
    globals()[COMMAND](*ARGUMENTS)
