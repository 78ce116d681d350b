"""What the tests of files share: workers in real processes, a line-by-line channel to each, strace."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.system.files.processes import CannotError, Disk, Traced, Worker, find_strace

PROGRAMS = Path(__file__).parent / "programs"


@pytest.fixture
def start_worker():
    """Start a program: its name, a folder, further arguments."""
    started = []

    def start(name, folder, *arguments, **options):
        started.append(Worker(PROGRAMS / name, folder, *arguments, **options))
        return started[-1]

    yield start
    for each in started:
        each.close()


@pytest.fixture
def worker(start_worker):
    """Start the checkpoint worker: the folder, the command, its arguments."""
    return lambda *arguments, **options: start_worker("checkpoint_worker.py", *arguments, **options)


@pytest.fixture(scope="session")
def strace():
    """The path of strace, where it may trace."""
    try:
        return find_strace()
    except CannotError as reason:
        pytest.skip(str(reason))


@pytest.fixture
def traced(strace, tmp_path):
    """Attach strace to a process: its id, then options such as ``-e inject=…``."""
    return lambda pid, *options: Traced(strace, pid, str(tmp_path / "strace"), *options)


@pytest.fixture
def disk(tmp_path):
    """An ext4 of its own, whose power can be cut."""
    try:
        made = Disk(tmp_path)
    except CannotError as reason:
        pytest.skip(str(reason))
    yield made
    made.unmount()
