"""The example of four gunicorn workers: one start for each fire time, however they are started."""

from __future__ import annotations

import collections
import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest

from cronkit.stores import SQLiteStore

pytest.importorskip("gunicorn", reason="gunicorn is not installed")

pytestmark = [pytest.mark.system, pytest.mark.timeout(180)]

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "gunicorn_workers"
WORKERS = 4


def lines_of(path):
    return path.read_text("utf-8").splitlines() if path.exists() else []


def workers_of(master):
    text = Path(f"/proc/{master}/task/{master}/children").read_text("utf-8")
    return [int(each) for each in text.split()]


@pytest.mark.parametrize("options", [(), ("--preload",)], ids=["plain", "preload"])
def test_each_fire_time_starts_once_over_four_workers(options, tmp_path, scale):
    ticks = tmp_path / "ticks.txt"
    log = (tmp_path / "log").open("wb")
    env = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "STATE": str(tmp_path / "state.db"),
        "TICKS": str(ticks),
    }
    master = subprocess.Popen(
        [
            *(sys.executable, "-m", "gunicorn", "--bind", f"unix:{tmp_path}/socket"),
            *("--worker-tmp-dir", str(tmp_path), *options, "app:application"),
        ],
        cwd=EXAMPLE,
        env=env,
        stdout=log,
        stderr=log,
        start_new_session=True,
    )
    try:
        seconds = scale.pick(8, 60)
        end = time.monotonic() + 60 + seconds
        while len(lines_of(ticks)) < seconds // 2:
            assert time.monotonic() < end, (tmp_path / "log").read_text("utf-8")
            time.sleep(0.1)
        assert len(workers_of(master.pid)) == WORKERS
        os.kill(workers_of(master.pid)[0], signal.SIGKILL)
        while len(lines_of(ticks)) < seconds:
            assert time.monotonic() < end, (tmp_path / "log").read_text("utf-8")
            time.sleep(0.1)
        master.terminate()
        master.wait(30)
    finally:
        if master.poll() is None:
            os.killpg(master.pid, signal.SIGKILL)
            master.wait()
        log.close()

    starts = collections.Counter(line.split()[0] for line in lines_of(ticks))
    assert {run_id: count for run_id, count in starts.items() if count > 1} == {}
    runs = SQLiteStore(tmp_path / "state.db").runs(job_id="tick")
    assert set(starts) <= {run.id for run in runs}
    assert all(run.outcome for run in runs)
    covered = collections.Counter()
    for run in runs:
        instant = run.first or run.fire_time
        while instant <= run.fire_time:
            covered[instant] += 1
            instant += timedelta(seconds=1)
    assert len(covered) == (max(covered) - min(covered)) // timedelta(seconds=1) + 1
    assert set(covered.values()) == {1}
    assert "Traceback" not in (tmp_path / "log").read_text("utf-8")
