"""Law: `between` gives the fire times of `iter` that lie in the span."""

from __future__ import annotations

from datetime import timedelta
from itertools import islice, takewhile
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from hypothesis.strategies import DataObject, SearchStrategy

    from cronkit.cron import CronExpression

SPANS = st.timedeltas(min_value=timedelta(0), max_value=timedelta(hours=30))


@given(st.data())
def test_between_is_iter_with_the_start_included_and_the_end_excluded(
    cron_expressions: SearchStrategy[CronExpression],
    zoned_moments: SearchStrategy[datetime],
    utc: Callable[[datetime], datetime],
    data: DataObject,
) -> None:
    expression = data.draw(cron_expressions)
    start = data.draw(zoned_moments)
    end = utc(start) + data.draw(SPANS)
    if data.draw(st.booleans()):
        end = end.astimezone(start.tzinfo)
    before = (utc(start) - timedelta(microseconds=1)).astimezone(start.tzinfo)
    expected = takewhile(lambda each: utc(each) < utc(end), expression.iter(before))
    most = 400
    found = [each.isoformat() for each in islice(expression.between(start, end), most)]
    assert found == [each.isoformat() for each in islice(expected, most)]


@given(st.data())
def test_iter_ends_before_until(
    cron_expressions: SearchStrategy[CronExpression],
    zoned_moments: SearchStrategy[datetime],
    utc: Callable[[datetime], datetime],
    data: DataObject,
) -> None:
    expression = data.draw(cron_expressions)
    start = data.draw(zoned_moments)
    all_of_them = list(islice(expression.iter(start), 50))
    if len(all_of_them) == 50:
        assert list(expression.iter(start, all_of_them[-1])) == all_of_them[:-1]
        later = (utc(all_of_them[-1]) + timedelta(microseconds=1)).astimezone(start.tzinfo)
        assert list(expression.iter(start, later)) == all_of_them
