"""A process that works on an operation and may be killed, stopped or cut off at any moment.

It is told what to do by its arguments, and reports each step with one line on the socket whose
number it is given (``send`` is no call that the tests make fail).
"""

from __future__ import annotations

import os
import random
import signal
import socket
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from cronkit import CheckpointManager
from cronkit.errors import CronkitError, OperationBusyError

if TYPE_CHECKING:
    from cronkit.checkpoints import Operation

ROOT, CHANNEL, COMMAND, *ARGUMENTS = sys.argv[1:]
channel = socket.socket(fileno=int(CHANNEL))
lines = channel.makefile("r")


def report(*words: object) -> None:
    channel.send(" ".join(map(str, words)).encode() + b"\n")


def wait_for_go() -> None:
    report("ready", os.getpid())
    lines.readline()


def manager(every: int = 5) -> CheckpointManager:
    return CheckpointManager(ROOT, every=every, every_seconds=None)


def export(log: str, total: str) -> None:
    """Do each item by a line in `log`; report what is acknowledged."""
    with Path(log).open("a") as effects, manager().operation("export", int(total)) as operation:
        for item in operation.track(range(int(total))):
            report("ack", operation.get_last_checkpoint().progress.processed)
            effects.write(f"{item}\n")
            effects.flush()
    report("done")


def kill_at_every_item(total: str) -> None:
    """For each item of a run: die in the middle of it, then go on to the end; report the items."""
    for victim in range(int(total)):
        for dying in (True, False):
            read_end, write_end = os.pipe()
            if not (child := os.fork()):
                with manager(every=7).operation("export", int(total)) as operation:
                    for item in operation.track(range(int(total))):
                        os.write(write_end, b"%d " % item)
                        if dying and item == victim:
                            os.kill(os.getpid(), signal.SIGKILL)
                os._exit(0)
            os.close(write_end)
            with os.fdopen(read_end) as pipe:
                done = pipe.read()
            os.waitpid(child, 0)
            report("died" if dying else "ended", done)
    report("all")


def step(what: str) -> None:
    """Do one step of an operation's life, on a sign; report what came of it."""
    CheckpointManager(f"{ROOT}-first").operation("imports").complete()
    owners = manager()
    operation: Operation | None = None
    if what in {"save", "complete", "release"}:
        operation = owners.operation("export")
        operation.save_checkpoint({"n": 1, "pad": "x" * 2000})
    elif what == "resume":
        operation = owners.operation("export")
        operation.save_checkpoint({"n": 1})
        operation.release()
    wait_for_go()
    try:
        if what in {"start", "resume"}:
            operation = owners.operation("export")
        elif operation is not None and what == "save":
            operation.save_checkpoint({"n": 2, "pad": "y" * 2000})
        elif operation is not None:
            getattr(operation, what)()
    except (CronkitError, OSError) as error:
        report("error", type(error).__name__, getattr(error, "errno", None))
    else:
        report("ok")
    if what == "save" and operation is not None:
        lines.readline()
        operation.save_checkpoint({"n": 3})
        report("ok")
    lines.readline()


def count(turns: str, seed: str) -> None:
    """Take the operation, count on in its state, let it go; report each acknowledged number."""
    chance = random.Random(seed)
    owners = manager()
    for _ in range(int(turns)):
        while True:
            try:
                operation = owners.operation("count")
            except OperationBusyError:
                report("busy")
            else:
                break
        number = operation.state.get("number", 0)
        report("owner", operation.fence, number)
        for _ in range(chance.randrange(1, 6)):
            number += 1
            operation.save_checkpoint({"number": number})
            report("ack", operation.fence, number)
        operation.release()
        report("released")
    report("done")


def hold(item_seconds: str) -> None:
    """Own an operation and work on it slowly."""
    with manager(every=1000).operation("export") as operation:
        for item in operation.track(range(1_000_000)):
            report("item", item)
            time.sleep(float(item_seconds))


def hold_with_handler() -> None:
    """Like `hold`, in an application that has its own handler for SIGTERM."""
    signal.signal(signal.SIGTERM, lambda *_: report("handler"))
    with manager(every=1000).operation("export") as operation:
        for item in operation.track(range(1_000_000)):
            report("item", item)
            lines.readline()
            report("saved", operation.get_last_checkpoint().progress.processed)


def leave(how: str) -> None:
    """Leave the loop in the middle of an item; ``kept``: the iterator outlives the loop."""
    with manager(every=1000).operation("export") as operation:
        kept = []
        loop = iter(operation.track(range(100)))
        if how == "kept":
            kept.append(loop)
        for item in loop:
            report("item", item)
            if item == 3:
                lines.readline()
                del loop
                break
        report("left")
    report("ended", len(kept))
    lines.readline()


def wait_for_it() -> None:
    """Try to own the operation until it is free; report that."""
    owners = manager()
    report("ready", os.getpid())
    while True:
        try:
            operation = owners.operation("export")
        except OperationBusyError:
            continue
        report("owner", operation.fence)
        return


def late() -> None:
    """Own the operation, save on each sign, and say what came of it."""
    operation = manager().operation("export")
    report("owner", operation.fence)
    for number, _ in enumerate(lines):
        try:
            operation.save_checkpoint({"late": number})
        except CronkitError as error:
            report("error", type(error).__name__)
        else:
            report("ok")


def save_for_ever() -> None:
    """Save as fast as it goes; report each acknowledged number."""
    operation = manager().operation("export")
    number = operation.state.get("number", 0)
    while True:
        number += 1
        operation.save_checkpoint({"number": number, "pad": "p" * (number % 5_000)})
        report("ack", number)


if __name__ == "__main__":
    globals()[COMMAND](*ARGUMENTS)
