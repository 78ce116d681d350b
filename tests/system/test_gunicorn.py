"""Under gunicorn: one start for each fire time over four workers, and a warning where that fails."""

from __future__ import annotations

import collections
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path

import pytest

from cronkit.stores import SQLiteStore

if find_spec("gunicorn") is None:
    if os.environ.get("CRONKIT_REQUIRE_SERVERS") == "1":
        pytest.fail("CRONKIT_REQUIRE_SERVERS=1, and gunicorn is not installed", pytrace=False)
    pytest.skip("gunicorn is in the extra 'test', and not installed", allow_module_level=True)

pytestmark = [pytest.mark.system, pytest.mark.timeout(180)]

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "gunicorn_workers"
WORKERS = 4


def lines_of(path):
    return path.read_text("utf-8").splitlines() if path.exists() else []


def workers_of(master):
    text = Path(f"/proc/{master}/task/{master}/children").read_text("utf-8")
    return [int(each) for each in text.split()]


@contextmanager
def serving(folder, tmp_path, *options):
    """Serve the application of a folder; give the process of the master."""
    log = (tmp_path / "log").open("wb")
    env = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "STATE": str(tmp_path / "state.db"),
        "TICKS": str(tmp_path / "ticks.txt"),
    }
    master = subprocess.Popen(
        [
            *(sys.executable, "-m", "gunicorn", "--bind", f"unix:{tmp_path}/socket"),
            *("--worker-tmp-dir", str(tmp_path), *options, "app:application"),
        ],
        cwd=folder,
        env=env,
        stdout=log,
        stderr=log,
        start_new_session=True,
    )
    try:
        yield master
        master.terminate()
        master.wait(30)
    finally:
        if master.poll() is None:
            os.killpg(master.pid, signal.SIGKILL)
            master.wait()
        log.close()


@pytest.mark.parametrize("options", [(), ("--preload",)], ids=["plain", "preload"])
def test_each_fire_time_starts_once_over_four_workers(options, tmp_path, scale):
    ticks = tmp_path / "ticks.txt"
    with serving(EXAMPLE, tmp_path, *options) as master:
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


# --- the warning -----------------------------------------------------------------------------------

APPLICATION = """
import os
from pathlib import Path
from cronkit import Scheduler
from cronkit.stores import SQLiteStore

HERE = Path(os.environ["STATE"]).parent
scheduler = Scheduler({arguments})
other = Scheduler({arguments})

def start():
    scheduler.start()
    scheduler.shutdown()
    scheduler.start()
    other.start()
    (HERE / f"started-{{os.getpid()}}").touch()

start()

def application(environ, start_response):
    start_response("200 OK", [])
    return [b"ok"]
"""


@pytest.mark.parametrize(
    ("options", "arguments", "starts", "warnings"),
    [
        # gunicorn's options, the schedulers' arguments, how many processes start them, warnings
        (["--workers=3"], "", 3, 1),
        (["--workers=3", "--threads=2"], "", 3, 1),
        (["--workers=1"], "", 1, 0),
        (["--workers=3", "--preload"], "", 1, 0),  # in the master alone
        (["--workers=3"], 'store=SQLiteStore(os.environ["STATE"])', 3, 0),
        (["--workers=3"], 'single=HERE / "lock", standby=True', 3, 0),
    ],
    ids=["a worker each", "with threads", "one worker", "preloaded", "shared store", "single"],
)
def test_several_workers_without_a_shared_store_are_warned_of_once(
    tmp_path, options, arguments, starts, warnings
):
    (tmp_path / "app.py").write_text(APPLICATION.format(arguments=arguments), "utf-8")
    with serving(tmp_path, tmp_path, *options):
        end = time.monotonic() + 60
        while len(list(tmp_path.glob("started-*"))) < starts:
            assert time.monotonic() < end, (tmp_path / "log").read_text("utf-8")
            time.sleep(0.05)
    log = (tmp_path / "log").read_text("utf-8")
    assert log.count("each of them runs every job") == warnings, log
    assert log.count("this is one of 3 gunicorn workers") == warnings
    assert "Traceback" not in log
