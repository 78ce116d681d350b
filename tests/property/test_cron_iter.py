"""Law: `iter` gives what repeated `next` gives."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from hypothesis.strategies import DataObject, SearchStrategy

    from cronkit.cron import CronExpression


def stepwise(expression: CronExpression, after: datetime) -> Iterator[datetime]:
    found = expression.next(after)
    while found is not None:
        yield found
        found = expression.next(found)


@given(st.data())
def test_iterating_equals_repeated_next(
    cron_expressions: SearchStrategy[CronExpression],
    zoned_moments: SearchStrategy[datetime],
    data: DataObject,
) -> None:
    expression = data.draw(cron_expressions)
    after = data.draw(zoned_moments)
    count = data.draw(st.sampled_from([3, 30, 300]))
    many = [(each.isoformat(), each.fold) for each in islice(expression.iter(after), count)]
    one_by_one = [
        (each.isoformat(), each.fold) for each in islice(stepwise(expression, after), count)
    ]
    assert many == one_by_one
