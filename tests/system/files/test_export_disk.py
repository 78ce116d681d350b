"""The power is cut, or the disk is full, while exports are written on a mounted ext4."""

from __future__ import annotations

import json
import random
import subprocess

import pytest

from cronkit.errors import ExportWriteError
from cronkit.exporters import ExportDirectory, Keep
from tests.system.files.processes import fill

pytestmark = pytest.mark.system


def numbers(path):
    return [json.loads(line)["n"] for line in path.read_text().splitlines()]


def visible(folder):
    return sorted(path for path in folder.glob("films-2*"))


def test_a_power_cut_leaves_whole_files_and_those_that_were_told_of(disk, start_worker, scale):
    chance = random.Random(5)
    for turn in range(scale.pick(4, 40)):
        root = disk.mounted / str(turn)
        root.mkdir()
        worker = start_worker(
            "export_worker.py", root, "for_ever", "films", stderr=subprocess.DEVNULL
        )
        for _ in range(chance.randrange(1, 12)):
            _, newest, _ = worker.read()
        disk.cut()
        worker.wait()  # an error of the dead disk ended it
        disk.power_cycle()
        found = visible(root / "out")
        assert all(numbers(path) == list(range(2_000)) for path in found), turn
        assert found[-1].name >= newest, turn
        after = ExportDirectory(root / "out", keep=Keep(last=2)).rotating("films", "jsonl")
        assert after.write([]).path.name > found[-1].name
        assert len(visible(root / "out")) == 2
        assert [path.name for path in (root / "out").glob(".films*.part")] == []


@pytest.mark.parametrize("compression", [None, "gzip"])
def test_a_full_disk_refuses_the_export_and_the_previous_ones_stay(disk, compression):
    exports = ExportDirectory(disk.mounted / "out", keep=Keep(last=2), compression=compression)
    films = exports.rotating("films", "jsonl")
    noise = random.Random(6)
    rows = [{"n": noise.random()} for _ in range(100_000)]
    before = [films.write(rows[:10]).path, films.write(rows[:10]).path]
    fill(disk.mounted / "filler")
    with pytest.raises(ExportWriteError, match="No space left on device"):
        films.write(rows)
    assert visible(exports.path) == before
    assert list(exports.path.glob(".films*")) == []
    (disk.mounted / "filler").unlink()
    assert films.write(rows).path == visible(exports.path)[-1]
    assert exports.exports()[-1].present
