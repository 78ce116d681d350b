"""The example killed at random ten times: every movie once in the file, none left out."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

import cronkit

pytestmark = pytest.mark.system

EXAMPLE = Path(__file__).parents[2] / "examples" / "checkpointed_export"
KILLS = 10


def start(program, folder, items):
    return subprocess.Popen(
        [
            sys.executable, EXAMPLE / program, "--folder", folder, "--items", str(items),
            "--pause", "0.002",
        ],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(cronkit.__file__).parent.parent)},
    )  # fmt: skip


def test_killed_ten_times_each_movie_stands_in_the_file_once(tmp_path):
    chance, resumed = random.Random(4), 0
    for _ in range(KILLS):
        process = start("export.py", tmp_path, 1000)
        resumed += process.stdout.readline().startswith("resumed")
        time.sleep(chance.uniform(0, 0.15))
        process.kill()
        process.communicate()
        assert not list((tmp_path / "exports").glob("movies-*"))
    process = start("export.py", tmp_path, 1000)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert out.startswith("resumed at ")
    assert resumed >= KILLS - 1
    (path,) = (tmp_path / "exports").glob("movies-*.json")
    document = json.loads(path.read_text())
    assert document["total"] == 1000
    assert [movie["id"] for movie in document["movies"]] == list(range(1, 1001))
    assert not list((tmp_path / "exports").glob(".movies*"))


def test_the_explicit_way_killed_ten_times_leaves_no_movie_out(tmp_path):
    chance, done = random.Random(5), []
    for turn in range(KILLS + 1):
        process = start("explicit.py", tmp_path, 1000)
        lines = [process.stdout.readline()]
        if turn < KILLS:
            time.sleep(chance.uniform(0, 0.15))
            process.kill()
        # From the same stream: what it has read ahead, communicate() would pass over.
        lines += process.stdout.readlines()
        process.communicate()
        new = [int(line.split()[1]) for line in lines if line.startswith("movie ")]
        assert new == list(range(new[0], new[0] + len(new)))
        # It goes on behind the last checkpoint: at most 50 movies come again, none is passed over.
        assert not done or 0 <= done[-1] + 1 - new[0] <= 50
        done = new
    assert done[-1] == 1000
    assert lines[-1] == "complete\n"
