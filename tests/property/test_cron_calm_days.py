"""Law: the quick way through calm days gives what the careful way around a shift gives."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from cronkit._zones import Shift, is_calm, look
from cronkit.cron._instants import _nearest_to_shift

if TYPE_CHECKING:
    from hypothesis.strategies import DataObject, SearchStrategy

    from cronkit.cron import CronExpression

QUARTER = timedelta(minutes=15)


@given(st.data())
def test_both_ways_agree_in_both_directions(
    cron_expressions: SearchStrategy[CronExpression],
    zoned_moments: SearchStrategy[datetime],
    data: DataObject,
) -> None:
    expression = data.draw(cron_expressions)
    moment = data.draw(zoned_moments)
    for forward, ask in ((True, expression.next), (False, expression.previous)):
        found = ask(moment)
        careful = _nearest_to_shift(expression, moment, moment.tzinfo, forward)
        assert found == careful
        assert str(found) == str(careful)


@given(st.data())
def test_on_a_calm_day_each_time_is_one_instant(
    zoned_moments: SearchStrategy[datetime], data: DataObject
) -> None:
    moment = data.draw(zoned_moments)
    zone = moment.tzinfo
    if not is_calm(zone, moment.year, moment.month, moment.day):
        return
    midnight = datetime(moment.year, moment.month, moment.day)
    for count in range(96):
        assert not isinstance(look(midnight + count * QUARTER, zone), Shift)
    assert not isinstance(look(midnight - timedelta(seconds=1), zone), Shift)
