"""Law: `previous` is the exact mirror of `next`."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from hypothesis.strategies import DataObject, SearchStrategy

    from cronkit.cron import CronExpression

MOMENT = timedelta(microseconds=1)


@given(st.data())
def test_the_way_back_from_next_passes_over_no_fire_time(
    cron_expressions: SearchStrategy[CronExpression],
    zoned_moments: SearchStrategy[datetime],
    utc: Callable[[datetime], datetime],
    data: DataObject,
) -> None:
    expression = data.draw(cron_expressions)
    start = data.draw(zoned_moments)
    found = expression.next(start)
    if found is None:
        return
    back = expression.previous(found)
    if expression.matches(start):
        assert back is not None
        assert utc(back) == utc(start)
    else:
        assert back is None or utc(back) < utc(start)
    just_after = (utc(found) + MOMENT).astimezone(found.tzinfo)
    assert expression.previous(just_after) == found


@given(st.data())
def test_the_way_on_from_previous_passes_over_no_fire_time(
    cron_expressions: SearchStrategy[CronExpression],
    zoned_moments: SearchStrategy[datetime],
    utc: Callable[[datetime], datetime],
    data: DataObject,
) -> None:
    expression = data.draw(cron_expressions)
    start = data.draw(zoned_moments)
    found = expression.previous(start)
    if found is None:
        return
    assert utc(found) < utc(start)
    assert expression.matches(found)
    on = expression.next(found)
    assert on is not None or not expression.matches(start)
    if on is not None:
        assert utc(on) >= utc(start)
        assert (utc(on) == utc(start)) is expression.matches(start)
