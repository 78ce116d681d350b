"""Laws: a trigger that keeps pace with its questions answers as one that searches each time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from itertools import islice, pairwise
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cronkit.cron import CronExpression
from cronkit.cron._pace import even_step
from cronkit.triggers import Cron

if TYPE_CHECKING:
    from hypothesis.strategies import DataObject, SearchStrategy

EVEN = [
    "* * * * *",
    "*/15 * * * *",
    "7/20 * * * *",
    "45 * * * *",
    "30 */12 * * *",
    "15 0,8,16 * * *",
    "45 1,9,17 * * *",
    "30 2,10,18 * * *",
    "30 2 * * *",
    "0 0 * * *",
    "30 2 * * SUN",
    "*/20 * * * * *",
    "30 * * * * *",
]
MOVES = st.lists(
    st.sampled_from(
        ["follow", "follow", "follow", "follow", "in the zone", "again", "just before", "jump"]
    ),
    min_size=5,
    max_size=60,
)
WEEK = timedelta(weeks=1)


@st.composite
def even_expressions(draw):
    """An expression with one step, and any options."""
    option = st.none()
    return CronExpression.parse(
        draw(st.sampled_from(EVEN)),
        gap=draw(option | st.sampled_from(["run", "skip"])),
        fold=draw(option | st.sampled_from(["first", "second", "both"])),
    )


@st.composite
def weekly_texts(draw):
    """A text whose dates go by the weekday alone; its sets are even now and then."""

    def field(size: int) -> str:
        step = draw(st.sampled_from([each for each in range(1, size + 1) if size % each < 2]))
        numbers = range(draw(st.integers(0, step - 1)), size, step)
        odd = draw(st.lists(st.integers(0, size - 1), max_size=1))
        return ",".join(map(str, {*numbers, *odd}))

    star = st.just("*")
    minute, hour = draw(star | st.just(field(60))), draw(star | st.just(field(24)))
    return f"{minute} {hour} * * {draw(star | st.just(field(7)))}"


def shown(moment: datetime | None) -> tuple[object, ...]:
    if moment is None:
        return (None,)
    return moment.isoformat(), moment.fold, moment.tzinfo


@given(st.data())
def test_a_trigger_asked_in_a_row_answers_as_its_expression_does(
    cron_expressions: SearchStrategy[CronExpression],
    zoned_moments: SearchStrategy[datetime],
    data: DataObject,
) -> None:
    expression = data.draw(even_expressions() | cron_expressions)
    start = data.draw(zoned_moments)
    fixed = st.sampled_from([UTC, timezone(timedelta(hours=-5)), timezone(timedelta(hours=13))])
    zone = data.draw(st.just(start.tzinfo) | fixed)
    trigger = Cron(expression).bind(zone, "job")
    question, answer = start, start
    for move in data.draw(MOVES):
        if move == "follow":
            question = answer.astimezone(UTC)
        elif move == "in the zone":
            question = answer
        elif move == "just before":
            question = answer.astimezone(UTC) - timedelta(microseconds=1)
        elif move == "jump":
            question = start = start + data.draw(st.integers(-90, 90)) * timedelta(minutes=1)
        found = trigger.next(question)
        assert shown(found) == shown(expression.next(question.astimezone(zone)))
        answer = found or answer


@given(st.data())
def test_a_trigger_followed_over_a_shift_gives_what_iterating_gives(
    zoned_moments: SearchStrategy[datetime], data: DataObject
) -> None:
    expression, start = data.draw(even_expressions()), data.draw(zoned_moments)
    start -= timedelta(minutes=data.draw(st.integers(0, 5 * 24 * 60)))
    assert_followed(expression, start, 400)


# Shifts at midnight, from it and up to it; half an hour; a whole day left out.
@pytest.mark.parametrize(
    ("zone", "start"),
    [
        ("Asia/Beirut", "2026-03-20"),
        ("Asia/Beirut", "2026-10-17"),
        ("America/Sao_Paulo", "2018-10-27"),
        ("America/Sao_Paulo", "2018-02-09"),
        ("America/Scoresbysund", "2024-03-23"),
        ("America/Toronto", "1947-04-20"),
        ("Australia/Lord_Howe", "2026-03-27"),
        ("Pacific/Apia", "2011-12-22"),
        ("Europe/Paris", "2026-10-16"),
    ],
)
@pytest.mark.parametrize("text", EVEN)
@pytest.mark.parametrize(("gap", "fold"), [(None, None), ("run", "both"), ("skip", "second")])
def test_a_step_never_leads_into_a_shift(zone, start, text, gap, fold):
    expression = CronExpression.parse(text, gap=gap, fold=fold)
    begin = datetime.fromisoformat(start).replace(tzinfo=ZoneInfo(zone))
    for days in range(6, 11):
        assert_followed(expression, begin + timedelta(days=days), 300)


def assert_followed(expression: CronExpression, start: datetime, count: int) -> None:
    trigger, moment = Cron(expression).bind(start.tzinfo, "job"), start
    for expected in islice(expression.iter(start), count):
        found = trigger.next(moment)
        assert shown(found) == shown(expected)
        moment = found.astimezone(UTC)


@given(weekly_texts(), st.sampled_from(["cronkit", "croniter"]))
def test_an_expression_has_a_step_where_all_its_times_lie_alike(text: str, dialect: str) -> None:
    expression = CronExpression.parse(text, dialect=dialect)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    first = expression.next(start)
    gaps = {
        later - earlier for earlier, later in pairwise(expression.between(first, first + 2 * WEEK))
    }
    assert {even_step(expression.fields)} == (gaps if len(gaps) == 1 else {timedelta(0)})


@given(st.data())
def test_a_step_leads_from_each_time_to_the_next(
    cron_expressions: SearchStrategy[CronExpression],
    zoned_moments: SearchStrategy[datetime],
    data: DataObject,
) -> None:
    expression = data.draw(cron_expressions)
    step = even_step(expression.fields)
    moment = data.draw(zoned_moments).astimezone(UTC)
    for earlier, later in pairwise(islice(expression.iter(moment), 20)):
        assert not step or later - earlier == step
