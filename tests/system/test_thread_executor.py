"""`ThreadExecutor`: slots, abandoned threads, its cap, an orderly and a disorderly end.

It is played alone, but for the last test: which run comes next when a slot becomes free.
"""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from queue import SimpleQueue
from typing import TYPE_CHECKING

import pytest

from cronkit import At, Scheduler
from cronkit._clock import SystemClock
from cronkit.errors import PolicyError
from cronkit.executors import ThreadExecutor
from cronkit.jobs import Job
from tests.attempts import attempt_at

if TYPE_CHECKING:
    from cronkit._attempt import Attempt

pytestmark = pytest.mark.system
LONG = 10.0


class Bench:
    """An executor, the reports it makes, and jobs that wait at a gate."""

    def __init__(self, executor: ThreadExecutor) -> None:
        self.executor = executor
        self.reports: SimpleQueue[tuple[Attempt, object, BaseException | None]] = SimpleQueue()
        executor.start(lambda *report: self.reports.put(report))

    def submit(self, func) -> Attempt:
        job = Job(id="job", func=func, trigger=None)
        attempt = attempt_at(job, SystemClock())
        self.executor.submit(attempt)
        return attempt

    def submit_gated(self) -> tuple[Attempt, threading.Event]:
        """Submit a job that has begun when this returns, and ends when the gate opens."""
        gate, begun = threading.Event(), threading.Event()

        def wait():
            begun.set()
            return gate.wait(LONG)

        attempt = self.submit(wait)
        assert begun.wait(LONG)
        return attempt, gate

    def next_report(self) -> tuple[Attempt, object, BaseException | None]:
        return self.reports.get(timeout=LONG)


@pytest.fixture
def bench():
    benches = []

    def make(*args, **kwargs):
        benches.append(Bench(ThreadExecutor(*args, **kwargs)))
        return benches[-1]

    yield make
    for each in benches:
        each.executor.shutdown(LONG)


def test_an_attempt_is_reported_once_with_its_result(bench):
    it = bench()
    attempt = it.submit(lambda: 42)

    assert it.next_report() == (attempt, 42, None)
    assert it.reports.empty()


@pytest.mark.parametrize(
    "error", [SystemExit(3), KeyboardInterrupt(), GeneratorExit(), MemoryError(), ValueError("x")]
)
def test_whatever_a_job_raises_is_reported_and_its_thread_goes_on(bench, error):
    it = bench(1)

    def fail():
        raise error

    it.submit(fail)
    assert it.next_report()[2] is error

    it.submit(threading.get_ident)
    assert it.next_report()[1] is not None
    assert it.executor.status()["busy"] == 0


def test_attempts_go_on_side_by_side_up_to_the_slots(bench):
    it = bench(2)
    gates = [it.submit_gated()[1] for _ in range(2)]

    assert it.executor.free() == 0
    gates[0].set()
    it.next_report()
    assert it.executor.free() == 1
    gates[1].set()


def test_an_idle_thread_is_used_again(bench):
    it = bench(10)
    idents = set()
    for _ in range(20):
        it.submit(threading.get_ident)
        idents.add(it.next_report()[1])

    assert len(idents) == 1


def test_what_a_thread_is_given_while_it_reports_it_does_itself(bench):
    it = bench(2)
    told = it.executor._report

    def report(attempt, value, error):
        told(attempt, value, error)
        if value == "first":
            it.submit(lambda: threading.get_ident() == reporter)

    def first():
        nonlocal reporter
        reporter = threading.get_ident()
        return "first"

    reporter = None
    it.executor.start(report)
    it.submit(first)
    assert it.next_report()[1] == "first"
    assert it.next_report()[1] is True


def test_what_a_thread_takes_for_itself_holds_nothing_else_up(bench):
    it = bench(2)
    told, gate = it.executor._report, threading.Event()

    def report(attempt, value, error):
        told(attempt, value, error)
        if value == "first":
            elsewhere = threading.Thread(target=it.submit, args=[lambda: "second"])
            elsewhere.start()
            elsewhere.join()
            it.submit(lambda: gate.wait(LONG) and "gated")

    it.executor.start(report)
    it.submit(lambda: "first")
    assert [it.next_report()[1] for _ in range(2)] == ["first", "second"]
    gate.set()
    assert it.next_report()[1] == "gated"


def test_an_abandoned_attempt_gives_its_slot_to_a_fresh_thread(bench):
    it = bench(1)
    hung, gate = it.submit_gated()
    it.executor.abandon(hung)

    assert it.executor.status()["abandoned"] == 1
    assert it.executor.free() == 1
    fresh = it.submit(lambda: "fresh")
    assert it.next_report()[:2] == (fresh, "fresh")
    gate.set()
    assert it.next_report()[0] is hung
    assert it.executor.status()["abandoned"] == 0


def test_with_the_cap_of_abandoned_threads_nothing_starts_until_one_ends(bench):
    it = bench(4, max_abandoned=2)
    hung = [it.submit_gated() for _ in range(2)]
    for attempt, _ in hung:
        it.executor.abandon(attempt)

    assert it.executor.free() == 0
    hung[0][1].set()
    it.next_report()
    assert it.executor.free() == 4
    hung[1][1].set()


def test_abandoning_what_has_just_ended_frees_no_second_slot(bench):
    it = bench(1)
    attempt = it.submit(lambda: 1)
    it.next_report()
    it.executor.abandon(attempt)

    assert it.executor.free() == 1
    assert it.executor.status()["abandoned"] == 0


def test_an_abandoned_thread_ends_with_its_attempt(bench):
    it = bench(1)
    hung, gate = it.submit_gated()
    it.executor.abandon(hung)
    before = threading.active_count()
    gate.set()
    it.next_report()

    deadline = time.monotonic() + LONG
    while threading.active_count() >= before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert threading.active_count() < before


def test_shutdown_waits_for_what_goes_on_and_ends_the_threads(bench):
    it = bench(2)
    _, gate = it.submit_gated()
    threading.Timer(0.1, gate.set).start()

    assert it.executor.shutdown(LONG) is True
    assert it.next_report()[1] is True


def test_what_outlives_a_shutdown_is_abandoned_and_takes_no_slot_of_the_next_start(bench):
    it = bench(1)
    hung, gate = it.submit_gated()
    assert it.executor.shutdown(0.0) is False
    assert it.executor.status() == {"slots": 1, "busy": 0, "abandoned": 1, "max_abandoned": 10}

    second = it.submit(lambda: "second")
    assert it.next_report()[:2] == (second, "second")
    gate.set()
    assert it.next_report()[0] is hung
    assert it.executor.status()["abandoned"] == 0
    assert it.executor.free() == 1


def test_where_the_system_has_no_thread_left_the_attempt_fails(bench, monkeypatch):
    it = bench(1)

    def refuse(self):
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        attempt = it.submit(lambda: 1)
    reported, value, error = it.next_report()
    assert (reported, value, str(error)) == (attempt, None, "can't start new thread")
    assert it.executor.free() == 1

    it.submit(lambda: 2)
    assert it.next_report()[1] == 2


def test_an_idle_thread_keeps_no_result_alive(bench):
    import gc
    import weakref

    class Big:
        pass

    it = bench(1)
    it.submit(Big)
    result = weakref.ref(it.next_report()[1])
    it.submit(lambda: None)  # when it is reported, the thread has let go of the first
    it.next_report()
    gc.collect()
    assert result() is None


@pytest.mark.parametrize("arguments", [{"max_workers": 0}, {"max_abandoned": 0}])
def test_a_size_below_one_is_refused(arguments):
    with pytest.raises(PolicyError, match=next(iter(arguments))):
        ThreadExecutor(**arguments)


def test_what_waits_for_a_slot_goes_by_priority_then_fire_time_then_job():
    gate, begun, order = threading.Event(), threading.Event(), []
    scheduler = Scheduler(executor=ThreadExecutor(1))
    scheduler.add(lambda: (begun.set(), gate.wait(LONG)), id="first")
    now = datetime.now(UTC)
    for name, after, priority in [
        ("low", 0.05, -1),
        ("z", 0.10, 0),
        ("y", 0.15, 0),
        ("x", 0.15, 0),
        ("high", 0.20, 5),
    ]:
        fire = At(now + timedelta(seconds=0.2 + after))
        scheduler.add(order.append, fire, id=name, args=[name], priority=priority)
    with scheduler:
        scheduler.run_now("first")
        assert begun.wait(LONG)
        deadline = time.monotonic() + LONG
        while sum(run.phase == "waiting" for run in scheduler.runs()) < 5:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        gate.set()
        assert scheduler.wait_idle(LONG)
    assert order == ["high", "z", "x", "y", "low"]


def test_a_shutdown_ends_though_a_thread_could_not_be_started_meanwhile(bench):
    it = bench()
    attempt, gate = it.submit_gated()
    ending = threading.Thread(target=it.executor.shutdown, args=[None], daemon=True)
    ending.start()

    def none_left():
        gate.set()
        assert it.next_report()[0] is attempt  # the worker ends it just now
        raise RuntimeError("can't start new thread")

    it.executor._start_thread = none_left
    it.submit(lambda: "refused")
    assert isinstance(it.next_report()[2], RuntimeError)
    ending.join(LONG)
    assert not ending.is_alive()
