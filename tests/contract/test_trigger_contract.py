"""What every trigger promises, run over every built-in one, alone and combined, bound and unbound."""

from __future__ import annotations

import inspect
import os
import pickle
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import attrs
import pytest

from cronkit.errors import NaiveDatetimeError, PolicyError
from cronkit.triggers import (
    AnyOf,
    At,
    Bounded,
    Cron,
    Every,
    Except,
    Rule,
    bind,
    jittered,
    reversible,
    text_of,
)

PARIS = ZoneInfo("Europe/Paris")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
APIA = ZoneInfo("Pacific/Apia")


def in_paris(*when: int, fold: int = 0) -> datetime:
    return datetime(*when, tzinfo=PARIS, fold=fold)


MAKE = {
    "cron, fixed": lambda: Cron("30 2 * * *"),
    "cron, interval": lambda: Cron("*/20 * * * *"),
    "cron, both passes, no gap": lambda: Cron("30 2 * * SUN", gap="skip", fold="both"),
    "cron, second pass": lambda: Cron("0,30 2 * * *", fold="second"),
    "cron, either day": lambda: Cron("0 0 L * 5L", day_rule="or"),
    "cron, a rare day": lambda: Cron("0 12 29 2 *"),
    "cron, a seed of its own": lambda: Cron("H H(0-7) * * *", seed="mine"),
    "every five minutes": lambda: Every("5m"),
    "every odd length": lambda: Every("97m", anchor="2026-01-01T00:00:30"),
    "every, before its anchor": lambda: Every("36h", anchor="2031-01-01T00:00:00Z"),
    "at some instants": lambda: At(
        "2026-03-29T02:30:00", "2026-10-25T02:30:00", "2026-12-31T23:59:00Z", "2026-03-28T09:00:00"
    ),
    "rule of a month": lambda: Rule("FREQ=MONTHLY;BYDAY=-1FR;BYHOUR=17", start="2026-01-01"),
    "rule in gap and fold": lambda: Rule("FREQ=DAILY;BYHOUR=2;BYMINUTE=0,30"),
    "rule with an interval": lambda: Rule("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU", start="2026-01-01"),
    "rule with a count": lambda: Rule("FREQ=DAILY;COUNT=120", start="2026-01-01T02:30"),
    "rule from an instant": lambda: Rule("FREQ=DAILY", start="2026-01-01T01:30:00Z"),
    "month ends": lambda: Rule.every(months=1, anchor="2026-01-31T02:30"),
    "steps of days": lambda: Rule.every(days=1, anchor="2026-01-01T01:30:00Z"),
    "mixed steps": lambda: Rule.every(months=1, days=3, anchor="2026-02-28"),
    "any of two": lambda: AnyOf(Every("7h"), Rule("FREQ=DAILY;BYHOUR=2;BYMINUTE=30")),
    "all but some days": lambda: Except(Every("7h"), dates=["2026-03-29", "2026-10-25"]),
    "between two bounds": lambda: Bounded(
        Every("7h"), start="2026-03-29T02:30:00", end="2026-10-25T02:30:00"
    ),
    "all of it": lambda: Bounded(
        Except(AnyOf(Rule.every(days=1), Cron("0 */11 * * *")), dates=["2026-03-29"]),
        end="2027-01-01",
    ),
}

QUESTIONS = {
    "in winter": in_paris(2026, 1, 15, 12),
    "just before a gap": in_paris(2026, 3, 29, 1, 59, 59, 999_999),
    "just after a gap": in_paris(2026, 3, 29, 3),
    "in the first pass": in_paris(2026, 10, 25, 2, 30),
    "in the second pass": in_paris(2026, 10, 25, 2, 30, fold=1),
    "in UTC, between seconds": datetime(2026, 10, 25, 0, 29, 59, 500_000, tzinfo=UTC),
    "in a gap that is no time at all": in_paris(2026, 3, 29, 2, 30),
    "in another zone": datetime(2026, 4, 5, 1, 45, tzinfo=LORD_HOWE, fold=1),
    "long ago": datetime(1971, 6, 1, tzinfo=UTC),
    "far ahead": datetime(2099, 6, 1, tzinfo=UTC),
}


@pytest.fixture(params=MAKE.values(), ids=MAKE.keys())
def make(request):
    return request.param


@pytest.fixture(params=["unbound", "Europe/Paris", "Australia/Lord_Howe", "Pacific/Apia"])
def trigger(request, make):
    if request.param == "unbound":
        return make()
    return bind(make(), ZoneInfo(request.param), "job")


def at_each_question(law):
    """Ask at each moment of the table in one test; a test for each would make ten thousand."""
    names = [name for name in inspect.signature(law).parameters if name != "question"]

    def test(**fixtures):
        for question in QUESTIONS.values():
            law(question=question, **fixtures)

    # What pytest hands in goes by the signature.
    test.__signature__ = inspect.Signature(
        [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY) for name in names]
    )
    test.__name__, test.__qualname__ = law.__name__, law.__qualname__
    return test


def utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


def is_real(moment: datetime) -> bool:
    """Whether the zone really shows this wall-clock time with this fold."""
    back = utc(moment).astimezone(moment.tzinfo)
    return (back.replace(tzinfo=None), back.fold) == (moment.replace(tzinfo=None), moment.fold)


@at_each_question
def test_next_is_strictly_later_as_an_instant_and_exists(trigger, question):
    found = trigger.next(question)
    if found is not None:
        assert utc(found) > utc(question)
        assert is_real(found)


@at_each_question
def test_previous_is_strictly_earlier_as_an_instant_and_exists(trigger, question):
    found = trigger.previous(question)
    if found is not None:
        assert utc(found) < utc(question)
        assert is_real(found)


@at_each_question
def test_previous_mirrors_next(trigger, question):
    found = trigger.next(question)
    if found is None:
        return
    beyond = (utc(found) + timedelta(microseconds=1)).astimezone(found.tzinfo)
    assert trigger.previous(beyond) == found
    before = trigger.previous(found)
    assert before is None or utc(before) <= utc(question)
    following = trigger.next(found)
    if following is not None:
        assert utc(following) > utc(found)
        assert trigger.previous(following) == found


@at_each_question
def test_next_mirrors_previous(trigger, question):
    found = trigger.previous(question)
    if found is None:
        return
    following = trigger.next(found)
    assert following is None or utc(following) >= utc(question)


@at_each_question
def test_nothing_fires_between_a_question_and_its_answer(trigger, question):
    found = trigger.next(question)
    if found is None:
        return
    span = utc(found) - utc(question)
    for share in (0.1, 0.5, 0.9):
        between = (utc(question) + span * share).astimezone(question.tzinfo)
        if utc(between) < utc(found):
            assert utc(trigger.next(between)) == utc(found)


@at_each_question
def test_the_zone_of_a_question_does_not_move_the_answer_of_a_bound_trigger(make, question):
    trigger = bind(make(), PARIS, "job")
    answers = {
        trigger.next(utc(question).astimezone(zone)) for zone in (UTC, PARIS, LORD_HOWE, APIA)
    }
    assert len(answers) == 1


@pytest.mark.parametrize("zone", [PARIS, LORD_HOWE, APIA, UTC], ids=str)
@at_each_question
def test_a_bound_trigger_answers_in_its_zone(make, question, zone):
    trigger = bind(make(), zone, "job")
    for found in (trigger.next(question), trigger.previous(question)):
        assert found is None or found.tzinfo is zone


@at_each_question
def test_an_unbound_trigger_answers_in_the_zone_of_the_question(make, question):
    for found in (make().next(question), make().previous(question)):
        assert found is None or found.tzinfo is question.tzinfo


@at_each_question
def test_an_unbound_trigger_answers_as_one_bound_to_the_zone_of_the_question(make, question):
    bound = bind(make(), question.tzinfo, "job")
    assert make().next(question) == bound.next(question)
    assert make().previous(question) == bound.previous(question)


@at_each_question
def test_asking_changes_nothing(trigger, question):
    text, copy = str(trigger), pickle.dumps(trigger)
    first = trigger.next(question), trigger.previous(question)
    assert (trigger.next(question), trigger.previous(question)) == first
    assert (str(trigger), pickle.dumps(trigger)) == (text, copy)


def test_binding_twice_keeps_the_first_zone(make):
    bound = bind(make(), PARIS, "job")
    again = bind(bound, APIA, "other")
    assert again == bound
    assert str(again) == str(bound)


@at_each_question
def test_it_pickles_to_an_equal_trigger(trigger, question):
    copy = pickle.loads(pickle.dumps(trigger))
    assert copy == trigger
    assert copy.next(question) == trigger.next(question)


def test_two_made_alike_are_equal_and_hash_alike(make):
    assert make() == make()
    assert hash(make()) == hash(make())
    assert bind(make(), PARIS, "job") == bind(make(), PARIS, "job")
    assert len({bind(make(), PARIS, "job"), bind(make(), PARIS, "job")}) == 1


def test_no_two_triggers_of_the_table_are_equal_or_share_a_text():
    triggers = [each() for each in MAKE.values()]
    assert len(set(triggers)) == len(triggers)
    assert len({str(each) for each in triggers}) == len(triggers)


def test_no_attribute_can_be_changed(trigger):
    for field in attrs.fields(type(trigger)):
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            setattr(trigger, field.name, None)
    with pytest.raises((attrs.exceptions.FrozenInstanceError, AttributeError)):
        trigger.another = 1


def test_it_has_a_readable_text(trigger):
    assert str(trigger) == text_of(trigger)
    assert " at 0x" not in str(trigger)
    assert "datetime" not in str(trigger)
    assert str(trigger).isprintable()
    assert repr(trigger) == f"<{type(trigger).__name__}: {trigger}>"


def test_it_can_look_back(trigger):
    assert reversible(trigger)


def test_a_naive_question_is_refused(trigger):
    with pytest.raises(NaiveDatetimeError) as caught:
        trigger.next(datetime(2026, 1, 1))
    assert caught.value.argument == "after"
    with pytest.raises(NaiveDatetimeError) as caught:
        trigger.previous(datetime(2026, 1, 1))
    assert caught.value.argument == "before"


@pytest.mark.parametrize("value", [None, "2026-01-01T00:00Z", 0, date(2026, 1, 1)], ids=repr)
def test_a_question_that_is_no_datetime_is_refused(trigger, value):
    with pytest.raises(PolicyError, match=r"after: .* allowed: an aware datetime"):
        trigger.next(value)
    with pytest.raises(PolicyError, match=r"before: .* allowed: an aware datetime"):
        trigger.previous(value)


@pytest.mark.parametrize("zone", [UTC, PARIS, ZoneInfo("Pacific/Kiritimati")], ids=str)
def test_at_the_ends_of_the_calendar_it_answers_or_gives_none(make, zone):
    trigger = bind(make(), zone, "job")
    for asked_in in (UTC, zone, ZoneInfo("Pacific/Pago_Pago")):
        for question in (
            datetime.min.replace(tzinfo=asked_in),
            datetime.max.replace(tzinfo=asked_in),
        ):
            for found in (trigger.next(question), trigger.previous(question)):
                assert found is None or found.tzinfo is zone


@at_each_question
def test_jitter_stays_between_a_fire_time_and_the_next(trigger, question):
    found = trigger.next(question)
    if found is None:
        return
    due = jittered(trigger, found, timedelta(days=2), "job")
    following = trigger.next(found)
    assert utc(found) <= utc(due) < utc(found) + timedelta(days=2)
    assert due.tzinfo is found.tzinfo
    assert following is None or utc(due) < utc(following)


def test_texts_are_the_same_in_a_process_with_another_hash_seed():
    script = (
        "import sys, importlib.util\n"
        "spec = importlib.util.spec_from_file_location('contract', sys.argv[1])\n"
        "module = importlib.util.module_from_spec(spec)\n"
        "spec.loader.exec_module(module)\n"
        "for make in module.MAKE.values():\n"
        "    print(module.bind(make(), module.PARIS, 'job'))\n"
    )
    listings = {
        subprocess.run(
            [sys.executable, "-c", script, __file__],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1")
    }
    assert listings == {"".join(f"{bind(make(), PARIS, 'job')}\n" for make in MAKE.values())}
