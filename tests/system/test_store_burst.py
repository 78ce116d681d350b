"""Many jobs come due at one instant, for few slots, on a store that two schedulers share."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from threading import Event, Semaphore

import pytest

from cronkit import At, Scheduler, current_run
from cronkit.executors import ThreadExecutor
from cronkit.stores import MemoryStore, SQLiteStore

pytestmark = [pytest.mark.system, pytest.mark.timeout(120)]


@pytest.fixture(params=["sqlite", "postgres"])
def connect(request, tmp_path):
    if request.param == "sqlite":
        return lambda: SQLiteStore(tmp_path / "state.db")
    dsn = request.getfixturevalue("postgres").schema()
    from cronkit.integrations.postgres import PostgresStore

    return lambda: PostgresStore(dsn)


def test_each_of_a_burst_runs_once_and_none_waits_for_ever(connect, scale):
    jobs, ran = scale.pick(200, 2_000), Counter()
    due = datetime.now(UTC) + timedelta(seconds=2)
    schedulers = [Scheduler(store=connect(), executor=ThreadExecutor(4)) for _ in range(2)]
    for scheduler in schedulers:
        for number in range(jobs):
            tags = {"pair"} if number % 5 == 0 else set()
            scheduler.add(
                lambda: ran.update([current_run().id]), At(due), id=f"job-{number}", tags=tags
            )
        scheduler.after("job-0", id="follower")(lambda: ran.update(["follower"]))
    for scheduler in schedulers:
        scheduler.start()
    try:
        deadline = due + timedelta(seconds=60)
        while len(ran) < jobs + 1 and datetime.now(UTC) < deadline:
            schedulers[0].wait_idle("200ms")
    finally:
        for scheduler in schedulers:
            scheduler.shutdown()
    assert len(ran) == jobs + 1
    assert set(ran.values()) == {1}
    outcomes = Counter(str(run.outcome) for run in connect().runs())
    assert outcomes == {"succeeded": jobs + 1}


@pytest.mark.parametrize("shared", [True, False])
def test_a_transaction_of_a_shared_store_waits_for_what_else_is_ending(tmp_path, shared):
    started, ends = Semaphore(0), [Event() for _ in range(3)]

    def work(number):
        started.release()
        ends[number].wait()

    store = SQLiteStore(tmp_path / "state.db") if shared else MemoryStore()
    with Scheduler(store=store, executor=ThreadExecutor(3)) as scheduler:
        engine = scheduler._app.engine
        reports = engine.attempts.outcomes.reports
        for number in range(3):
            scheduler.add(work, id=f"job-{number}", args=(number,))
            scheduler.run_now(f"job-{number}")
        for _ in ends:
            started.acquire()
        with engine.core.lock:  # so that nothing is written
            seen = [engine.expects_more]
            for number, end in enumerate(ends):
                end.set()
                while len(reports) <= number:  # for at most the time limit of a test
                    Event().wait(0.001)
                seen.append(engine.expects_more)
    assert seen == [False, shared, shared, False]
