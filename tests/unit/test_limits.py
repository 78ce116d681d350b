"""How many runs go on at once, and how often one is tried: limits, attempts, the delays between.

The delays themselves, and what is tried again, are pure: `test_backoff`. Timed-out attempts are in
`test_timeouts`.
"""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest

from cronkit import At, Backoff, Every, current_run
from cronkit._cancel import CancelToken
from cronkit.executors import ThreadExecutor
from cronkit.stores import MemoryStore
from tests.unit.noon import MINUTE, NOON, ONE, after_noon, outcomes

# --- limits -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("slots", "starts"), [(1, [1, 6, 11]), (2, [1, 1, 6]), (3, [1, 1, 1])])
def test_no_more_runs_go_on_than_the_scheduler_allows(make, clock, trace, slots, starts):
    scheduler = make(max_concurrent_runs=slots)
    for name in "abc":
        scheduler.add(trace.job(name, "5m"), ONE, id=name)
    with scheduler:
        clock.advance("1h")
    assert sorted(begun for _, begun, _ in trace) == starts


def test_no_more_runs_go_on_than_the_executor_has_slots(make, clock, trace):
    scheduler = make(executor=ThreadExecutor(max_workers=2))
    for name in "abc":
        scheduler.add(trace.job(name, "5m"), ONE, id=name)
    with scheduler:
        clock.advance("1h")
        assert scheduler.status().executors["default"]["slots"] == 2
    assert sorted(begun for _, begun, _ in trace) == [1, 1, 6]


def test_executors_have_slots_of_their_own(make, clock, trace):
    one = ThreadExecutor(max_workers=1)
    scheduler = make(executor=one, executors={"other": ThreadExecutor(max_workers=1)})
    for name, executor in [("a", None), ("b", "other"), ("c", None), ("d", "other")]:
        scheduler.add(trace.job(name, "5m"), ONE, id=name, executor=executor)
    with scheduler:
        clock.advance("1h")
    assert sorted((begun, name) for name, begun, _ in trace) == [
        (1, "a"),
        (1, "b"),
        (6, "c"),
        (6, "d"),
    ]


def test_a_tag_limits_all_jobs_that_have_it(make, clock, trace):
    scheduler = make(limits={"db": 2, "mail": 1})
    for name, tags in [
        ("a", {"db"}),
        ("b", {"db", "mail"}),
        ("c", {"db"}),
        ("d", {"mail"}),
        ("e", {"free"}),
    ]:
        scheduler.add(trace.job(name, "5m"), ONE, id=name, tags=tags)
    with scheduler:
        clock.advance("1h")
    starts = {name: begun for name, begun, _ in trace}
    assert starts == {"a": 1, "b": 1, "c": 6, "d": 6, "e": 1}


def test_runs_of_one_job_may_go_on_together_up_to_their_own_limit(scheduler, clock, trace):
    scheduler.add(
        trace.job("j", "150s"), Every("1m"), id="j", overlap="allow", max_concurrent=2, max_runs=4
    )
    with scheduler:
        clock.advance("1h")
    assert [begun for _, begun, _ in trace] == [1, 2, 3.5, 4.5]


def deaf():
    """Sleep an hour in fake time, whatever happens to the run."""
    attempt = current_run()._attempt
    attempt.clock._stepper.sleep(3600.0, CancelToken())


LIMITS = {
    # what is allowed: the starts of nine runs of five minutes, all due at 12:01
    "nothing is limited": ({}, {}, [1] * 9),
    "two of the scheduler": ({"max_concurrent_runs": 2}, {}, [1, 1, 6, 6, 11, 11, 16, 16, 21]),
    "three of a job": ({}, {"max_concurrent": 3}, [1, 1, 1, 6, 6, 6, 11, 11, 11]),
    "four of a tag": ({"limits": {"tag": 4}}, {}, [1] * 4 + [6] * 4 + [11]),
    "the narrowest counts": (
        {"max_concurrent_runs": 5, "limits": {"tag": 4}},
        {"max_concurrent": 3},
        [1, 1, 1, 6, 6, 6, 11, 11, 11],
    ),
    "a limit of another tag does not": ({"limits": {"other": 1}}, {}, [1] * 9),
}


@pytest.mark.parametrize("case", LIMITS.values(), ids=LIMITS.keys())
def test_what_is_over_a_limit_waits_and_starts_in_its_turn(make, clock, trace, case):
    options, policies, starts = case
    scheduler = make(**options)
    scheduler.add(trace.job("j", "5m"), id="j", tags={"tag"}, overlap="allow", **policies)
    with scheduler:
        clock.advance("1m")
        for _ in range(9):
            scheduler.run_now("j")
        clock.advance("1h")
        assert outcomes(scheduler) == [("succeeded", None)] * 9
    assert [begun for _, begun, _ in trace] == starts


@pytest.mark.parametrize(
    ("options", "policies"),
    [({}, {"max_concurrent": 1}), ({"limits": {"tag": 1}}, {})],
    ids=["of a job", "of a tag"],
)
def test_a_limit_holds_over_all_schedulers_of_a_store(make, clock, trace, options, policies):
    store = MemoryStore()
    both = [make(store=store, **options) for _ in range(2)]
    for each in both:
        each.add(trace.job("j", "5m"), id="j", tags={"tag"}, overlap="allow", **policies)
        each.start()
    for each in both * 2:
        each.run_now("j")
    clock.advance("1h")
    begins = [begun for _, begun, _ in trace]
    assert len(begins) == 4
    assert all(later - earlier >= 5 for earlier, later in itertools.pairwise(begins))


def test_the_limit_of_a_scheduler_is_its_own(make, clock, trace):
    store = MemoryStore()
    both = [make(store=store, max_concurrent_runs=1) for _ in range(2)]
    for each in both:
        each.add(trace.job("j", "5m"), id="j", overlap="allow")
        each.start()
        each.run_now("j")
    clock.advance("1h")
    assert [begun for _, begun, _ in trace] == [0, 0]


def test_a_forced_run_passes_the_limits_of_its_job_but_needs_a_slot(make, clock, trace):
    scheduler = make(limits={"tag": 1}, executor=ThreadExecutor(max_workers=2))
    scheduler.add(trace.job("j", "5m"), id="j", tags={"tag"}, max_concurrent=1)
    with scheduler:
        for _ in range(3):
            scheduler.run_now("j", force=True)
        clock.advance("1h")
    assert [begun for _, begun, _ in trace] == [0, 0, 5]


@pytest.mark.parametrize(
    ("options", "policies"),
    [
        ({"max_concurrent_runs": 1}, {}),
        ({"limits": {"tag": 1}}, {}),
        ({}, {"max_concurrent": 1}),
    ],
    ids=["of the scheduler", "of a tag", "of the job"],
)
def test_a_timed_out_run_whose_thread_goes_on_counts_for_no_limit(make, clock, options, policies):
    scheduler = make(**options)
    scheduler.add(
        deaf,
        Every("1m"),
        id="j",
        tags={"tag"},
        overlap="allow",
        timeout="10s",
        **policies,
    )
    with scheduler:
        clock.advance("3m")
        assert outcomes(scheduler)[:2] == [("timed_out", None)] * 2


# --- attempts -----------------------------------------------------------------------------------


STEADY = Backoff(attempts=4, base="10s", jitter="none")


def test_a_failed_attempt_is_followed_by_another_after_its_delay(scheduler, clock, flaky):
    job = flaky(2)
    scheduler.add(job, ONE, id="j", retry=STEADY)
    with scheduler:
        clock.advance("1h")
    assert job.calls == [(1, 0), (2, 10), (3, 30)]
    (run,) = scheduler.runs()
    assert (run.outcome, run.attempt, run.error) == ("succeeded", 3, None)
    assert (run.duration, run.lateness) == (timedelta(seconds=30), timedelta(0))


def test_the_last_attempt_decides(scheduler, clock, flaky):
    job = flaky(9)
    scheduler.add(job, ONE, id="j", retry=STEADY)
    with scheduler:
        clock.advance("1h")
    assert [attempt for attempt, _ in job.calls] == [1, 2, 3, 4]
    (run,) = scheduler.runs()
    assert (run.outcome, run.attempt) == ("failed", 4)
    assert (run.error, run.error_type) == ("not now", "builtins.OSError")


def test_between_attempts_the_run_waits_and_holds_no_slot(make, clock, trace, flaky):
    scheduler = make(max_concurrent_runs=1)
    rule = Backoff(attempts=2, base="10m", max="10m", jitter="none")
    scheduler.add(flaky(1), ONE, id="j", retry=rule)
    scheduler.add(trace.job("other", "1m"), At(NOON + 2 * MINUTE), id="other")
    with scheduler:
        clock.advance("3m")
        (run,) = scheduler.runs("j")
        assert (run.phase, run.outcome, run.attempt) == ("waiting", None, 1)
        assert after_noon(run.not_before) == 11
        assert trace == [("other", 2, 3)]


def test_a_run_that_waits_for_a_retry_counts_for_overlap(scheduler, clock, flaky):
    job = flaky(1)
    scheduler.add(
        job, Every("1m"), id="j", retry=Backoff(attempts=2, base="90s", jitter="none"), max_runs=2
    )
    with scheduler:
        clock.advance("10m")
    assert outcomes(scheduler) == [
        ("succeeded", None),
        ("skipped", "overlap"),
        ("succeeded", None),
    ]


@pytest.mark.parametrize("raised", [RuntimeError("the rule is broken"), SystemExit(3)])
def test_a_rule_that_raises_itself_means_no_further_attempt(scheduler, clock, flaky, raised):
    def rule(error):
        raise raised

    scheduler.add(flaky(1), ONE, id="j", retry=Backoff(attempts=5, retry_on=rule))
    with scheduler:
        clock.advance("1h")
    assert (scheduler.runs()[0].outcome, scheduler.runs()[0].error) == ("failed", "not now")


@pytest.mark.parametrize(("limit", "attempts"), [("29s", 2), ("30s", 3), ("0s", 1), ("9s", 1)])
def test_no_attempt_starts_later_than_the_rule_allows(scheduler, clock, flaky, limit, attempts):
    job = flaky(9)
    rule = Backoff(attempts=9, base="10s", jitter="none", give_up_after=limit)
    scheduler.add(job, ONE, id="j", retry=rule)
    with scheduler:
        clock.advance("1h")
    assert len(job.calls) == attempts
    assert scheduler.runs()[0].outcome == "failed"


def test_a_delay_beyond_the_end_of_time_means_no_further_attempt(scheduler, clock, flaky):
    class LaterError(Exception):
        retry_after = timedelta.max

    scheduler.add(flaky(1, LaterError), ONE, id="j", retry=STEADY)
    with scheduler:
        clock.advance("1h")
    assert outcomes(scheduler) == [("failed", None)]


def test_all_attempts_are_one_run_and_count_once_for_max_runs(scheduler, clock, flaky):
    job = flaky(2)
    scheduler.add(job, Every("1m"), id="j", retry=STEADY, max_runs=1)
    with scheduler:
        clock.advance("1h")
    assert [attempt for attempt, _ in job.calls] == [1, 2, 3]
    (run,) = scheduler.runs()
    assert run.id == "j@2026-01-01T12:01:00Z"


@pytest.mark.parametrize("kind", ["tag", "job"])
def test_between_attempts_a_run_counts_for_no_limit(make, clock, flaky, trace, kind):
    scheduler = make(limits={"tag": 1} if kind == "tag" else {})
    policies = {"max_concurrent": 1} if kind == "job" else {"tags": {"tag"}}
    late = Backoff(attempts=2, base="10m", max="10m", jitter="none")
    scheduler.add(flaky(1), ONE, id="j", retry=late, overlap="allow", **policies)
    scheduler.add(trace.job("other", "1m"), id="other", tags={"tag"})
    with scheduler:
        clock.advance("2m")
        scheduler.run_now("other")
        scheduler.run_now("j")  # it does not wait for the one that is to be tried again
        clock.advance("1h")
        assert trace == [("other", 2, 3)]
        last, first = scheduler.runs("j")
        assert (after_noon(last.ended_at), after_noon(first.ended_at)) == (2, 11)


def test_the_jitter_of_a_delay_derives_from_the_run_and_its_attempt(make, clock, flaky):
    rule = Backoff(attempts=4, base="10s", jitter="full")
    scheduler, job = make(), flaky(3)
    scheduler.add(job, ONE, id="j", retry=rule)
    with scheduler:
        clock.advance("10m")
        (run,) = scheduler.runs()
    delays = [rule.delay(run.id, attempt).total_seconds() for attempt in (1, 2, 3)]
    waited = [later - earlier for (_, earlier), (_, later) in itertools.pairwise(job.calls)]
    assert waited == pytest.approx(delays, abs=1e-4)
    assert len(set(delays)) == 3


@pytest.mark.parametrize(
    ("asks", "second"),
    [
        (120, 120),
        (0.5, 10),
        (timedelta(minutes=3), 180),
        (timedelta(minutes=-3), 10),
        ("120", 10),
        (float("nan"), 10),
        (True, 10),
        (None, 10),
    ],
    ids=str,
)
def test_what_an_exception_asks_for_is_the_least_delay(scheduler, clock, flaky, asks, second):
    class BusyError(Exception):
        retry_after = asks

    job = flaky(1, BusyError)
    scheduler.add(job, ONE, id="j", retry=STEADY)
    with scheduler:
        clock.advance("1h")
    assert job.calls == [(1, 0), (2, second)]


@pytest.mark.parametrize(
    ("retry_on", "raised", "is_wanted"),
    [
        ((OSError,), ConnectionError, True),
        ((OSError,), ValueError, False),
        (OSError, FileNotFoundError, True),
        ((Exception,), KeyboardInterrupt, False),
        ((BaseException,), KeyboardInterrupt, True),
        ((SystemExit,), SystemExit, True),
        (lambda error: "not" in str(error), ValueError, True),
        (lambda error: isinstance(error, OSError), ValueError, False),
    ],
)
def test_only_what_the_rule_wants_is_tried_again(scheduler, flaky, retry_on, raised, is_wanted):
    rule = Backoff(attempts=4, base="10s", jitter="none", retry_on=retry_on)
    scheduler.add(flaky(9, raised), id="j", retry=rule)
    with scheduler:
        run = scheduler.run_now("j").wait()
    assert (run.outcome, run.attempt) == ("failed", 4 if is_wanted else 1)


def test_what_waits_for_a_retry_waits_through_a_restart_of_its_scheduler(
    make, clock, flaky, tmp_path
):
    from cronkit.stores import SQLiteStore

    store, job = SQLiteStore(tmp_path / "state.db"), flaky(1)
    late = Backoff(attempts=2, base="10m", max="10m", jitter="none")
    for length in ("5m", "1h"):
        scheduler = make(store=store)
        scheduler.add(job, ONE, id="j", retry=late)
        with scheduler:
            clock.advance(length)
    assert job.calls == [(1, 0), (2, 600)]


def test_a_row_starts_when_its_tag_has_room_though_another_limit_holds_the_row_before_it(
    make, clock
):
    scheduler = make(limits={"x": 2})
    seconds = {"a": [1], "b": [36_000, 1], "c": [5], "d": [10]}

    def work():
        run = current_run()
        run.sleep(seconds[run.job_id].pop(0))

    for each in "cdba":
        scheduler.add(work, None, id=each, tags=["x"], overlap="allow", max_concurrent=1)
    with scheduler:
        for each in "cdbba":
            scheduler.run_now(each)
            clock.advance("1s")
        clock.advance("1m")
        assert [run.outcome for run in scheduler.runs("a")] == ["succeeded"]
        scheduler.shutdown(wait=False)
