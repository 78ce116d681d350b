"""Laws of describe and explain: every expression has a sentence, and the sentences are true."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from cronkit.cron import CronExpression, CronSyntaxError, describe, explain

MINUTES = ["*", "0", "5", "59", "*/15", "*/7", "5/15", "0-30", "10-40/5", "0,30", "5,10", "1,2,3,9"]
HOURS = ["*", "0", "9", "*/2", "*/5", "9-17", "22-2", "9-17/2", "9,17", "9,13,14"]
DATES = [
    *(
        "* * *",
        "1 * *",
        "1,15 * *",
        "1-7 * *",
        "2-7 * *",
        "*/2 * *",
        "*/10 * *",
        "L * *",
        "L-1 * *",
    ),
    *("L-3 * *", "15W * *", "LW * *", "L-1W * *", "L-3W * *", "1,L * *", "1,15W * *"),
    *("* * MON", "* * MON-FRI", "* * FRI-MON", "* * 6,0", "* * 1,3,5", "* * MON#2", "* * MON#3"),
    *("* * 5L", "* * MON,5L", "13 * FRI", "*/2 * FRI", "1-7 * */7", "13 * 5L", "*/13 * 5L"),
    *("25 12 *", "25 11 *", "1,15 1 *", "1 1,4,7,10 *", "* 3-10 *", "* 11-2 *", "* 8 1", "* 4 *"),
    *("L 2 *", "13 6 FRI", "*/13 6 FRI"),
]


def test_expressions_that_fire_at_other_times_have_other_sentences():
    for lang in ("en", "fr"):
        seen: dict[str, tuple[int | None, ...]] = {}
        for minute, hour, date in product(MINUTES, HOURS, DATES):
            fields = CronExpression.parse(f"{minute} {hour} {date}").fields
            # Whether it is interval or fixed is a matter of gaps and folds, which `explain` tells.
            key = fields.key[:-1]
            assert seen.setdefault(describe(str(fields.text), lang), key) == key, fields


@given(st.data())
def test_every_expression_has_a_sentence_in_every_language(cron_expressions, data):
    expression = data.draw(cron_expressions)
    for lang in ("en", "fr"):
        sentence = describe(expression, lang)
        assert sentence.isprintable()
        assert "{" not in sentence
        assert "  " not in sentence
        assert " ," not in sentence
        assert sentence == sentence.strip()


@given(st.data())
def test_the_sentence_does_not_depend_on_the_spelling(cron_texts, data):
    text = data.draw(cron_texts)
    try:
        expression = CronExpression.parse(text)
    except CronSyntaxError:
        return
    assert describe(expression) == describe(str(expression)) == describe(text.lower())


@given(st.data(), st.integers(1971, 2099))
def test_what_explain_says_is_what_the_expression_does(cron_expressions, zoned_moments, data, year):
    expression, zone = data.draw(cron_expressions), data.draw(zoned_moments).tzinfo
    for change in explain(expression, tz=zone, year=year):
        assert change.at.utcoffset() == change.after
        assert change.before != change.after
        at = change.at.astimezone(UTC)
        length = abs(change.after - change.before)
        if change.after > change.before:
            fires_at_end = expression.matches(change.at)
            expected = {"none": None, "skipped": None, "moved": True}[change.effect]
            assert expected is None or fires_at_end
            continue
        passes = [
            sum(1 for _ in expression.between(*(each.astimezone(zone) for each in span)))
            for span in ((at - length, at), (at, at + length))
        ]
        fires = {"none": (False, False), "first": (True, False), "second": (False, True)}
        assert tuple(map(bool, passes)) == fires.get(change.effect, (True, True))


def test_explain_finds_each_change_of_a_zone_and_no_other():
    for name in ("Europe/Paris", "Pacific/Apia", "Australia/Lord_Howe", "Antarctica/Troll"):
        zone = ZoneInfo(name)
        found = [
            change.at.astimezone(UTC)
            for year in range(2005, 2015)
            for change in explain("0 0 * * *", tz=zone, year=year)
        ]
        hours = [
            datetime(2004, 12, 31, tzinfo=UTC) + timedelta(minutes=30 * n)
            for n in range(2 * 24 * 3653)
        ]
        offsets = [each.astimezone(zone).utcoffset() for each in hours]
        expected = [hours[n] for n in range(1, len(hours)) if offsets[n] != offsets[n - 1]]
        assert found == expected
