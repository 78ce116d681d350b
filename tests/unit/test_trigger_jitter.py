"""Jitter: spread out, agreed on by all, never past the next fire time."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from cronkit.triggers import At, Every, jitter_delay, jittered

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def test_the_delay_is_that_of_every_release_host_and_replay():
    # These values are a promise: a change of them would move every job with jitter.
    assert jitter_delay("poll", NOON, MINUTE) == timedelta(microseconds=1_042_956)
    script = (
        "from datetime import *; from cronkit.triggers import jitter_delay\n"
        "print(jitter_delay('poll', datetime(2026, 1, 1, 12, tzinfo=UTC), timedelta(minutes=1)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONHASHSEED": "7"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == str(jitter_delay("poll", NOON, MINUTE))


def test_the_zone_in_which_a_fire_time_is_shown_does_not_matter():
    tokyo = NOON.astimezone(ZoneInfo("Asia/Tokyo"))
    assert jitter_delay("poll", tokyo, MINUTE) == jitter_delay("poll", NOON, MINUTE)


def test_jobs_and_fire_times_get_delays_of_their_own():
    delays = {jitter_delay(f"job-{n}", NOON, MINUTE) for n in range(100)}
    delays |= {jitter_delay("poll", NOON + n * MINUTE, MINUTE) for n in range(1, 100)}
    assert len(delays) == 199


def test_the_delays_are_spread_evenly_from_zero_to_below_the_jitter():
    counts = [0] * 10
    for n in range(5_000):
        delay = jitter_delay(f"job-{n}", NOON, MINUTE)
        assert timedelta(0) <= delay < MINUTE
        counts[int(delay / MINUTE * 10)] += 1
    assert min(counts) > 400
    assert max(counts) < 600


@pytest.mark.parametrize("jitter", [timedelta(0), timedelta(microseconds=1)])
def test_no_jitter_is_no_delay(jitter):
    assert jitter_delay("poll", NOON, jitter) == timedelta(0)


def test_a_delay_never_reaches_the_next_fire_time():
    trigger = Every("1s")
    for n in range(500):
        fire_time = NOON + timedelta(seconds=n)
        due = jittered(trigger, fire_time, timedelta(hours=1), "poll")
        assert fire_time <= due < fire_time + timedelta(seconds=1)


def test_where_the_next_fire_time_is_near_the_delays_spread_over_the_time_up_to_it():
    trigger = Every("1m")
    shares = [
        (jittered(trigger, NOON + n * MINUTE, timedelta(days=1), "poll") - NOON) % MINUTE / MINUTE
        for n in range(200)
    ]
    assert min(shares) < 0.05
    assert max(shares) > 0.95


def test_the_last_fire_time_has_the_whole_jitter():
    due = jittered(At(NOON), NOON, timedelta(days=30), "poll")
    assert due == NOON + jitter_delay("poll", NOON, timedelta(days=30))


def test_a_delay_is_real_time_across_a_change_of_offset():
    paris = ZoneInfo("Europe/Paris")
    fire_time = datetime(2026, 3, 29, 1, 59, 59, tzinfo=paris)
    due = jittered(Every("1d").bind(paris, "poll"), fire_time, timedelta(hours=1), "poll")
    delay = jitter_delay("poll", fire_time, timedelta(hours=1))
    assert due.astimezone(UTC) - fire_time.astimezone(UTC) == delay
    assert due.tzinfo is paris
    assert due.hour == 3
