"""Bad input at every public entry: a documented error of ours, and a scheduler as it was before."""

from __future__ import annotations

import functools
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from cronkit import Backoff, Cron, CronkitError, Every, Scheduler
from cronkit.cron import CronSyntaxError
from cronkit.errors import (
    ConfigError,
    DuplicateJobError,
    DurationError,
    JobNotFoundError,
    NaiveDatetimeError,
    NotCallableError,
    PolicyError,
    StateError,
    UnknownZoneError,
)
from cronkit.executors import AsyncioExecutor, FutureExecutor, ProcessExecutor, ThreadExecutor
from cronkit.stores import MemoryStore
from cronkit.testing import FakeClock

NAIVE = datetime(2026, 1, 1)
HUGE = 10**30


def work(a=1):
    return a


def needs(path):
    return path


def gives():
    yield 1


async def gives_later():
    yield 1


class Callable:
    def __call__(self):
        return 1


# --- a job --------------------------------------------------------------------------------------

ADDS = {
    # what is asked of a scheduler that has a job "j" and is called s: the error
    "a number as function": (lambda s: s.add(5, Every("1h")), NotCallableError),
    "nothing as function": (lambda s: s.add(None, Every("1h")), NotCallableError),
    "a called function": (lambda s: s.add(work(), Every("1h")), NotCallableError),
    "a number decorated": (lambda s: s.every("1h")(5), NotCallableError),
    "a lambda without an id": (lambda s: s.add(lambda: 1, Every("1h")), NotCallableError),
    "a partial without an id": (
        lambda s: s.add(functools.partial(work, 1), Every("1h")),
        NotCallableError,
    ),
    "an object without an id": (lambda s: s.add(Callable(), Every("1h")), NotCallableError),
    "a generator function": (lambda s: s.add(gives, Every("1h")), NotCallableError),
    "an async generator function": (lambda s: s.add(gives_later, Every("1h")), NotCallableError),
    "a function that needs more": (lambda s: s.add(needs, Every("1h")), NotCallableError),
    "a follower that needs more": (lambda s: s.after("j")(needs), NotCallableError),
    "too many arguments": (lambda s: s.add(work, Every("1h"), args=[1, 2]), NotCallableError),
    "unknown arguments": (lambda s: s.add(work, Every("1h"), kwargs={"b": 1}), NotCallableError),
    "an id that is taken": (lambda s: s.add(work, Every("1h"), id="j"), DuplicateJobError),
    "an id that is taken, decorated": (lambda s: s.every("1h", id="j")(work), DuplicateJobError),
    "no trigger but text": (lambda s: s.add(work, "1h"), PolicyError),
    "no trigger but a class": (lambda s: s.add(work, Every), PolicyError),
    "no trigger but a number": (lambda s: s.add(work, 5), PolicyError),
    "a decorator without parentheses": (lambda s: s.job(work), PolicyError),
    "a cron decorator without parentheses": (lambda s: s.cron(work), CronSyntaxError),
    "an every decorator without parentheses": (lambda s: s.every(work), DurationError),
    "an at decorator without parentheses": (lambda s: s.at(work), PolicyError),
    "an after decorator without parentheses": (lambda s: s.after(work), JobNotFoundError),
    "a policy that is none": (lambda s: s.add(work, Every("1h"), timout="1m"), TypeError),
    "replace that is no truth value": (
        lambda s: s.add(work, Every("1h"), id="j", replace="yes"),
        PolicyError,
    ),
    "replace as a number": (lambda s: s.add(work, Every("1h"), id="j", replace=1), PolicyError),
    "after an unknown job": (lambda s: s.after("k"), JobNotFoundError),
    "after nothing": (lambda s: s.after(None), JobNotFoundError),
    "after itself": (lambda s: s.after("j", id="j", replace=True)(work), PolicyError),
    "after an unknown outcome": (lambda s: s.after("j", on="success"), PolicyError),
    "after an outcome that is no text": (lambda s: s.after("j", on=True), PolicyError),
}

TRIGGERS = {
    "an expression that is none": (lambda s: s.cron("never"), CronSyntaxError),
    "an expression out of range": (lambda s: s.cron("75 * * * *"), CronSyntaxError),
    "an expression that never fires": (lambda s: s.cron("0 0 30 2 *"), CronSyntaxError),
    "an empty expression": (lambda s: s.cron(""), CronSyntaxError),
    "an expression with control characters": (lambda s: s.cron("* *\x00* * *"), CronSyntaxError),
    "a huge expression": (lambda s: s.cron("*" * 10_000), CronSyntaxError),
    "a number as expression": (lambda s: s.cron(5), CronSyntaxError),
    "an unknown zone": (lambda s: s.cron("* * * * *", tz="Europe/Pariss"), UnknownZoneError),
    "an empty zone": (lambda s: s.cron("* * * * *", tz=""), UnknownZoneError),
    "a zone that is a path": (lambda s: s.cron("* * * * *", tz="../etc/passwd"), UnknownZoneError),
    "a number as zone": (lambda s: s.cron("* * * * *", tz=5), PolicyError),
    "an unknown day rule": (lambda s: s.cron("* * * * *", day_rule="xor"), PolicyError),
    "an unknown gap rule": (lambda s: s.cron("* * * * *", gap="jump"), PolicyError),
    "an unknown fold rule": (lambda s: s.cron("* * * * *", fold="third"), PolicyError),
    "an unknown dialect": (lambda s: s.cron("* * * * *", dialect="quartz"), PolicyError),
    "a length of zero": (lambda s: s.every(0), DurationError),
    "a negative length": (lambda s: s.every("-1h"), DurationError),
    "a length that is none": (lambda s: s.every("soon"), DurationError),
    "an empty length": (lambda s: s.every(""), DurationError),
    "True as a length": (lambda s: s.every(True), DurationError),
    "nothing as a length": (lambda s: s.every(None), DurationError),
    "a huge length": (lambda s: s.every(HUGE), DurationError),
    "an endless length": (lambda s: s.every(float("inf")), DurationError),
    "no number as a length": (lambda s: s.every(float("nan")), DurationError),
    "a naive anchor": (lambda s: s.every("1h", anchor=NAIVE), NaiveDatetimeError),
    "an anchor that is none": (lambda s: s.every("1h", anchor="noon"), PolicyError),
    "no instant": (lambda s: s.at(), PolicyError),
    "a naive instant": (lambda s: s.at(NAIVE), NaiveDatetimeError),
    "an instant that is none": (lambda s: s.at("tomorrow"), PolicyError),
    "a number as instant": (lambda s: s.at(1_750_000_000), PolicyError),
    "an instant that UTC cannot hold": (
        lambda s: s.at("9999-12-31T23:59-12:00", id="k")(work),
        PolicyError,
    ),
    "instants in an unknown zone": (lambda s: s.at("2026-01-01", tz="Mars"), UnknownZoneError),
}


@pytest.fixture(params=[True, False], ids=["started", "not started"])
def before(request, scheduler):
    """A scheduler with one job, started or not; afterwards it has to be as it was."""
    scheduler.add(work, Every("1h"), id="j")
    if request.param:
        scheduler.start()
    return scheduler


def unchanged(scheduler, call, error):
    jobs, status, upcoming = scheduler.jobs, scheduler.status(), scheduler.upcoming()
    hooks = len(scheduler.hooks)
    with pytest.raises(error) as caught:
        call(scheduler)
    if error is not TypeError:  # a name that is no policy, as for any wrong keyword
        assert isinstance(caught.value, CronkitError)
    message = str(caught.value)
    assert len(message) < 600
    assert message.replace("\n", "").isprintable()
    assert (scheduler.jobs, scheduler.status(), scheduler.upcoming()) == (jobs, status, upcoming)
    assert scheduler.runs() == []
    assert len(scheduler.hooks) == hooks


@pytest.mark.parametrize(("call", "error"), ADDS.values(), ids=ADDS.keys())
def test_what_cannot_be_a_job_is_refused(before, call, error):
    unchanged(before, call, error)


@pytest.mark.parametrize(("call", "error"), TRIGGERS.values(), ids=TRIGGERS.keys())
def test_what_cannot_be_a_trigger_is_refused(before, call, error):
    unchanged(before, call, error)


IDS = [
    "",
    " ",
    "a b",
    "a/b",
    "a\nb",
    "a\x00b",
    "\x1b[31m",
    "é",
    "日本",
    "a" * 129,
    5,
    True,
    [],
    b"j",
]


@pytest.mark.parametrize("job_id", IDS)
def test_what_cannot_be_an_id_is_refused(before, job_id):
    unchanged(before, lambda s: s.add(work, Every("1h"), id=job_id), PolicyError)


@pytest.mark.parametrize("job_id", [*IDS, "J", "k", None])
def test_an_id_that_nobody_has_is_not_found(before, job_id):
    for call in (
        lambda s: s[job_id],
        lambda s: s.remove(job_id),
        lambda s: s.reschedule(job_id, Every("1h")),
        lambda s: s.update(job_id, priority=1),
        lambda s: s.run_now(job_id),
        lambda s: s.after(job_id),
        lambda s: s.backfill(job_id, "2026-01-01", "2026-01-02"),
    ):
        unchanged(before, call, JobNotFoundError)


# --- its policies -------------------------------------------------------------------------------

BAD = {
    "description": [5, None, b"text", ["text"]],
    "tags": ["tag", 5, None, [""], ["two words"], [5], [["nested"]], {"a\n"}],
    "args": ["text", 5, {1}, {"a": 1}, b"bytes"],
    "kwargs": [5, "text", [("a", 1)], {1: 2}],
    "executor": ["unknown", "", 5, True, []],
    "enabled": ["yes", 1, 0, None, []],
    "priority": [True, "high", 1.5, None, HUGE, -HUGE],
    "start": [NAIVE, "soon", 5, True, "", "2026-13-01", "9999-12-31T23:59-12:00"],
    "end": [NAIVE, "soon", 5, True, "", "0001-01-01T00:00+12:00"],
    "max_runs": [0, -1, True, "1", 1.5, HUGE],
    "jitter": [-1, "soon", True, HUGE, float("nan"), float("inf"), []],
    "timeout": [0, -1, "soon", True, HUGE, float("nan"), timedelta(0), []],
    "retry": [0, -1, True, "3", 1.5, None, [], HUGE],
    "misfire_grace": [-1, "soon", True, HUGE, float("nan")],
    "coalesce": ["none", "Latest", True, None, 1, ""],
    "max_catch_up": [0, -1, True, "1", 1.5, None, HUGE],
    "overlap": ["forbid", "SKIP", True, None, 1, ""],
    "queue_limit": [-1, True, "1", 1.5, None, HUGE],
    "max_concurrent": [0, -1, True, "1", 1.5, HUGE],
    "on_interrupted": ["again", True, None, ""],
    "keep_runs": [0, -1, True, "1", 1.5, HUGE],
}
BAD_POLICIES = [(word, value) for word, values in BAD.items() for value in values]
ERRORS = (PolicyError, DurationError, NaiveDatetimeError)


def text_of(case):
    return ascii(case)[:40]


@pytest.mark.parametrize(("word", "value"), BAD_POLICIES, ids=text_of)
def test_a_bad_policy_is_refused_by_name(scheduler, word, value):
    scheduler.add(work, Every("1h"), id="j")
    with scheduler:
        for call in (
            lambda s: s.add(work, Every("1h"), id="k", **{word: value}),
            lambda s: s.every("1h", id="k", **{word: value})(work),
            lambda s: s.after("j", id="k", **{word: value})(work),
            lambda s: s.update("j", **{word: value}),
        ):
            unchanged(scheduler, call, ERRORS)
    with pytest.raises(ERRORS) as caught:
        Scheduler().add(work, Every("1h"), **{word: value})
    assert caught.value.argument in {word, "attempts"}


@pytest.mark.parametrize(("word", "value"), BAD_POLICIES, ids=text_of)
def test_a_bad_default_is_refused_when_the_scheduler_is_made(word, value):
    defaults = {word: value}
    expected = TypeError if word in {"args", "kwargs", "start", "end"} else ERRORS
    with pytest.raises(expected):
        Scheduler(defaults=defaults)


@pytest.mark.parametrize(
    "bounds",
    [
        {"start": "2026-01-02", "end": "2026-01-01"},
        {"start": "2026-01-01", "end": "2026-01-01"},
        {"start": "2026-01-01T12:00+01:00", "end": "2026-01-01T11:00Z"},
    ],
)
def test_an_end_before_the_start_is_refused(before, bounds):
    unchanged(before, lambda s: s.add(work, Every("1h"), id="k", **bounds), PolicyError)
    unchanged(before, lambda s: s.update("j", **bounds), PolicyError)


def test_an_unknown_policy_is_answered_with_the_nearest_one(before):
    with pytest.raises(TypeError, match="did you mean 'timeout'"):
        before.add(work, Every("1h"), id="k", timout="1m")
    with pytest.raises(TypeError, match="did you mean 'misfire_grace'"):
        before.update("j", misfiregrace="1m")
    assert "k" not in before


def test_bounds_may_be_taken_away_again(before):
    before.update("j", start="2026-01-01T15:00", end="2026-01-01T17:00", max_runs=3, timeout="1m")
    job = before.update("j", start=None, end=None, max_runs=None, timeout=None, keep_runs=None)
    assert (job.start, job.end, job.max_runs, job.timeout) == (None,) * 4


# --- the scheduler itself -----------------------------------------------------------------------

SCHEDULERS = {
    "an unknown zone": ({"timezone": "Europe/Pariss"}, UnknownZoneError),
    "an empty zone": ({"timezone": ""}, UnknownZoneError),
    "a zone with a null": ({"timezone": "Europe\x00Paris"}, UnknownZoneError),
    "a number as zone": ({"timezone": 5}, PolicyError),
    "nothing as zone": ({"timezone": None}, PolicyError),
    "a clock that is none": ({"clock": 5}, PolicyError),
    "a class as clock": ({"clock": FakeClock}, PolicyError),
    "a store that is none": ({"store": "sqlite:///state.db"}, PolicyError),
    "a class as store": ({"store": MemoryStore}, PolicyError),
    "an executor that is none": ({"executor": "thread"}, PolicyError),
    "a class as executor": ({"executor": ThreadExecutor}, PolicyError),
    "executors that are none": ({"executors": 5}, PolicyError),
    "executors without names": ({"executors": [ThreadExecutor()]}, PolicyError),
    "a named executor that is none": ({"executors": {"a": 5}}, PolicyError),
    "an empty name of an executor": ({"executors": {"": ThreadExecutor()}}, PolicyError),
    "a number as name of an executor": ({"executors": {5: ThreadExecutor()}}, PolicyError),
    "no slot at all": ({"max_concurrent_runs": 0}, PolicyError),
    "True slots": ({"max_concurrent_runs": True}, PolicyError),
    "half a slot": ({"max_concurrent_runs": 1.5}, PolicyError),
    "limits that are none": ({"limits": 5}, PolicyError),
    "limits as pairs": ({"limits": [("a", 1)]}, PolicyError),
    "a limit of zero": ({"limits": {"a": 0}}, PolicyError),
    "a limit of True": ({"limits": {"a": True}}, PolicyError),
    "a limit of an empty tag": ({"limits": {"": 1}}, PolicyError),
    "a limit of no tag": ({"limits": {5: 1}}, PolicyError),
    "defaults that are none": ({"defaults": 5}, PolicyError),
    "a lock file that is none": ({"single": 5}, PolicyError),
    "a lock file without a name": ({"single": ""}, PolicyError),
    "a lock file that no system takes": ({"single": "a\0b"}, PolicyError),
    "a lock file with too long a name": ({"single": "a" * 5_000}, PolicyError),
    "a standby for nothing": ({"standby": True}, PolicyError),
    "a standby that is no truth value": ({"single": "a.lock", "standby": "yes"}, PolicyError),
    "an id as default": ({"defaults": {"id": "j"}}, TypeError),
    "an unknown default": ({"defaults": {"timout": 1}}, TypeError),
}


@pytest.mark.parametrize(("words", "error"), SCHEDULERS.values(), ids=SCHEDULERS.keys())
def test_a_scheduler_that_cannot_work_is_not_made(words, error):
    with pytest.raises(error) as caught:
        Scheduler(**words)
    if error is PolicyError:
        assert caught.value.argument.split("[")[0] in words


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"store": "sqlite:///state.db"}, r"open_store\(url\) \(it has no decide, take"),
        ({"executor": ThreadExecutor}, r"e.g. ThreadExecutor\(\) \(it is a class; call it\)"),
        ({"clock": "12:00"}, r"e.g. FakeClock\(\) \(it has no now, monotonic, wait\)"),
    ],
)
def test_what_has_another_shape_is_told_what_it_lacks(words, message):
    with pytest.raises(PolicyError, match=message):
        Scheduler(**words)


CALLS = {
    "start twice": (lambda s: s.start(), StateError),
    "start, paused or not": (lambda s: s.start(paused="yes"), PolicyError),
    "stop, waiting or not": (lambda s: s.shutdown(wait="no"), PolicyError),
    "stop within text": (lambda s: s.shutdown(timeout="soon"), DurationError),
    "stop within less than nothing": (lambda s: s.shutdown(timeout=-1), DurationError),
    "wait for text": (lambda s: s.wait_idle("soon"), DurationError),
    "wait for True": (lambda s: s.wait_idle(True), DurationError),
    "reschedule by nothing": (lambda s: s.reschedule("j", None), PolicyError),
    "reschedule by text": (lambda s: s.reschedule("j", "* * * * *"), PolicyError),
    "reschedule by a class": (lambda s: s.reschedule("j", Cron), PolicyError),
}


@pytest.mark.parametrize(("call", "error"), CALLS.values(), ids=CALLS.keys())
def test_a_call_that_makes_no_sense_is_refused(scheduler, call, error):
    scheduler.add(work, Every("1h"), id="j")
    with scheduler:
        unchanged(scheduler, call, error)
        assert scheduler.status().running


# --- executors, backoff -------------------------------------------------------------------------

COUNTS = [0, -1, True, 1.5, "2", None, [], float("nan")]
POOL = ThreadPoolExecutor(1)
PARTS = [
    # what is made, the argument, what it may not be
    (ThreadExecutor, "max_workers", COUNTS),
    (ThreadExecutor, "max_abandoned", [0, -1, True, 1.5, "2", []]),
    (AsyncioExecutor, "max_concurrent", COUNTS),
    (ProcessExecutor, "max_workers", COUNTS),
    (ProcessExecutor, "start_method", ["fork", "", None, 5, []]),
    (ProcessExecutor, "memory_limit", [0, -1, True, 1.5, "1GB", []]),
    (FutureExecutor, "executor", [5, None, "dask", ThreadPoolExecutor, ThreadExecutor()]),
    (functools.partial(FutureExecutor, POOL), "max_workers", COUNTS),
    (functools.partial(FutureExecutor, POOL), "store", ["", "sqlite:///a.db", "env:", "x" * 999]),
    (Backoff, "attempts", [*COUNTS, HUGE]),
    (Backoff, "base", [-1, True, "soon", None, [], HUGE]),
    (Backoff, "factor", [0, -1, True, "2", None, [], float("nan"), float("inf")]),
    (Backoff, "max", [-1, True, "soon", None, [], HUGE]),
    (Backoff, "jitter", ["some", True, None, 0.5, []]),
    (Backoff, "retry_on", [5, None, "OSError", int, [int], (OSError, 5)]),
    (Backoff, "give_up_after", [-1, True, "soon", [], HUGE]),
]


@pytest.mark.parametrize(
    ("make", "argument", "value"),
    [(make, argument, value) for make, argument, values in PARTS for value in values],
    ids=text_of,
)
def test_a_part_that_cannot_be_made_is_refused_by_its_argument(make, argument, value):
    with pytest.raises((PolicyError, DurationError, ConfigError)) as caught:
        make(**{argument: value})
    message = str(caught.value)
    assert argument in message
    assert len(message) < 600


# --- the fake clock -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "error"),
    [
        (NAIVE, NaiveDatetimeError),
        ("2026-01-01", NaiveDatetimeError),
        ("noon", PolicyError),
        ("", PolicyError),
        (5, PolicyError),
        (None, PolicyError),
        ("9999-12-31T23:59-12:00", PolicyError),
        ("0001-01-01T00:00+12:00", PolicyError),
    ],
)
def test_a_fake_clock_starts_at_an_instant(start, error):
    with pytest.raises(error):
        FakeClock(start)


@pytest.mark.parametrize("patience", [-1, 0, "soon", True, None, float("nan")])
def test_the_patience_of_a_fake_clock_is_a_length_of_time(patience):
    with pytest.raises(DurationError, match="patience"):
        FakeClock(patience=patience)


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda clock: clock.advance(-1), DurationError),
        (lambda clock: clock.advance("soon"), DurationError),
        (lambda clock: clock.advance(True), DurationError),
        (lambda clock: clock.advance(None), DurationError),
        (lambda clock: clock.advance(float("nan")), DurationError),
        (lambda clock: clock.advance(HUGE), DurationError),
        (lambda clock: clock.advance_to("2025-01-01T00:00Z"), PolicyError),
        (lambda clock: clock.advance_to("2027-01-01"), NaiveDatetimeError),
        (lambda clock: clock.advance_to(NAIVE), NaiveDatetimeError),
        (lambda clock: clock.advance_to("soon"), PolicyError),
        (lambda clock: clock.advance_to(5), PolicyError),
        (lambda clock: clock.step_wall("soon"), DurationError),
        (lambda clock: clock.step_wall("--1h"), DurationError),
        (lambda clock: clock.step_wall("-"), DurationError),
        (lambda clock: clock.step_wall(True), DurationError),
        (lambda clock: clock.step_wall(None), DurationError),
        (lambda clock: clock.step_wall(float("nan")), DurationError),
        (lambda clock: clock.step_wall(float("-inf")), DurationError),
        (lambda clock: clock.step_wall(-HUGE), DurationError),
        (lambda clock: clock.step_wall(timedelta.min), DurationError),
        (lambda clock: clock.step_wall(timedelta.max), DurationError),
    ],
)
def test_a_fake_clock_that_is_moved_nowhere_stands_still(clock, call, error):
    before = (clock.now(), clock.monotonic())
    with pytest.raises(error):
        call(clock)
    assert (clock.now(), clock.monotonic()) == before


def test_a_fake_clock_does_not_go_beyond_the_calendar():
    late, early = FakeClock("9999-12-29T23:00Z"), FakeClock("0001-01-04T00:00Z")
    for call in (
        lambda: late.advance("900d"),
        lambda: late.step_wall("900d"),
        lambda: early.step_wall(timedelta(days=-900)),
    ):
        with pytest.raises(DurationError, match="calendar"):
            call()
    assert late.now() == datetime(9999, 12, 29, 23, tzinfo=UTC)
