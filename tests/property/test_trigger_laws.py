"""Laws of the triggers, over zones, years and rules that nobody picked by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo, available_timezones

from dateutil.relativedelta import relativedelta
from dateutil.rrule import rrulestr
from hypothesis import assume, given
from hypothesis import strategies as st

from cronkit.errors import PolicyError, TriggerSearchError
from cronkit.triggers import AnyOf, At, Bounded, Every, Except, Rule, jittered
from cronkit.triggers._recurrence import Recurrence
from cronkit.triggers._rule_text import parse_rule

ZONES = st.sampled_from(sorted(available_timezones())).map(ZoneInfo)
WALLS = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1))


@st.composite
def instants(draw):
    """An instant of any zone, half of the time within a day of a change of its offset."""
    zone, moment = draw(ZONES), draw(WALLS).replace(tzinfo=UTC)
    if draw(st.booleans()):
        for hours in range(0, 24 * 200, 24):
            later = moment + timedelta(hours=hours)
            if later.astimezone(zone).utcoffset() != moment.astimezone(zone).utcoffset():
                moment = later - timedelta(seconds=draw(st.integers(0, 86_400)))
                break
    return moment.astimezone(zone)


NUMBERS = {
    "BYMONTH": st.integers(1, 12),
    "BYMONTHDAY": st.integers(1, 31) | st.integers(-31, -1),
    "BYHOUR": st.integers(0, 23),
    "BYMINUTE": st.integers(0, 59),
    "BYYEARDAY": st.integers(1, 366) | st.integers(-366, -1),
}
ALLOWED = {
    "YEARLY": ("BYMONTH", "BYMONTHDAY", "BYHOUR", "BYMINUTE", "BYYEARDAY"),
    "MONTHLY": ("BYMONTH", "BYMONTHDAY", "BYHOUR", "BYMINUTE"),
    "WEEKLY": ("BYMONTH", "BYHOUR", "BYMINUTE"),
    "DAILY": ("BYMONTH", "BYMONTHDAY", "BYHOUR", "BYMINUTE"),
}
WEEKDAYS = st.sampled_from(["MO", "TU", "WE", "TH", "FR", "SA", "SU"])


@st.composite
def rules(draw):
    """The text of a rule that the RFC allows."""
    freq = draw(st.sampled_from(sorted(ALLOWED)))
    parts = [f"FREQ={freq}"]
    for part in draw(st.lists(st.sampled_from(ALLOWED[freq]), max_size=3, unique=True)):
        values = draw(st.lists(NUMBERS[part], min_size=1, max_size=4, unique=True))
        parts.append(f"{part}={','.join(map(str, values))}")
    if draw(st.booleans()):
        ordinal = st.sampled_from(["", "1", "2", "-1"] if freq in {"YEARLY", "MONTHLY"} else [""])
        days = st.builds(str.__add__, ordinal, WEEKDAYS)
        parts.append(f"BYDAY={','.join(draw(st.lists(days, min_size=1, max_size=3, unique=True)))}")
    if draw(st.booleans()):
        parts.append(f"INTERVAL={draw(st.integers(2, 5))}")
    if draw(st.booleans()):
        parts.append(f"WKST={draw(WEEKDAYS)}")
    # dateutil takes a part of the first week for the whole of it; tests/unit has that case.
    if freq != "WEEKLY" and any(each[:2] == "BY" for each in parts) and draw(st.booleans()):
        parts.append(f"BYSETPOS={draw(st.sampled_from(['1', '2', '-1']))}")
    return ";".join(parts)


@st.composite
def triggers(draw):
    """Any built-in trigger that fires often, alone or combined."""
    zone = draw(ZONES)
    simple = st.one_of(
        st.builds(
            Every,
            st.timedeltas(timedelta(seconds=1), timedelta(days=40)),
            anchor=WALLS.map(lambda wall: wall.replace(tzinfo=UTC)),
        ),
        st.builds(
            lambda walls: At(*(wall.isoformat() for wall in walls)),
            st.lists(WALLS, min_size=1, max_size=5),
        ),
        st.builds(
            lambda step, anchor: Rule.every(**step, anchor=anchor.isoformat()),
            st.fixed_dictionaries({"months": st.integers(0, 3), "days": st.integers(1, 40)}),
            WALLS,
        ),
        st.builds(
            lambda hours, start: Rule(
                f"FREQ=DAILY;BYHOUR={','.join(map(str, hours))}", start=start.isoformat()
            ),
            st.lists(st.integers(0, 23), min_size=1, max_size=4, unique=True),
            WALLS,
        ),
    )
    trigger = draw(simple)
    if draw(st.booleans()):
        trigger = AnyOf(trigger, draw(simple))
    if draw(st.booleans()):
        days = st.dates(date(1970, 1, 1), date(2100, 1, 1))
        trigger = Except(trigger, dates=draw(st.lists(days, max_size=5)))
    if draw(st.booleans()):
        start = draw(WALLS)
        trigger = Bounded(
            trigger,
            start=start.isoformat(),
            end=(start + draw(st.timedeltas(timedelta(days=9), timedelta(days=9_000)))).isoformat(),
        )
    return trigger.bind(zone, "job")


def utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


@given(triggers(), instants())
def test_next_lies_strictly_later_exists_and_is_mirrored_by_previous(trigger, after):
    found = trigger.next(after)
    assume(found is not None)
    assert utc(found) > utc(after)
    assert utc(found).astimezone(found.tzinfo) == found
    assert utc(found).astimezone(found.tzinfo).fold == found.fold
    before = trigger.previous(found)
    assert before is None or utc(before) <= utc(after)
    following = trigger.next(found)
    if following is not None:
        assert trigger.previous(following) == found


@given(triggers(), instants())
def test_previous_lies_strictly_earlier_exists_and_is_mirrored_by_next(trigger, before):
    found = trigger.previous(before)
    assume(found is not None)
    assert utc(found) < utc(before)
    assert utc(found).astimezone(found.tzinfo).fold == found.fold
    following = trigger.next(found)
    assert following is None or utc(following) >= utc(before)


@given(triggers(), instants(), st.timedeltas(timedelta(0), timedelta(days=3)))
def test_jitter_never_reaches_the_next_fire_time(trigger, after, jitter):
    found = trigger.next(after)
    assume(found is not None)
    due, following = jittered(trigger, found, jitter, "job"), trigger.next(found)
    assert utc(found) <= utc(due) <= utc(found) + jitter
    assert following is None or utc(due) < utc(following)


@given(rules(), WALLS, st.timedeltas(-timedelta(days=400), timedelta(days=6_000)))
def test_a_rule_gives_the_wall_clock_times_that_dateutil_walks_to_from_the_start(
    rule, start, passed
):
    # dateutil walks all the way from the start: a century of it would take most of the test.
    start, wall = start.replace(microsecond=0), start + passed
    try:
        recurrence = Recurrence.of(parse_rule(rule), start)
    except (PolicyError, TriggerSearchError):
        # The calendar repeats after 400 years, and so do the periods that an interval leaves; a walk
        # from the start itself would take seconds.
        late = start.replace(year=start.year + 18 * 400)
        assert next(iter(rrulestr(rule, dtstart=late)), None) is None
        return
    walk = rrulestr(rule, dtstart=start)
    end = wall + timedelta(days=2_000)
    expected = list(islice(walk.xafter(wall, inc=True), 20))
    assert list(islice(recurrence.rising(wall), 20)) == expected
    falling = list(islice(recurrence.falling(end), 5))
    last = [each for each in [walk.before(end)] if each is not None]
    assert falling[:1] == last
    assert falling == sorted(falling, reverse=True)


@given(
    st.integers(0, 30),
    st.integers(0, 60),
    WALLS,
    WALLS,
)
def test_a_calendar_step_is_the_anchor_and_a_whole_number_of_steps(months, days, anchor, wall):
    assume(months or days)
    trigger = Rule.every(months=months, days=days, anchor=anchor.isoformat(), tz="UTC")
    found = trigger.next(wall.replace(tzinfo=UTC)).replace(tzinfo=None)
    mean = (found - anchor) / timedelta(days=months * 30.436875 + days)
    number = round(mean)
    near = [
        anchor + relativedelta(months=n * months, days=n * days)
        for n in range(number - 6, number + 7)
    ]
    assert found in near
    assert not [each for each in near if wall < each < found]
