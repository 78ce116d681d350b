"""Law: the newest always stays, a stricter rule never keeps more, and what goes is old or large."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from cronkit._files._retention import Item, Keep, doomed

NOW = datetime(2026, 7, 1, tzinfo=UTC)

SETS = st.lists(
    st.tuples(st.integers(0, 5_000), st.integers(1, 1_000)), max_size=40, unique_by=lambda t: t[0]
).map(
    lambda pairs: [
        Item(name=str(hours), made_at=NOW - timedelta(hours=hours), size=size)
        for hours, size in sorted(pairs)
    ]
)
KEEPS = st.builds(
    Keep,
    last=st.integers(0, 8),
    within=st.none() | st.integers(1, 200).map(lambda days: f"{days}d"),
    total_size=st.none() | st.integers(1, 5_000),
    daily=st.integers(0, 8),
    weekly=st.integers(0, 8),
    monthly=st.integers(0, 8),
)


def names(items, keep):
    return {each.name for each in doomed(items, keep, NOW)}


@given(SETS, KEEPS)
def test_the_newest_never_goes_and_nothing_goes_twice(items, keep):
    found = [each.name for each in doomed(items, keep, NOW)]
    assert len(found) == len(set(found))
    assert not items or items[0].name not in found
    assert set(found) <= {item.name for item in items}


@given(SETS, KEEPS)
def test_pruning_again_at_once_deletes_nothing_more_by_count_and_size(items, keep):
    first = names(items, keep)
    left = [item for item in items if item.name not in first]
    assert names(left, keep) == set()


@given(SETS, KEEPS, st.integers(1, 5))
def test_to_keep_more_of_the_last_never_deletes_more(items, keep, more):
    wider = Keep(
        last=keep.last + more, within=keep.within,
        daily=keep.daily, weekly=keep.weekly, monthly=keep.monthly,
    )  # fmt: skip
    same = Keep(
        last=keep.last, within=keep.within,
        daily=keep.daily, weekly=keep.weekly, monthly=keep.monthly,
    )  # fmt: skip
    assert names(items, wider) <= names(items, same)


@given(SETS, st.integers(1, 5_000))
def test_what_stays_fits_into_the_total_size_or_is_the_newest_alone(items, total_size):
    deleted = names(items, Keep(last=1_000, total_size=total_size))
    left = [item for item in items if item.name not in deleted]
    assert len(left) <= 1 or sum(item.size for item in left) <= total_size
