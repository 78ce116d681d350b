"""``cronkit`` as a program: how it ends, and what it leaves on stderr."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

pytestmark = pytest.mark.system
ROOT = Path(__file__).parents[2]
LONG = 60.0


def started(*argv, **options):
    return subprocess.Popen(
        [sys.executable, "-u", "-m", "cronkit", *argv],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def ended(process):
    _, errors = process.communicate(timeout=LONG)
    return process.returncode, errors


def test_it_tells_its_version():
    try:
        version = metadata.version("cronkit")
    except metadata.PackageNotFoundError:
        version = "(not installed)"
    process = started("--version", stdout=subprocess.PIPE)
    printed, errors = process.communicate(timeout=LONG)
    assert (process.returncode, printed, errors) == (0, f"cronkit {version}\n", "")


@pytest.mark.parametrize("json", [(), ("--json",)])
def test_where_nobody_reads_on_it_ends_without_a_word(json):
    reads, writes = os.pipe()
    os.close(reads)
    process = started("next", "* * * * *", "-n", "1000", *json, stdout=writes)
    os.close(writes)
    assert ended(process) == (141, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_told_in_one_line():
    with Path("/dev/full").open("w") as full:
        code, errors = ended(started("next", "* * * * *", stdout=full))
    assert (code, errors) == (1, "cronkit: [Errno 28] No space left on device\n")


def test_a_terminal_that_knows_no_accents_gets_escapes():
    ascii_only = {**os.environ, "PYTHONIOENCODING": "ascii"}
    process = started(
        "explain", "0 9 * * *", "--lang", "fr", stdout=subprocess.PIPE, env=ascii_only
    )
    printed, errors = process.communicate(timeout=LONG)
    assert (process.returncode, errors) == (0, "")
    assert printed.startswith("\\xe0 09:00 tous les jours\n")


def test_ctrl_c_ends_the_demo_without_a_traceback():
    process = started("demo", stdout=subprocess.PIPE)
    assert "one minute of scheduling" in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    assert ended(process) == (130, "")
