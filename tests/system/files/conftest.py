"""What the tests of files share: workers in real processes, a line-by-line channel to each, strace."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

import cronkit

PROGRAMS = Path(__file__).parent / "programs"
ANSWER_SECONDS = 60


class Worker:
    """A program of this folder in its own process.

    Its first arguments are a folder and the number of its socket.
    """

    def __init__(self, name, folder, *arguments, **options):
        self.channel, theirs = socket.socketpair()
        self.channel.settimeout(ANSWER_SECONDS)
        source = str(Path(cronkit.__file__).parent.parent)
        command = [PROGRAMS / name, folder, theirs.fileno(), *arguments]
        self.process = subprocess.Popen(
            [sys.executable, "-P", *map(str, command)],
            pass_fds=[theirs.fileno()],
            env={**os.environ, "PYTHONPATH": source},
            **options,
        )
        theirs.close()
        self._lines = self.channel.makefile("r")

    @property
    def pid(self):
        return self.process.pid

    def read(self):
        """The words of the next line; [] when the worker is gone."""
        try:
            return self._lines.readline().split()
        except ConnectionResetError:
            return []

    def read_all(self):
        """The words of every line until the worker is gone."""
        return list(iter(self.read, []))

    def go(self):
        self.channel.send(b"go\n")

    def kill(self):
        self.process.kill()
        self.process.wait()

    def wait(self):
        return self.process.wait(timeout=ANSWER_SECONDS)

    def close(self):
        self.kill()
        self._lines.close()
        self.channel.close()


@pytest.fixture
def start_worker():
    """Start a program: its name, a folder, further arguments."""
    started = []

    def start(name, folder, *arguments, **options):
        started.append(Worker(name, folder, *arguments, **options))
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
    path = shutil.which("strace")
    if path is None:
        pytest.skip("strace is not installed")
    probe = subprocess.run([path, "-o", "/dev/null", "true"], check=False, capture_output=True)
    if probe.returncode:
        pytest.skip(f"strace may not trace here: {probe.stderr.decode()[:100]}")
    return path


class Traced:
    """strace at work on a running process; with it gone, the process goes on untouched."""

    def __init__(self, strace, pid, output, *options):
        self._output = Path(output)
        self._strace = subprocess.Popen(
            [strace, "-f", "-qq", "-o", output, "-p", str(pid), *options], stderr=subprocess.PIPE
        )
        # Attached when the kernel names a tracer.
        status = Path(f"/proc/{pid}/status")
        while "TracerPid:\t0\n" in status.read_text():
            if self._strace.poll() is not None:
                raise RuntimeError(self._strace.stderr.read().decode())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._strace.terminate()
        self._strace.wait()
        self._strace.stderr.close()

    def calls(self):
        """Each system call that was made, as its name and how often it had been made with that."""
        names = re.findall(r"^\d+ +(\w+)\(", self._output.read_text(), re.MULTILINE)
        return [(name, names[: index + 1].count(name)) for index, name in enumerate(names)]


@pytest.fixture
def traced(strace, tmp_path):
    """Attach strace to a process: its id, then options such as ``-e inject=…``."""
    return lambda pid, *options: Traced(strace, pid, str(tmp_path / "strace"), *options)
