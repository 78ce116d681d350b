"""The border: what each conversion takes, what it gives, and what it refuses by name."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from cronkit import _convert as convert
from cronkit.errors import (
    CronkitError,
    DurationError,
    NaiveDatetimeError,
    PolicyError,
    UnknownZoneError,
)

PARIS = ZoneInfo("Europe/Paris")
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MANY_YEARS = timedelta(days=366_000)


class TestDuration:
    @pytest.mark.parametrize(
        ("value", "seconds"),
        [
            (timedelta(minutes=5), 300),
            (0, 0),
            (90, 90),
            (0.25, 0.25),
            ("0s", 0),
            ("30s", 30),
            ("30m", 1_800),
            ("1h", 3_600),
            ("1h30m", 5_400),
            ("2d", 172_800),
            ("1w", 604_800),
            ("1w2d3h4m5s6ms", 788_645.006),
            ("500ms", 0.5),
            ("1.5h", 5_400),
            (".5s", 0.5),
            ("  30m  ", 1_800),
            ("90m", 5_400),  # more than the next unit holds: as people write it
        ],
    )
    def test_a_timedelta_a_number_of_seconds_or_a_text_is_read(self, value, seconds):
        assert convert.duration(value, "timeout") == timedelta(seconds=seconds)

    @pytest.mark.parametrize(
        "value",
        [
            "",
            "   ",
            "30",  # no unit: minutes or seconds?
            "m",
            "30 m",
            "30min",
            "30M",
            "-5s",
            "+5s",
            "1m1h",  # units rise
            "1h1h",  # a unit twice
            "1.2.3s",
            ".s",
            "1e3s",
            "infs",
            "nans",
            "1_0s",
            "\u0661s",  # an Arabic digit
            "5s" + " " * 40 + "5s",
            "1" * 41 + "s",
            "P1D",
            None,
            True,
            False,
            [],
            b"30m",
            Decimal(5),
            1j,
        ],
    )
    def test_another_form_is_refused_with_the_forms_there_are(self, value):
        with pytest.raises(DurationError) as caught:
            convert.duration(value, "timeout")
        assert caught.value.argument == "timeout"
        assert caught.value.value is value
        assert "'1h30m'" in caught.value.allowed

    @pytest.mark.parametrize(
        "value",
        [float("inf"), float("-inf"), float("nan"), 1e300, 10**400, "9" * 30 + "w", "99999999d"],
    )
    def test_what_no_timedelta_holds_is_refused(self, value):
        with pytest.raises(DurationError) as caught:
            convert.duration(value, "every")
        assert caught.value.allowed == "at most 1,000 years"

    @pytest.mark.parametrize("value", [timedelta(microseconds=-1), -1, -0.001])
    def test_a_negative_duration_is_refused(self, value):
        with pytest.raises(DurationError, match="allowed: zero or more"):
            convert.duration(value, "jitter")

    @pytest.mark.parametrize("value", [0, 0.0, "0s", timedelta(0)])
    def test_zero_is_refused_where_it_makes_no_sense(self, value):
        assert convert.duration(value, "grace") == timedelta(0)
        with pytest.raises(DurationError, match="allowed: more than zero"):
            convert.duration(value, "every", zero=False)

    def test_the_least_duration_is_itself_accepted(self):
        least = timedelta(seconds=1)
        assert convert.duration("1s", "every", least=least) == least
        with pytest.raises(DurationError, match="allowed: at least 1 s"):
            convert.duration("999ms", "every", least=least)

    def test_the_longest_duration_is_itself_accepted(self):
        assert convert.duration(MANY_YEARS, "every") == MANY_YEARS
        with pytest.raises(DurationError, match="at most 1,000 years"):
            convert.duration(MANY_YEARS + timedelta(microseconds=1), "every")


class FixedZone(tzinfo):
    """A zone of the user's own making."""


class TestZone:
    @pytest.mark.parametrize(
        ("value", "zone"),
        [
            ("Europe/Paris", PARIS),
            ("UTC", UTC),
            ("Etc/UTC", ZoneInfo("Etc/UTC")),
            (PARIS, PARIS),
            (UTC, UTC),
        ],
    )
    def test_a_name_of_the_database_or_a_tzinfo_is_read(self, value, zone):
        assert convert.zone(value) is zone

    @pytest.mark.parametrize("value", [timezone(timedelta(hours=-3)), FixedZone()])
    def test_a_tzinfo_of_any_kind_is_kept(self, value):
        assert convert.zone(value) is value

    @pytest.mark.parametrize(
        "name",
        [
            "Europe/Pariss",
            "",
            "Europe",  # a folder of the database
            "/etc/passwd",
            "../../etc/passwd",
            "Europe/../Europe/Paris",
            "Europe/Paris\x00",
            "Mars/Olympus",
            "x" * 10_000,
            "Orléans",
        ],
    )
    def test_an_unknown_name_is_refused(self, name):
        with pytest.raises(UnknownZoneError) as caught:
            convert.zone(name)
        assert caught.value.name == name
        assert len(str(caught.value)) < 200

    def test_the_nearest_name_is_offered(self):
        with pytest.raises(UnknownZoneError, match=r"did you mean 'Europe/Paris'\?"):
            convert.zone("europe/pariss")

    def test_a_system_without_a_zone_database_is_told_what_to_install(self, tmp_path):
        # A fresh interpreter: no database on the path, and no tzdata package to fall back on.
        program = (
            "import sys; sys.modules['tzdata'] = None\n"
            "from cronkit._convert import zone\n"
            "zone('Europe/Paris')"
        )
        done = subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONTZPATH": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stderr.splitlines()[-1].endswith(
            "UnknownZoneError: unknown time zone 'Europe/Paris'; "
            "this system has no zone database; run: pip install tzdata"
        )

    @pytest.mark.parametrize("value", [None, 1, 1.0, b"UTC", timedelta(hours=1), ["UTC"]])
    def test_another_type_is_refused_under_the_callers_name(self, value):
        with pytest.raises(PolicyError) as caught:
            convert.zone(value, "tz")
        assert (caught.value.argument, caught.value.value) == ("tz", value)
        assert caught.value.allowed == "a name of the tz database, or a tzinfo"


class TestNearest:
    @pytest.mark.parametrize(
        ("word", "near"),
        [
            ("@dayly", "@daily"),
            ("@DAILY", "@daily"),
            ("@weakly", "@weekly"),
            ("", None),
            ("zzzz", None),
            ("@" * 10_000, None),
        ],
    )
    def test_the_nearest_word_is_found_whatever_its_case(self, word, near):
        assert convert.nearest(word, ["@daily", "@weekly", "@hourly"]) == near

    def test_the_word_comes_back_as_it_is_known(self):
        assert convert.nearest("europe/PARIS", ["Europe/Paris"]) == "Europe/Paris"

    def test_nothing_is_near_where_nothing_is_known(self):
        assert convert.nearest("word", []) is None


class NoOffset(tzinfo):
    """A zone that does not say its offset: Python calls such a datetime naive."""

    def utcoffset(self, _moment: datetime | None, /) -> timedelta | None:
        return None


class TestInstant:
    @pytest.mark.parametrize("value", [NOON, NOON.astimezone(PARIS), NOON.replace(fold=1)])
    def test_an_aware_datetime_is_kept_as_it_is(self, value):
        assert convert.instant(value, "after") is value

    @pytest.mark.parametrize(
        "value", [datetime(2026, 3, 1), datetime(2026, 3, 1, tzinfo=NoOffset())]
    )
    def test_a_datetime_without_an_offset_is_refused(self, value):
        with pytest.raises(NaiveDatetimeError) as caught:
            convert.instant(value, "after")
        assert (caught.value.argument, caught.value.value) == ("after", value)

    @pytest.mark.parametrize("value", ["2026-03-01T12:00Z", 0, None, NOON.date(), NOON.timetz()])
    def test_what_is_not_a_datetime_is_refused(self, value):
        with pytest.raises(PolicyError, match=r"start: .* allowed: an aware datetime"):
            convert.instant(value, "start")


class TestMoment:
    @pytest.mark.parametrize(
        ("value", "moment"),
        [
            (NOON, NOON),
            ("2026-03-01T12:00:00Z", NOON),
            ("2026-03-01T12:00+00:00", NOON),
            ("2026-03-01 13:00+01:00", NOON),
            ("2026-12-31T23:59:00", datetime(2026, 12, 31, 23, 59)),
            ("2026-12-31", datetime(2026, 12, 31)),
        ],
    )
    def test_an_aware_datetime_or_iso_text_is_read(self, value, moment):
        read = convert.moment(value, "at")
        assert read == moment
        assert (read.tzinfo is None) == (moment.tzinfo is None)

    @pytest.mark.parametrize(
        "text", ["", "noon", "2026-13-01", "2026-02-30T00:00", "12:00", "31/12/2026", "x" * 10_000]
    )
    def test_other_text_is_refused_with_an_example(self, text):
        with pytest.raises(PolicyError) as caught:
            convert.moment(text, "at")
        assert "2026-12-31T23:59:00" in caught.value.allowed
        assert len(str(caught.value)) < 200

    def test_a_naive_datetime_object_is_refused_though_naive_text_is_not(self):
        with pytest.raises(NaiveDatetimeError):
            convert.moment(datetime(2026, 12, 31, 23, 59), "at")

    @pytest.mark.parametrize("value", [None, 0, NOON.date()])
    def test_another_type_is_refused(self, value):
        with pytest.raises(PolicyError, match="at: "):
            convert.moment(value, "at")


class TestName:
    @pytest.mark.parametrize("value", ["a", "0", "nightly", "new-year", "a.b_c-9", "x" * 128])
    def test_letters_digits_dot_underscore_and_dash_make_a_name(self, value):
        assert convert.name(value, "id") is value

    @pytest.mark.parametrize(
        "value",
        [
            "",
            "x" * 129,
            "a b",
            "a/b",
            "..\\b",
            "é",
            "<lambda>",
            "a\n",
            "a\x00",
            "a@b",
            "\u0661",
            "a#1",
        ],
    )
    def test_other_characters_and_lengths_are_refused(self, value):
        with pytest.raises(PolicyError) as caught:
            convert.name(value, "id")
        assert (caught.value.argument, caught.value.value) == ("id", value)

    @pytest.mark.parametrize("value", [None, 7, b"nightly", ["a"], ("a",)])
    def test_another_type_is_refused(self, value):
        with pytest.raises(PolicyError, match="id: "):
            convert.name(value, "id")


class TestInteger:
    @pytest.mark.parametrize("value", [1, 2, 9, 10])
    def test_both_ends_of_the_range_are_accepted(self, value):
        assert convert.integer(value, "attempts", least=1, most=10) == value

    @pytest.mark.parametrize("value", [0, 11, -1, True, False, 1.0, "1", None, Decimal(1)])
    def test_out_of_range_and_not_an_int_are_refused(self, value):
        with pytest.raises(PolicyError, match="allowed: a whole number, 1 to 10"):
            convert.integer(value, "attempts", least=1, most=10)

    def test_a_range_may_be_open_above(self):
        assert convert.integer(10**30, "priority", least=0) == 10**30
        with pytest.raises(PolicyError, match="allowed: a whole number, 0 or more"):
            convert.integer(-1, "priority", least=0)


class TestChoice:
    ALLOWED = ("skip", "queue", "allow", "cancel")

    @pytest.mark.parametrize("value", ALLOWED)
    def test_each_allowed_word_is_accepted(self, value):
        assert convert.choice(value, "overlap", self.ALLOWED) is value

    @pytest.mark.parametrize(
        ("value", "near"),
        [("skpi", "skip"), ("QUEUE", "queue"), ("zzz", None), ("", None), (None, None), (1, None)],
    )
    def test_another_word_is_refused_and_the_nearest_named(self, value, near):
        with pytest.raises(PolicyError) as caught:
            convert.choice(value, "overlap", self.ALLOWED)
        assert caught.value.allowed == "'skip', 'queue', 'allow', 'cancel'"
        assert caught.value.hint == (f"did you mean {near!r}?" if near else None)


@pytest.mark.parametrize(
    "call",
    [
        lambda value: convert.duration(value, "argument"),
        lambda value: convert.zone(value, "argument"),
        lambda value: convert.instant(value, "argument"),
        lambda value: convert.moment(value, "argument"),
        lambda value: convert.name(value, "argument"),
        lambda value: convert.integer(value, "argument", least=0),
        lambda value: convert.choice(value, "argument", ("a",)),
    ],
    ids=["duration", "zone", "instant", "moment", "name", "integer", "choice"],
)
@pytest.mark.parametrize("value", [object(), {"a": 1}, [[]], lambda: None, type, "\x1b[2J" * 50])
def test_any_object_gives_an_error_of_our_own_tree_that_names_the_argument(call, value):
    with pytest.raises(CronkitError) as caught:
        call(value)
    assert "\x1b" not in str(caught.value)
    assert len(str(caught.value)) < 250
    if not isinstance(caught.value, UnknownZoneError):
        assert str(caught.value).startswith("argument: ")


def test_the_public_names_are_sorted_and_exist():
    assert convert.__all__ == sorted(convert.__all__)
    assert all(hasattr(convert, each) for each in convert.__all__)


def test_a_time_that_a_zone_skips_is_the_first_instant_after_the_gap():
    found = convert.in_zone(datetime(2026, 3, 29, 2, 30), PARIS, "start")
    assert found.isoformat() == "2026-03-29T01:00:00+00:00"


def test_a_time_that_a_zone_repeats_is_that_of_the_first_pass():
    found = convert.in_zone(datetime(2026, 10, 25, 2, 30), PARIS, "start")
    assert found.isoformat() == "2026-10-25T00:30:00+00:00"


@pytest.mark.parametrize(
    "moment",
    [
        datetime(1, 1, 1),
        datetime(9999, 12, 31, 23, 59),
        datetime(9999, 12, 31, 23, 59, tzinfo=timezone(timedelta(hours=-5))),
        datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=5))),
    ],
    ids=str,
)
def test_an_instant_that_some_zone_cannot_show_is_refused(moment):
    with pytest.raises(PolicyError, match=r"end: .* 0001-01-03 to 9999-12-30"):
        convert.in_zone(moment, ZoneInfo("America/New_York"), "end")
