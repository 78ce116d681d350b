"""``run_forever``: signals at odd moments, its handlers, where it may be called.

What the first, the second and the third signal do stands in `test_hostile_jobs`.
"""

from __future__ import annotations

import signal
import threading

import pytest

from cronkit import Scheduler
from cronkit._engine._signals import SignalWatch
from cronkit._engine._wake import Wake
from cronkit.errors import StateError

pytestmark = pytest.mark.system


def test_a_signal_ends_it_that_comes_before_anything_has_begun(program):
    it = program(
        """
        import os, signal
        from cronkit import Scheduler
        from cronkit.jobs import SchedulerStarted

        scheduler = Scheduler()
        scheduler.on(SchedulerStarted)(lambda event: os.kill(os.getpid(), signal.SIGTERM))
        scheduler.run_forever()
        print("stopped")
        """
    )
    assert it.end()[0] == 0
    assert it.output == ["stopped"]


def test_the_handlers_that_were_there_are_put_back():
    before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    with SignalWatch(lambda: None):
        assert signal.getsignal(signal.SIGTERM) is not before[signal.SIGTERM]

    assert {each: signal.getsignal(each) for each in before} == before


def test_it_is_refused_outside_of_the_main_thread():
    caught = []

    def run():
        try:
            Scheduler().run_forever()
        except StateError as error:
            caught.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(5)
    assert "main thread" in str(caught[0])


class TestWake:
    def test_setting_it_is_possible_in_a_handler_that_interrupts_any_of_its_methods(self):
        wake = Wake()
        with wake._changed:  # as if the handler ran inside of set() or wait()
            wake.set()

        assert wake.is_set()

    def test_a_wait_sees_within_a_second_what_a_handler_of_its_own_thread_has_set(self):
        wake = Wake()
        # The flag is set after the wait has looked, and nobody is notified.
        threading.Timer(0.1, setattr, (wake, "_is_set", True)).start()

        assert wake.wait(5) is True

    @pytest.mark.parametrize("timeout", [0, 0.01])
    def test_a_wait_runs_out(self, timeout):
        assert Wake().wait(timeout) is False

    def test_it_can_be_set_back(self):
        wake = Wake()
        wake.set()
        wake.clear()

        assert not wake.is_set()
        assert wake.wait(0) is False
