"""What becomes of runs in a started scheduler: order, errors, timeouts, context, followers.

Overlap and catching up have a file of their own, and limits and attempts another.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from cronkit import At, Backoff, Cron, Every, current_run
from cronkit.errors import RunCancelledError, RunTimeoutError
from cronkit.stores import MemoryStore
from tests.unit.noon import MINUTE, NOON, ONE, after_noon, outcomes

# --- order and slots ----------------------------------------------------------------------------


def test_what_is_due_together_runs_by_priority_then_fire_time_then_job(scheduler, clock, trace):
    for name, priority in [("b", 0), ("a", 0), ("low", -5), ("high", 5)]:
        scheduler.add(trace.job(name), ONE, id=name, priority=priority)
    with scheduler:
        clock.advance("2m")
    assert [name for name, *_ in trace] == ["high", "a", "b", "low"]


def test_what_has_waited_longer_goes_first(make, clock, trace):
    scheduler = make(max_concurrent_runs=1)
    scheduler.add(trace.job("long", "10m"), ONE, id="long", priority=9)
    for name, minute in [("z", 2), ("y", 3), ("x", 4)]:
        scheduler.add(trace.job(name), At(NOON + minute * MINUTE), id=name)
    with scheduler:
        clock.advance("30m")
    assert [name for name, *_ in trace] == ["long", "z", "y", "x"]


def test_lateness_is_the_time_that_a_run_waited_for_its_slot(make, clock, trace):
    scheduler = make(max_concurrent_runs=1)
    scheduler.add(trace.job("a", "5m"), ONE, id="a")
    scheduler.add(trace.job("b"), ONE, id="b")
    with scheduler:
        clock.advance("1h")
    (run,) = scheduler.runs("b")
    assert (run.lateness, run.duration) == (5 * MINUTE, timedelta(0))
    assert scheduler.status().worst_lateness == 5 * MINUTE


# --- what a job raises ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "error",
    [SystemExit, KeyboardInterrupt, GeneratorExit, RecursionError, MemoryError, StopIteration],
)
def test_a_job_may_raise_anything(scheduler, clock, trace, error):
    def raises():
        raise error

    scheduler.add(raises, Every("1m"), id="j")
    scheduler.add(trace.job("other"), Every("1m"), id="other")
    with scheduler:
        clock.advance("3m")
    assert outcomes(scheduler, "j") == [("failed", None)] * 3
    assert {run.error_type for run in scheduler.runs("j")} == {f"builtins.{error.__name__}"}
    assert len(trace) == 3


class FacelessError(Exception):
    @property
    def __class__(self):
        raise ZeroDivisionError


def test_an_exception_that_hides_its_class_ends_its_run_like_any_other(scheduler, clock):
    def raises():
        raise FacelessError

    async def raises_later():
        raise FacelessError

    scheduler.add(raises, Every("1m"), id="j")
    scheduler.add(raises_later, Every("1m"), id="k")
    with scheduler:
        clock.advance("2m")
    assert outcomes(scheduler, "j") == outcomes(scheduler, "k") == [("failed", None)] * 2
    assert scheduler.runs("j")[0].error_type == f"{__name__}.FacelessError"


def test_an_own_cancellation_that_was_made_without_a_reason_ends_its_run(scheduler, clock):
    def raises():
        raise RunCancelledError.__new__(RunCancelledError)

    scheduler.add(raises, Every("1m"), id="j")
    with scheduler:
        clock.advance("2m")
    assert outcomes(scheduler, "j") == [("failed", None)] * 2
    assert scheduler.runs("j")[0].error_type == "builtins.AttributeError"


class SlipperyText(str):
    __slots__ = ()

    def __getitem__(self, key):
        raise KeyError(key)


class Nameless(type):
    def __getattribute__(cls, name):
        if name in {"__name__", "__qualname__", "__module__"}:
            raise PermissionError(name)
        return type.__getattribute__(cls, name)


class NamelessError(Exception, metaclass=Nameless):
    pass


class MuteError(Exception):
    def __str__(self):
        raise ValueError("no words")


class SlipperyError(Exception):
    def __str__(self):
        return SlipperyText("words")


class NamelessMuteError(MuteError, metaclass=Nameless):
    pass


@pytest.mark.parametrize(
    ("error", "text", "kind"),
    [
        (MuteError, "<MuteError; its text raised ValueError>", f"{__name__}.MuteError"),
        (SlipperyError, "<SlipperyError; its text raised KeyError>", f"{__name__}.SlipperyError"),
        (NamelessError, "", "(a class that hides its name)"),
        (
            NamelessMuteError,
            "<(a class that hides its name); its text raised ValueError>",
            "(a class that hides its name)",
        ),
    ],
    ids=["without a text", "with a text that is none", "without a name", "without either"],
)
def test_an_exception_that_cannot_be_shown_is_recorded_all_the_same(
    scheduler, clock, error, text, kind
):
    def raises():
        raise error

    scheduler.add(raises, ONE, id="j")
    with scheduler:
        clock.advance("2m")
    (run,) = scheduler.runs()
    assert (run.outcome, run.error, run.error_type) == ("failed", text, kind)


def test_the_text_of_an_exception_is_clipped(scheduler, clock):
    def raises():
        raise OSError("x" * 10**6)

    scheduler.add(raises, ONE, id="j")
    with scheduler:
        clock.advance("2m")
    assert len(scheduler.runs()[0].error) == 2_000


# --- timeouts -----------------------------------------------------------------------------------


def test_an_attempt_that_sleeps_past_its_timeout_ends_there(scheduler, clock):
    ended = []

    def sleeps():
        try:
            current_run().sleep("10m")
        except RunTimeoutError as error:
            ended.append((after_noon(clock.now()), error.timeout_seconds))
            raise

    scheduler.add(sleeps, ONE, id="j", timeout="2m")
    with scheduler:
        clock.advance("1h")
    assert ended == [(3, 120)]
    (run,) = scheduler.runs()
    assert (run.outcome, run.duration) == ("timed_out", 2 * MINUTE)
    assert run.error_type.endswith("RunTimeoutError")


def test_a_run_that_ends_at_its_deadline_is_in_time_and_one_later_is_not(scheduler, clock):
    for name, length in [("in-time", "119.999999s"), ("late", "120.000001s")]:
        scheduler.add(lambda length=length: current_run().sleep(length), ONE, id=name, timeout="2m")
    with scheduler:
        clock.advance("1h")
    assert outcomes(scheduler, "in-time") == [("succeeded", None)]
    assert outcomes(scheduler, "late") == [("timed_out", None)]


def test_a_timeout_holds_for_each_attempt(scheduler, clock):
    starts = []

    def sleeps():
        starts.append(after_noon(clock.now()))
        current_run().sleep("10m")

    rule = Backoff(attempts=3, base="1m", factor=1, jitter="none", retry_on=RunTimeoutError)
    scheduler.add(sleeps, ONE, id="j", timeout="2m", retry=rule)
    with scheduler:
        clock.advance("1h")
    assert starts == [1, 4, 7]
    assert outcomes(scheduler) == [("timed_out", None)]


def test_a_timed_out_thread_is_not_tried_again_unless_asked_for(scheduler, clock):
    scheduler.add(lambda: current_run().sleep("10m"), ONE, id="j", timeout="2m", retry=5)
    with scheduler:
        clock.advance("1h")
    assert [(run.outcome, run.attempt) for run in scheduler.runs()] == [("timed_out", 1)]


def test_a_run_knows_its_deadline_and_what_remains(scheduler, clock):
    seen = []

    def looks():
        run = current_run()
        seen.append((after_noon(run.deadline), run.remaining))
        run.sleep("30s")
        seen.append((after_noon(run.deadline), run.remaining))

    scheduler.add(looks, ONE, id="j", timeout="2m")
    scheduler.add(lambda: seen.append(current_run().remaining), At(NOON + 2 * MINUTE), id="free")
    with scheduler:
        clock.advance("1h")
    assert seen == [(3, 2 * MINUTE), (3, timedelta(seconds=90)), None]


def test_a_run_that_succeeded_before_its_timeout_is_left_alone(scheduler, clock, trace):
    scheduler.add(trace.job("j", "1m"), Every("5m"), id="j", timeout="2m")
    with scheduler:
        clock.advance("16m")
    assert outcomes(scheduler) == [("succeeded", None)] * 3


# --- what a run sees ----------------------------------------------------------------------------


def test_a_run_knows_what_it_is(make, clock):
    scheduler = make(timezone="Asia/Tokyo")
    seen = []

    def looks():
        run = current_run()
        seen.append(
            (
                run.id,
                run.job_id,
                run.fire_time.isoformat(),
                run.attempt,
                run.fence,
                run.tags,
                run.lateness,
                run.cancelled,
                repr(run),
            )
        )

    scheduler.add(looks, Cron("0 22 * * *"), id="j", tags={"x"})
    with scheduler:
        clock.advance("1h")
    assert seen == [
        (
            "j@2026-01-01T13:00:00Z",
            "j",
            "2026-01-01T22:00:00+09:00",
            1,
            None,
            {"x"},
            timedelta(0),
            False,
            "<RunContext j@2026-01-01T13:00:00Z attempt 1>",
        )
    ]


def test_what_a_run_notes_stands_in_its_record(scheduler, clock):
    def notes():
        current_run().note(rows=17, path="a")
        current_run().note(path="b")

    scheduler.add(notes, ONE, id="j")
    with scheduler:
        clock.advance("2m")
    assert dict(scheduler.runs()[0].notes) == {"rows": 17, "path": "b"}


def test_notes_are_kept_over_a_failure(scheduler, clock):
    def fails():
        current_run().note(rows=17)
        raise OSError

    scheduler.add(fails, ONE, id="j")
    with scheduler:
        clock.advance("2m")
    assert dict(scheduler.runs()[0].notes) == {"rows": 17}


def test_nothing_that_a_job_sets_in_its_context_reaches_the_next(scheduler, clock):
    from contextvars import ContextVar

    var, seen = ContextVar("var", default="clean"), []

    def sets():
        seen.append(var.get())
        var.set("dirty")

    scheduler.add(sets, Every("1m"), id="j")
    with scheduler:
        clock.advance("3m")
    assert seen == ["clean"] * 3
    assert var.get() == "clean"


def test_the_log_of_a_run_says_whose_it_is(scheduler, clock, caplog):
    def logs():
        current_run().log.warning("careful: %s", "thin ice", extra={"more": 1})

    scheduler.add(logs, ONE, id="j")
    with scheduler:
        clock.advance("2m")
    (record,) = [each for each in caplog.records if each.name == "cronkit.run"]
    assert record.getMessage() == "careful: thin ice"
    assert (record.job_id, record.run_id, record.attempt, record.more) == (
        "j",
        "j@2026-01-01T12:01:00Z",
        1,
        1,
    )
    assert record.fire_time == "2026-01-01T12:01:00+00:00"


# --- following ----------------------------------------------------------------------------------

ENDS = {
    # what the parent does: after which of its ends each follower runs
    "succeeds": (lambda: None, {"s", "a"}),
    "fails": (lambda: 1 / 0, {"f", "a"}),
    "times out": (lambda: current_run().sleep("1h"), {"f", "a"}),
}


@pytest.mark.parametrize(("func", "expected"), ENDS.values(), ids=ENDS.keys())
def test_a_follower_runs_after_the_outcome_it_names(scheduler, clock, func, expected):
    ran = []
    scheduler.add(func, ONE, id="parent", timeout="1m")
    for job_id, on in [("s", "succeeded"), ("f", "failed"), ("a", "any")]:
        scheduler.after("parent", on=on, id=job_id)(lambda: ran.append(current_run().job_id))
    with scheduler:
        clock.advance("1h")
    assert set(ran) == expected


def test_a_follower_takes_the_fire_time_and_the_suffix_of_its_parent(scheduler, clock):
    scheduler.add(lambda: current_run().sleep("5m"), ONE, id="parent")
    scheduler.after("parent", id="child")(lambda: None)
    with scheduler:
        clock.advance("10m")
        scheduler.run_now("parent")
        clock.advance("10m")
    ids = [(run.id, run.origin, after_noon(run.started_at)) for run in scheduler.runs("child")]
    assert ids == [
        ("child@2026-01-01T12:10:00Z#1", "after", 15),
        ("child@2026-01-01T12:01:00Z", "after", 6),
    ]


def test_a_skipped_parent_has_no_followers(scheduler, clock):
    scheduler.add(lambda: current_run().sleep("90s"), Every("1m"), id="parent", max_runs=2)
    scheduler.after("parent", on="any", id="child")(lambda: None)
    with scheduler:
        clock.advance("10m")
    assert outcomes(scheduler, "parent") == [
        ("succeeded", None),
        ("skipped", "overlap"),
        ("succeeded", None),
    ]
    assert len(scheduler.runs("child")) == 2


def test_a_failed_attempt_that_is_tried_again_has_no_followers(scheduler, clock, flaky):
    scheduler.add(flaky(2), ONE, id="parent", retry=Backoff(attempts=4))
    scheduler.after("parent", on="any", id="child")(lambda: None)
    with scheduler:
        clock.advance("10m")
    assert len(scheduler.runs("child")) == 1


def test_a_cancelled_parent_is_followed_on_any(scheduler, clock):
    scheduler.add(lambda: current_run().sleep("1h"), id="parent")
    for on in ("any", "failed", "succeeded"):
        scheduler.after("parent", on=on, id=on)(lambda: None)
    with scheduler:
        handle = scheduler.run_now("parent")
        clock.advance("1m")
        handle.cancel()
        clock.advance("1m")
    assert {run.job_id for run in scheduler.runs()} == {"parent", "any"}


def test_followers_follow_followers(scheduler, clock, trace):
    scheduler.add(trace.job("a", "1m"), ONE, id="a")
    scheduler.after("a", id="b")(trace.job("b", "1m"))
    scheduler.after("b", id="c")(trace.job("c"))
    with scheduler:
        clock.advance("10m")
    assert trace == [("a", 1, 2), ("b", 2, 3), ("c", 3, 3)]


def test_a_follower_that_is_paused_or_disabled_does_not_run(scheduler, clock):
    scheduler.add(lambda: None, ONE, id="parent")
    scheduler.after("parent", id="paused")(lambda: None)
    scheduler.after("parent", id="disabled", enabled=False)(lambda: None)
    with scheduler:
        scheduler.pause("paused")
        clock.advance("10m")
    assert outcomes(scheduler, "paused") == [("skipped", "paused")]
    assert outcomes(scheduler, "disabled") == []


def test_a_follower_obeys_its_own_overlap(scheduler, clock):
    scheduler.add(lambda: None, Every("1m"), id="parent", max_runs=2)
    scheduler.after("parent", id="child")(lambda: current_run().sleep("90s"))
    with scheduler:
        clock.advance("10m")
    assert outcomes(scheduler, "child") == [("succeeded", None), ("skipped", "overlap")]


# --- the end of a scheduler, and a second one ----------------------------------------------------


def test_what_waits_when_a_scheduler_stops_ends_in_a_memory_store(make, clock):
    scheduler = make(max_concurrent_runs=1)
    for name in "ab":
        scheduler.add(lambda: current_run().sleep("5m"), ONE, id=name)
    with scheduler:
        clock.advance("2m")
    assert outcomes(scheduler, "a") == [("succeeded", None)]
    assert outcomes(scheduler, "b") == [("cancelled", "shutdown")]


def test_what_was_handed_out_but_has_not_begun_does_not_run_after_the_end(scheduler, clock, trace):
    scheduler.add(lambda: scheduler.shutdown(wait=False), ONE, id="a", priority=5)
    scheduler.add(trace.job("b"), ONE, id="b")
    scheduler.start()
    clock.advance("1h")
    assert outcomes(scheduler, "b") == [("interrupted", "shutdown")]
    assert trace == []


def test_two_schedulers_on_one_store_run_each_fire_time_once(make, clock):
    store, ran = MemoryStore(), []
    both = [make(store=store) for _ in range(2)]
    for number, each in enumerate(both):
        each.add(
            lambda number=number: ran.append((number, after_noon(clock.now()))),
            Every("1m"),
            id="j",
        )
    with both[0], both[1]:
        clock.advance("5m")
    assert [minute for _, minute in ran] == [1, 2, 3, 4, 5]


def test_a_row_that_one_scheduler_has_no_slot_for_is_taken_by_another(make, clock, trace):
    store = MemoryStore()
    both = [make(store=store, max_concurrent_runs=1) for _ in range(2)]
    for each in both:
        for name in "xy":
            each.add(trace.job(name, "10m"), id=name)
    with both[0], both[1]:
        both[0].run_now("x")
        both[0].run_now("y")
        clock.advance("15m")
    assert sorted(trace) == [("x", 0, 10), ("y", 0, 10)]
