"""Law: what `next` gives is later, exists, and is a fire time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from hypothesis.strategies import DataObject, SearchStrategy

    from cronkit.cron import CronExpression


@given(st.data())
def test_next_is_strictly_later_exists_and_matches(
    cron_expressions: SearchStrategy[CronExpression],
    zoned_moments: SearchStrategy[datetime],
    utc: Callable[[datetime], datetime],
    data: DataObject,
) -> None:
    expression = data.draw(cron_expressions)
    after = data.draw(zoned_moments)
    found = expression.next(after)
    if found is None:
        assert expression.fields.year is not None
        return
    assert utc(found) > utc(after)
    assert found.tzinfo is after.tzinfo
    again = utc(found).astimezone(found.tzinfo)
    assert (again.isoformat(), again.fold) == (found.isoformat(), found.fold)
    assert expression.matches(found)
    assert not found.microsecond
