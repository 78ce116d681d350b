"""What goes to the asyncio executor, and what it makes of a stop; no loop of its own runs here."""

from __future__ import annotations

import asyncio
import threading
from datetime import timedelta
from functools import partial

import pytest

from cronkit import Outcome, Scheduler, current_run
from cronkit._cancel import CancelToken
from cronkit._coroutines import apart, run, sleep
from cronkit.errors import RunCancelledError, RunTimeoutError
from cronkit.executors import AsyncioExecutor, InlineExecutor, ThreadExecutor
from cronkit.executors._asyncio_loop import HostLoop
from cronkit.executors._stopped import stopped
from cronkit.jobs import Job, Rules, is_async
from cronkit.testing import FakeClock
from tests.attempts import FIRED, attempt_at


async def coroutine_function(value=None):
    return value


def plain_function(): ...


class AsyncObject:
    async def __call__(self): ...


class AsyncChild(AsyncObject): ...


class PlainObject:
    def __call__(self): ...


def attempt_with(*, timeout=None, reason=None):
    job = Job(id="job", func=plain_function, trigger=None, rules=Rules(timeout=timeout))
    attempt = attempt_at(job, FakeClock(FIRED))
    if reason is not None:
        attempt.token.set(reason)
    return attempt


@pytest.mark.parametrize(
    ("func", "expected"),
    [
        (coroutine_function, True),
        (partial(coroutine_function, 1), True),
        (AsyncObject(), True),
        (AsyncObject().__call__, True),
        (partial(AsyncObject()), True),
        (AsyncChild(), True),
        (plain_function, False),
        (partial(plain_function), False),
        (PlainObject(), False),
        (print, False),
        (AsyncObject, False),
    ],
)
def test_what_gives_a_coroutine_when_it_is_called(func, expected):
    assert is_async(func) is expected


@pytest.mark.parametrize(
    ("func", "executor", "expected"),
    [
        (coroutine_function, None, "asyncio"),
        (coroutine_function, "threads", "threads"),
        (plain_function, None, None),
        (plain_function, "threads", "threads"),
    ],
)
def test_where_a_job_runs(func, executor, expected):
    assert (
        Job(id="job", func=func, trigger=None, rules=Rules(executor=executor)).runs_on == expected
    )


def test_an_asyncio_executor_given_as_the_default_is_the_only_one():
    mine = AsyncioExecutor(7)
    scheduler = Scheduler(clock=FakeClock(), executor=mine)
    with scheduler:
        shown = scheduler.status().executors
    assert shown["default"]["slots"] == shown["asyncio"]["slots"] == 7


def test_an_asyncio_executor_given_by_name_takes_the_async_jobs():
    mine = AsyncioExecutor(7)
    scheduler = Scheduler(clock=FakeClock(), executors={"asyncio": mine})
    with scheduler:
        assert scheduler.status().executors["asyncio"]["slots"] == 7


def test_a_job_changes_places_with_its_executor():
    clock = FakeClock()
    scheduler = Scheduler(clock=clock, executors={"threads": ThreadExecutor()})
    scheduler.add(coroutine_function, id="job", args=[3])
    with scheduler:
        first = scheduler.run_now("job")
        clock.advance(1)
        scheduler.update("job", executor="threads")
        second = scheduler.run_now("job")
        clock.advance(1)
    assert (first.result(0), second.result(0)) == (3, 3)
    assert scheduler["job"].runs_on == "threads"


# --- what a stopped attempt is reported as -------------------------------------------------------

ERROR = ValueError("in the clean-up")


@pytest.mark.parametrize(
    ("reason", "error", "by_request", "expected"),
    [
        # reason     raised   by us    reported
        (None, None, False, ("value", None)),
        (None, ERROR, False, (None, ERROR)),
        ("by hand", None, False, ("value", None)),
        ("by hand", ERROR, False, (None, ERROR)),
        ("by hand", ERROR, True, (None, RunCancelledError)),
        ("timeout", None, False, (None, RunTimeoutError)),
        ("timeout", ERROR, False, (None, RunTimeoutError)),
        ("timeout", ERROR, True, (None, RunTimeoutError)),
    ],
)
def test_what_an_attempt_is_reported_as_by_how_it_ends(reason, error, by_request, expected):
    attempt = attempt_with(timeout=timedelta(seconds=1), reason=reason)
    value = "value" if error is None else None
    got_value, got_error = stopped(attempt, value, error, by_request=by_request)
    assert got_value == expected[0]
    if isinstance(expected[1], type):
        assert isinstance(got_error, expected[1])
        assert got_error.__cause__ is error
    else:
        assert got_error is expected[1]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (None, False),
        (ValueError(), False),
        (asyncio.CancelledError(), True),
        (RunCancelledError("job@1"), True),
        (ExceptionGroup("g", [RunCancelledError("job@1")]), True),
        (BaseExceptionGroup("g", [asyncio.CancelledError(), RunCancelledError("j")]), True),
        (ExceptionGroup("g", [RunCancelledError("job@1"), ValueError()]), False),
        (ExceptionGroup("g", [ExceptionGroup("h", [RunCancelledError("job@1")])]), True),
    ],
)
def test_what_is_a_cancellation(error, expected):
    assert HostLoop.is_cancellation(error) is expected


# --- the token, the sleep, two loops in one thread -----------------------------------------------


def test_a_token_set_before_the_sleep_ends_it_at_once():
    token = CancelToken()
    token.set("by hand")
    asyncio.run(asyncio.wait_for(sleep(600, token), 30))
    assert token.wakers == ()


def test_a_token_set_by_another_thread_ends_the_sleep():
    token = CancelToken()

    async def both():
        setter = threading.Thread(target=token.set, args=("by hand",))
        asyncio.get_running_loop().call_soon(setter.start)
        await asyncio.wait_for(sleep(600, token), 30)
        setter.join()

    asyncio.run(both())
    assert (token.reason, token.wakers) == ("by hand", ())


def test_the_first_reason_stays():
    token = CancelToken()
    token.set("by hand")
    token.set("timeout")
    assert token.reason == "by hand"


def test_a_coroutine_runs_to_its_end_with_and_without_a_loop_around_it():
    async def outer():
        return run(coroutine_function(2))

    assert run(coroutine_function(1)) == 1
    assert asyncio.run(outer()) == 2


def test_what_is_done_apart_raises_here():
    async def outer():
        return apart(lambda: 1 // 0)

    with pytest.raises(ZeroDivisionError):
        asyncio.run(outer())


def test_run_now_on_a_scheduler_that_is_not_started_works_in_a_running_loop():
    scheduler = Scheduler()

    @scheduler.job()
    async def job():
        return current_run().job_id

    async def host():
        return scheduler.run_now("job").result()

    assert scheduler.run_now("job").result() == "job"
    assert asyncio.run(host()) == "job"


def test_the_inline_executor_reports_what_a_coroutine_comes_to():
    reports = []
    executor = InlineExecutor()
    executor.start(lambda *report: reports.append(report))
    attempt = attempt_with()
    attempt.job = Job(id="job", func=coroutine_function, trigger=None, args=(5,))
    executor.submit(attempt)
    assert reports == [(attempt, 5, None)]


def test_a_fork_begins_anew():
    executor = AsyncioExecutor(2)
    executor.start(lambda *_: None)
    executor._going[attempt_with()] = None
    assert executor.free() == 1
    executor.after_fork()
    assert (executor.free(), executor.holds_caller()) == (2, False)


def test_a_timed_out_coroutine_is_retried_only_after_it_has_ended():
    clock = FakeClock()
    scheduler = Scheduler(clock=clock)

    @scheduler.job(timeout="10s", retry=3)
    async def job():
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            await asyncio.sleep(60)

    with scheduler:
        handle = scheduler.run_now("job")
        clock.advance("10m")
        record = handle.wait(0)
    assert (record.outcome, record.attempt, record.abandoned) == (Outcome.TIMED_OUT, 1, False)
