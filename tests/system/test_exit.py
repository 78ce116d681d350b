"""The end of the interpreter: whatever still goes on, it comes soon, with its own exit code, quietly."""

from __future__ import annotations

import signal
import time

import pytest

pytestmark = pytest.mark.system
LONGEST = 5.5
"""Seconds from the end of the main thread to the end of the process: five, and some to tear down."""

STARTED = """
    import sys, threading, time
    from cronkit import Scheduler, current_run
    from cronkit.jobs import RunEvent

    def started(*jobs):
        scheduler = Scheduler()

        @scheduler.on(RunEvent)
        def show(event):
            if event.run.outcome:
                print(event.run.job_id, event.run.outcome, event.run.reason)

        begun = threading.Semaphore(0)

        def begin(job):
            def call():
                begun.release()
                return job()
            return call

        for job in jobs:
            scheduler.add(begin(job), id=job.__name__)
        scheduler.start()
        for job in jobs:
            scheduler.run_now(job.__name__)
        for job in jobs:
            begun.acquire()
        return scheduler

    def short():
        time.sleep(0.5)

    def hung():
        threading.Event().wait()

    def busy():
        while True:
            pass

    def sleeper():
        current_run().sleep("1h")
"""


def lines_of(it) -> list[str]:
    """Return what the hook wrote; the log's own lines and the jobs' errors are left out."""
    return [line for line in it.output if line.split()[-1] in {"None", "shutdown"}]


def test_a_run_that_ends_within_the_grace_has_its_outcome(program):
    it = program(STARTED + "    scheduler = started(short)")
    code, seconds = it.end()

    assert code == 0
    assert seconds < 3
    assert lines_of(it) == ["short succeeded None"]


@pytest.mark.parametrize("job", ["hung", "busy", "sleeper"])
def test_one_that_does_not_is_interrupted_after_five_seconds_at_most(program, job):
    it = program(STARTED + f"    scheduler = started({job}); print('main ends')")
    it.until("main ends")
    code, seconds = it.end()

    assert code == 0
    assert seconds < LONGEST
    assert lines_of(it) == [f"{job} interrupted shutdown"]
    assert "Traceback" not in it.text


@pytest.mark.parametrize(
    ("ending", "code"),
    [("sys.exit(7)", 7), ("raise SystemExit(3)", 3), ("raise ValueError('main')", 1)],
)
def test_the_exit_code_is_the_programs_own(program, ending, code):
    it = program(STARTED + f"    scheduler = started(short)\n    {ending}")

    assert it.end()[0] == code
    assert lines_of(it) == ["short succeeded None"]


def test_several_schedulers_share_the_five_seconds(program):
    it = program(STARTED + "    them = [started(hung) for _ in range(3)]; print('main ends')")
    it.until("main ends")
    code, seconds = it.end()

    assert code == 0
    assert seconds < LONGEST
    assert lines_of(it) == ["hung interrupted shutdown"] * 3


def test_a_hook_that_hangs_does_not_prolong_it(program):
    it = program(
        STARTED
        + """
    scheduler = started(hung)
    scheduler.on(RunEvent)(lambda event: time.sleep(60))
    print('main ends')
    """
    )
    it.until("main ends")
    code, seconds = it.end()

    assert code == 0
    assert seconds < LONGEST


def test_a_trigger_that_hangs_does_not_prolong_it(program):
    it = program(
        STARTED
        + """
    asked = threading.Event()

    class Hanging:
        def next(self, after):
            print("main ends")
            asked.set()
            while True:
                time.sleep(1)

    scheduler = started(short)
    threading.Thread(target=scheduler.add, args=(hung, Hanging()), daemon=True).start()
    asked.wait()
    """
    )
    it.until("main ends")
    code, seconds = it.end()

    assert code == 0
    assert seconds < LONGEST
    assert "Traceback" not in it.text


def test_ctrl_c_during_the_grace_ends_it_without_a_traceback(program):
    # What is registered last is called first: it tells that the interpreter has begun to end.
    begins = "import atexit; atexit.register(print, 'the end begins', flush=True)"
    it = program(STARTED + f"    scheduler = started(hung); {begins}")
    it.until("the end begins")
    time.sleep(0.3)
    it.signal(signal.SIGINT)
    code, seconds = it.end()

    assert code == 0
    assert seconds < 2
    assert lines_of(it) == ["hung interrupted shutdown"]
    assert "Traceback" not in it.text


def test_what_was_registered_before_the_start_is_called_after_the_stop(program):
    it = program(
        """
        import atexit
        from cronkit import Scheduler

        scheduler = Scheduler()
        atexit.register(lambda: print("first registered:", scheduler))
        scheduler.start()
        """
    )
    assert it.end()[0] == 0
    assert it.output == ["first registered: <Scheduler not started, 0 jobs>"]


def test_a_scheduler_on_a_fake_clock_lets_no_time_pass(program):
    it = program(
        """
        from cronkit import Scheduler, current_run
        from cronkit.testing import FakeClock

        clock = FakeClock()
        scheduler = Scheduler(clock=clock)
        scheduler.every("1m", id="job")(lambda: current_run().sleep("1h"))
        scheduler.start()
        clock.advance("1m")
        """
    )
    code, seconds = it.end()

    assert code == 0
    assert seconds < 3


def test_nothing_is_left_to_do_after_a_shutdown(program):
    it = program(STARTED + "    scheduler = started(short); scheduler.shutdown(); print('bye')")

    assert it.end()[0] == 0
    assert it.output == ["short succeeded None", "bye"]
