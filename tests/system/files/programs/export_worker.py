"""A process that exports and may be killed at any moment; each step is one line on its socket."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

from cronkit import CheckpointManager
from cronkit.exporters import ExportDirectory, Keep

ROOT, CHANNEL, COMMAND, *ARGUMENTS = sys.argv[1:]
channel = socket.socket(fileno=int(CHANNEL))
lines = channel.makefile("r")


def report(*words: object) -> None:
    channel.send(" ".join(map(str, words)).encode() + b"\n")


def directory(compression: str | None = None) -> ExportDirectory:
    return ExportDirectory(
        Path(ROOT) / "out", keep=Keep(last=3), latest=True, compression=compression
    )


def for_ever(name: str) -> None:
    """Export again and again; report each file that has appeared."""
    target = directory().rotating(name, "jsonl")
    while True:
        result = target.write({"n": number} for number in range(2_000))
        report("file", result.path.name, result.sha256)


def operation(total: str, format_: str, *compression: str) -> None:
    """Write the items of an operation, once each."""
    manager = CheckpointManager(Path(ROOT) / "checkpoints", every=5, every_seconds=None)
    target = directory(*compression).rotating("items", format_)
    with (
        manager.operation("items", int(total)) as work,
        target.open(operation=work) as out,
    ):
        for item in work.track(range(int(total))):
            report("item", item)
            out.write({"n": item})
    report("done")


def step() -> None:
    """Export once, on a sign; the imports are done before."""
    target = directory().rotating("films", "jsonl")
    target.write([{"n": 0}])
    report("ready")
    lines.readline()
    try:
        result = target.write([{"n": 1}])
    except OSError as error:
        report("error", type(error).__name__)
    else:
        report("ok", result.path.name)
    lines.readline()


if __name__ == "__main__":
    globals()[COMMAND](*ARGUMENTS)
