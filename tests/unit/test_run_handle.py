"""The handle of a run that was asked for: it waits, gives the result, cancels."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cronkit import Backoff, Every, current_run
from cronkit.errors import (
    DurationError,
    RunCancelledError,
    RunFailedError,
    RunInterruptedError,
    RunNotExecutedError,
    RunTimeoutError,
    StateError,
    WaitTimeoutError,
)
from cronkit.stores import MemoryStore
from tests.unit.noon import NOON


@pytest.fixture
def running(scheduler):
    with scheduler:
        yield scheduler


def test_waiting_lets_fake_time_pass_until_the_run_has_ended(running, clock):
    running.add(lambda: current_run().sleep("5m"), id="j")
    run = running.run_now("j").wait()
    assert (run.outcome, run.duration) == ("succeeded", timedelta(minutes=5))
    assert clock.now() == NOON + timedelta(minutes=5)


def test_a_wait_that_runs_out_gives_nothing_and_the_run_goes_on(running, clock):
    running.add(lambda: current_run().sleep("5m"), id="j")
    handle = running.run_now("j")
    assert handle.wait("1m") is None
    assert not handle.done
    with pytest.raises(WaitTimeoutError, match="60 s") as caught:
        handle.result(60)
    assert caught.value.run_id == handle.id
    assert caught.value.timeout_seconds == 60
    assert clock.now() == NOON + timedelta(minutes=2)
    assert handle.wait("1h").outcome == "succeeded"


def test_a_wait_of_zero_only_looks(running, clock):
    running.add(lambda: current_run().sleep("5m"), id="j")
    handle = running.run_now("j")
    assert handle.wait(0) is None
    assert clock.now() == NOON


@pytest.mark.parametrize("timeout", [-1, "soon", True, object()])
def test_a_bad_timeout_is_refused(running, timeout):
    running.add(lambda: current_run().sleep("5m"), id="j")
    handle = running.run_now("j")
    for call in (handle.wait, handle.result):
        with pytest.raises(DurationError, match="timeout"):
            call(timeout)


def test_the_result_is_what_the_function_returned(running):
    value = object()
    running.add(lambda: value, id="j")
    handle = running.run_now("j")
    assert handle.result() is value
    assert handle.result() is value


def test_the_result_of_what_raised_is_the_exception_itself(running):
    error = KeyboardInterrupt("at three in the morning")

    def fails():
        raise error

    running.add(fails, id="j")
    handle = running.run_now("j")
    with pytest.raises(KeyboardInterrupt) as caught:
        handle.result()
    assert caught.value is error
    assert handle.wait().outcome == "failed"


def test_the_result_of_a_timed_out_run_is_a_timeout(running):
    running.add(lambda: current_run().sleep("5m"), id="j", timeout="1m")
    handle = running.run_now("j")
    with pytest.raises(RunTimeoutError) as caught:
        handle.result()
    assert caught.value.timeout_seconds == 60
    assert isinstance(caught.value, TimeoutError)


def test_the_result_of_a_skipped_run_says_why(running, clock):
    running.add(lambda: current_run().sleep("5m"), id="j")
    running.run_now("j")
    clock.advance(0)
    with pytest.raises(RunNotExecutedError, match="overlap") as caught:
        running.run_now("j").result()
    assert (caught.value.outcome, caught.value.reason) == ("skipped", "overlap")


def test_the_result_of_a_cancelled_run_says_by_whom(running, clock):
    running.add(lambda: current_run().sleep("5m"), id="j", overlap="queue")
    going = running.run_now("j")
    clock.advance(0)
    waiting = running.run_now("j")
    for handle in (waiting, going):
        assert handle.cancel()
        with pytest.raises(RunCancelledError, match="by hand") as caught:
            handle.result()
        assert caught.value.reason == "by hand"


def test_the_result_of_an_interrupted_run_says_so(scheduler, clock):
    scheduler.add(lambda: current_run().sleep("5m"), id="j")
    scheduler.start()
    handle = scheduler.run_now("j")
    clock.advance(0)
    scheduler.shutdown(wait=False)
    with pytest.raises(RunInterruptedError, match="shutdown"):
        handle.result()


def test_a_run_of_another_scheduler_has_a_record_but_no_result(make, clock):
    store = MemoryStore()
    one, two = make(store=store), make(store=store)

    def work(*, fails):
        if fails:
            raise OSError("gone")
        return 42

    for each in (one, two):
        each.add(work, id="j", kwargs={"fails": False})
    with one, two:
        one.run_now("j", key="good").wait()
        one.run_now("j", key="bad", kwargs={"fails": True}).wait()
        good, bad = (two.run_now("j", key=key) for key in ("good", "bad"))
        assert good.wait().outcome == "succeeded"
        assert good.result() is None
        with pytest.raises(RunFailedError, match="gone"):
            bad.result()


def test_every_handle_of_a_run_gets_its_result(running, clock):
    running.add(lambda: current_run().sleep("1m") or 42, id="j")
    handles = [running.run_now("j", key="k") for _ in range(3)]
    clock.advance("1h")
    assert [handle.result() for handle in handles] == [42, 42, 42]


def test_the_record_outlives_its_row_in_the_store(running, clock):
    running.add(lambda: 42, id="j", keep_runs=1)
    first = running.run_now("j")
    clock.advance("1s")
    second = running.run_now("j")
    clock.advance("1s")
    assert running.runs("j") == [second.wait()]
    assert (first.wait().id, first.wait().outcome) == (first.id, "succeeded")
    assert first.result() == 42


# --- cancelling ---------------------------------------------------------------------------------


def test_a_run_that_goes_on_is_cancelled_where_it_looks(running, clock):
    seen = []

    def looks():
        run = current_run()
        try:
            run.sleep("5m")
        finally:
            seen.append((run.cancelled, clock.now() - NOON))

    running.add(looks, id="j")
    handle = running.run_now("j")
    clock.advance("1m")
    assert handle.cancel()
    assert handle.wait().outcome == "cancelled"
    assert handle.wait().reason == "by hand"
    assert seen == [(True, timedelta(minutes=1))]


def test_a_run_that_never_looks_ends_as_it_likes(running, clock):
    def stubborn():
        try:
            current_run().sleep("5m")
        except RunCancelledError:
            return "done all the same"

    running.add(stubborn, id="j")
    handle = running.run_now("j")
    clock.advance("1m")
    handle.cancel()
    assert handle.result() == "done all the same"
    assert handle.wait().outcome == "succeeded"


def test_what_fails_after_it_was_cancelled_is_not_tried_again(running, clock):
    def breaks():
        try:
            current_run().sleep("5m")
        except RunCancelledError:
            raise OSError("while cleaning up") from None

    running.add(breaks, id="j", retry=Backoff(attempts=5))
    handle = running.run_now("j")
    clock.advance("1m")
    handle.cancel()
    run = handle.wait()
    assert (run.outcome, run.attempt, run.error) == ("failed", 1, "while cleaning up")


def test_a_run_that_waits_for_a_retry_is_cancelled_at_once(running, clock):
    def fails():
        raise OSError

    running.add(fails, id="j", retry=Backoff(attempts=5, base="1m", jitter="none"))
    handle = running.run_now("j")
    clock.advance("1s")
    assert handle.cancel()
    assert handle.done
    assert (handle.wait().outcome, handle.wait().attempt) == ("cancelled", 1)
    clock.advance("1h")
    assert handle.wait().attempt == 1


def test_one_that_was_cancelled_and_still_goes_on_is_interrupted_by_a_stop(running, clock):
    running.add(lambda: current_run().sleep("5m"), id="j")
    handle = running.run_now("j")
    clock.advance("1m")
    assert handle.cancel()
    running.shutdown(wait=False)
    assert (handle.wait().outcome, handle.wait().reason) == ("interrupted", "shutdown")


def test_what_has_ended_cannot_be_cancelled(running, clock):
    running.add(lambda: 42, id="j")
    handle = running.run_now("j")
    clock.advance(0)
    assert not handle.cancel()
    assert handle.result() == 42


def test_a_run_may_be_cancelled_from_within_a_job(running, clock):
    running.add(lambda: current_run().sleep("5m"), id="long")
    handle = running.run_now("long")
    running.add(handle.cancel, Every("1m"), id="killer", max_runs=1)
    clock.advance("2m")
    assert handle.wait().ended_at == NOON + timedelta(minutes=1)


def test_cancelling_frees_what_waited(running, clock):
    running.add(lambda: current_run().sleep("5m"), id="j", overlap="queue")
    first = running.run_now("j")
    clock.advance("1m")
    second = running.run_now("j")
    first.cancel()
    clock.advance("1m")
    assert second.wait(0) is None
    assert running.status().runs_going_on == 1


# --- inside a job -------------------------------------------------------------------------------


def test_a_job_on_a_fake_clock_cannot_wait_for_another_run(running, clock):
    running.add(lambda: 42, id="other")

    def waits():
        running.run_now("other").wait()

    running.add(waits, id="j")
    handle = running.run_now("j")
    with pytest.raises(StateError, match="driven clock"):
        handle.result()


def test_a_handle_names_its_run(running):
    running.add(lambda: 42, id="j")
    handle = running.run_now("j")
    assert repr(handle) == f"<RunHandle {handle.id}>"
