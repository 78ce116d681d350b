"""`Scheduler.lifespan`: a scheduler that lives as long as an ASGI application, on its event loop.

The server is played by these tests, word for word as the lifespan protocol of ASGI has it.
"""

from __future__ import annotations

import asyncio
import threading
from contextlib import asynccontextmanager

import pytest

from cronkit import Scheduler, current_run
from cronkit.errors import StateError
from cronkit.testing import FakeClock

pytestmark = pytest.mark.system
PATIENCE = 30.0


class Application:
    """An ASGI application that takes a lifespan, as Starlette and FastAPI do."""

    def __init__(self, lifespan) -> None:
        self.lifespan = lifespan

    async def __call__(self, scope, receive, send):
        assert scope["type"] == "lifespan"
        await receive()
        try:
            async with self.lifespan(self):
                await send({"type": "lifespan.startup.complete"})
                await receive()
        except StateError as error:
            await send({"type": "lifespan.startup.failed", "message": str(error)})
        else:
            await send({"type": "lifespan.shutdown.complete"})


@asynccontextmanager
async def served(application):
    """Serve an application: started up inside of the block, shut down at its end."""
    to_app, from_app = asyncio.Queue(), asyncio.Queue()
    task = asyncio.create_task(application({"type": "lifespan"}, to_app.get, from_app.put))
    await to_app.put({"type": "lifespan.startup"})
    answer = await asyncio.wait_for(from_app.get(), PATIENCE)
    if answer["type"] == "lifespan.startup.failed":
        raise RuntimeError(answer["message"])
    yield
    await to_app.put({"type": "lifespan.shutdown"})
    answer = await asyncio.wait_for(from_app.get(), PATIENCE)
    assert answer == {"type": "lifespan.shutdown.complete"}
    await task


@pytest.fixture
def scheduler():
    return Scheduler()


def test_it_is_started_while_the_application_is(scheduler):
    fired = threading.Event()
    scheduler.every("100ms", id="beat")(fired.set)

    async def main():
        assert not scheduler.status().running
        async with served(Application(scheduler.lifespan)):
            assert scheduler.status().running
            assert await asyncio.to_thread(fired.wait, PATIENCE)
        assert not scheduler.status().running

    for _ in range(2):  # a server that reloads starts it up again
        fired.clear()
        asyncio.run(main())


def test_coroutines_run_on_the_loop_of_the_application_and_functions_in_threads(scheduler):
    @scheduler.job()
    async def coroutine():
        return asyncio.get_running_loop()

    scheduler.add(threading.current_thread, id="function")

    async def main():
        async with served(Application(scheduler.lifespan)):
            assert await scheduler.run_now("coroutine") is asyncio.get_running_loop()
            assert (await scheduler.run_now("function")).name.startswith("cronkit-worker-")

    asyncio.run(main())


def test_the_shutdown_of_the_application_waits_for_what_goes_on(scheduler):
    begun = threading.Event()

    @scheduler.job()
    async def coroutine():
        begun.set()
        await asyncio.sleep(0.1)
        return "ended"

    async def main():
        async with served(Application(scheduler.lifespan)):
            handle = scheduler.run_now("coroutine")
            await asyncio.to_thread(begun.wait, PATIENCE)
        return handle

    assert asyncio.run(main()).result(0) == "ended"


def test_an_application_that_fails_stops_it_and_is_heard(scheduler):
    async def main():
        async with scheduler.lifespan(None):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        asyncio.run(main())
    assert not scheduler.status().running


def test_an_application_that_is_cancelled_stops_it(scheduler):
    async def main():
        async def application():
            async with scheduler.lifespan():
                started.set()
                await asyncio.Event().wait()

        started = asyncio.Event()
        task = asyncio.create_task(application())
        await started.wait()
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()

    asyncio.run(main())
    assert not scheduler.status().running


def test_an_application_whose_scheduler_is_started_already_does_not_start(scheduler):
    async def main():
        with pytest.raises(RuntimeError, match="the scheduler is started already"):
            async with served(Application(scheduler.lifespan)):
                pass

    with scheduler:
        asyncio.run(main())
        assert scheduler.status().running


def test_on_a_fake_clock_the_test_moves_time():
    clock = FakeClock("2026-01-01T00:00+00:00")
    scheduler, seen = Scheduler(clock=clock), []

    @scheduler.every("1h")
    async def hourly():
        seen.append(current_run().fire_time.hour)

    async def main():
        async with served(Application(scheduler.lifespan)):
            await clock.advance_async("3h")

    asyncio.run(main())
    assert seen == [1, 2, 3]
