"""The heap of instants: one instant a key, the last one armed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cronkit._engine._timers import Timers
from tests.interrupts import interrupted_at, lines_of

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MOMENT = timedelta(microseconds=1)


def at(seconds):
    """An instant of its own each time: equal instants need not be one object."""
    return NOON + seconds * SECOND


@pytest.fixture
def timers():
    return Timers()


def popped(timers, now):
    due = []
    timers.pop_due(now, due)
    return due


def test_nothing_is_armed_at_first(timers):
    assert (len(timers), timers.next(), timers.when("a")) == (0, None, None)
    assert popped(timers, at(10**6)) == []


def test_the_earliest_instant_comes_next(timers):
    for key, seconds in {"b": 5, "a": 3, "c": 4}.items():
        timers.arm(key, at(seconds))
    assert (len(timers), timers.next(), timers.when("c")) == (3, at(3), at(4))


def test_a_key_is_due_at_its_very_instant_and_not_before(timers):
    timers.arm("a", at(3))
    assert popped(timers, at(3) - MOMENT) == []
    assert len(timers) == 1
    assert popped(timers, at(3)) == ["a"]
    assert (len(timers), timers.next(), timers.when("a")) == (0, None, None)
    assert popped(timers, at(3)) == []


def test_due_keys_come_in_order_of_instant_priority_and_name(timers):
    for key, seconds, priority in [
        ("late", 9, 99),
        ("b", 5, 0),
        ("a", 5, 0),
        ("low", 5, -1),
        ("high", 5, 7),
        ("early", 1, -9),
    ]:
        timers.arm(key, at(seconds), priority)
    assert popped(timers, at(5)) == ["early", "high", "a", "b", "low"]
    assert popped(timers, at(9)) == ["late"]


@pytest.mark.parametrize("idle", [0, 100, 5_000])
def test_a_burst_comes_in_the_same_order_and_leaves_the_others(timers, idle):
    burst = [(f"key-{n:03}", n * 7 % 5, n * 11 % 3) for n in range(300)]
    for key, seconds, priority in burst:
        timers.arm(key, at(seconds), priority)
    for n in range(idle):
        timers.arm(f"idle-{n}", at(1_000 + n))
    timers.disarm("key-042")
    timers.arm("key-007", at(2_000_000))
    order = sorted(burst, key=lambda each: (each[1], -each[2], each[0]))
    left = [key for key, _, _ in order if key not in {"key-042", "key-007"}]
    assert popped(timers, at(10)) == left
    assert len(timers) == idle + 1
    assert timers.next() == (at(1_000) if idle else at(2_000_000))


def test_the_last_instant_armed_counts(timers):
    timers.arm("a", at(3))
    timers.arm("a", at(9))
    assert (len(timers), timers.next()) == (1, at(9))
    assert popped(timers, at(8)) == []
    timers.arm("a", at(1))
    assert timers.next() == at(1)
    assert popped(timers, at(20)) == ["a"]
    assert popped(timers, at(20)) == []


def test_a_key_armed_twice_for_one_instant_is_due_once(timers):
    when = at(3)
    timers.arm("a", when)
    timers.arm("a", when)
    timers.arm("a", at(3))
    assert popped(timers, at(3)) == ["a"]
    assert (len(timers), timers.next()) == (0, None)


def test_a_disarmed_key_is_never_due(timers):
    timers.arm("a", at(3))
    timers.arm("b", at(4))
    timers.disarm("a")
    timers.disarm("unknown")
    assert (len(timers), timers.next()) == (1, at(4))
    assert popped(timers, at(9)) == ["b"]


def test_a_key_may_be_armed_again_after_it_was_disarmed_or_due(timers):
    when = at(3)
    timers.arm("a", when)
    timers.disarm("a")
    timers.arm("a", when)
    assert popped(timers, at(3)) == ["a"]
    timers.arm("a", at(3))
    assert popped(timers, at(3)) == ["a"]


def test_all_may_be_disarmed_at_once(timers):
    for key in "abc":
        timers.arm(key, at(3))
    timers.disarm_all()
    assert (len(timers), timers.next(), popped(timers, at(9))) == (0, None, [])


def test_overtaken_instants_hold_no_memory(timers):
    for key in ("a", "b"):
        for seconds in range(10_000):
            timers.arm(key, at(seconds))
    assert len(timers._heap) <= 100
    assert popped(timers, at(10_000)) == ["a", "b"]


def test_one_instant_that_is_armed_again_and_again_holds_no_memory(timers):
    when = at(3)  # a trigger that has one fire time gives the same object each time it is asked
    for _ in range(10_000):
        timers.arm("a", when)
    assert len(timers._heap) <= 100
    assert popped(timers, when) == ["a"]


def test_the_last_priority_armed_counts(timers):
    when = at(3)
    timers.arm("a", when, 5)
    timers.arm("b", when, 3)
    timers.arm("a", when, 1)
    assert popped(timers, when) == ["b", "a"]


def test_rebuilding_the_heap_loses_nobody(timers):
    keys = [f"k{number:03}" for number in range(300)]
    for seconds in range(5):
        for key in keys:
            timers.arm(key, at(seconds))
    for key in keys[::2]:
        timers.disarm(key)
    for seconds in range(500):
        timers.arm("busy", at(seconds))
    assert popped(timers, at(4)) == keys[1::2]
    assert popped(timers, at(499)) == ["busy"]


@pytest.mark.parametrize("left", [0, 1, 100, 3_000])
def test_a_burst_comes_in_order_and_the_others_stay(timers, left):
    moments = [at(seconds) for seconds in (1, 2, 3)]
    for number in range(400):
        timers.arm(f"k{number * 7 % 400:03}", moments[number % 3], number % 2)
    for number in range(left):
        timers.arm(f"later{number}", at(10 + number))
    timers.disarm("k005")
    expected = sorted(
        (moments[number % 3], -(number % 2), f"k{number * 7 % 400:03}") for number in range(400)
    )

    assert popped(timers, at(3)) == [key for _, _, key in expected if key != "k005"]
    assert len(timers) == left
    assert popped(timers, at(10_000)) == [f"later{number}" for number in range(left)]


def test_ctrl_c_at_any_line_of_a_burst_loses_no_instant():
    codes = [Timers.pop_due.__code__, Timers._pop_burst.__code__, Timers._take_over.__code__]
    for code in codes:
        for line in lines_of(code):
            timers, due = Timers(), []
            for number in range(200):
                timers.arm(f"k{number:03}", at(number % 2))
            timers.arm("later", at(9))
            with interrupted_at(code, line):
                timers.pop_due(at(3), due)
            rest = popped(timers, at(9))
            assert set(due) | set(rest) == {*(f"k{number:03}" for number in range(200)), "later"}
            assert rest[-1] == "later"
