"""Processes to kill, system calls to fail, disks to cut off: what tests of durability share."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
from pathlib import Path

import cronkit

ANSWER_SECONDS = 60
SOURCES = (Path(cronkit.__file__).parent.parent, Path(__file__).parents[3])

FS_IOC_SHUTDOWN = 0x8004587D
WITHOUT_FLUSH = 2


class CannotError(Exception):
    """What a test needs is not to be had on this machine; the text says why."""


class Worker:
    """A program in its own process.

    Its first arguments are a folder and the number of its socket.
    """

    def __init__(self, program, folder, *arguments, **options):
        self.channel, theirs = socket.socketpair()
        self.channel.settimeout(ANSWER_SECONDS)
        command = [program, folder, theirs.fileno(), *arguments]
        self.process = subprocess.Popen(
            [sys.executable, "-P", *map(str, command)],
            pass_fds=[theirs.fileno()],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, SOURCES))},
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


def find_strace():
    """The path of strace, where it may trace."""
    path = shutil.which("strace")
    if path is None:
        raise CannotError("strace is not installed")
    probe = subprocess.run([path, "-o", "/dev/null", "true"], check=False, capture_output=True)
    if probe.returncode:
        raise CannotError(f"strace may not trace here: {probe.stderr.decode()[:100]}")
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


class Disk:
    """An ext4 in a file, mounted through a loop device."""

    def __init__(self, folder):
        if os.geteuid() != 0:
            raise CannotError("to mount a file system needs root")
        for tool in ("mkfs.ext4", "mount", "umount"):
            if shutil.which(tool) is None:
                raise CannotError(f"{tool} is not installed")
        self.image, self.mounted = folder / "image", folder / "mounted"
        self.mounted.mkdir()
        with self.image.open("wb") as image:
            image.truncate(64 << 20)
        self._run("mkfs.ext4", "-q", "-F", self.image)
        self.mount()

    @staticmethod
    def _run(*command):
        done = subprocess.run(command, check=False, capture_output=True)
        if done.returncode:
            raise CannotError(f"no loop device can be mounted here: {done.stderr.decode()}")

    def mount(self):
        self._run("mount", "-o", "loop", self.image, self.mounted)

    def unmount(self):
        subprocess.run(["umount", self.mounted], check=False, capture_output=True)

    def cut(self):
        descriptor = os.open(self.mounted, os.O_RDONLY)
        try:
            fcntl.ioctl(descriptor, FS_IOC_SHUTDOWN, struct.pack("I", WITHOUT_FLUSH))
        finally:
            os.close(descriptor)

    def power_cycle(self):
        self.unmount()
        self.mount()


def fill(path):
    with path.open("wb", buffering=0) as filler, contextlib.suppress(OSError):
        while filler.write(bytes(1 << 12)):
            pass
