"""Law: a trigger that is written down comes back equal, and fires when the first one did."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from cronkit.errors import CronkitError, CronSyntaxError, PolicyError
from cronkit.triggers import (
    AnyOf,
    At,
    Bounded,
    Cron,
    Every,
    Except,
    Rule,
    dump_trigger,
    load_trigger,
    text_of,
)

ZONES = st.sampled_from(["UTC", "Europe/Paris", "Australia/Lord_Howe", "America/St_Johns"])
OFFSETS = st.timedeltas(timedelta(hours=-23), timedelta(hours=23)).map(timezone)
ZONE = st.none() | ZONES | OFFSETS
WALLS = st.datetimes(datetime(1971, 1, 1), datetime(2099, 1, 1)).map(datetime.isoformat)
MOMENTS = st.datetimes(datetime(1971, 1, 1), datetime(2099, 1, 1), timezones=st.just(UTC) | OFFSETS)
DATES = st.lists(st.dates(datetime(1971, 1, 1).date(), datetime(2099, 1, 1).date()), max_size=20)


def numbers(least, most):
    number = st.integers(least, most).map(str)
    return st.one_of(
        st.just("*"),
        number,
        st.tuples(number, number).map(",".join),
        st.integers(1, 9).map(lambda step: f"*/{step}"),
        st.tuples(st.integers(least, most), st.integers(least, most)).map(
            lambda pair: f"{min(pair)}-{max(pair)}"
        ),
    )


FIELDS = st.tuples(
    numbers(0, 59),
    numbers(0, 23),
    numbers(1, 28) | st.sampled_from(["L", "LW", "15W", "L-3", "?"]),
    numbers(1, 12),
    numbers(0, 7) | st.sampled_from(["MON", "FRI-MON", "1#2", "5L"]),
).map(" ".join)


@st.composite
def crons(draw):
    text = draw(st.one_of(FIELDS, st.sampled_from(["@daily", "H H(0-7) * * *", "H/15 * * * *"])))
    dialect, prefix = "cronkit", ""
    if draw(st.booleans()) and not text.startswith("@"):
        prefix = f"{draw(st.sampled_from(['*/10', '0', '1-30', '?']))} "
    options = {
        "day_rule": draw(st.sampled_from([None, "or", "and"])),
        "gap": draw(st.sampled_from([None, "run", "skip"])),
        "fold": draw(st.sampled_from([None, "first", "second", "both"])),
    }
    seed = draw(st.sampled_from([None, "job"])) if "H" in text else None
    try:
        return Cron(prefix + text, draw(ZONE), dialect=dialect, seed=seed, **options)
    except CronSyntaxError:  # the 30th of February and its like
        reject()


SIMPLE = st.one_of(
    crons(),
    st.builds(
        Every,
        st.timedeltas(timedelta(milliseconds=1), timedelta(days=900)),
        anchor=WALLS | MOMENTS,
        tz=ZONE,
    ),
    st.builds(
        lambda instants, tz: At(*instants, tz=tz),
        st.lists(WALLS | MOMENTS, min_size=1, max_size=12),
        ZONE,
    ),
    st.builds(
        Rule,
        st.sampled_from(
            [
                "FREQ=MONTHLY;BYDAY=-1FR;BYHOUR=17",
                "FREQ=WEEKLY;INTERVAL=2;WKST=SU",
                "FREQ=DAILY;COUNT=10",
                "FREQ=YEARLY;UNTIL=20301231T225900Z",
                "FREQ=DAILY;UNTIL=20301231",
            ]
        ),
        start=WALLS | MOMENTS,
        tz=ZONE,
    ),
    st.builds(
        lambda months, days, anchor, tz: Rule.every(months=months, days=days, anchor=anchor, tz=tz),
        st.integers(0, 30),
        st.integers(1, 400),
        WALLS | MOMENTS,
        ZONE,
    ),
)


def bounded(trigger, start, length):
    return Bounded(trigger, start=start, end=start + length)


TRIGGERS = st.recursive(
    SIMPLE,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda each: AnyOf(*each)),
        st.builds(lambda trigger, dates: Except(trigger, dates=dates), inner, DATES),
        st.builds(bounded, inner, MOMENTS, st.timedeltas(timedelta(days=1), timedelta(days=4000))),
        inner.map(lambda trigger: Bounded(trigger, end="2030-01-01T00:00")),
    ),
    max_leaves=4,
)


@given(TRIGGERS)
def test_what_is_written_comes_back_equal(trigger):
    text = dump_trigger(trigger)
    found = load_trigger(text)
    assert found == trigger
    assert text_of(found) == text_of(trigger)
    assert dump_trigger(found) == text


@given(TRIGGERS, MOMENTS, ZONES)
def test_what_is_bound_and_written_fires_at_the_same_times(trigger, after, zone):
    bound = trigger.bind(ZoneInfo(zone), "job")
    found = load_trigger(dump_trigger(bound))
    assert found == bound
    for _ in range(3):
        one, other = bound.next(after), found.next(after)
        assert one == other
        if one is None:
            break
        assert one.utcoffset() == other.utcoffset()
        after = one


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
WORDS = st.sampled_from(
    ["kind", "expr", "tz", "of", "dates", "instants", "interval", "anchor", "rule", "start"]
)
KINDS = st.sampled_from(["cron", "every", "at", "rule", "steps", "any", "except", "between"])


@given(st.dictionaries(WORDS, JSON), KINDS)
def test_whatever_else_is_read_is_an_error_of_ours(facts, kind):
    with suppress(CronkitError):
        load_trigger(json.dumps({**facts, "kind": kind}))


@pytest.mark.parametrize(
    "text",
    ["", "null", "[]", "{", '{"kind": "os.system"}', '{"kind": "cron"}', "[" * 100_000, None, 5],
)
def test_what_is_no_stored_trigger_is_refused(text):
    with pytest.raises(PolicyError):
        load_trigger(text)


def test_a_trigger_deeper_than_anybody_writes_is_refused():
    text = '{"kind": "any", "of": [' * 40 + "]}" * 40
    with pytest.raises(PolicyError, match="at most 32 deep"):
        load_trigger(text)


class Hourly:
    """A trigger of an application."""

    def next(self, after):
        return after + timedelta(hours=1)


@pytest.mark.parametrize(
    "trigger", [Hourly(), AnyOf(Every("1h"), Hourly()), Except(Hourly(), dates=[])]
)
def test_a_trigger_of_ones_own_cannot_be_written_down(trigger):
    with pytest.raises(PolicyError, match=r"trigger of cronkit\.triggers"):
        dump_trigger(trigger)


def test_a_zone_without_a_name_cannot_be_written_down():
    from dateutil.tz import tzrange

    with pytest.raises(PolicyError, match="zones that have a name"):
        dump_trigger(Every("1h", tz=tzrange("EST", -18_000)))
