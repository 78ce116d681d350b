"""Cron: a cron expression, its zone and its seed."""

from __future__ import annotations

import gc
import pickle
import sys
import threading
from datetime import UTC, datetime, timedelta, timezone
from itertools import islice
from zoneinfo import ZoneInfo

import pytest

from cronkit.cron import CronExpression
from cronkit.errors import CronSyntaxError, NaiveDatetimeError, PolicyError, UnknownZoneError
from cronkit.triggers import Cron

PARIS = ZoneInfo("Europe/Paris")
TOKYO = ZoneInfo("Asia/Tokyo")
NOON = datetime(2026, 3, 28, 12, tzinfo=UTC)


def test_it_fires_in_its_zone_whatever_the_zone_of_the_question():
    trigger = Cron("0 9 * * MON", tz="Europe/Paris")
    expected = "2026-03-30T09:00:00+02:00"
    assert trigger.next(NOON).isoformat() == expected
    assert trigger.next(NOON.astimezone(TOKYO)).isoformat() == expected


def test_unbound_it_matches_in_the_zone_of_the_question_as_the_expression_does():
    trigger, expression = Cron("0 9 * * MON"), CronExpression.parse("0 9 * * MON")
    for zone in (UTC, PARIS, TOKYO, timezone(timedelta(hours=-3))):
        assert trigger.next(NOON.astimezone(zone)) == expression.next(NOON.astimezone(zone))
        assert trigger.previous(NOON.astimezone(zone)).tzinfo is zone


@pytest.mark.parametrize(
    ("trigger", "zone"),
    [
        (Cron("0 9 * * *"), "Europe/Paris"),
        (Cron("0 9 * * *", tz="Asia/Tokyo"), "Asia/Tokyo"),
        (Cron("TZ=Asia/Tokyo 0 9 * * *"), "Asia/Tokyo"),
        (Cron("CRON_TZ=Asia/Tokyo 0 9 * * *", tz="Asia/Tokyo"), "Asia/Tokyo"),
        (Cron("TZ=UTC 0 9 * * *", tz=UTC), "UTC"),
    ],
)
def test_a_zone_of_its_own_wins_over_the_schedulers(trigger, zone):
    bound = trigger.bind(PARIS, "job")
    assert str(bound.tz) == zone
    assert str(bound.next(NOON).tzinfo) == zone
    assert str(bound) == f"cron 0 9 * * * [{zone}]"


def test_h_is_decided_by_the_seed_it_is_bound_with():
    trigger = Cron("H H(0-7) * * *")
    one, other = trigger.bind(PARIS, "export"), trigger.bind(PARIS, "clean-up")
    assert one == trigger.bind(PARIS, "export")
    assert one != other
    expected = CronExpression.parse("H H(0-7) * * *", seed="export")
    assert str(one) == f"cron {expected} [Europe/Paris]"
    assert one.next(NOON) == expected.next(NOON.astimezone(PARIS))


def test_a_seed_of_its_own_wins_over_the_jobs():
    trigger = Cron("H H * * *", seed="mine")
    assert trigger.bind(PARIS, "a") is trigger.bind(PARIS, "b")


def test_h_keeps_its_options_and_zone_until_it_is_bound():
    trigger = Cron("H 9 * * *", tz="Asia/Tokyo", gap="skip", fold="both")
    assert str(trigger) == "cron H 9 * * * gap=skip fold=both [Asia/Tokyo]"
    assert pickle.loads(pickle.dumps(trigger)) == trigger
    assert hash(trigger) == hash(Cron("H 9 * * *", tz="Asia/Tokyo", gap="skip", fold="both"))
    assert trigger != Cron("H 9 * * *", tz="Asia/Tokyo")
    bound = trigger.bind(PARIS, "job")
    assert str(bound.tz) == "Asia/Tokyo"
    assert (bound.expression.gap, bound.expression.fold) == ("skip", "both")


@pytest.mark.parametrize("ask", ["next", "previous"])
def test_h_without_a_seed_cannot_be_asked(ask):
    with pytest.raises(PolicyError) as caught:
        getattr(Cron("H 9 * * *"), ask)(NOON)
    assert caught.value.argument == "seed"
    assert "cron H 9 * * *" in str(caught.value)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, "2026-03-29T03:00:00+02:00"),
        ({"gap": "run"}, "2026-03-29T03:00:00+02:00"),
        ({"gap": "skip"}, "2026-03-30T02:30:00+02:00"),
    ],
)
def test_the_gap_option_reaches_the_expression(options, expected):
    assert Cron("30 2 * * *", tz=PARIS, **options).next(NOON).isoformat() == expected


@pytest.mark.parametrize(
    ("options", "offsets"),
    [({}, ["+02:00"]), ({"fold": "second"}, ["+01:00"]), ({"fold": "both"}, ["+02:00", "+01:00"])],
)
def test_the_fold_option_reaches_the_expression(options, offsets):
    trigger = Cron("30 2 * * *", tz=PARIS, **options)
    moment, found = datetime(2026, 10, 25, tzinfo=PARIS), []
    while (moment := trigger.next(moment)).day == 25:
        found.append(moment.isoformat()[-6:])
    assert found == offsets


@pytest.mark.parametrize(("rule", "day"), [(None, 6), ("or", 6), ("and", 13)])
def test_the_day_rule_reaches_the_expression(rule, day):
    trigger = Cron("0 0 13 * FRI", tz=UTC, day_rule=rule)
    assert trigger.next(datetime(2026, 2, 1, tzinfo=UTC)).day == day


@pytest.mark.parametrize(
    ("trigger", "text"),
    [
        (Cron("0  9 * * mon"), "cron 0 9 * * MON"),
        (Cron("@daily", tz=PARIS), "cron 0 0 * * * [Europe/Paris]"),
        (Cron("0 0 1 * 1", day_rule="or"), "cron 0 0 1 * 1"),
        (Cron("0 0 1 * 1", day_rule="and"), "cron 0 0 1 * 1 day_rule=and"),
        (Cron("0 0 1 * */2", day_rule="or"), "cron 0 0 1 * */2 day_rule=or"),
        (Cron("0 0 0 1 * */2", day_rule="and"), "cron 0 0 0 1 * */2"),
        (Cron("30 2 * * *", gap="run", fold="first"), "cron 30 2 * * *"),
        (Cron("30 2 * * *", gap="skip", fold="second"), "cron 30 2 * * * gap=skip fold=second"),
        (Cron("* * * * *", gap="skip", fold="both"), "cron * * * * *"),
        (Cron("* * * * *", gap="run", fold="first"), "cron * * * * * gap=run fold=first"),
        (Cron("h * * * *", day_rule="or"), "cron H * * * * day_rule=or"),
        (Cron(CronExpression.parse("TZ=Asia/Tokyo 5 * * * *")), "cron 5 * * * * [Asia/Tokyo]"),
    ],
)
def test_its_text_is_the_expression_each_option_that_is_no_default_and_the_zone(trigger, text):
    assert str(trigger) == text


def test_equal_expressions_in_one_zone_are_one_object_however_they_were_given():
    kept = Cron("0 9 * * MON").bind(PARIS, "a")
    assert Cron("0  9 * * mon").bind(PARIS, "b") is kept
    assert Cron("0 9 * * MON", tz=PARIS).bind(TOKYO, "c") is kept
    assert Cron(CronExpression.parse("0 9 * * MON")).bind(PARIS, "d") is kept
    assert kept.bind(TOKYO, "e") is kept


@pytest.mark.parametrize(
    "other",
    [
        Cron("0 9 * * MON", gap="skip"),
        Cron("0 9 * * MON", fold="both"),
        Cron("0 9 1 * MON", day_rule="and"),
        Cron("0 9 1 * MON"),
        Cron("0 9 * * MON", tz=TOKYO),
    ],
)
def test_what_fires_otherwise_is_another_object(other):
    kept = Cron("0 9 * * MON").bind(PARIS, "a")
    assert other.bind(PARIS, "b") is not kept
    assert other.bind(PARIS, "b") != kept


def test_a_bound_trigger_is_forgotten_with_the_last_job_that_holds_it():
    from cronkit.triggers import _cron

    gc.collect()
    before = len(_cron._BOUND)
    kept = [Cron(f"{minute} 9 * * *").bind(PARIS, "job") for minute in range(60)]
    assert len(_cron._BOUND) == before + 60
    del kept
    gc.collect()
    assert len(_cron._BOUND) == before


def test_threads_that_bind_at_once_get_whole_triggers():
    found, start = [], threading.Barrier(8)

    def work() -> None:
        start.wait()
        found.extend(Cron(f"{n % 60} 7 * * *").bind(PARIS, "job").next(NOON) for n in range(300))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(found) == 8 * 300
    assert {each.hour for each in found} == {7}


@pytest.mark.parametrize("zone", [timezone(timedelta(hours=5, minutes=30)), UTC, PARIS], ids=str)
def test_any_kind_of_zone_will_do(zone):
    assert Cron("0 9 * * *").bind(zone, "job").next(NOON).tzinfo is zone


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: Cron("75 * * * *"), CronSyntaxError, "minute: 75 is not in 0-59"),
        (lambda: Cron("H 75 * * *"), CronSyntaxError, "hour: 75 is not in 0-23"),
        (lambda: Cron("H(9 * * * *"), CronSyntaxError, "is not H or H(low-high)"),
        (lambda: Cron("0 0 30 2 *"), CronSyntaxError, "never occurs"),
        (lambda: Cron("H 0 30 2 *"), CronSyntaxError, "never occurs"),
        (lambda: Cron("@every 5m"), CronSyntaxError, "scheduler.every"),
        (lambda: Cron(""), CronSyntaxError, "empty"),
        (lambda: Cron(None), CronSyntaxError, "None is not text"),
        (lambda: Cron("* * * * *", tz="Europe/Pariss"), UnknownZoneError, "'Europe/Paris'"),
        (lambda: Cron("* * * * *", tz=2), PolicyError, "tz: 2"),
        (lambda: Cron("TZ=Asia/Tokyo * * * * *", tz=PARIS), PolicyError, "tz: 'Europe/Paris'"),
        (lambda: Cron("* * * * *", gap="jump"), PolicyError, "gap: 'jump'"),
        (lambda: Cron("* * * * *", fold="none"), PolicyError, "fold: 'none'"),
        (lambda: Cron("* * * * *", day_rule="xor"), PolicyError, "day_rule: 'xor'"),
        (lambda: Cron("* * * * *", dialect="quartz"), PolicyError, "dialect: 'quartz'"),
        (lambda: Cron("* * * * *", gap=["run"]), PolicyError, "gap: ['run']"),
        (lambda: Cron("* * * * *", seed=7), PolicyError, "seed: 7"),
        (lambda: Cron("* * * * *", dialect=None), PolicyError, "dialect: None"),
        (
            lambda: Cron(CronExpression.parse("* * * * *"), gap="run"),
            PolicyError,
            "None beside a CronExpression",
        ),
        (
            lambda: Cron(CronExpression.parse("TZ=Asia/Tokyo * * * * *"), tz=PARIS),
            PolicyError,
            "Asia/Tokyo, the zone that the expression names",
        ),
    ],
)
def test_bad_input_is_refused_with_the_argument_and_what_is_allowed(make, error, words):
    with pytest.raises(error) as caught:
        make()
    assert words in str(caught.value)


def test_a_naive_question_is_refused():
    with pytest.raises(NaiveDatetimeError):
        Cron("* * * * *").next(datetime(2026, 1, 1))


def test_jobs_that_wait_for_one_fire_time_have_it_once():
    trigger = Cron("0 9 * * *").bind(PARIS, "job")
    first, second = trigger.next(NOON), trigger.next(NOON + timedelta(minutes=1))
    assert second is first
    assert trigger.next(first) != first


def test_an_unbound_trigger_answers_each_question_in_its_own_zone():
    trigger = Cron("* * * * *")
    assert trigger.next(NOON).tzinfo is UTC
    assert trigger.next(NOON.astimezone(PARIS)).tzinfo is PARIS


def test_both_passes_of_a_fold_stay_two_answers():
    trigger = Cron("30 2 * * *", fold="both").bind(PARIS, "job")
    first = trigger.next(datetime(2026, 10, 25, 0, 0, tzinfo=UTC))
    second = trigger.next(datetime(2026, 10, 25, 0, 45, tzinfo=UTC))
    assert (first.isoformat(), second.isoformat()) == (
        "2026-10-25T02:30:00+02:00",
        "2026-10-25T02:30:00+01:00",
    )


def test_what_it_has_answered_is_no_part_of_its_value():
    asked, fresh = (Cron("0 9 * * *", tz="Europe/Paris") for _ in range(2))
    asked.next(NOON)
    assert asked == fresh
    assert hash(asked) == hash(fresh)
    assert pickle.loads(pickle.dumps(asked)).next(NOON) == fresh.next(NOON)
    assert len(pickle.dumps(asked)) == len(pickle.dumps(fresh))


@pytest.fixture
def switching():
    """Threads that take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.parametrize("zone", [UTC, PARIS], ids=str)
@pytest.mark.usefixtures("switching")
def test_threads_that_ask_one_trigger_at_once_each_get_their_own_answers(zone):
    trigger, start = Cron("*/20 * * * *").bind(zone, "job"), threading.Barrier(6)
    wrong = []

    def follow(begin: datetime) -> None:
        expected = islice(CronExpression.parse("*/20 * * * *").iter(begin.astimezone(zone)), 1_000)
        start.wait()
        for each in expected:
            begin = trigger.next(begin).astimezone(UTC)
            if begin != each.astimezone(UTC):
                wrong.append((begin, each))
                return

    # Three in step, three elsewhere; through the last Sunday of March.
    begins = [NOON + timedelta(days=days) for days in (-9, -9, -9, -5, -1, 200)]
    threads = [threading.Thread(target=follow, args=(begin,)) for begin in begins]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert wrong == []


def test_jobs_of_one_trigger_that_fire_together_get_one_object():
    trigger = Cron("*/15 * * * *").bind(PARIS, "job")
    fire = trigger.next(NOON)
    for _ in range(5):
        fires = [trigger.next(fire.astimezone(UTC)) for _ in range(3)]
        assert all(each is fires[0] for each in fires)
        fire = fires[0]


@pytest.mark.parametrize(
    "zone",
    [UTC, PARIS, *(timezone(sign * timedelta(hours=23, minutes=59)) for sign in (-1, 1))],
    ids=str,
)
@pytest.mark.parametrize("text", ["* * * * *", "0 */12 * * *", "0 9 * * MON"])
def test_asked_in_a_row_it_stops_where_the_calendar_ends(text, zone):
    trigger = Cron(text).bind(zone, "job")
    days = 30 if "MON" in text else 3
    moment = datetime(9999, 12, 31, tzinfo=zone) - timedelta(days=days)
    while moment is not None:
        found = trigger.next(moment)
        assert found == trigger.expression.next(moment)
        moment = found


@pytest.mark.parametrize("zone", [UTC, PARIS, ZoneInfo("Pacific/Apia")], ids=str)
def test_asked_in_a_row_it_begins_where_the_calendar_does(zone):
    trigger, moment = Cron("30 */12 * * *").bind(zone, "job"), datetime(1, 1, 1, tzinfo=zone)
    for each in islice(trigger.expression.iter(moment), 10):
        moment = trigger.next(moment)
        assert (moment, moment.isoformat()) == (each, each.isoformat())


def test_a_trigger_whose_jobs_have_not_fired_keeps_no_more_than_their_fire_time():
    trigger = Cron("* * * * *").bind(PARIS, "job")
    for seconds in range(0, 300, 7):
        trigger.next(NOON + timedelta(seconds=seconds))
    assert not hasattr(trigger, "_pace")


@pytest.mark.parametrize(
    ("text", "zone"),
    [("*/7 * * * *", UTC), ("0 9 1 * *", UTC), ("0 9 * * *", PARIS), ("* * * * *", None)],
)
def test_where_no_step_is_sure_the_trigger_searches_each_time(text, zone):
    trigger, moment = Cron(text, tz=zone), NOON
    for _ in range(4):
        found = trigger.next(moment)
        assert found == CronExpression.parse(text).next(moment.astimezone(zone or UTC))
        moment = found
    assert trigger._pace == ()


@pytest.mark.parametrize(
    ("wrong", "error"),
    [(None, PolicyError), ("2026", PolicyError), (NOON.date(), PolicyError)],
)
def test_a_trigger_in_its_pace_still_refuses_what_is_no_aware_datetime(wrong, error):
    trigger, moment = Cron("* * * * *").bind(UTC, "job"), NOON
    for _ in range(3):
        moment = trigger.next(moment)
    with pytest.raises(error):
        trigger.next(wrong)
    with pytest.raises(NaiveDatetimeError):
        trigger.next(moment.replace(tzinfo=None))
