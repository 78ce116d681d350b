"""dialect="croniter": expressions written for croniter, with croniter's meaning."""

from __future__ import annotations

import binascii
import pickle
import random
import subprocess
import sys
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cronkit.cron import CronExpression, CronSyntaxError
from cronkit.triggers import Cron


def read(text: str, **options: str) -> CronExpression:
    return CronExpression.parse(text, dialect="croniter", **options)


@pytest.mark.parametrize(
    ("text", "usual"),
    [
        # the same in both
        ("*/5 9 * * MON-FRI", "*/5 9 * * 1-5"),
        ("0 22-2 1 jan *", "0 22-2 1 JAN *"),
        ("0 0 1,l * *", "0 0 1,L * *"),
        ("0 0 ? * 7", "0 0 * * 0"),
        ("@hourly", "0 * * * *"),
        # seconds last, then the year
        ("* * * * * */7", "*/7 * * * * *"),
        ("30 9 * * * 15", "15 30 9 * * *"),
        ("0 0 1 1 * 0 2030", "0 0 0 1 1 * 2030"),
        ("0 0 1 1 * 0 2030-2040/5", "0 0 0 1 1 * 2030-2040/5"),
        # an equal range is the whole field
        ("5-5 * * * *", "0-59 * * * *"),
        ("5-5/15 * * * *", "0,15,30,45 * * * *"),
        ("0 0 * * mon-mon", "0 0 * * *"),
        ("0 0 * 6-6 *", "0 0 * 1-12 *"),
        # across the end of the field a step is one longer
        ("50-10/15 * * * *", "6,50 * * * *"),
        # weekdays with a step end at Saturday
        ("0 0 * * 4/1", "0 0 * * 4-6"),
        # the last Friday
        ("0 0 * * L5", "0 0 * * 5L"),
        ("0 0 * * l5,l1", "0 0 * * 1L,5L"),
        ("0 0 * * fri#2,1#3", "0 0 * * 1#3,5#2"),
        # W
        ("0 0 15w * *", "0 0 15W * *"),
        ("0 0 w15 * *", "0 0 15W * *"),
        ("0 0 31w * *", "0 0 LW * *"),
        ("0 0 30w 4,6 *", "0 0 30W 4,6 *"),
        # a day field with a step restricts
        ("0 0 */10 * FRI", "0 0 1,11,21,31 * 5"),
        ("0 0 1 * */3", "0 0 1 * 0,3,6"),
        ("0 0 1 * 0-6", "0 0 1 * 0-6"),
        ("0 0 2,* * FRI", "0 0 * * 5"),
        # beside # or W the other day field is forgotten
        ("0 0 13 * 5#2", "0 0 * * 5#2"),
        ("0 0 15w * MON", "0 0 15W * *"),
        ("0 0 10-l/5 * *", "0 0 10,15,20,25,30 * *"),
    ],
)
def test_it_means_what_croniter_reads(text, usual):
    expression = read(text)
    assert str(expression) == usual
    assert expression == CronExpression.parse(usual)


@pytest.mark.parametrize(
    "text", ["0 0 13 * FRI", "0 0 */10 * 1-5", "0 0 31w * MON", "0 0 10 * 1#2"]
)
def test_the_day_rule_and_is_croniters_day_or_false(text):
    expression = read(text, day_rule="and")
    assert not expression.fields.either
    assert read(text, day_rule="or") == read(text)


def test_where_both_w_and_a_nth_weekday_stand_both_have_to_hold():
    expression = read("0 0 15w * 1#3")
    found = [each.day for each in expression.between(
        datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
    )]  # fmt: skip
    assert found
    assert set(found) <= {15, 16, 17}


def test_h_is_croniters_hash_of_the_seed():
    crc = binascii.crc32(b"export")
    minute, hour = crc % 60, (crc >> 1) % 24
    assert str(read("H H * * *", seed="export")) == f"{minute} {hour} * * *"
    assert read("H H * * *", seed="export") == read("h h * * *", seed="export")
    assert read("H H * * *", seed="export") != read("H H * * *", seed="clean-up")


@pytest.mark.parametrize(
    ("text", "low", "high", "count"),
    [
        ("H(0-29) * * * *", 0, 29, 1),
        ("H/15 * * * *", 0, 59, 4),
        ("H(30-59)/10 * * * *", 30, 59, 3),
        ("R * * * *", 0, 59, 1),
        ("R(10-20) * * * *", 10, 20, 1),
        ("R/20 * * * *", 0, 59, 3),
    ],
)
def test_h_and_r_stay_in_their_range(text, low, high, count):
    for n in range(30):
        minutes = read(text, seed=f"job-{n}").fields.minute
        assert minutes.bit_count() == count
        assert minutes >= 1 << low
        assert minutes < 1 << high + 1


def test_with_a_seed_croniters_macros_stand_for_hashed_times():
    assert str(read("@daily")) == "0 0 * * *"
    assert read("@daily", seed="export") == read("H H * * * H", seed="export")


def test_r_is_drawn_once_and_kept():
    state = random.getstate()
    try:
        random.seed(7)
        drawn = read("R R * * *")
        assert len({str(read("R R * * *")) for _ in range(20)}) > 10
    finally:
        random.setstate(state)
    assert CronExpression.parse(str(drawn)) == drawn
    assert pickle.loads(pickle.dumps(drawn)) == drawn


def test_gaps_and_folds_follow_the_rules_of_cronkit():
    paris = ZoneInfo("Europe/Paris")
    nightly = read("30 2 * * *")
    assert nightly.next(datetime(2026, 3, 29, tzinfo=paris)).isoformat().endswith("T03:00:00+02:00")
    first = nightly.next(datetime(2026, 10, 25, tzinfo=paris))
    assert (first.day, nightly.next(first).day) == (25, 26)


@pytest.mark.parametrize(
    "text", ["*/5 9 * * *", "0-59 * * * *", "5-5 * * * *", "* * * * * 0", "0 0 * * *"]
)
def test_interval_or_fixed_is_told_by_the_first_sign_of_each_time_field(text):
    words = text.split()
    begins = any(word[0] == "*" for word in [*words[:2], *words[5:6]])
    assert read(text).fields.interval == begins


def test_a_zone_prefix_stands_in_front_as_ever():
    expression = read("TZ=Asia/Tokyo 0 9 * * L5")
    assert str(expression) == "TZ=Asia/Tokyo 0 9 * * 5L"


def test_a_trigger_reads_the_dialect_too():
    trigger = Cron("0 9 * * L5 30", dialect="croniter", tz="Europe/Paris")
    assert str(trigger) == "cron 30 0 9 * * 5L [Europe/Paris]"
    hashed = Cron("H 9 * * *", dialect="croniter")
    assert str(hashed) == "cron H 9 * * * dialect=croniter"
    assert str(hashed.bind(UTC, "export")) == f"cron {read('H 9 * * *', seed='export')} [UTC]"


@pytest.mark.parametrize(
    ("text", "field", "value", "words"),
    [
        ("75 * * * *", "minute", "75", "croniter does not read '75'"),
        ("* 24 * * *", "hour", "24", "croniter does not read '24'"),
        ("0 0 0 * *", "day-of-month", "0", "    0 0 0 * *\n        ^"),
        ("* * * * 8", "day-of-week", "8", "croniter does not read '8'"),
        ("* * * * 1#6", "day-of-week", "1#6", "croniter does not read '1#6'"),
        ("* * * * * 60", "second", "60", "croniter does not read '60'"),
        ("* * * * * 0 1969", "year", "1969", "croniter does not read '1969'"),
        ("* * ?/2 * *", "day-of-month", "?/2", "croniter does not read '?/2'"),
        ("H * * * *", "minute", "H", "H needs a seed"),
        ("0 0 30w * *", "day-of-month", "30w", "means another day in February"),
        ("0 0 30 2 *", "day-of-month", "30", "no date fits '0 0 30 2 *'"),
        ("TZ=Asia/Tokyo 75 * * * *", "minute", "75", "                  ^^"),
        ("* * *", "expression", "", "Exactly 5, 6 or 7 columns"),
        ("@fortnightly", "expression", "", "Exactly 5, 6 or 7 columns"),
        ("* * * * 1#2,5", "day-of-week", "1#2,5", "croniter does not read '1#2,5'"),
    ],
)
def test_what_croniter_refuses_is_a_syntax_error_at_its_place(text, field, value, words):
    with pytest.raises(CronSyntaxError) as caught:
        read(text)
    assert (caught.value.field, caught.value.value) == (field, value)
    assert words in str(caught.value)
    assert "croniter's grammar" in caught.value.allowed


@given(
    st.text(max_size=60)
    | st.lists(
        st.text("0123456789*/,-?LWHR#()", min_size=1, max_size=8), min_size=5, max_size=7
    ).map(" ".join)
)
def test_any_text_is_an_expression_or_a_syntax_error(text):
    refused = None
    try:
        expression = read(text, seed="job")
    except CronSyntaxError as error:
        refused = error
    if refused is None:
        assert CronExpression.parse(str(expression)) == expression
    else:
        assert len(str(refused)) <= 200
        assert refused.span is None or text[slice(*refused.span)] == refused.value


def test_croniter_is_imported_by_the_first_use_of_the_dialect_and_not_before():
    script = (
        "import sys; from cronkit.cron import CronExpression\n"
        "CronExpression.parse('0 9 * * *'); before = 'croniter' in sys.modules\n"
        "CronExpression.parse('0 9 * * *', dialect='croniter')\n"
        "print(before, 'croniter' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False True\n"
