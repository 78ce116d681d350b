"""Programs in processes of their own: started, talked to, and always ended."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WALL_LIMIT = 30.0
"""Seconds that no program of these tests may outlive."""


class Program:
    """A Python program in its own process and its own process group.

    Args:
        source: its text, or the path of its file.
        arguments: what stands behind it on the command line.

    Attributes:
        output: the lines it has written so far, errors among them.
    """

    def __init__(self, source: str | Path, *arguments: str) -> None:
        what = [str(source)] if isinstance(source, Path) else ["-c", textwrap.dedent(source)]
        env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
        self.process = subprocess.Popen(
            [sys.executable, "-W", "error", *what, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env=env,
            text=True,
            start_new_session=True,
        )
        self.output: list[str] = []

    def until(self, line: str) -> None:
        """Read until the program has written a line that begins with `line`."""
        for each in self.process.stdout:
            self.output.append(each.rstrip("\n"))
            if each.startswith(line):
                return
        raise AssertionError(f"the program ended before it said {line!r}:\n{self.text}")

    def signal(self, number: int) -> None:
        """Send a signal to the program alone."""
        os.kill(self.process.pid, number)

    def end(self, within: float = WALL_LIMIT) -> tuple[int, float]:
        """Wait for the end; return the exit code and how many seconds it took."""
        began = time.monotonic()
        try:
            rest, _ = self.process.communicate(timeout=within)
        except subprocess.TimeoutExpired:
            self.kill()
            rest, _ = self.process.communicate()
            self.output += rest.splitlines()
            raise AssertionError(
                f"the program did not end within {within} s:\n{self.text}"
            ) from None
        self.output += rest.splitlines()
        return self.process.returncode, time.monotonic() - began

    @property
    def text(self) -> str:
        return "\n".join(self.output)

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)


@pytest.fixture
def program():
    """Start programs; at the end of the test each is killed with all its children."""
    yield from _programs()


@pytest.fixture(scope="module")
def programs():
    """Start programs that live as long as the tests of a file."""
    yield from _programs()


def _programs():
    started: list[Program] = []

    def start(source: str | Path, *arguments: str) -> Program:
        started.append(Program(source, *arguments))
        return started[-1]

    yield start
    for each in started:
        each.kill()
        each.process.stdout.close()
        each.process.wait()


@pytest.fixture
def disk(tmp_path):
    """A small file system of its own, to fill or to write-protect; SQLite's log takes 4 MB of it."""
    folder = tmp_path / "disk"
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", folder],
        capture_output=True,
        check=False,
    )
    if done.returncode:
        pytest.skip("no right to mount a file system")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


@pytest.fixture
def fill():
    """Take all room that is left in a folder; return the file that holds it."""

    def take(folder: Path) -> Path:
        hog = folder / "hog"
        descriptor = os.open(hog, os.O_WRONLY | os.O_CREAT)
        for size in (65_536, 4_096, 1):
            with contextlib.suppress(OSError):
                while True:
                    os.write(descriptor, b"x" * size)
        os.close(descriptor)
        return hog

    return take
