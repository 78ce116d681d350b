"""Timeouts on a fake clock: when they end, what becomes of the attempt, and what its thread blocks."""

from __future__ import annotations

import pytest

from cronkit import At, Backoff, Every, current_run
from cronkit._cancel import CancelToken
from cronkit.errors import RunTimeoutError
from cronkit.executors import ThreadExecutor
from cronkit.jobs import AttemptFailed, RunTimedOut
from cronkit.stores import MemoryStore

NEXT = At("2026-01-01T12:01Z")


def sleeps(length):
    return lambda: current_run().sleep(length)


def sleep_on():
    """Sleep for an hour, whatever the cancel token says: a thread that cannot be ended."""
    run = current_run()
    run._attempt.clock._stepper.sleep(3_600, CancelToken())


def rows(scheduler, job_id="job"):
    return [
        (f"{run.fire_time:%H:%M}", str(run.outcome), run.reason)
        for run in reversed(scheduler.runs(job_id))
    ]


def test_an_attempt_ends_as_timed_out_at_the_instant_of_its_deadline(scheduler, clock):
    scheduler.add(sleeps("1h"), NEXT, id="job", timeout="30s")
    scheduler.start()
    clock.advance("89s")
    assert scheduler.runs("job")[0].outcome is None
    clock.advance("1s")

    (run,) = scheduler.runs("job")
    assert run.outcome == "timed_out"
    assert run.duration.total_seconds() == 30
    assert "still going after its timeout of 30 s" in run.error


def test_the_job_sees_its_deadline_and_that_it_is_asked_to_stop(scheduler, clock):
    seen = []

    def job():
        run = current_run()
        seen.append((run.deadline, run.remaining.total_seconds(), run.cancelled))
        try:
            run.sleep("1h")
        except RunTimeoutError:
            seen.append((run.deadline, run.remaining.total_seconds(), run.cancelled))

    scheduler.add(job, NEXT, id="job", timeout="30s")
    scheduler.start()
    clock.advance("5m")

    assert [each[1:] for each in seen] == [(30.0, False), (0.0, True)]
    assert {each[0].isoformat() for each in seen} == {"2026-01-01T12:01:30+00:00"}


def test_a_late_result_counts_for_nothing(scheduler, clock):
    def job():
        try:
            current_run().sleep("1h")
        except RunTimeoutError:
            return "late"

    scheduler.add(job, id="job", timeout="30s")
    scheduler.start()
    handle = scheduler.run_now("job")
    clock.advance("1m")

    with pytest.raises(RunTimeoutError):
        handle.result()
    assert handle.wait().outcome == "timed_out"


@pytest.mark.parametrize(("length", "outcome"), [("29.999999s", "succeeded"), ("30s", "timed_out")])
def test_an_attempt_has_its_own_outcome_if_it_ends_before_its_deadline(
    scheduler, clock, length, outcome
):
    scheduler.add(sleeps(length), NEXT, id="job", timeout="30s")
    scheduler.start()
    clock.advance("5m")

    (run,) = scheduler.runs("job")
    assert run.outcome == outcome
    assert scheduler.status().abandoned == 0
    assert scheduler.status().health.ok


def test_a_report_that_comes_in_the_step_of_its_deadline_is_the_one_that_counts(scheduler, clock):
    scheduler.add(lambda: None, id="job", timeout="30s")
    scheduler.start()
    handle = scheduler.run_now("job")
    engine = scheduler._app.engine
    engine.attempts.start(clock.now())  # it goes on now, and nobody has run it yet
    (attempt,) = engine.attempts.running.values()
    clock._agenda.now += attempt.job.timeout
    clock._agenda.origin += attempt.job.timeout
    engine.attempts.outcomes.report(attempt, 42, None)
    engine.step()

    assert handle.result() == 42
    assert scheduler.status().abandoned == 0


def test_a_job_that_passes_on_the_timeout_of_another_run_has_failed(scheduler, clock):
    def job():
        raise RunTimeoutError("other@2026-01-01T12:00:00Z", 5.0)

    scheduler.add(job, NEXT, id="job", timeout="30s", retry=Backoff(attempts=2, jitter="none"))
    scheduler.start()
    clock.advance("5m")

    (run,) = scheduler.runs("job")
    assert (run.outcome, run.attempt) == ("failed", 2)


class TestAbandoned:
    """A run whose thread goes on after its timeout."""

    @pytest.fixture
    def hung(self, make, clock):
        def start(**policies):
            scheduler = make()
            scheduler.add(sleep_on, Every("1m"), id="job", timeout="10s", **policies)
            scheduler.start()
            clock.advance("71s")
            return scheduler

        return start

    def test_it_is_counted_and_health_says_so(self, hung):
        status = hung().status()

        assert status.abandoned == 1
        assert status.health.problems == ("1 timed-out runs hold threads",)

    def test_it_holds_up_the_next_fire_times_of_its_job(self, hung, clock):
        scheduler = hung()
        clock.advance("3m")

        assert rows(scheduler)[1:] == [
            ("12:02", "skipped", "abandoned"),
            ("12:03", "skipped", "abandoned"),
            ("12:04", "skipped", "abandoned"),
        ]

    def test_with_overlap_allow_it_holds_up_nothing(self, hung, clock):
        scheduler = hung(overlap="allow")
        clock.advance("1m")
        assert [row[1] for row in rows(scheduler)] == ["timed_out", "timed_out"]

    def test_when_its_thread_ends_the_job_goes_on(self, hung, clock):
        scheduler = hung()
        clock.advance("62m")

        assert ("13:02", "timed_out", None) in rows(scheduler)
        assert scheduler.status().abandoned == 1  # that one, and no longer the first

    def test_with_too_many_of_them_nothing_starts_until_one_ends(self, make, clock):
        scheduler = make(executor=ThreadExecutor(max_abandoned=2))
        scheduler.add(sleep_on, Every("1m"), id="job", timeout="10s", overlap="allow", max_runs=2)
        scheduler.add(lambda: 42, id="other")
        scheduler.start()
        clock.advance("130s")
        handle = scheduler.run_now("other")
        clock.advance("1m")

        assert scheduler.status().health.problems == (
            "2 timed-out runs hold threads",
            "executor default starts nothing: too many threads hang",
        )
        assert not handle.done
        assert scheduler.status().executors["default"]["abandoned"] == 2
        clock.advance("1h")
        assert handle.result() == 42
        assert scheduler.status().health.ok

    def test_it_takes_no_slot(self, hung, clock):
        scheduler = hung()
        scheduler.add(lambda: 42, id="other")
        assert scheduler.run_now("other").result() == 42
        assert scheduler.status().executors["default"]["busy"] == 0


class TestRetry:
    def test_a_timed_out_attempt_in_a_thread_is_not_tried_again(self, scheduler, clock):
        scheduler.add(sleeps("1h"), NEXT, id="job", timeout="10s", retry=Backoff(attempts=3))
        scheduler.start()
        clock.advance("10m")

        assert [(run.outcome, run.attempt) for run in scheduler.runs("job")] == [("timed_out", 1)]

    def test_where_the_rule_names_it_it_is(self, scheduler, clock):
        seen = []
        scheduler.on(AttemptFailed, RunTimedOut)(lambda event: seen.append(event.log_name))
        retry = Backoff(attempts=2, base="5s", jitter="none", retry_on=RunTimeoutError)
        scheduler.add(sleeps("1h"), NEXT, id="job", timeout="10s", retry=retry)
        scheduler.start()
        clock.advance("10m")

        (run,) = scheduler.runs("job")
        assert (run.outcome, run.attempt) == ("timed_out", 2)
        assert run.ended_at.isoformat() == "2026-01-01T12:01:25+00:00"
        assert seen == ["run.attempt_failed", "run.timed_out"]

    def test_a_slot_is_free_between_two_attempts(self, make, clock):
        order = []

        def fail():
            order.append("first")
            raise OSError

        scheduler = make(max_concurrent_runs=1)
        retry = Backoff(attempts=2, base="1m", jitter="none")
        scheduler.add(fail, NEXT, id="job", retry=retry)
        scheduler.add(lambda: order.append("other"), At("2026-01-01T12:01:30Z"), id="other")
        scheduler.start()
        clock.advance("10m")

        assert order == ["first", "other", "first"]

    def test_one_that_comes_while_no_slot_is_free_is_not_forgotten(self, make, clock):
        attempts = []

        def fail_once():
            attempts.append(clock.now().minute)
            if len(attempts) == 1:
                raise OSError

        scheduler = make(max_concurrent_runs=1)
        retry = Backoff(attempts=2, base="1m", jitter="none")
        scheduler.add(fail_once, NEXT, id="job", retry=retry)
        scheduler.add(sleeps("10m"), At("2026-01-01T12:01:30Z"), id="long")
        scheduler.start()
        clock.advance("1h")

        assert attempts == [1, 11]


def test_what_another_scheduler_of_the_process_holds_back_is_looked_at_again(make, clock):
    store = MemoryStore()
    first, second = (make(store=store) for _ in range(2))
    for each in (first, second):
        each.add(sleeps("10m"), id="job", overlap="queue")
        each.start()
    first.run_now("job")
    clock.advance("1m")
    waiting = second.run_now("job")
    clock.advance("1h")

    assert waiting.wait().outcome == "succeeded"
    assert waiting.wait().started_at.isoformat() <= "2026-01-01T12:10:02"
