"""``run_forever``: what the first, the second and the third signal do, and where it may be called."""

from __future__ import annotations

import signal
import threading

import pytest

from cronkit import Scheduler
from cronkit._engine._signals import SignalWatch
from cronkit._engine._wake import Wake
from cronkit.errors import StateError

pytestmark = pytest.mark.system

FOREGROUND = """
    import sys, time
    from cronkit import Scheduler
    from cronkit.jobs import RunEvent

    scheduler = Scheduler()

    @scheduler.on(RunEvent)
    def show(event):
        if event.run.outcome:
            print(event.run.job_id, event.run.outcome, event.run.reason)

    def short():
        print("began")
        time.sleep(1)

    def hung():
        print("began")
        while True:
            time.sleep(0.05)

    def last():
        print("began")
        scheduler.shutdown()

    scheduler.every("100ms", max_runs=1)(globals()[sys.argv[1]])
    print("ready")
    scheduler.run_forever()
    print("stopped")
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_first_signal_lets_the_runs_end(program, number):
    it = program(FOREGROUND, "short")
    it.until("began")
    it.signal(number)
    code, _ = it.end()

    assert code == 0
    assert it.output[-2:] == ["short succeeded None", "stopped"]


def test_the_second_signal_interrupts_them(program):
    it = program(FOREGROUND, "hung")
    it.until("began")
    it.signal(signal.SIGTERM)
    it.signal(signal.SIGINT)  # two of one kind might reach the process as one
    code, seconds = it.end()

    assert code == 0
    assert seconds < 2
    assert it.output[-2:] == ["hung interrupted shutdown", "stopped"]


def test_the_third_signal_ends_the_process(program):
    it = program(
        """
        import os, signal, threading
        from cronkit._engine._signals import SignalWatch

        with SignalWatch(lambda: print("hurry")) as watch:
            for _ in range(3):
                os.kill(os.getpid(), signal.SIGTERM)
                print("alive", watch.stop.is_set())
        """
    )
    code, _ = it.end()

    assert code == -signal.SIGTERM
    assert it.output == ["alive True", "hurry", "alive True"]


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
