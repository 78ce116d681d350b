"""Which files of a set may go: tables of rules over drawn sets."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cronkit._files._retention import Item, Keep, doomed
from cronkit.errors import DurationError, PolicyError

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)


def items(*ages_in_days: float, size: int = 10) -> list[Item]:
    return [
        Item(name=f"{age:g}", made_at=NOW - timedelta(days=age), size=size) for age in ages_in_days
    ]


def gone(keep: Keep, *ages: float) -> str:
    return " ".join(each.name for each in doomed(items(*ages), keep, NOW))


@pytest.mark.parametrize(
    ("keep", "ages", "deleted"),
    [
        # newest first; what is deleted comes oldest first
        (Keep(), (0, 1, 2, 3, 4), ""),
        (Keep(), (0, 1, 2, 3, 4, 5, 6), "6 5"),
        (Keep(last=1), (0, 1, 2), "2 1"),
        (Keep(last=0), (0, 1, 2), "2 1"),  # the newest never goes
        (Keep(last=3), (), ""),
        (Keep(last=0, within="2d"), (0, 1, 2, 3), "3"),
        (Keep(last=0, within="2d"), (5, 6), "6"),
        (Keep(last=2, within="1d"), (3, 4, 5), "5"),  # either rule keeps
        (Keep(last=0, daily=2), (0, 0.1, 0.2, 1, 1.1, 2), "2 1.1 0.2 0.1"),
        (Keep(last=0, daily=3), (0, 5, 9, 20), "20"),  # days that have any, not calendar days
        (Keep(last=0, weekly=2), (0, 1, 2, 3, 8, 9), "9 8 3 1"),  # weeks begin 1 and 8 days back
        (Keep(last=0, monthly=2), (0, 15, 31, 40, 62), "62 40 15"),
        (Keep(last=1, daily=1, monthly=2), (0, 1, 35), "1"),
        (Keep(last=5, total_size=25), (0, 1, 2, 3), "3 2"),
        (Keep(last=2, total_size=1000), (0, 1, 2), "2"),
        (Keep(last=5, total_size=1), (0, 1), "1"),  # too large alone, and yet the newest
    ],
)
def test_a_rule_decides_what_goes(keep, ages, deleted):
    assert gone(keep, *ages) == deleted


def test_one_large_old_file_does_not_let_a_smaller_older_one_stay():
    sizes = [5, 100, 1]
    found = [
        Item(name=str(size), made_at=NOW - timedelta(days=age), size=size)
        for age, size in enumerate(sizes)
    ]
    deleted = doomed(found, Keep(last=5, total_size=50), NOW)
    assert [each.name for each in deleted] == ["1", "100"]


def test_each_file_that_goes_has_its_reason():
    found = doomed(items(0, 1, 2, 3), Keep(last=3, daily=1, total_size=20), NOW)
    assert [(each.name, each.reason) for each in found] == [
        ("3", "not among what is kept: the last 3, 1 days"),
        ("2", "with the newer ones larger than 20 bytes"),
    ]
    (only,) = doomed(items(0, 9), Keep(last=0), NOW)
    assert only.reason == "not among what is kept: the newest only"
    (old,) = doomed(items(0, 9), Keep(last=0, within="3d", weekly=1, monthly=1), NOW)
    assert old.reason == "not among what is kept: 3 days, 0:00:00 back, 1 weeks, 1 months"


@pytest.mark.parametrize("field", ["last", "daily", "weekly", "monthly"])
@pytest.mark.parametrize("value", [-1, True, 1.5, "5", None])
def test_a_count_that_is_no_whole_number_is_refused_by_name(field, value):
    with pytest.raises(PolicyError) as caught:
        Keep(**{field: value})
    assert caught.value.argument == field


@pytest.mark.parametrize("value", [0, -5, True, "1GB"])
def test_a_total_size_that_is_no_number_of_bytes_is_refused(value):
    with pytest.raises(PolicyError, match="total_size"):
        Keep(total_size=value)


@pytest.mark.parametrize("value", [0, "-1d", "soon", timedelta(0)])
def test_an_age_that_is_no_duration_is_refused(value):
    with pytest.raises(DurationError, match="within"):
        Keep(within=value)


def test_an_age_may_be_text_seconds_or_a_timedelta():
    assert Keep(within="1d") == Keep(within=86_400) == Keep(within=timedelta(days=1))
