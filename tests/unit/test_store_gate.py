"""How often a lost server is asked: more than a second apart, later with each failure, by chance."""

from __future__ import annotations

import pytest

from cronkit.errors import StoreError
from cronkit.stores import _sql_gate
from cronkit.stores.sql import Gate
from cronkit.testing import FakeClock


@pytest.fixture
def clock(monkeypatch):
    clock = FakeClock("2026-03-02T12:00:00+00:00")
    monkeypatch.setattr(_sql_gate, "_CLOCK", clock)
    return clock


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


def failed(times):
    gate = Gate()
    for _ in range(times):
        gate.failed("gone")
    return gate


def test_the_first_is_let_in_and_nobody_beside(clock):
    gate = Gate()
    gate.enter("db")
    with pytest.raises(StoreError, match="a connection is being opened"):
        gate.enter("db")


def test_after_a_success_all_are_let_in(clock):
    gate = failed(5)
    gate.succeeded()
    assert wait_of(gate, clock) == 0
    gate.succeeded()
    assert wait_of(gate, clock) == 0


@pytest.mark.parametrize("times", [1, 2, 3, 10, 2_000])
def test_after_a_failure_the_next_try_comes_more_than_a_second_later_and_soon(clock, times):
    for _ in range(20):
        assert 1 < wait_of(failed(times), clock) <= 5.1


def test_who_comes_too_early_is_told_why_the_last_try_failed(clock):
    with pytest.raises(StoreError, match="gone"):
        failed(1).enter("db")


def test_hosts_that_failed_at_one_instant_come_back_at_many(clock):
    waits = {round(wait_of(failed(4), clock), 2) for _ in range(50)}
    assert len(waits) > 10


def test_the_waits_grow_with_the_failures(clock):
    def mean(times):
        return sum(wait_of(failed(times), clock) for _ in range(40)) / 40

    assert mean(1) < mean(2) < mean(4)
