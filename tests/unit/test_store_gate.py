"""How often a lost server is asked: more than a second apart, later with each failure, by chance."""

from __future__ import annotations

import pytest

from cronkit.errors import StoreError
from cronkit.stores.sql import Gate
from cronkit.testing import FakeClock


@pytest.fixture
def clock():
    return FakeClock("2026-03-02T12:00:00+00:00")


def wait_of(gate, clock):
    """Return how many seconds pass until the gate is open again."""
    waited = 0.0
    while True:
        try:
            gate.enter("db")
        except StoreError:
            clock.advance(0.05)
            waited += 0.05
        else:
            return waited


def failed(clock, times, chance=0.5):
    gate = Gate(clock=clock, chance=lambda: chance)
    for _ in range(times):
        gate.failed("gone")
    return gate


def test_the_first_is_let_in_and_nobody_beside(clock):
    gate = Gate(clock=clock)
    gate.enter("db")
    with pytest.raises(StoreError, match="a connection is being opened"):
        gate.enter("db")


def test_after_a_success_all_are_let_in(clock):
    gate = failed(clock, 5)
    gate.succeeded()
    assert wait_of(gate, clock) == 0
    gate.succeeded()
    assert wait_of(gate, clock) == 0


@pytest.mark.parametrize("chance", [0.0, 0.5, 0.999])
@pytest.mark.parametrize("times", [1, 2, 3, 10, 2_000])
def test_after_a_failure_the_next_try_comes_more_than_a_second_later_and_soon(clock, times, chance):
    assert 1 < wait_of(failed(clock, times, chance), clock) <= 5.1


def test_who_comes_too_early_is_told_why_the_last_try_failed(clock):
    with pytest.raises(StoreError, match="gone"):
        failed(clock, 1).enter("db")


def test_hosts_that_failed_at_one_instant_come_back_at_many(clock):
    waits = [wait_of(failed(clock, 4, host / 10), clock) for host in range(10)]
    assert waits == sorted(set(waits))
    assert waits[-1] - waits[0] > 3


def test_chance_is_asked_at_each_failure(clock):
    chances = iter([0.0, 0.5])
    gate = Gate(clock=clock, chance=lambda: next(chances))
    gate.failed("gone")
    first = wait_of(gate, clock)
    gate.failed("gone")
    assert wait_of(gate, clock) > first


def test_the_waits_grow_with_the_failures_up_to_a_limit(clock):
    waits = [wait_of(failed(clock, times), clock) for times in range(1, 7)]
    assert waits[:3] == sorted(set(waits[:3]))
    assert waits[2:] == pytest.approx([waits[2]] * 4)
