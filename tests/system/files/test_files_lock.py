"""A kernel lock is held by one process, and free the moment that process is gone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from cronkit._files import _atomic
from cronkit._files._lock import KernelLock, is_held

pytestmark = pytest.mark.system

HOLDER = """
import sys
from cronkit._files._lock import KernelLock
lock = KernelLock(sys.argv[1])
print(lock.acquire(), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def folder(tmp_path):
    with _atomic.folder(str(tmp_path)) as descriptor:
        yield descriptor


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the lock."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path / "lock")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "True\n"
    yield process
    process.kill()
    process.communicate()


def test_one_process_holds_a_lock_and_its_death_frees_it(holder, tmp_path, folder):
    lock = KernelLock(str(tmp_path / "lock"))
    assert is_held("lock", folder)
    assert not lock.acquire()
    assert not lock.acquire(timeout_seconds=0.05)
    holder.kill()
    holder.wait()
    assert not is_held("lock", folder)
    assert lock.acquire()
    lock.release()


def test_a_stopped_process_keeps_its_lock(holder, tmp_path, folder):
    holder.send_signal(signal.SIGSTOP)
    assert not KernelLock(str(tmp_path / "lock")).acquire(timeout_seconds=0.05)
    assert is_held("lock", folder)


def test_two_locks_of_one_process_exclude_each_other(tmp_path, folder):
    first, second = KernelLock(str(tmp_path / "lock")), KernelLock(str(tmp_path / "lock"))
    assert first.acquire()
    assert not second.acquire()
    first.release()
    assert second.acquire()
    second.release()
    second.release()


def test_a_forked_child_does_not_have_the_lock_and_the_parent_keeps_it(tmp_path, folder):
    lock = KernelLock(str(tmp_path / "lock"))
    assert lock.acquire()
    read_end, write_end = os.pipe()
    if not (child := os.fork()):
        os.write(write_end, b"%d" % lock.guards("lock", folder))
        lock.release()
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(read_end, 1) == b"0"
    assert is_held("lock", folder)
    assert lock.guards("lock", folder)
    lock.release()
    os.close(read_end)
    os.close(write_end)


def test_a_forked_child_that_lives_on_does_not_keep_the_lock(tmp_path, folder):
    lock = KernelLock(str(tmp_path / "lock"))
    assert lock.acquire()
    read_end, write_end = os.pipe()
    if not (child := os.fork()):
        os.read(read_end, 1)
        os._exit(0)
    lock.release()
    assert KernelLock(str(tmp_path / "lock")).acquire()
    os.write(write_end, b".")
    os.waitpid(child, 0)
    os.close(read_end)
    os.close(write_end)


def test_a_lock_guards_its_name_until_the_file_is_replaced(tmp_path, folder):
    lock = KernelLock(str(tmp_path / "lock"))
    assert not lock.guards("lock", folder)
    assert lock.acquire()
    assert lock.guards("lock", folder)
    assert not lock.guards("other", folder)
    (tmp_path / "new").touch()
    (tmp_path / "new").rename(tmp_path / "lock")
    assert not lock.guards("lock", folder)
    lock.release()
    assert not lock.guards("lock", folder)


def test_those_who_ask_at_once_do_not_take_each_other_for_an_owner(tmp_path, folder):
    import fcntl

    (tmp_path / "lock").touch()
    with (tmp_path / "lock").open() as asking:
        fcntl.flock(asking, fcntl.LOCK_SH)
        assert not is_held("lock", folder)
        # An owner-to-be tries again until the question is over.
        assert not KernelLock(str(tmp_path / "lock")).acquire()
    assert KernelLock(str(tmp_path / "lock")).acquire()


def test_a_link_in_the_place_of_a_lock_is_not_followed(tmp_path, folder):
    (tmp_path / "elsewhere").touch()
    (tmp_path / "lock").symlink_to("elsewhere")
    with pytest.raises(OSError):
        KernelLock(str(tmp_path / "lock")).acquire()
    assert not is_held("lock", folder)
