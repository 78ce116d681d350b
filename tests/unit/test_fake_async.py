"""`async def` jobs on a fake clock: their sleeps, their order, their ends."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from datetime import timedelta

import pytest

from cronkit import Backoff, Outcome, Scheduler, current_run
from cronkit.errors import FakeClockStalled, StateError
from cronkit.executors import AsyncioExecutor, ThreadExecutor
from cronkit.jobs import RunSucceeded, SchedulerStopped
from cronkit.testing import FakeClock

START = "2026-01-01T00:00:00+00:00"


@pytest.fixture
def clock():
    return FakeClock(START)


@pytest.fixture
def scheduler(clock):
    made = Scheduler(clock=clock)
    with made:
        yield made


def since_start(clock):
    return (clock.now() - FakeClock(START).now()).total_seconds()


def test_asyncio_sleep_sleeps_in_fake_time(clock, scheduler):
    woken = []

    @scheduler.every("1h")
    async def job():
        await asyncio.sleep(90)
        woken.append(since_start(clock))

    clock.advance("2h30m")
    assert woken == [3690, 7290]
    assert [each.duration for each in scheduler.runs()] == [timedelta(seconds=90)] * 2


def test_advance_returns_while_a_coroutine_sleeps_beyond_it(clock, scheduler):
    @scheduler.at("2026-01-01T00:00:10")
    async def job():
        await asyncio.sleep(3600)

    clock.advance("1m")
    assert scheduler.status().runs_going_on == 1
    clock.advance("1h")
    assert [each.outcome for each in scheduler.runs()] == [Outcome.SUCCEEDED]


def test_coroutines_and_plain_functions_interleave_in_one_order(clock, scheduler):
    trace = []

    def note(name):
        trace.append((name, since_start(clock)))

    async def coroutine(name, length):
        note(f"{name} begins")
        await asyncio.sleep(length)
        note(f"{name} ends")

    def function():
        note("plain begins")
        current_run().sleep(2)
        note("plain ends")

    at = "2026-01-01T00:00:01"
    scheduler.at(at, id="b", args=["b", 1])(coroutine)
    scheduler.at(at, id="a", args=["a", 3])(coroutine)
    scheduler.at(at, id="ab")(function)
    scheduler.at(at, id="urgent", args=["urgent", 0], priority=1)(coroutine)
    clock.advance(10)
    assert trace == [
        ("urgent begins", 1),
        ("urgent ends", 1),
        ("a begins", 1),
        ("plain begins", 1),
        ("b begins", 1),
        ("b ends", 2),
        ("plain ends", 3),
        ("a ends", 4),
    ]


def test_the_same_program_gives_the_same_trace_every_time():
    def trace():
        clock, seen = FakeClock(START), []
        scheduler = Scheduler(clock=clock)

        async def job(period):
            for _ in range(3):
                await current_run().asleep(period)
                seen.append((current_run().id, since_start(clock)))

        for number, period in enumerate([0.1, 0.3, 0.7, 1.1]):
            scheduler.every("5s", id=f"j{number}", args=[period], overlap="allow")(job)
        with scheduler:
            clock.advance("1m")
        return seen

    first = trace()
    assert len(first) > 100
    assert trace() == trace() == first


def test_timers_stay_exact_after_a_year_of_fake_time(clock, scheduler):
    woken = []

    async def job():
        for _ in range(100):
            await asyncio.sleep(0.1)
        woken.append(clock.now().isoformat())

    clock.advance("365d")
    scheduler.add(job)
    scheduler.run_now("job")
    clock.advance("1m")
    assert woken == ["2027-01-01T00:00:10+00:00"]


def test_a_sleep_of_weeks_needs_no_steps_between(clock, scheduler):
    @scheduler.job()
    async def job():
        await asyncio.sleep(timedelta(weeks=3).total_seconds())

    handle = scheduler.run_now("job")
    clock.advance("22d")
    assert handle.wait(0).duration == timedelta(weeks=3)


def test_a_timeout_cancels_at_its_very_instant(clock, scheduler):
    ended = []

    @scheduler.job(timeout="30s")
    async def job():
        try:
            await asyncio.sleep(3600)
        finally:
            ended.append(since_start(clock))

    handle = scheduler.run_now("job")
    clock.advance("1m")
    assert handle.wait(0).outcome is Outcome.TIMED_OUT
    assert ended == [30]


def test_a_timed_out_coroutine_is_tried_again(clock, scheduler):
    @scheduler.job(timeout="10s", retry=Backoff(attempts=3, base="5s", jitter="none"))
    async def job():
        if current_run().attempt < 3:
            await asyncio.sleep(3600)

    handle = scheduler.run_now("job")
    clock.advance("5m")
    record = handle.wait(0)
    assert (record.outcome, record.attempt) == (Outcome.SUCCEEDED, 3)
    assert record.duration == timedelta(seconds=10 + 5 + 10 + 10)


def test_a_coroutine_that_swallows_its_cancellation_is_abandoned_in_fake_time(clock, scheduler):
    @scheduler.job(timeout="10s")
    async def job():
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(3600)
        await asyncio.sleep(60)

    handle = scheduler.run_now("job")
    clock.advance("20s")
    record = handle.wait(0)
    assert (record.outcome, record.abandoned) == (Outcome.TIMED_OUT, True)
    assert record.duration == timedelta(seconds=15)
    clock.advance("1m")
    assert scheduler.status().abandoned == 0


def test_cancel_wakes_a_coroutine_at_once(clock, scheduler):
    @scheduler.job()
    async def job():
        await current_run().asleep("1d")

    handle = scheduler.run_now("job")
    clock.advance("1m")
    handle.cancel()
    clock.advance(0)
    assert handle.wait(0).outcome is Outcome.CANCELLED


def test_a_plain_job_may_cancel_an_async_one(clock, scheduler):
    @scheduler.job()
    async def job():
        await asyncio.sleep(3600)

    handle = scheduler.run_now("job")

    @scheduler.at("2026-01-01T00:00:30")
    def stop():
        handle.cancel()

    clock.advance("1m")
    assert handle.wait(0).duration == timedelta(seconds=30)


def test_no_more_coroutines_go_on_than_there_are_slots(clock):
    scheduler = Scheduler(clock=clock, executors={"asyncio": AsyncioExecutor(2)})
    going = most = 0

    @scheduler.job(overlap="allow")
    async def job():
        nonlocal going, most
        going += 1
        most = max(most, going)
        await asyncio.sleep(1)
        going -= 1

    with scheduler:
        handles = [scheduler.run_now("job") for _ in range(6)]
        clock.advance("1m")
        assert {each.wait(0).outcome for each in handles} == {Outcome.SUCCEEDED}
    assert most == 2


def test_coroutines_talk_to_each_other_on_the_one_loop(clock, scheduler):
    shared = []

    async def consumer():
        queue = asyncio.Queue()
        shared.append(queue)
        return await queue.get(), since_start(clock)

    async def producer():
        await asyncio.sleep(5)
        shared[0].put_nowait("sent")

    scheduler.add(consumer)
    scheduler.add(producer)
    got = scheduler.run_now("consumer")
    scheduler.run_now("producer")
    clock.advance("1m")
    assert got.result(0) == ("sent", 5)


def test_asyncio_timeout_counts_in_fake_time(clock, scheduler):
    @scheduler.job()
    async def job():
        with suppress(TimeoutError):
            async with asyncio.timeout(7):
                await asyncio.Event().wait()
        return since_start(clock)

    handle = scheduler.run_now("job")
    clock.advance("1m")
    assert handle.result(0) == 7


def test_time_stands_still_for_a_thread_that_a_coroutine_starts(clock, scheduler):
    @scheduler.job()
    async def job():
        return await asyncio.to_thread(threading.get_ident), since_start(clock)

    handle = scheduler.run_now("job")
    clock.advance("1m")
    thread, when = handle.result(0)
    assert thread != threading.get_ident()
    assert when == 0


def test_a_thread_that_does_not_come_back_stalls_the_clock():
    clock = FakeClock(patience=0.05)
    scheduler, enough = Scheduler(clock=clock), threading.Event()

    @scheduler.job()
    async def job():
        await asyncio.to_thread(enough.wait)

    scheduler.start()
    scheduler.run_now("job")
    with pytest.raises(FakeClockStalled, match="thread"):
        clock.advance("1m")
    enough.set()
    clock.advance("1m")
    scheduler.shutdown()


def test_an_async_job_that_was_sent_to_threads_sleeps_in_fake_time_too(clock):
    scheduler = Scheduler(clock=clock, executors={"threads": ThreadExecutor()})

    @scheduler.job(executor="threads")
    async def job():
        await asyncio.sleep(90)
        return since_start(clock)

    with scheduler:
        handle = scheduler.run_now("job")
        clock.advance("1m")
        assert not handle.done
        clock.advance("1m")
        assert handle.result(0) == 90


def test_the_blocking_sleep_is_refused_in_a_coroutine(clock, scheduler):
    @scheduler.job()
    async def job():
        current_run().sleep(1)

    handle = scheduler.run_now("job")
    clock.advance(0)
    with pytest.raises(StateError, match="asleep"):
        handle.result(0)


def test_async_hooks_run_in_fake_time(clock, scheduler):
    heard = []

    @scheduler.on(RunSucceeded)
    async def hook(event):
        heard.append((event.run.job_id, since_start(clock)))
        await asyncio.sleep(10)
        heard.append(("later", since_start(clock)))

    scheduler.add(print, id="job")
    scheduler.run_now("job")
    clock.advance("1m")
    assert heard == [("job", 0), ("later", 10)]


def test_a_hook_that_raises_is_counted(clock, scheduler):
    @scheduler.on(RunSucceeded)
    async def hook(event):
        raise ValueError

    scheduler.add(print, id="job")
    scheduler.run_now("job")
    clock.advance(0)
    assert scheduler.status().hooks_failed == 1


def test_whatever_a_coroutine_raises_fails_its_run_alone(clock, scheduler):
    async def job(error):
        raise error

    async def parent():
        with suppress(SystemExit):
            await asyncio.create_task(job(SystemExit(3)))
        return "still here"

    scheduler.add(job, args=[None])
    scheduler.add(parent)
    for error in (SystemExit(3), KeyboardInterrupt(), GeneratorExit(), MemoryError()):
        handle = scheduler.run_now("job", args=[error])
        clock.advance(1)
        assert handle.wait(0).outcome is Outcome.FAILED
    handle = scheduler.run_now("parent")
    clock.advance(1)
    assert handle.result(0) == "still here"


def test_shutdown_ends_what_goes_on_and_closes_the_loop(clock):
    scheduler, closed = Scheduler(clock=clock), []

    @scheduler.job()
    async def job():
        try:
            await asyncio.Event().wait()
        finally:
            closed.append(asyncio.get_running_loop())

    scheduler.start()
    handle = scheduler.run_now("job")
    clock.advance("1m")
    scheduler.shutdown(wait=False)
    assert handle.wait(0).outcome is Outcome.INTERRUPTED
    assert [each.is_closed() for each in closed] == [True]


def test_a_coroutine_may_shut_its_scheduler_down(clock):
    scheduler, seen = Scheduler(clock=clock), []

    @scheduler.on(SchedulerStopped)
    async def hook(event):
        seen.append(event.log_name)

    @scheduler.job()
    async def job():
        seen.append(asyncio.get_running_loop())
        scheduler.shutdown()

    scheduler.start()
    handle = scheduler.run_now("job")
    clock.advance("1m")
    assert handle.wait(0).outcome is Outcome.INTERRUPTED
    assert seen[0].is_closed()
    assert seen[1:] == ["scheduler.stopped"]


def test_shutdown_cancels_in_the_same_order_every_time(clock):
    cancelled = []

    async def job():
        try:
            await asyncio.sleep(3600)
        finally:
            cancelled.append(current_run().job_id)

    scheduler = Scheduler(clock=clock)
    for number in range(20):
        scheduler.every("1m", id=f"job{number}")(job)
    scheduler.start()
    clock.advance("1m")
    scheduler.shutdown(wait=False)
    assert cancelled == [f"job{number}" for number in range(20)]


def test_shutdown_waits_in_fake_time(clock):
    scheduler = Scheduler(clock=clock)

    @scheduler.job()
    async def job():
        await asyncio.sleep(3600)

    with scheduler:
        handle = scheduler.run_now("job")
        clock.advance(0)
    assert handle.wait(0).outcome is Outcome.SUCCEEDED
    assert since_start(clock) == 3600


def test_two_schedulers_of_one_clock_keep_their_loops_apart(clock):
    loops, schedulers = set(), [Scheduler(clock=clock), Scheduler(clock=clock)]

    async def job():
        await asyncio.sleep(1)
        loops.add(asyncio.get_running_loop())

    for each in schedulers:
        each.at("2026-01-01T00:00:10", id="job")(job)
    with schedulers[0], schedulers[1]:
        clock.advance("1m")
        assert [len(each.runs()) for each in schedulers] == [1, 1]
    assert len(loops) == 2


def test_advance_async_lets_the_host_go_on():
    async def test():
        clock, seen = FakeClock(START), []
        scheduler = Scheduler(clock=clock)
        turns = 0

        @scheduler.every("10m")
        async def job():
            await asyncio.sleep(30)
            seen.append(since_start(clock))

        async def host():
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        async with scheduler:
            beside = asyncio.create_task(host())
            await clock.advance_async("1h")
            beside.cancel()
        return seen, turns

    seen, turns = asyncio.run(test())
    assert seen == [*range(630, 3631, 600)]
    assert turns > 0


def test_plain_advance_works_inside_a_running_loop_as_well():
    async def test():
        clock = FakeClock(START)
        scheduler = Scheduler(clock=clock)

        @scheduler.job()
        async def job():
            await asyncio.sleep(30)
            return since_start(clock)

        async with scheduler:
            handle = scheduler.run_now("job")
            clock.advance("1m")
            return handle.result(0)

    assert asyncio.run(test()) == 30


def test_advance_async_refuses_while_time_passes():
    async def test():
        clock = FakeClock(START)
        scheduler = Scheduler(clock=clock)
        entered, enough = threading.Event(), threading.Event()

        @scheduler.job()
        def job():
            entered.set()
            enough.wait(30)

        async with scheduler:
            scheduler.run_now("job")
            first = asyncio.create_task(clock.advance_async(1))
            await asyncio.to_thread(entered.wait, 30)
            with pytest.raises(StateError, match="time passes already"):
                await clock.advance_async(1)
            enough.set()
            await first

    asyncio.run(test())


def test_a_day_of_a_minutely_coroutine_needs_no_thread(clock, scheduler):
    threads = set()

    @scheduler.every("1m")
    async def job():
        threads.add(threading.get_ident())

    clock.advance("1d")
    assert threads == {threading.get_ident()}
    assert len(scheduler.runs(outcome="succeeded")) == 100


# --- awaiting a handle ---------------------------------------------------------------------------


def test_a_coroutine_awaits_another_run_in_fake_time(clock, scheduler):
    @scheduler.job()
    async def long():
        await asyncio.sleep(3600)
        return 42

    @scheduler.job()
    async def asks():
        return await scheduler.run_now("long"), clock.now()

    result, when = scheduler.run_now("asks").result()
    assert result == 42
    assert since_start(clock) == 3600
    assert when == clock.now()


def test_the_host_of_an_async_test_awaits_a_run_while_it_moves_the_clock():
    async def test():
        clock = FakeClock()
        scheduler = Scheduler(clock=clock)
        scheduler.add(lambda: current_run().sleep("10m"), id="job")
        async with scheduler, asyncio.timeout(30):
            handle = scheduler.run_now("job")
            waits = asyncio.ensure_future(asyncio.wait_for(handle, 30))
            await clock.advance_async("5m")
            assert not waits.done()
            await clock.advance_async("5m")
            await waits
            return handle.wait(0).outcome

    assert asyncio.run(test()) == "succeeded"
