"""The wall clock is set, forward or back: what fires, what does not, and under which ids."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cronkit import AnyOf, At, Cron, Every, Except, Rule, Scheduler, current_run
from cronkit._cancel import CancelToken
from cronkit._engine._watch import is_interval
from cronkit.jobs import Backoff, ClockStepped
from cronkit.stores import MemoryStore
from cronkit.testing import FakeClock

NOON = "2026-01-01T12:00:00+00:00"
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


class SharedStore(MemoryStore):
    """A store like one that other hosts share: its marks never go back."""

    rewind = None


class Bench:
    """A scheduler on a fake clock, and what its jobs were called for."""

    def __init__(self, store: MemoryStore) -> None:
        self.clock = FakeClock(NOON)
        self.scheduler = Scheduler(clock=self.clock, store=store)
        self.calls: list[str] = []
        self.scheduler.start()

    def add(self, job_id: str, trigger, **policies) -> None:
        self.scheduler.add(self._call, trigger, id=job_id, **policies)

    def _call(self) -> None:
        self.calls.append(current_run().id)

    def step(self, delta: timedelta) -> None:
        self.clock.step_wall(delta)

    def called_for(self, length: str | timedelta) -> list[str]:
        """Let time pass, and return the ids of the runs of that time, without date and seconds."""
        del self.calls[:]
        self.clock.advance(length)
        return [each.replace("2026-01-01T", "").replace(":00Z", "") for each in self.calls]

    def outcomes(self, job_id: str) -> list[str]:
        return [
            f"{run.fire_time:%H:%M} {run.outcome}"
            + (f" {run.reason} x{run.count}" if run.reason else "")
            for run in reversed(self.scheduler.runs(job_id))
        ]


@pytest.fixture
def bench_on():
    """Make a bench on a store; at the end of the test it is shut down."""
    benches = []

    def make(store: MemoryStore) -> Bench:
        benches.append(Bench(store))
        return benches[-1]

    yield make
    for each in benches:
        each.scheduler.shutdown(wait=False)


@pytest.fixture
def bench(bench_on):
    return bench_on(MemoryStore())


class TestForward:
    def test_what_became_overdue_is_decided_at_once_by_the_rules_of_the_job(self, bench):
        bench.add("latest", Every("10m"))
        bench.add("all", Every("20m"), coalesce="all", overlap="allow")
        bench.add("late", Every("30m"), misfire_grace="1m")
        bench.step(65 * MINUTE)

        assert bench.called_for("0s") == ["all@12:20", "all@12:40", "all@13:00", "latest@13:00"]
        assert bench.outcomes("latest") == ["12:50 skipped coalesced x5", "13:00 succeeded"]
        assert bench.outcomes("late") == ["13:00 misfired misfire_grace x2"]

    def test_eight_hours_asleep_are_one_run_and_one_row(self, bench):
        bench.add("minutely", Every("1m"))
        bench.step(8 * HOUR)

        assert bench.called_for("0s") == ["minutely@20:00"]
        assert bench.outcomes("minutely")[0] == "19:59 skipped coalesced x479"

    def test_a_timeout_goes_on_from_here(self, bench):
        seen = []

        def job():
            run = current_run()
            seen.append(run.remaining)
            run.sleep("30s")
            seen.append(run.remaining)

        bench.scheduler.add(job, Every("10m"), id="job", timeout="1m")
        bench.clock.advance("10m")
        bench.step(HOUR)
        bench.clock.advance("30s")

        assert seen == [timedelta(minutes=1), timedelta(seconds=30)]
        assert bench.scheduler.runs("job")[-1].outcome == "succeeded"

    def test_one_that_is_still_too_long_times_out_when_its_time_is_over(self, bench):
        bench.scheduler.add(
            lambda: current_run().sleep("1h"), At("2026-01-01T12:10Z"), id="job", timeout="5m"
        )
        bench.clock.advance("10m")
        bench.step(HOUR)
        bench.clock.advance("299s")
        assert bench.scheduler.runs("job")[0].outcome is None
        bench.clock.advance("1s")
        assert bench.scheduler.runs("job")[0].outcome == "timed_out"


class TestBackALittle:
    @pytest.mark.parametrize("seconds", [1, 5, 60])
    def test_no_instant_comes_twice_and_the_next_one_on_time(self, bench, seconds):
        bench.add("beat", Every("1s"))
        bench.add("cron", Cron("* * * * *"))
        bench.clock.advance("2m")
        bench.step(timedelta(seconds=-seconds))

        assert bench.called_for(timedelta(seconds=seconds)) == []
        assert bench.called_for("1s") == ["beat@12:02:01Z"]

    def test_beyond_a_minute_nothing_is_held(self, bench):
        bench.add("beat", Every("1s"))
        bench.clock.advance("2m")
        bench.step(timedelta(seconds=-61))

        assert bench.called_for("1s") == ["beat@12:01~1"]

    def test_a_timeout_is_not_prolonged(self, bench):
        bench.scheduler.add(
            lambda: current_run().sleep("1h"), At("2026-01-01T12:10Z"), id="job", timeout="5m"
        )
        bench.clock.advance("10m")
        bench.step(-MINUTE)
        bench.clock.advance("5m")
        assert bench.scheduler.runs("job")[0].outcome == "timed_out"


class TestBackAnHour:
    def test_interval_jobs_go_on_at_once_under_the_generation_of_the_clock(self, bench):
        bench.add("every", Every("20m"))
        bench.add("cron", Cron("*/30 * * * *"))
        bench.clock.advance("70m")
        bench.step(-HOUR)

        assert bench.called_for("1h") == [
            "every@12:20~1",
            "cron@12:30~1",
            "every@12:40~1",
            "cron@13:00~1",
            "every@13:00~1",
        ]

    def test_past_the_old_time_the_ids_are_plain_again(self, bench):
        bench.add("every", Every("20m"))
        bench.clock.advance("70m")
        bench.step(-HOUR)
        bench.clock.advance("1h")

        assert bench.called_for("30m") == ["every@13:20", "every@13:40"]

    def test_a_fixed_expression_does_not_repeat_and_its_next_time_comes(self, bench):
        bench.add("daily", Cron("30 12 * * *"))
        bench.add("later", Cron("30 13 * * *"))
        bench.clock.advance("1h")
        bench.step(-HOUR)

        assert bench.called_for("1h") == []
        assert bench.called_for("1h") == ["later@13:30"]

    def test_a_job_that_has_never_fired_fires_when_its_time_comes(self, bench):
        bench.clock.advance("1h")
        bench.add("daily", Cron("30 12 * * *"))
        bench.step(-HOUR)

        assert bench.called_for("1h") == ["daily@12:30"]

    def test_a_second_step_opens_a_second_generation(self, bench):
        bench.add("every", Every("20m"))
        bench.clock.advance("40m")
        bench.step(-40 * MINUTE)
        bench.clock.advance("30m")
        bench.step(-20 * MINUTE)

        assert bench.called_for("40m") == ["every@12:20~2", "every@12:40~2"]
        assert bench.called_for("20m") == ["every@13:00"]

    def test_a_step_forward_again_repeats_nothing(self, bench):
        bench.add("every", Every("20m"))
        bench.clock.advance("70m")
        bench.step(-HOUR)
        bench.clock.advance("10m")
        bench.step(HOUR)

        assert bench.called_for("40m") == ["every@13:20", "every@13:40", "every@14:00"]
        assert "13:00 skipped coalesced x2" in bench.outcomes("every")

    def test_a_follower_has_the_generation_of_its_parent(self, bench):
        bench.add("parent", Every("30m"))
        bench.scheduler.after("parent", id="follower")(bench._call)
        bench.clock.advance("30m")
        bench.step(-MINUTE * 30)

        assert bench.called_for("30m") == ["parent@12:30~1", "follower@12:30~1"]

    def test_stretches_have_it_too(self, bench):
        bench.add("every", Every("10m"))
        bench.clock.advance("1h")
        bench.step(-HOUR)
        bench.step(35 * MINUTE)

        assert bench.called_for("0s") == ["every@12:30~1"]
        assert {run.id[-2:] for run in bench.scheduler.runs("every", outcome="skipped")} == {"~1"}

    def test_a_retry_waits_no_longer_than_it_would_have(self, bench):
        attempts = []

        def fail():
            attempts.append(bench.clock.monotonic())
            raise OSError

        retry = Backoff(attempts=2, base="20s", jitter="none")
        bench.scheduler.add(fail, At("2026-01-01T12:30Z"), id="job", retry=retry)
        bench.clock.advance("30m")
        bench.step(-HOUR)
        bench.clock.advance("20s")

        assert attempts == [1800.0, 1820.0]

    def test_what_waits_for_an_old_run_to_stop_gives_up_after_thirty_seconds(self, bench):
        bench.scheduler.add(sleep_on, Every("10m"), id="job", overlap="cancel")
        bench.clock.advance("20m")
        bench.step(-HOUR)
        bench.clock.advance("31s")

        assert "12:20 skipped not_stopped x1" in bench.outcomes("job")

    def test_a_pause_lasts_until_the_instant_that_was_said(self, bench):
        bench.add("every", Every("10m"))
        bench.scheduler.pause("every", until="2026-01-01T12:40:00+00:00")
        bench.clock.advance("30m")
        bench.step(-30 * MINUTE)

        assert bench.called_for("40m") == []
        assert bench.called_for("10m") == ["every@12:50"]

    def test_a_run_by_hand_has_an_id_of_its_own(self, bench):
        bench.add("job", None)
        first = bench.scheduler.run_now("job")
        bench.clock.advance("1h")
        bench.step(-HOUR)
        second = bench.scheduler.run_now("job")

        assert (first.id, second.id) == ("job@2026-01-01T12:00:00Z#1", "job@2026-01-01T12:00:00Z#2")


def sleep_on():
    """Sleep for a day, however often it is asked to stop."""
    current_run()._attempt.clock._stepper.sleep(86_400, CancelToken())


class TestBackForLonger:
    def test_above_three_hours_fixed_expressions_come_again(self, bench):
        bench.add("daily", Cron("30 12 * * *"))
        bench.clock.advance("4h")
        bench.step(timedelta(hours=-3, seconds=-1))

        assert bench.called_for("1h") == []  # 12:30 has passed on the clock as it is now
        bench.step(timedelta(hours=-4))
        assert bench.called_for("3h") == ["daily@12:30~2"]

    def test_at_three_hours_they_do_not(self, bench):
        bench.add("daily", Cron("30 12 * * *"))
        bench.clock.advance("2h")
        bench.step(timedelta(hours=-3))

        assert bench.called_for("4h") == []


class TestSharedStore:
    def test_marks_never_go_back_and_nothing_is_decided_meanwhile(self, bench_on):
        bench = bench_on(SharedStore())
        bench.add("every", Every("20m"))
        bench.clock.advance("70m")
        bench.step(-HOUR)

        assert bench.called_for("1h") == []
        assert bench.called_for("10m") == ["every@13:20"]

    def test_health_says_how_long_it_will_be(self, bench_on):
        bench = bench_on(SharedStore())
        bench.add("every", Every("20m"))
        bench.clock.advance("60m")
        assert bench.scheduler.status().health.ok
        bench.step(-HOUR)

        (problem,) = bench.scheduler.status().health.problems
        assert problem == "clock behind store: 3600 s left until something is decided"
        bench.clock.advance("1h")
        assert bench.scheduler.status().health.ok


@pytest.mark.parametrize("store", [MemoryStore, SharedStore])
@pytest.mark.parametrize("delta", [timedelta(seconds=-5), -HOUR, 8 * HOUR])
def test_a_step_is_told(bench_on, store, delta):
    bench, seen = bench_on(store()), []
    bench.scheduler.on(ClockStepped)(seen.append)
    bench.step(delta)
    bench.clock.advance(0)

    assert [each.delta for each in seen] == [delta]
    assert seen[0].at == bench.clock.now()


@pytest.mark.parametrize(
    ("trigger", "expected"),
    [
        (Every("1d"), True),
        (Cron("* * * * *"), True),
        (Cron("*/15 * * * *"), True),
        (Cron("0 * * * *"), True),
        (Cron("0 9 * * *"), False),
        (Cron("0,30 9-17 * * *"), False),
        (At("2026-01-01T12:00Z"), False),
        (Rule("FREQ=DAILY"), False),
        (Except(Every("1h"), dates=["2026-12-25"]), True),
        (AnyOf(Every("1h"), Cron("*/7 * * * *")), True),
        (AnyOf(Every("1h"), Cron("0 9 * * *")), False),
        (None, False),
    ],
    ids=str,
)
def test_what_follows_elapsed_time(trigger, expected):
    assert is_interval(trigger) is expected
