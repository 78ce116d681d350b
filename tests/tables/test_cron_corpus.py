"""Every row of the cron corpus: agreed fire times, and texts that nobody should accept.

The rows come from the test suites of other cron libraries and from generated expressions on which
at least two independent implementations agree; `source` and `agree` in a row say which.
"""

from __future__ import annotations

import json
from datetime import datetime
from itertools import islice, pairwise
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from cronkit.cron import CronExpression, CronSyntaxError

if TYPE_CHECKING:
    from typing import Any

HERE = Path(__file__).parent


def rows(name: str, least: int = 0) -> list[Any]:
    """The rows of a file that have at least so many fire times."""
    lines = (HERE / name).read_text(encoding="utf-8").splitlines()
    return [
        pytest.param(row, id=row["id"])
        for row in map(json.loads, lines)
        if len(row.get("next", [])) >= least
    ]


@pytest.mark.parametrize("row", rows("shared.jsonl"))
def test_fire_times_are_those_that_independent_libraries_agree_on(row: dict[str, Any]) -> None:
    start = datetime.fromisoformat(row["start"]).astimezone(ZoneInfo(row["tz"]))
    if not row["next"]:
        assert never_fires(row["expr"], start)
        return
    expression = CronExpression.parse(row["expr"])
    found = list(islice(expression.iter(start), len(row["next"])))
    assert [each.isoformat() for each in found] == row["next"]
    assert all(expression.matches(each) for each in found)


def never_fires(text: str, start: datetime) -> bool:
    """A date that never comes is refused; one whose years have passed gives nothing."""
    try:
        return CronExpression.parse(text).next(start) is None
    except CronSyntaxError as error:
        return "never occurs" in error.reason


@pytest.mark.parametrize("row", rows("shared.jsonl", least=2))
def test_the_way_back_passes_the_same_fire_times(row: dict[str, Any]) -> None:
    expression = CronExpression.parse(row["expr"])
    moments = [datetime.fromisoformat(each) for each in row["next"]]
    zone = ZoneInfo(row["tz"])
    for earlier, later in pairwise(moments):
        found = expression.previous(later.astimezone(zone))
        assert found is not None
        assert found.isoformat() == earlier.isoformat()


@pytest.mark.parametrize("row", rows("invalid_shared.jsonl"))
def test_a_text_outside_the_grammar_is_refused_with_a_reason(row: dict[str, Any]) -> None:
    with pytest.raises(CronSyntaxError) as caught:
        CronExpression.parse(row["expr"])
    error = caught.value
    assert error.reason
    assert error.allowed
    assert len(str(error)) <= 200
    if error.span is not None:
        start, end = error.span
        assert 0 <= start <= end <= len(row["expr"])
        assert row["expr"][start:end] == error.value
