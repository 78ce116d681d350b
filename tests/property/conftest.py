"""Strategies for the laws of cron: texts of the whole grammar, and moments where zones are odd."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import strategies as st

from cronkit._zones import shifts
from cronkit.cron import CronExpression, CronSyntaxError

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.strategies import DrawFn, SearchStrategy

ZONES = sorted(available_timezones())
# Half an hour, two hours, a day skipped, "negative" daylight saving, no shift at all.
ODD_ZONES = [
    "Africa/Casablanca",
    "Africa/Lome",
    "America/New_York",
    "America/St_Johns",
    "Antarctica/Troll",
    "Asia/Gaza",
    "Australia/Lord_Howe",
    "Europe/Dublin",
    "Europe/Paris",
    "Pacific/Apia",
    "Pacific/Kwajalein",
    "UTC",
]
MONTHS = "JAN feb Mar APR may JUN jul AUG sep OCT nov Dec".split()  # noqa: SIM905 -- a table
WEEKDAYS = "SUN mon Tue WED thu FRI sat".split()  # noqa: SIM905 -- a table
EPOCH = datetime(1970, 1, 1)
ERA = int((datetime(2101, 1, 1) - EPOCH).total_seconds())


def item(low: int, high: int, names: list[str] | None = None) -> SearchStrategy[str]:
    """One item of a list: star, value, range (also a wrapped one), with or without a step."""
    numbers = st.integers(low, high).map(str)
    values = numbers | st.sampled_from(names) if names else numbers
    base = st.one_of(
        values,
        st.builds("{}-{}".format, values, values),
        st.sampled_from(["*", "?"]),
    )
    return base | st.builds("{}/{}".format, base, st.integers(1, high + 2))


def field(*items: SearchStrategy[str]) -> SearchStrategy[str]:
    return st.one_of(
        st.just("*"), st.lists(st.one_of(*items), min_size=1, max_size=3).map(",".join)
    )


TIME = field(item(0, 59))
DAYS = field(
    item(1, 31),
    st.sampled_from(["L", "LW", "l", "L-3", "L-30", "L-3W", "lw"]),
    st.integers(1, 31).map("{}W".format),
)
WEEKDAY_FIELD = field(
    item(0, 7, WEEKDAYS),
    st.builds("{}#{}".format, st.integers(0, 7) | st.sampled_from(WEEKDAYS), st.integers(1, 5)),
    st.builds("{}L".format, st.integers(0, 7) | st.sampled_from(WEEKDAYS)),
)
YEARS = field(
    st.integers(1970, 2099).map(str),
    st.tuples(st.integers(1970, 2099), st.integers(0, 60)).map(
        lambda pair: f"{pair[0]}-{min(pair[0] + pair[1], 2099)}/2"
    ),
)


@st.composite
def texts(draw: DrawFn) -> str:
    """A text of the grammar; it may be one that never fires."""
    if draw(st.integers(0, 20)) == 0:
        return draw(st.sampled_from(["@daily", "@HOURLY", "@weekly", "@Monthly", "@yearly"]))
    words = [
        draw(TIME),
        draw(field(item(0, 23))),
        draw(DAYS),
        draw(field(item(1, 12, MONTHS))),
        draw(WEEKDAY_FIELD),
    ]
    count = draw(st.sampled_from([5, 5, 5, 6, 7]))
    if count > 5:
        words.insert(0, draw(TIME))
    if count > 6:
        words.append(draw(YEARS))
    return draw(st.sampled_from([" ", "  ", "\t"])).join(words)


@st.composite
def expressions(draw: DrawFn) -> CronExpression:
    """An expression that fires, with any options."""
    option = st.none()
    while True:
        try:
            return CronExpression.parse(
                draw(texts()),
                day_rule=draw(option | st.sampled_from(["and", "or"])),
                gap=draw(option | st.sampled_from(["run", "skip"])),
                fold=draw(option | st.sampled_from(["first", "second", "both"])),
            )
        except CronSyntaxError as error:
            assert "never occurs" in error.reason, error  # noqa: PT017 -- the strategy's own check


@st.composite
def moments(draw: DrawFn) -> datetime:
    """An aware moment from 1970 to 2100 in any zone, every second one near a shift of its zone."""
    zone = ZoneInfo(draw(st.sampled_from(ODD_ZONES) | st.sampled_from(ZONES)))
    instant = EPOCH + timedelta(
        seconds=draw(st.integers(0, ERA)), microseconds=draw(st.sampled_from([0, 0, 1, 999_999]))
    )
    if draw(st.booleans()):
        near = next(shifts(zone, instant, instant + timedelta(days=400)), None)
        if near is not None:
            instant = near.at + timedelta(minutes=draw(st.integers(-240, 240)))
    moment = instant.replace(tzinfo=UTC).astimezone(zone)
    if draw(st.integers(0, 3)) == 0:
        # A wall-clock time with either fold, which may exist twice or not at all.
        moment = moment.replace(tzinfo=None).replace(tzinfo=zone, fold=draw(st.integers(0, 1)))
    return moment


@pytest.fixture(scope="session")
def cron_texts() -> SearchStrategy[str]:
    """Texts of the grammar."""
    return texts()


@pytest.fixture(scope="session")
def cron_expressions() -> SearchStrategy[CronExpression]:
    """Expressions that fire."""
    return expressions()


@pytest.fixture(scope="session")
def zoned_moments() -> SearchStrategy[datetime]:
    """Aware moments, many of them near a shift, in a gap or in a fold."""
    return moments()


@pytest.fixture(scope="session")
def utc() -> Callable[[datetime], datetime]:
    """What makes instants comparable: two datetimes of one zone compare by their wall clocks."""
    return lambda moment: moment.astimezone(UTC)
