"""`async def` jobs on a real loop: outcomes, limits, hostile coroutines, the host's loop."""

from __future__ import annotations

import asyncio
import gc
import queue
import subprocess
import sys
import threading
from contextlib import suppress
from functools import partial

import pytest

from cronkit import Backoff, Outcome, Scheduler, current_run
from cronkit.errors import (
    NotCallableError,
    PolicyError,
    RunCancelledError,
    RunFailedError,
    StateError,
)
from cronkit.executors import AsyncioExecutor, ThreadExecutor
from cronkit.jobs import RunSucceeded

pytestmark = pytest.mark.system

LONG = 600.0


@pytest.fixture
def scheduler():
    made = Scheduler()
    with made:
        yield made


def run(scheduler, func, *args, **policies):
    """Add a function, run it once, and return its record."""
    scheduler.add(func, id="job", replace=True, **policies)
    return scheduler.run_now("job", args=args).wait(30)


def test_an_async_function_runs_without_being_told_where(scheduler):
    async def job():
        await asyncio.sleep(0)
        return threading.current_thread().name, current_run().job_id

    scheduler.add(job)
    thread, job_id = scheduler.run_now("job").result(30)
    assert thread.startswith("cronkit-asyncio-")
    assert job_id == "job"


class Caller:
    async def __call__(self):
        return threading.current_thread().name


async def add(left, right):
    return left + right


def test_objects_and_partials_of_async_functions_are_known_for_what_they_are(scheduler):
    scheduler.add(Caller(), id="object")
    scheduler.add(partial(add, 1), id="partial")
    assert scheduler["object"].runs_on == scheduler["partial"].runs_on == "asyncio"
    assert scheduler.run_now("object").result(30).startswith("cronkit-asyncio-")
    assert scheduler.run_now("partial", args=[2]).result(30) == 3


def test_a_plain_function_is_refused_when_it_is_added(scheduler):
    with pytest.raises(NotCallableError, match="async def"):
        scheduler.add(print, executor="asyncio", id="plain")
    assert "plain" not in scheduler


def test_a_job_may_be_sent_to_a_thread_all_the_same(scheduler):
    other = Scheduler(executors={"threads": ThreadExecutor(1)})

    async def job():
        return threading.current_thread().name

    other.add(job, executor="threads")
    with other:
        assert other.run_now("job").result(30).startswith("cronkit-worker-")


def test_the_run_is_known_in_tasks_and_threads_that_the_job_starts(scheduler):
    async def part():
        return current_run().id

    async def job():
        task = asyncio.create_task(part())
        return await task, await asyncio.to_thread(lambda: current_run().id)

    scheduler.add(job)
    handle = scheduler.run_now("job")
    assert handle.result(30) == (handle.id, handle.id)


def test_a_timeout_cancels_and_really_ends(scheduler):
    ended = threading.Event()

    async def job():
        try:
            await asyncio.sleep(LONG)
        finally:
            ended.set()

    record = run(scheduler, job, timeout=0.05)
    assert record.outcome is Outcome.TIMED_OUT
    assert ended.is_set()
    assert not record.abandoned
    assert scheduler.status().abandoned == 0


def test_a_timed_out_attempt_is_tried_again_because_it_has_ended(scheduler):
    async def job():
        if current_run().attempt == 1:
            await asyncio.sleep(LONG)

    record = run(scheduler, job, timeout=0.05, retry=Backoff(attempts=2, base=0))
    assert (record.outcome, record.attempt) == (Outcome.SUCCEEDED, 2)


def test_a_result_after_the_timeout_is_late(scheduler):
    async def job():
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(LONG)
        return "late"

    assert run(scheduler, job, timeout=0.05).outcome is Outcome.TIMED_OUT


def test_cancel_ends_a_sleep_and_the_run(scheduler):
    started = threading.Event()

    async def job():
        started.set()
        await current_run().asleep(LONG)

    scheduler.add(job)
    handle = scheduler.run_now("job")
    assert started.wait(30)
    assert handle.cancel()
    record = handle.wait(30)
    assert (record.outcome, record.reason) == (Outcome.CANCELLED, "by hand")
    with pytest.raises(RunCancelledError):
        handle.result(30)


def test_asleep_wakes_in_a_task_that_the_job_has_started(scheduler):
    started = threading.Event()
    woken = []

    async def part():
        started.set()
        try:
            await current_run().asleep(LONG)
        except RunCancelledError as error:
            woken.append(error.reason)

    async def job():
        task = asyncio.create_task(part())
        with suppress(asyncio.CancelledError):
            await asyncio.shield(task)
        await task

    scheduler.add(job)
    handle = scheduler.run_now("job")
    assert started.wait(30)
    handle.cancel()
    assert handle.wait(30).outcome is Outcome.SUCCEEDED
    assert woken == ["by hand"]


def test_a_task_group_that_is_cancelled_counts_as_cancelled(scheduler):
    started = threading.Event()

    async def job():
        async with asyncio.TaskGroup() as group:
            group.create_task(asyncio.sleep(LONG))
            started.set()
            await current_run().asleep(LONG)

    scheduler.add(job)
    handle = scheduler.run_now("job")
    assert started.wait(30)
    handle.cancel()
    assert handle.wait(30).outcome is Outcome.CANCELLED


def test_asleep_of_a_full_length_returns(scheduler):
    async def job():
        await current_run().asleep("1ms")
        return "awake"

    scheduler.add(job)
    assert scheduler.run_now("job").result(30) == "awake"


def test_the_blocking_sleep_is_refused_in_a_coroutine_and_works_in_its_threads(scheduler):
    async def blocks():
        current_run().sleep(LONG)

    async def apart():
        await asyncio.to_thread(lambda: current_run().sleep("1ms"))

    scheduler.add(blocks)
    with pytest.raises(StateError, match="asleep"):
        scheduler.run_now("blocks").result(30)
    assert run(scheduler, apart).outcome is Outcome.SUCCEEDED


@pytest.mark.parametrize(
    "error", [SystemExit(3), KeyboardInterrupt(), GeneratorExit(), MemoryError(), RecursionError()]
)
def test_whatever_a_coroutine_raises_fails_its_run_alone(scheduler, error):
    async def job():
        raise error

    assert run(scheduler, job).outcome is Outcome.FAILED
    assert run(scheduler, add, 1, 2).outcome is Outcome.SUCCEEDED


def test_a_task_that_raises_system_exit_does_not_take_the_loop_along(scheduler):
    async def part():
        raise SystemExit(3)

    async def job():
        task = asyncio.create_task(part())
        with suppress(SystemExit):
            await task
        return "still here"

    scheduler.add(job)
    assert scheduler.run_now("job").result(30) == "still here"


def test_no_more_go_on_at_once_than_there_are_slots():
    scheduler = Scheduler(executors={"asyncio": AsyncioExecutor(max_concurrent=2)})
    gates = [threading.Event() for _ in range(6)]
    begun: queue.SimpleQueue[int] = queue.SimpleQueue()
    going = most = 0

    async def job(number):
        nonlocal going, most
        going += 1
        most = max(most, going)
        begun.put(number)
        await asyncio.to_thread(gates[number].wait, 30)
        going -= 1

    scheduler.add(job, overlap="allow")
    with scheduler:
        handles = [scheduler.run_now("job", args=[number]) for number in range(6)]
        for number in range(6):  # a slot becomes free while the other stays taken
            assert begun.get(timeout=30) == number
            if number:
                gates[number - 1].set()
        gates[-1].set()
        assert {each.wait(30).outcome for each in handles} == {Outcome.SUCCEEDED}
        assert scheduler.status().executors["asyncio"]["slots"] == 2
    assert most == 2


@pytest.mark.parametrize("bad", [0, -1, True, 1.5, "9"])
def test_a_bad_number_of_slots_is_refused(bad):
    with pytest.raises(PolicyError, match="max_concurrent"):
        AsyncioExecutor(bad)


def test_shutdown_cancels_what_still_goes_on_and_closes_the_generators():
    closed = threading.Event()
    started = threading.Event()

    async def numbers():
        try:
            while True:
                yield 1
        finally:
            closed.set()

    kept = []

    async def job():
        kept.append(numbers())
        async for _ in kept[0]:
            started.set()
            await asyncio.sleep(LONG)

    scheduler = Scheduler()
    scheduler.add(job)
    scheduler.start()
    handle = scheduler.run_now("job")
    assert started.wait(30)
    scheduler.shutdown(wait=False)
    assert handle.wait(30).outcome is Outcome.INTERRUPTED
    assert closed.is_set()
    assert not [each for each in threading.enumerate() if each.name.startswith("cronkit-asyncio")]


def test_a_coroutine_that_swallows_cancellations_does_not_hang_shutdown():
    started, enough = threading.Event(), threading.Event()

    async def job():
        started.set()
        while not enough.is_set():
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(0.05)

    scheduler = Scheduler()
    scheduler.add(job)
    scheduler.start()
    handle = scheduler.run_now("job")
    assert started.wait(30)
    scheduler.shutdown(wait=False)
    assert handle.wait(30).outcome is Outcome.INTERRUPTED
    enough.set()
    for thread in threading.enumerate():
        if thread.name.startswith("cronkit-asyncio"):
            thread.join(30)
            assert not thread.is_alive()
    gc.collect()


def test_a_coroutine_that_blocks_the_loop_is_abandoned_and_others_go_on(scheduler):
    enough = threading.Event()

    async def blocker():
        enough.wait(LONG)

    record = run(scheduler, blocker, timeout=0.05)
    assert (record.outcome, record.abandoned) == (Outcome.TIMED_OUT, True)
    assert scheduler.status().executors["asyncio"]["abandoned"] == 1
    scheduler.add(add, id="other")
    assert scheduler.run_now("other", args=[1, 2]).result(30) == 3
    enough.set()
    assert scheduler.wait_idle(30)


def test_async_hooks_run_on_the_loop_of_the_jobs(scheduler):
    threads, heard = set(), threading.Event()

    async def job():
        threads.add(threading.current_thread().name)

    @scheduler.on(RunSucceeded)
    async def hook(event):
        await asyncio.sleep(0)
        threads.add(threading.current_thread().name)
        heard.set()

    run(scheduler, job)
    assert heard.wait(30)
    assert len(threads) == 1


def test_started_with_async_with_the_jobs_run_on_the_hosts_loop():
    async def host():
        here = asyncio.get_running_loop()
        scheduler = Scheduler()

        @scheduler.job()
        async def job():
            return asyncio.get_running_loop() is here

        async with scheduler:
            handle = scheduler.run_now("job")
            return await asyncio.to_thread(handle.result, 30)

    assert asyncio.run(host())


def test_leaving_the_block_waits_for_runs_on_the_hosts_loop():
    async def host():
        scheduler = Scheduler()
        entered = asyncio.Event()

        @scheduler.job()
        async def job():
            entered.set()
            await asyncio.sleep(0.05)

        async with scheduler:
            handle = scheduler.run_now("job")
            await entered.wait()
        return handle.wait(0)

    assert asyncio.run(host()).outcome is Outcome.SUCCEEDED


def test_after_a_host_has_gone_the_scheduler_starts_again_on_its_own_loop():
    scheduler = Scheduler()

    @scheduler.job()
    async def job():
        return threading.current_thread().name

    async def host():
        async with scheduler:
            await asyncio.to_thread(scheduler.run_now("job").wait, 30)

    asyncio.run(host())
    with scheduler:
        assert scheduler.run_now("job").result(30).startswith("cronkit-asyncio-")


def test_a_host_that_closes_its_loop_fails_the_runs_instead_of_losing_them():
    scheduler = Scheduler()

    @scheduler.job()
    async def job(): ...

    async def host():
        await scheduler.__aenter__()

    asyncio.run(host())
    with pytest.raises(RuntimeError, match="closed"):
        scheduler.run_now("job").result(30)
    scheduler.shutdown()


def test_shutdown_called_in_a_coroutine_does_not_wait_for_the_loop_it_holds_up():
    scheduler = Scheduler()
    started, done = threading.Event(), threading.Event()

    @scheduler.job()
    async def other():
        started.set()
        await asyncio.sleep(LONG)

    @scheduler.job()
    async def closer():
        scheduler.shutdown()
        done.set()

    scheduler.start()
    handle = scheduler.run_now("other")
    assert started.wait(30)
    scheduler.run_now("closer")
    assert done.wait(30)
    assert handle.wait(30).outcome is Outcome.INTERRUPTED


def test_a_program_without_async_jobs_does_not_import_asyncio():
    code = (
        "import sys; from cronkit import Scheduler; s = Scheduler()\n"
        "s.add(print, id='p')\n"
        "with s: s.run_now('p').wait(30)\n"
        "sys.exit('asyncio' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0


# --- waiting for a run in a coroutine ------------------------------------------------------------


async def forty_two():
    await asyncio.sleep(0.01)
    return 42


def hosted(scheduler, main):
    """Run a coroutine function inside of ``async with scheduler``."""

    async def host():
        async with scheduler, asyncio.timeout(30):
            return await main()

    return asyncio.run(host())


@pytest.mark.parametrize("call", ["wait", "result"])
def test_a_blocking_wait_on_the_loop_that_the_run_needs_is_refused(call):
    scheduler = Scheduler()
    scheduler.add(forty_two)

    async def main():
        handle = scheduler.run_now("forty_two")
        with pytest.raises(StateError, match="hold up the event loop of the async jobs; await"):
            getattr(handle, call)()
        with pytest.raises(StateError, match="hold up"):
            getattr(handle, call)("5s")
        assert handle.wait(0) is None
        assert await handle == 42
        return handle.result()

    assert hosted(scheduler, main) == 42


def test_waiting_for_idleness_on_the_loop_that_the_runs_need_is_refused():
    scheduler = Scheduler()
    scheduler.add(forty_two)

    async def main():
        handle = scheduler.run_now("forty_two")
        with pytest.raises(StateError, match=r"to_thread\(scheduler.wait_idle\)"):
            scheduler.wait_idle()
        assert not scheduler.wait_idle(0)
        await handle
        assert await asyncio.to_thread(scheduler.wait_idle, 30)
        return scheduler.wait_idle()

    assert hosted(scheduler, main) is True


def test_awaiting_a_handle_lets_the_loop_go_on():
    scheduler = Scheduler()
    scheduler.add(forty_two)
    scheduler.add(lambda: threading.Event().wait(0.05), id="plain")

    async def main():
        turns = 0

        async def turn():
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0.001)

        background = asyncio.create_task(turn())
        handles = [scheduler.run_now("forty_two"), scheduler.run_now("plain")]
        results = await asyncio.gather(*handles, handles[0])
        background.cancel()
        assert turns > 3
        return results

    assert hosted(scheduler, main) == [42, False, 42]


def test_awaiting_a_handle_raises_what_the_job_raised():
    scheduler = Scheduler()

    @scheduler.job()
    async def fails():
        raise ValueError("boom")

    async def main():
        with pytest.raises(ValueError, match="boom"):
            await scheduler.run_now("fails")

    hosted(scheduler, main)


def test_a_job_that_cancels_itself_does_not_cancel_who_awaits_it():
    scheduler = Scheduler()

    @scheduler.job()
    async def cancels_itself():
        asyncio.current_task().cancel()
        await asyncio.sleep(0)

    async def main():
        with pytest.raises(RunFailedError, match="cancelled itself"):
            await scheduler.run_now("cancels_itself")
        return scheduler.runs()[0].outcome

    assert hosted(scheduler, main) is Outcome.FAILED


def test_a_wait_that_is_given_up_leaves_the_run_and_the_handle_as_they_are():
    scheduler = Scheduler()
    go_on = asyncio.Event()

    @scheduler.job()
    async def waits():
        await go_on.wait()
        return "went on"

    async def main():
        handle = scheduler.run_now("waits")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(handle, 0.05)
        assert handle.wakers == []
        go_on.set()
        return await handle

    assert hosted(scheduler, main) == "went on"


def test_an_async_job_may_await_the_run_of_another(scheduler):
    scheduler.add(forty_two)

    @scheduler.job()
    async def asks():
        return await scheduler.run_now("forty_two")

    assert scheduler.run_now("asks").result(30) == 42


def test_a_run_cannot_wait_for_its_own_end(scheduler):
    @scheduler.job()
    async def awaits():
        return await scheduler.run_now("awaits", key="the same run")

    @scheduler.job()
    def waits():
        return scheduler.run_now("waits", key="the other").result()

    for name, key in (("awaits", "the same run"), ("waits", "the other")):
        with pytest.raises(StateError, match=f"run {name}@.* would wait for its own end"):
            scheduler.run_now(name, key=key).result(30)


def test_a_run_that_ends_in_another_scheduler_is_awaited_too(tmp_path):
    from cronkit.stores import SQLiteStore

    async def main():
        first = Scheduler(store=SQLiteStore(tmp_path / "state.db"), executor=ThreadExecutor(1))
        other = Scheduler(store=SQLiteStore(tmp_path / "state.db"))
        for each in (first, other):
            each.add(lambda: threading.Event().wait(0.05), id="job", overlap="allow")
        async with first, other, asyncio.timeout(30):
            # One slot here: the other one takes some of them, and their values stay there.
            handles = [first.run_now("job") for _ in range(8)]
            results = await asyncio.gather(*handles)
        owners = {each.owner for each in first.runs("job")}
        return results, owners

    results, owners = asyncio.run(main())
    assert set(results) <= {False, None}
    assert len(owners) == 2


def test_a_sleep_on_a_loop_that_its_host_has_closed_ends_with_its_timeout():
    scheduler = Scheduler()
    asleep = threading.Event()

    @scheduler.job(timeout="300ms")
    async def sleeps():
        asleep.set()
        await current_run().asleep(LONG)

    loop = asyncio.new_event_loop()
    loop.run_until_complete(scheduler.__aenter__())
    handle = scheduler.run_now("sleeps")
    while not asleep.is_set():
        loop.run_until_complete(asyncio.sleep(0.01))
    tasks = asyncio.all_tasks(loop)
    loop.close()  # with a task that has not ended: rude, and it happens
    with pytest.raises(RuntimeError, match="closed"):
        handle.result(10)
    assert scheduler.status().loop_failures == 0
    scheduler.shutdown()
    for each in tasks:
        each.get_coro().close()
        each._log_destroy_pending = False
