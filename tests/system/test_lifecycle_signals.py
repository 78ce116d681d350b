"""``run_forever``: signals at odd moments, its handlers, where it may be called.

What the first, the second and the third signal do stands in `test_hostile_jobs`.
"""

from __future__ import annotations

import signal
import sys
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


def test_a_signal_ends_it_that_another_thread_has_received(program):
    """As the kernel may choose: also one that came between the last instruction and the wait."""
    it = program(
        """
        import signal, threading
        from cronkit import Scheduler

        scheduler = Scheduler()
        sent = []

        @scheduler.every("100ms")
        def kill_this_thread():
            if not sent:
                sent.append(1)
                signal.pthread_kill(threading.get_ident(), signal.SIGTERM)

        scheduler.run_forever()
        print("stopped")
        """
    )
    assert it.end(10)[0] == 0
    assert it.output == ["stopped"]


def test_many_signals_at_the_start_each_end_it(program, scale):
    it = program(
        """
        import os, signal, sys
        from cronkit import Scheduler
        from cronkit.jobs import SchedulerStarted

        for _ in range(int(sys.argv[1])):
            scheduler = Scheduler()
            scheduler.on(SchedulerStarted)(lambda event: os.kill(os.getpid(), signal.SIGTERM))
            scheduler.run_forever()
        print("stopped")
        """,
        str(scale.pick(1_000, 10_000)),
    )
    assert it.end(120)[0] == 0
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
    def test_a_handler_sets_it_while_its_own_thread_waits(self):
        wake = Wake()
        before = signal.signal(signal.SIGALRM, lambda *_: wake.set())
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        try:
            assert wake.wait(5) is True
        finally:
            signal.signal(signal.SIGALRM, before)

    @pytest.mark.parametrize("method", ["set", "clear", "wait", "is_set"])
    def test_a_handler_that_interrupts_any_of_its_methods_sets_it(self, method):
        code = getattr(Wake, method).__code__
        lines = sorted({line for _, _, line in code.co_lines() if line} - {code.co_firstlineno})
        for line in lines:
            wake = Wake()

            def interrupt(frame, event, _argument, line=line, wake=wake):
                if event == "line" and frame.f_lineno == line:
                    wake.set()
                return interrupt if frame.f_code is code else None

            sys.settrace(interrupt)
            try:
                getattr(wake, method)(*([0] if method == "wait" else []))
            finally:
                sys.settrace(None)
            wake.set()
            assert wake.wait(0) is True

    def test_all_who_wait_go_on(self):
        wake, ended = Wake(), []
        waiting = [threading.Thread(target=lambda: ended.append(wake.wait(30))) for _ in range(5)]
        for each in waiting:
            each.start()
        wake.set()
        for each in waiting:
            each.join(10)

        assert ended == [True] * 5

    def test_none_that_is_set_while_another_is_set_back_is_lost(self):
        there, back = Wake(), Wake()

        def answer():
            for _ in range(5_000):
                there.wait()
                there.clear()
                back.set()

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        for _ in range(5_000):
            there.set()
            assert back.wait(30)
            back.clear()
        thread.join(30)

    @pytest.mark.parametrize("timeout", [0, 0.01])
    def test_a_wait_runs_out(self, timeout):
        assert Wake().wait(timeout) is False

    def test_it_can_be_set_back(self):
        wake = Wake()
        wake.set()
        wake.clear()

        assert not wake.is_set()
        assert wake.wait(0) is False

    def test_a_clock_may_write_down_what_it_waits_for(self):
        wake = Wake()
        assert f"{wake}" == "<Wake unset>"
        wake.set()
        assert f"{wake}" == "<Wake set>"
