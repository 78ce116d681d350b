"""Ctrl-C at any line of cronkit's own code: what is saved tells of no half of an item."""

from __future__ import annotations

import gc
import gzip
import json
import sys
from pathlib import Path

import pytest

import cronkit
from cronkit import CheckpointManager
from cronkit.exporters import ExportDirectory

pytestmark = pytest.mark.system

HOUSE = str(Path(cronkit.__file__).parent)
ROOMS = tuple(f"{HOUSE}/{room}/" for room in ("checkpoints", "exporters", "_files"))
ITEMS = [{"id": number} for number in range(5)]


def read(path):
    data = path.read_bytes()
    return json.loads(gzip.decompress(data) if path.suffix == ".gz" else data)


def interrupted_at(line, work):
    """Run `work`, with a KeyboardInterrupt at so many lines of it; return whether it came."""
    left = line

    def trace(frame, event, _):
        nonlocal left
        if not frame.f_code.co_filename.startswith(ROOMS):
            return None
        if event == "line":
            left -= 1
            if left == 0:
                raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    except KeyboardInterrupt:
        pass
    finally:
        sys.settrace(before)
    gc.collect()  # what the interrupt left half made holds no lock
    return left <= 0


# Python itself drops an interrupt that comes inside of a finaliser, and says so.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("compression", [None, "gzip"])
@pytest.mark.parametrize("every", [2, 100])
def test_an_interrupt_at_any_line_leaves_each_item_once_in_the_file(
    tmp_path, scale, compression, every
):
    step = scale.pick(41, 1)
    line = 0
    came = True
    while came:
        line += step
        root = tmp_path / str(line)
        manager = CheckpointManager(root / "checkpoints", every=every, every_seconds=None)
        exports = ExportDirectory(root / "out", compression=compression)
        films = exports.rotating("films", "json")

        def work(manager=manager, films=films):
            with (
                manager.operation("films") as operation,
                films.open(operation=operation) as out,
            ):
                for item in operation.track(ITEMS, key=lambda item: item["id"]):
                    operation.state["sum"] = operation.state.get("sum", 0) + item["id"]
                    out.write(item)

        came = interrupted_at(line, work)
        whole = [found for found in manager.operations(ended=True) if found.status == "completed"]
        if not whole:
            work()
        (done,) = [found for found in manager.operations(ended=True) if found.status == "completed"]
        assert manager.get_last_checkpoint(done.id).state == {"sum": 10}, line
        published = sorted((root / "out").glob("films-*"))
        assert [read(path) for path in published] == [ITEMS], line
        assert not manager.get_interrupted_operations()
    assert line > 1_000
