"""Whether there is another attempt, and after how long."""

from __future__ import annotations

from datetime import timedelta

import attrs
import pytest

from cronkit import Backoff
from cronkit.errors import (
    DurationError,
    PolicyError,
    RunCancelledError,
    RunTimeoutError,
)
from cronkit.jobs import NO_RETRY
from cronkit.jobs._backoff import as_backoff

RUN = "report@2026-01-01T00:00:00Z"


def seconds(backoff, *attempts, error=None):
    return [backoff.delay(RUN, attempt, error).total_seconds() for attempt in attempts]


def test_without_a_rule_there_is_one_attempt():
    assert Backoff().attempts == 1
    assert Backoff() == NO_RETRY


def test_the_delay_grows_by_its_factor():
    assert seconds(Backoff(jitter="none"), 1, 2, 3, 4, 5) == [1, 2, 4, 8, 16]
    assert seconds(Backoff(base="10s", factor=3, jitter="none"), 1, 2, 3, 4) == [10, 30, 90, 270]


def test_the_delay_never_grows_beyond_its_most():
    assert seconds(Backoff(max="6s", jitter="none"), 1, 2, 3, 4, 5, 1000) == [1, 2, 4, 6, 6, 6]
    assert seconds(Backoff(max="8s", jitter="none"), 3, 4, 5) == [4, 8, 8]


@pytest.mark.parametrize("attempt", [1, 2, 500])
def test_a_factor_of_one_keeps_the_delay(attempt):
    assert seconds(Backoff(base="3s", factor=1, jitter="none"), attempt) == [3]


@pytest.mark.parametrize("attempt", [1, 2, 500])
def test_a_base_of_zero_stays_zero(attempt):
    assert seconds(Backoff(base=0, jitter="none"), attempt) == [0]


def test_a_base_above_the_most_is_the_most():
    assert seconds(Backoff(base="1h", max="5s", jitter="none"), 1, 2) == [5, 5]


def test_an_attempt_in_the_thousands_does_not_overflow():
    huge = Backoff(attempts=10**9, factor=1e300, max="900d", jitter="none")
    assert seconds(huge, 1, 2, 10**9) == [1, 77_760_000, 77_760_000]
    tiny = Backoff(base=0.000001, factor=1.0000001, max="900d", jitter="none")
    assert 0 <= seconds(tiny, 10**6)[0] < 1


def test_full_jitter_draws_from_zero_to_the_delay():
    backoff = Backoff(base="10s", factor=1)
    drawn = [backoff.delay(f"run-{n}", 1).total_seconds() for n in range(2_000)]
    assert all(0 <= each < 10 for each in drawn)
    assert min(drawn) < 0.1
    assert max(drawn) > 9.9
    assert 4.7 < sum(drawn) / len(drawn) < 5.3


def test_the_draw_derives_from_the_run_and_the_attempt():
    backoff = Backoff(base="10s", factor=1)
    assert backoff.delay("a", 1) == Backoff(base="10s", factor=1).delay("a", 1)
    assert backoff.delay("a", 1) != backoff.delay("b", 1)
    assert backoff.delay("a", 1) != backoff.delay("a", 2)


def test_the_draw_is_the_same_on_every_host_and_for_ever():
    assert str(Backoff(base="10s", factor=1).delay(RUN, 1)) == "0:00:04.735916"


class RetryAfterError(Exception):
    def __init__(self, retry_after):
        self.retry_after = retry_after


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        (30, 30),
        (0.5, 1),
        (timedelta(seconds=30), 30),
        (timedelta(seconds=-30), 1),
        (-30, 1),
        (float("nan"), 1),
        (float("inf"), 1),
        (1e300, 1),
        ("soon", 1),
        (None, 1),
        (0, 1),
    ],
)
def test_an_exception_sets_the_least_delay_itself_and_nonsense_counts_for_nothing(wish, expected):
    assert seconds(Backoff(jitter="none"), 1, error=RetryAfterError(wish)) == [expected]


def test_what_an_exception_asks_for_may_be_longer_than_the_most():
    assert seconds(Backoff(max="5s", jitter="none"), 9, error=RetryAfterError(60)) == [60]


@pytest.mark.parametrize(
    ("retry_on", "error", "wanted"),
    [
        ((Exception,), ValueError(), True),
        ((Exception,), KeyboardInterrupt(), False),
        ((Exception,), RunCancelledError("r"), True),
        (OSError, ConnectionError(), True),
        (OSError, ValueError(), False),
        ([OSError, ValueError], ValueError(), True),
        ((), ValueError(), False),
        (BaseException, SystemExit(), True),
        (lambda error: "again" in str(error), ValueError("try again"), True),
        (lambda error: "again" in str(error), ValueError("no"), False),
        (lambda error: 0, ValueError(), False),
        (lambda error: "yes", ValueError(), True),
    ],
)
def test_only_what_the_rule_names_is_tried_again(retry_on, error, wanted):
    assert Backoff(retry_on=retry_on).wants(error) is wanted


@pytest.mark.parametrize(
    ("argument", "value", "error"),
    [
        ("attempts", 0, PolicyError),
        ("attempts", -1, PolicyError),
        ("attempts", True, PolicyError),
        ("attempts", 1.5, PolicyError),
        ("attempts", "3", PolicyError),
        ("base", -1, DurationError),
        ("base", "soon", DurationError),
        ("base", None, DurationError),
        ("base", True, DurationError),
        ("factor", 0.5, PolicyError),
        ("factor", 0, PolicyError),
        ("factor", float("inf"), PolicyError),
        ("factor", float("nan"), PolicyError),
        ("factor", True, PolicyError),
        ("factor", "2", PolicyError),
        ("max", -1, DurationError),
        ("max", "", DurationError),
        ("jitter", "some", PolicyError),
        ("jitter", None, PolicyError),
        ("jitter", True, PolicyError),
        ("retry_on", 5, PolicyError),
        ("retry_on", int, PolicyError),
        ("retry_on", "OSError", PolicyError),
        ("retry_on", [OSError, 5], PolicyError),
        ("retry_on", [OSError()], PolicyError),
        ("give_up_after", -1, DurationError),
        ("give_up_after", "x", DurationError),
    ],
)
def test_a_bad_argument_is_refused_by_name(argument, value, error):
    with pytest.raises(error) as caught:
        Backoff(**{argument: value})
    assert caught.value.argument == argument


def test_a_rule_is_a_value():
    assert Backoff(attempts=3) == Backoff(attempts=3)
    assert hash(Backoff(attempts=3)) == hash(Backoff(attempts=3))
    assert attrs.evolve(Backoff(attempts=3), base="2s").base == timedelta(seconds=2)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        Backoff().attempts = 2
    assert str(Backoff(attempts=5)) == "5 attempts, 1 s x 2, at most 300 s"


def test_a_number_stands_for_so_many_attempts():
    assert as_backoff(3) == Backoff(attempts=3)
    assert as_backoff(Backoff(attempts=3)) == Backoff(attempts=3)


@pytest.mark.parametrize("value", [True, None, "3", 1.5, Backoff, 0, -1])
def test_what_is_no_rule_is_refused(value):
    with pytest.raises(PolicyError):
        as_backoff(value)


def timeout():
    return RunTimeoutError(RUN, 5)


@pytest.mark.parametrize(
    ("retry_on", "ended", "wanted"),
    [
        ((Exception,), True, True),  # it has really ended: like any other failure
        ((Exception,), False, False),  # its thread may still be at work
        ((TimeoutError,), False, False),
        ((RunTimeoutError,), False, True),  # asked for by name
        ((OSError, RunTimeoutError), False, True),
        ((ValueError,), True, False),
        (lambda error: True, False, True),
    ],
)
def test_a_timed_out_attempt_is_tried_again_where_it_has_ended_or_was_asked_for(
    retry_on, ended, wanted
):
    assert Backoff(retry_on=retry_on).wants(timeout(), ended=ended) is wanted
