"""The short way from a report to the next start: nothing is lost on it, whatever goes wrong."""

from __future__ import annotations

import pytest

from cronkit.errors import StoreError
from cronkit.executors import ThreadExecutor
from cronkit.stores import MemoryStore
from cronkit.testing._executor import FakeExecutor


class Faulty(MemoryStore):
    """A store whose next calls of `finish` raise what stands in `faults`."""

    def __init__(self) -> None:
        super().__init__()
        self.faults: list[Exception] = []

    def finish(self, ending, followers=(), plan=None):
        if self.faults:
            raise self.faults.pop(0)
        return super().finish(ending, followers, plan)


@pytest.fixture
def store():
    return Faulty()


def test_an_outcome_that_a_broken_store_refused_is_written_in_the_next_step(make, clock, store):
    scheduler = make(store=store)
    scheduler.every("1m", id="job")(lambda: None)
    store.faults = [ZeroDivisionError("a fault of the store")]
    with scheduler:
        with pytest.raises(ZeroDivisionError, match="a fault of the store"):
            clock.advance("1m")
        clock.advance("1m")
        assert [run.outcome for run in scheduler.runs()] == ["succeeded", "succeeded"]


def test_jobs_that_come_due_while_outcomes_are_refused_fire_all_the_same(make, clock, store):
    scheduler = make(store=store)
    scheduler.every("1m", id="job")(lambda: None)
    scheduler.every("2m", id="other")(lambda: None)
    store.faults = [ZeroDivisionError("a fault of the store") for _ in range(3)]
    with scheduler:
        for _ in store.faults.copy():
            with pytest.raises(ZeroDivisionError):
                clock.advance("1m")
        clock.advance_to("2026-01-01T12:04:00+00:00")
        runs = scheduler.runs()
    assert {run.outcome for run in runs} == {"succeeded"}
    assert sorted((run.job_id, run.fire_time.minute) for run in runs) == [
        *(("job", minute) for minute in (1, 2, 3, 4)),
        *(("other", minute) for minute in (2, 4)),
    ]


def test_a_store_that_is_lost_with_an_outcome_gets_it_when_it_is_back(make, clock, store):
    scheduler = make(store=store)
    scheduler.every("1m", id="job")(lambda: None)
    store.faults = [StoreError("faulty", "gone") for _ in range(3)]
    with scheduler:
        clock.advance("1m")
        assert not scheduler.status().health.ok
        clock.advance("59s")
        (run,) = scheduler.runs()
        assert (run.outcome, run.ended_at) == ("succeeded", run.fire_time)
        assert scheduler.status().health.ok


def test_a_run_that_waits_for_a_slot_starts_at_the_instant_that_frees_it(make, clock):
    scheduler = make(max_concurrent_runs=1)
    order = []
    for name in "abc":
        scheduler.every("1m", id=name)(lambda name=name: order.append((name, clock.now())))
    with scheduler:
        clock.advance("1m")
        assert [name for name, _ in order] == ["a", "b", "c"]
        assert len({when for _, when in order}) == 1


def test_an_executor_that_refuses_while_it_is_given_runs_gets_no_more_than_it_has_slots(
    make, clock
):
    class Full(FakeExecutor):
        """Refuses each second attempt, as threads do where the system has none left."""

        most = serial = 0

        def submit(self, attempt):
            self.serial += 1
            if self.serial % 2:
                super().submit(attempt)
                self.most = max(self.most, self.status()["busy"])
            else:
                self._report(attempt, None, RuntimeError("can't start new thread"))

    executor = Full(clock._agenda, {"slots": 3})
    clock.executor = lambda real: executor if isinstance(real, ThreadExecutor) else real
    scheduler = make()
    for number in range(12):
        scheduler.every("1m", id=f"job-{number:02}")(lambda: None)
    with scheduler:
        clock.advance("1m")
        outcomes = [run.outcome for run in scheduler.runs()]
    assert sorted(outcomes) == ["failed"] * 6 + ["succeeded"] * 6
    assert executor.most <= 3


class Interrupted(MemoryStore):
    """A store whose next `finish` is followed by a signal, whose handler calls `handler`."""

    handler = None

    def finish(self, ending, followers=(), plan=None):
        new = super().finish(ending, followers, plan)
        handler, self.handler = self.handler, None
        if handler is not None:
            handler()
        return new


def test_a_stop_by_a_signal_handler_while_an_outcome_is_written_leaves_no_error(make, clock):
    store = Interrupted()
    scheduler = make(store=store)
    scheduler.every("1m", id="job")(lambda: None)
    scheduler.start()
    store.handler = lambda: scheduler.shutdown(wait=False)
    clock.advance("1m")
    scheduler.start()
    clock.advance("2m")
    assert [run.outcome for run in scheduler.runs()] == ["succeeded"] * 3
