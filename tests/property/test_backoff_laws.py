"""Laws of backoff: a delay lies within its bounds, and grows with the attempts."""

from __future__ import annotations

from datetime import timedelta

import attrs
from hypothesis import given
from hypothesis import strategies as st

from cronkit import Backoff

ZERO = timedelta(0)
MOMENT = timedelta(microseconds=1)

DURATIONS = st.timedeltas(min_value=ZERO, max_value=timedelta(days=400))
BACKOFFS = st.builds(
    Backoff,
    attempts=st.integers(1, 10**9),
    base=DURATIONS,
    factor=st.floats(1, 1e308, allow_nan=False),
    max=DURATIONS,
    jitter=st.sampled_from(["full", "none"]),
)
ATTEMPTS = st.one_of(st.integers(1, 40), st.integers(1, 10**12))
RUNS = st.text(max_size=40)


@given(BACKOFFS, RUNS, ATTEMPTS)
def test_a_delay_is_never_negative_and_never_longer_than_the_most(backoff, run, attempt):
    assert ZERO <= backoff.delay(run, attempt) <= backoff.max + MOMENT


@given(BACKOFFS, RUNS, ATTEMPTS)
def test_jitter_never_makes_a_delay_longer(backoff, run, attempt):
    full = attrs.evolve(backoff, jitter="full").delay(run, attempt)
    assert full <= attrs.evolve(backoff, jitter="none").delay(run, attempt) + MOMENT


@given(BACKOFFS, RUNS, ATTEMPTS)
def test_without_jitter_a_delay_never_shrinks_from_attempt_to_attempt(backoff, run, attempt):
    backoff = attrs.evolve(backoff, jitter="none")
    assert backoff.delay(run, attempt) <= backoff.delay(run, attempt + 1) + MOMENT


@given(BACKOFFS, RUNS, RUNS, ATTEMPTS)
def test_without_jitter_a_delay_does_not_depend_on_the_run(backoff, one, other, attempt):
    backoff = attrs.evolve(backoff, jitter="none")
    assert backoff.delay(one, attempt) == backoff.delay(other, attempt)


@given(BACKOFFS, RUNS, ATTEMPTS)
def test_the_same_run_and_attempt_wait_equally_long(backoff, run, attempt):
    assert backoff.delay(run, attempt) == attrs.evolve(backoff).delay(run, attempt)


@given(BACKOFFS, RUNS, st.integers(1, 30))
def test_below_the_most_a_delay_is_base_times_factor_to_the_attempts(backoff, run, attempt):
    backoff = attrs.evolve(backoff, jitter="none", factor=min(backoff.factor, 100.0))
    exact = backoff.base.total_seconds() * backoff.factor ** (attempt - 1)
    expected = min(exact, backoff.max.total_seconds())
    found = backoff.delay(run, attempt).total_seconds()
    assert abs(found - expected) <= 1e-6 + expected * 1e-9


@given(
    BACKOFFS,
    RUNS,
    ATTEMPTS,
    st.one_of(st.none(), st.floats(), st.integers(), st.timedeltas(), st.text()),
)
def test_whatever_an_exception_asks_for_there_is_a_delay(backoff, run, attempt, wish):
    error = OSError()
    error.retry_after = wish
    assert backoff.delay(run, attempt, error) >= backoff.delay(run, attempt)
