"""The short way from a report to the next start: nothing is lost on it, whatever goes wrong."""

from __future__ import annotations

import pytest

from cronkit.errors import StoreError
from cronkit.stores import MemoryStore


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
