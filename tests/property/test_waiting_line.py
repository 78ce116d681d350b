"""The line of ready rows gives what a sorted list would, however pushes and pops alternate."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import chain, count

from hypothesis import given
from hypothesis import strategies as st

from cronkit.stores._line import Line

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


@given(st.lists(st.one_of(st.none(), st.integers(-3, 3)), max_size=200))
def test_it_pops_the_smallest_of_what_is_in_it(steps):
    line, model = Line(), []
    for serial, step in enumerate(steps):
        if step is not None:
            line.push([(step, MOMENT, "job", serial, None)])
            model.append((step, serial))
        elif model:
            model.sort()
            priority, _, _, number, _ = line.pop()
            assert (priority, number) == model.pop(0)
        assert line.count == len(model)
        assert sorted((each[0], each[3]) for each in line) == sorted(model)


@given(st.lists(st.integers(0, 50), min_size=20, max_size=300))
def test_many_that_come_out_of_order_go_in_order(numbers):
    line = Line()
    for serial, number in enumerate(numbers):
        line.push([(number, MOMENT, "job", serial, None)])
    assert [line.pop()[0] for _ in numbers] == sorted(numbers)


@given(st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=20), max_size=20))
def test_what_is_put_in_together_goes_in_order(batches):
    line, serial = Line(), count()
    for batch in batches:
        line.push([(number, MOMENT, "job", next(serial), None) for number in batch])
    popped = [line.pop() for _ in range(line.count)]
    assert popped == sorted(popped)
    assert [each[0] for each in popped] == sorted(chain(*batches))
