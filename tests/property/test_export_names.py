"""Law: whatever the clock does, each new name sorts after all before it, and is read back."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from cronkit.exporters._names import Grammar

PATTERNS = st.sampled_from(
    [
        "{name}-{stamp:%Y%m%d-%H%M%S}{seq}.{ext}",
        "{stamp:%Y-%m-%d}{name}{seq}.{ext}",
        "{name}{stamp:%Y}{seq}.{ext}",
    ]
)
CLOCKS = st.lists(
    st.datetimes(datetime(1970, 1, 1), datetime(9999, 1, 1)).map(
        lambda moment: moment.replace(tzinfo=UTC)
    ),
    max_size=30,
)


@given(PATTERNS, CLOCKS)
def test_names_rise_whatever_the_clock_does(pattern, moments):
    grammar, newest, names = Grammar("x", "csv", pattern), None, []
    for moment in moments:
        newest = grammar.next(newest, moment)
        name = grammar.write(newest, "")
        assert grammar.read(name) == newest
        names.append(name)
    assert names == sorted(set(names))
