"""croniter and cronsim as oracles: the same fire times, but for the listed disagreements.

Each class of disagreement is data: when it applies, why cronkit does not follow, and an example. A
case that differs and that no class covers fails; so does a class whose example no longer differs.
"""

from __future__ import annotations

import random
import re
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

import pytest
from croniter import CroniterBadDateError, CroniterError, croniter
from hypothesis import given
from hypothesis import strategies as st

from cronkit._zones import Shift, shifts, to_utc
from cronkit.cron import CronExpression, CronSyntaxError
from cronkit.cron._fields import HOUR
from cronkit.cron._parser import read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

cronsim = pytest.importorskip("cronsim", reason="cronsim is in the extra 'test'")

COUNT = 4
ZONES = [
    "Africa/Lome",
    "America/Havana",
    "America/New_York",
    "Antarctica/Troll",
    "Asia/Beirut",
    "Australia/Lord_Howe",
    "Europe/Paris",
    "Pacific/Apia",
    "UTC",
]
GRID = [
    *("* * * * *", "*/5 * * * *", "*/7 * * * *", "0 * * * *", "30 * * * *", "15,45 * * * *"),
    *("0 0 * * *", "0 1 * * *", "30 1 * * *", "0 2 * * *", "30 2 * * *", "0 3 * * *"),
    *("*/10 2 * * *", "* 0-3 * * *", "0 */2 * * *", "30 */6 * * *", "0 1-3 * * *", "5-10 2 * * *"),
    *("0 9 * * MON-FRI", "0 2 * * SUN", "0 2 29 2 *", "0 0 31 * *", "0 0 1,15 * *", "30 2 L * *"),
    *("0 9 13 * FRI", "0 9 * * MON#1", "0 9 * * 5#5", "0 0 1-7 * MON", "0 12 * 1,7 0", "0 0 * * 7"),
]


class Case(NamedTuple):
    """An expression, in cronkit's words, and the moment it is asked at."""

    text: str
    start: datetime

    def __str__(self) -> str:
        return f"{self.text!r} after {self.start.isoformat()} {self.start.tzinfo}"

    @property
    def words(self) -> list[str]:
        """The five usual fields, without the seconds."""
        return self.text.split()[-5:]

    @property
    def for_croniter(self) -> str:
        """The text in croniter's order and with its word for the last Friday, ``L5``."""
        words = self.text.split()
        words[-1] = re.sub(r"^(\d)L$", r"L\1", words[-1])
        return " ".join([*words[-5:], *words[:-5]])


Answer = list[datetime] | str
"""Fire times as instants, or why there are none."""


def first(found: Iterator[datetime]) -> list[datetime]:
    return [each.astimezone(UTC) for each, _ in zip(found, range(COUNT), strict=False)]


def cronkit_says(case: Case) -> Answer:
    try:
        return first(CronExpression.parse(case.text).iter(case.start))
    except CronSyntaxError as error:
        return [] if "never occurs" in error.reason else error.reason


def cronkit_says_in_the_dialect(case: Case) -> Answer:
    try:
        return first(CronExpression.parse(case.for_croniter, dialect="croniter").iter(case.start))
    except CronSyntaxError as error:
        return [] if "no date fits" in error.reason else error.reason


def croniter_says(case: Case) -> Answer:
    found = []
    try:
        walk = croniter(case.for_croniter, case.start, datetime, max_years_between_matches=30)
        found += [walk.get_next().astimezone(UTC) for _ in range(COUNT)]
    except CroniterBadDateError:
        return found
    except CroniterError as error:
        return str(error)
    return found


def cronsim_says(case: Case) -> Answer:
    try:
        return first(cronsim.CronSim(case.text, case.start))
    except cronsim.CronSimError as error:
        return str(error)


# --- when a class applies -----------------------------------------------------------------------


def has_equal_range(case: Case) -> bool:
    items = [each for word in case.text.split() for each in word.split(",")]
    return any(re.fullmatch(r"(\d+)-\1(/\d+)?", each) for each in items)


def has_wrap(case: Case, *, step: bool) -> bool:
    """Whether a range goes down; with `step`, whether such a one has a step."""
    spans = re.findall(r"(\d+)-(\d+)(/?)", case.text)
    return any(int(low) > int(high) and (slash or not step) for low, high, slash in spans)


def has_seconds(case: Case) -> bool:
    return len(case.text.split()) > len(case.words)


def has_all_hours(case: Case) -> bool:
    """Whether the hour field names each hour; to croniter an equal range does."""
    return read(case.text).hour == HOUR.full or bool(re.fullmatch(r"(\d+)-\1", case.words[1]))


def is_refused(*, because: str) -> Callable[[Case, Answer, Answer], bool]:
    """The other refuses the text, and the text has this in it."""
    return lambda case, _, theirs: isinstance(theirs, str) and bool(re.search(because, case.text))


def joins_days_otherwise(case: Case, _ours: Answer, _theirs: Answer) -> bool:
    try:
        days = croniter(case.for_croniter, 0.0).expanded
    except CroniterError:
        return False
    restricts = days[2][0] != "*" and days[4][0] != "*"
    return restricts != read(f"0 0 {' '.join(case.words[2:])}").either


def both_days_and(sign: str) -> Callable[[Case, Answer, Answer], bool]:
    """Both day fields restrict, and one of them has `sign` in it."""
    return lambda case, *_: (
        "*" not in (case.words[2], case.words[4])
        and bool(re.search(sign, " ".join(case.words[2:])))
    )


def near_a_shift(*, gap: bool, interval: bool) -> Callable[[Case, Answer, Answer], bool]:
    """The first difference lies within a day of a gap, or of a fold."""

    def applies(case: Case, ours: Answer, theirs: Answer) -> bool:
        shift = nearest_shift(case, ours, theirs)
        if shift is None or shift.is_gap != gap:
            return False
        return CronExpression.parse(case.text).fields.interval == interval

    return applies


def nearest_shift(case: Case, ours: Answer, theirs: Answer) -> Shift | None:
    if isinstance(ours, str) or isinstance(theirs, str):
        return None
    differing = [each for each in {*ours, *theirs} if each not in ours or each not in theirs]
    at, day = to_utc(min(differing)), timedelta(hours=26)
    return next(shifts(case.start.tzinfo, at - day, at + day), None)


class Disagreement(NamedTuple):
    name: str
    reason: str
    applies: Callable[[Case, Answer, Answer], bool]
    example: Case


def example(text: str, start: str, zone: str = "UTC") -> Case:
    return Case(text, datetime.fromisoformat(start).astimezone(ZoneInfo(zone)))


IN_THE_DIALECT = [
    Disagreement(
        "fold, fixed",
        "croniter runs a fixed time on both passes; here a nightly job runs once a night",
        near_a_shift(gap=False, interval=False),
        example("30 2 * * *", "2026-10-24T12:00Z", "Europe/Paris"),
    ),
    Disagreement(
        "gap, interval",
        "croniter moves */10 in hour 2 to 03:00; here real time goes on and nothing is invented",
        near_a_shift(gap=True, interval=True),
        example("*/10 2 * * *", "2026-03-28T12:00Z", "Europe/Paris"),
    ),
    Disagreement(
        "gap, all hours by number",
        "croniter takes 0-23 for a star; here a field that begins with a number is fixed",
        lambda case, ours, theirs: (
            near_a_shift(gap=True, interval=False)(case, ours, theirs) and has_all_hours(case)
        ),
        example("30 0-23 * * *", "2026-03-29T00:00Z", "Europe/Paris"),
    ),
    Disagreement(
        "gap, fixed seconds",
        "croniter moves in whole minutes, to 03:00:15; here to the first instant after the gap",
        lambda case, ours, theirs: (
            near_a_shift(gap=True, interval=False)(case, ours, theirs) and has_seconds(case)
        ),
        example("15 30 2 * * *", "2026-03-28T12:00Z", "Europe/Paris"),
    ),
    Disagreement(
        "# or W beside a day that never meets it",
        "croniter then finds no date at all, not even those of # or W alone",
        lambda case, ours, theirs: (
            not theirs and bool(re.search("[#LW]", " ".join(case.words[2:])))
        ),
        example("0 0 17 2 1#2", "2026-01-01T00:00Z"),
    ),
    Disagreement(
        "29W and 30W",
        "croniter takes the last day of a shorter February; no field says so, and it is refused",
        lambda case, ours, theirs: isinstance(ours, str) and bool(re.search("(29|30)W", case.text)),
        example("0 0 30W * *", "2026-01-01T00:00Z"),
    ),
]
CRONITER = [
    *IN_THE_DIALECT[:4],
    Disagreement(
        "wrapped range with a step",
        "croniter counts one step across the end of the field a unit longer; here all are the same",
        lambda case, *_: has_wrap(case, step=True),
        example("50-10/15 * * * *", "2026-01-01T00:00Z"),
    ),
    Disagreement(
        "weekday with a step and no end",
        "croniter goes up to 6, Saturday; here up to the largest value, 7, Sunday",
        lambda case, *_: bool(re.search(r"(^|,)[0-6]/", case.words[4])),
        example("0 0 * * 4/1", "2026-01-01T00:00Z"),
    ),
    Disagreement(
        "equal range",
        "croniter reads 5-5 as the whole field; here a-a is just a",
        lambda case, *_: has_equal_range(case),
        example("5-5 * * * *", "2026-01-01T00:00Z"),
    ),
    Disagreement(
        "day rule",
        "to croniter a day field with */2 restricts and one with 1,* does not; here, as in Vixie, "
        "what a field begins with decides",
        joins_days_otherwise,
        example("0 0 */2 * FRI", "2026-01-01T00:00Z"),
    ),
    Disagreement(
        "# or L beside a day",
        "croniter forgets the day of the month; here both count",
        both_days_and("#|L"),
        example("0 0 13 * 5#1", "2026-01-01T00:00Z"),
    ),
    Disagreement(
        "W beside a weekday",
        "croniter forgets the day of the week; here both count",
        both_days_and("W"),
        example("0 0 15W * 0", "2026-01-01T00:00Z"),
    ),
    Disagreement(
        "W in a shorter month",
        "croniter draws 31W back into a shorter month; here it does not fire there",
        lambda case, *_: bool(re.search("(29|30|31)W", case.text)),
        example("0 0 31W * *", "2026-02-01T00:00Z"),
    ),
    Disagreement(
        "LW",
        "croniter does not know the last working day",
        is_refused(because="LW"),
        example("0 0 LW * *", "2026-01-01T00:00Z"),
    ),
]
CRONSIM = [
    Disagreement(
        "beyond its grammar",
        "cronsim reads no wrapped range and no working day but the last",
        lambda case, _, theirs: (
            isinstance(theirs, str) and (has_wrap(case, step=False) or "W" in case.words[2])
        ),
        example("0 22-2 * * *", "2026-01-01T00:00Z"),
    ),
    Disagreement(
        "equal range with a step",
        "cronsim reads 16-16/3 as 16/3, up to the maximum; here a-a is just a",
        lambda case, *_: bool(re.search(r"(?<!\d)(\d+)-\1/", case.text)),
        example("16-16/3 * * * *", "2026-01-01T00:00Z"),
    ),
    Disagreement(
        "fold, asked in the second pass",
        "cronsim answers with a time of the first pass, which is past",
        lambda case, _, theirs: isinstance(theirs, list) and theirs[:1] <= [case.start],
        example("30 1 * * *", "2026-11-01T06:01Z", "America/New_York"),
    ),
    Disagreement(
        "shift of half an hour",
        "cronsim goes on in whole hours, half an hour beside what the expression says",
        lambda case, ours, theirs: (
            (shift := nearest_shift(case, ours, theirs)) is not None
            and bool((shift.after - shift.before) % timedelta(hours=1))
        ),
        example("30 * * * *", "2026-10-03T15:29Z", "Australia/Lord_Howe"),
    ),
    Disagreement(
        "gap at midnight, interval",
        "cronsim leaves out the first hour after the gap",
        near_a_shift(gap=True, interval=True),
        example("*/38 1 * * SUN", "2026-03-28T21:39Z", "Asia/Beirut"),
    ),
    Disagreement(
        "fold, fixed seconds",
        "with a seconds field cronsim runs a fixed time on both passes",
        lambda case, ours, theirs: (
            near_a_shift(gap=False, interval=False)(case, ours, theirs) and has_seconds(case)
        ),
        example("0 30 2 * * *", "2026-10-24T12:00Z", "Europe/Paris"),
    ),
]


# --- the cases ----------------------------------------------------------------------------------


def item(low: int, high: int) -> st.SearchStrategy[str]:
    number = st.integers(low, high)
    base = st.one_of(number.map(str), number.map(str), st.builds("{}-{}".format, number, number))
    step = st.integers(1, high)
    return st.one_of(
        base, st.just("*"), step.map("*/{}".format), st.builds("{}/{}".format, base, step)
    )


def field(low: int, high: int) -> st.SearchStrategy[str]:
    some = st.lists(item(low, high), min_size=1, max_size=3).map(",".join)
    return st.just("*") | item(low, high) | some


@st.composite
def texts(draw: st.DrawFn) -> str:
    """Expressions that cronkit reads; most of them the others read as well."""
    star = st.just("*")
    words = [
        *([draw(field(0, 59))] if draw(st.integers(0, 3)) == 0 else []),
        draw(field(0, 59)),
        draw(field(0, 23)),
        draw(star | field(1, 31) | st.sampled_from(["L", "LW", "1,L", "15W", "31W", "28W", "30W"])),
        draw(star | field(1, 12)),
        draw(star | field(0, 6) | st.from_regex(r"[0-6](#[1-5]|L)", fullmatch=True)),
    ]
    return " ".join(words)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """A case, every second one in the hours around a shift."""
    zone = ZoneInfo(draw(st.sampled_from(ZONES)))
    moment = datetime(2005, 1, 1) + timedelta(minutes=draw(st.integers(0, 35 * 365 * 1_440)))
    if draw(st.booleans()):
        near = next(shifts(zone, moment, moment + timedelta(days=300)), None)
        if near is not None:
            moment = near.at + timedelta(minutes=draw(st.integers(-300, 120)))
    return Case(draw(texts()), moment.replace(tzinfo=UTC).astimezone(zone))


def grid() -> list[Case]:
    """Usual expressions around each shift of a year, and on some days between."""
    rng, found, year = random.Random(20261122), [], datetime(2026, 1, 1)
    for zone in map(ZoneInfo, ZONES):
        moments = [year + timedelta(minutes=rng.randrange(525_600)) for _ in range(3)]
        for shift in shifts(zone, year, datetime(2027, 1, 1)):
            moments += [shift.at + timedelta(minutes=n) for n in (-1_500, -125, -61, -30, 1, 31)]
        found += [
            Case(text, moment.replace(tzinfo=UTC).astimezone(zone))
            for moment in moments
            for text in GRID
        ]
    return found


# --- the comparison -----------------------------------------------------------------------------


class Peer(NamedTuple):
    name: str
    package: str
    checked: str
    ours: Callable[[Case], Answer]
    theirs: Callable[[Case], Answer]
    differs: list[Disagreement]


PEERS = [
    Peer("croniter", "croniter", "7.0.0", cronkit_says, croniter_says, CRONITER),
    Peer(
        "croniter in its dialect",
        "croniter",
        "7.0.0",
        cronkit_says_in_the_dialect,
        croniter_says,
        IN_THE_DIALECT,
    ),
    Peer("cronsim", "cronsim", "2.8", cronkit_says, cronsim_says, CRONSIM),
]
PEER_NAMES = [peer.name for peer in PEERS]


def unlisted(case: Case, peer: Peer) -> str | None:
    """Say how cronkit and the peer differ, if no listed class covers it."""
    ours, theirs = peer.ours(case), peer.theirs(case)
    if ours == theirs or (isinstance(ours, str) and isinstance(theirs, str)):
        return None
    if any(each.applies(case, ours, theirs) for each in peer.differs):
        return None
    return f"{case}\n  cronkit: {ours}\n  {peer.name}: {theirs}"


@pytest.mark.parametrize("peer", PEERS, ids=PEER_NAMES)
def test_usual_expressions_around_each_shift_of_a_year_fire_as_those_of_the_peer(peer):
    assert [found for case in grid() if (found := unlisted(case, peer))] == []


@pytest.mark.parametrize("peer", PEERS, ids=PEER_NAMES)
@given(case=cases())
def test_any_expression_fires_as_that_of_the_peer(peer, case):
    assert unlisted(case, peer) is None


@pytest.mark.parametrize(
    ("peer", "differs"),
    [(peer, differs) for peer in PEERS for differs in peer.differs],
    ids=[f"{peer.name}: {differs.name}" for peer in PEERS for differs in peer.differs],
)
def test_each_listed_disagreement_is_one(peer, differs):
    if version(peer.package) != peer.checked:
        pytest.skip(f"the list was made with {peer.package} {peer.checked}")
    ours, theirs = peer.ours(differs.example), peer.theirs(differs.example)
    assert ours != theirs
    assert differs.applies(differs.example, ours, theirs)
    assert differs.reason


@pytest.mark.parametrize("peer", PEERS, ids=PEER_NAMES)
def test_most_usual_expressions_are_not_excused_by_the_list(peer):
    agreed = sum(peer.ours(case) == peer.theirs(case) for case in grid()[::7])
    assert agreed > 0.9 * len(grid()[::7])
