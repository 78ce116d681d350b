"""What an import brings along: a program that asks one cron question waits for nothing else."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

EXPENSIVE = {"attr", "attrs", "enum", "re", "typing", "typing_extensions"}
LAZY = {"asyncio", "croniter", "dateutil", "filelock", "sqlite3"}
HEAVY = {"email", "hashlib", "importlib.metadata", "pathlib", "socket", "urllib"}
NEVER_WITH_CRON = LAZY | {"concurrent", "difflib", "hashlib", "logging", "threading"}


def loaded_by(program: str) -> set[str]:
    """Return the modules, and their packages, that a fresh interpreter holds after running `program`.

    Without `site`, because a `.pth` file of the environment may import anything.
    """
    done = subprocess.run(
        [sys.executable, "-S", "-c", f"{program}\nimport sys\nprint(*sys.modules)"],
        env={"PYTHONPATH": os.pathsep.join(folder or "." for folder in sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    names = done.stdout.split()
    return {*names, *(name.partition(".")[0] for name in names)}


# What Python itself loads for dates and zones is not ours to avoid.
BARE = loaded_by("import datetime, zoneinfo")


@pytest.mark.parametrize(
    ("program", "refused"),
    [
        ("import cronkit.errors", EXPENSIVE | NEVER_WITH_CRON),
        ("import cronkit._convert", EXPENSIVE | NEVER_WITH_CRON),
        ("import cronkit.cron", EXPENSIVE | NEVER_WITH_CRON),
        ("from cronkit.cron import CronExpression, describe, explain", EXPENSIVE | NEVER_WITH_CRON),
        ("from cronkit import CronkitError", EXPENSIVE | NEVER_WITH_CRON),
        ("import cronkit", EXPENSIVE | NEVER_WITH_CRON),
        ("from cronkit import Scheduler", LAZY | HEAVY),
        ("from cronkit import Backoff, Cron, Every, At", LAZY),
    ],
)
def test_the_import_loads_nothing_that_it_does_not_need(program, refused):
    assert loaded_by(program) & (refused - BARE) == set()


def test_parsing_and_searching_still_load_nothing_expensive():
    program = (
        "from datetime import UTC, datetime\n"
        "from cronkit.cron import CronExpression\n"
        "CronExpression.parse('TZ=Europe/Paris 30 2 * * MON#2').next(datetime(2026, 1, 1, tzinfo=UTC))"
    )
    assert loaded_by(program) & ((EXPENSIVE | NEVER_WITH_CRON) - BARE) == set()
