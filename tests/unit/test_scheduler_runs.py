"""What becomes of runs in a started scheduler: order, limits, overlap, attempts, timeouts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cronkit import At, Backoff, Cron, Every, current_run
from cronkit.errors import RunTimeoutError
from cronkit.executors import ThreadExecutor
from cronkit.stores import MemoryStore

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ONE = At("2026-01-01T12:01")


def after_noon(instant):
    return (instant - NOON) / MINUTE


@pytest.fixture
def trace(clock):
    """A list, and a way to make jobs that write themselves down in it: name, start, end."""

    class Trace(list):
        def job(self, name, length=0):
            def run():
                begun = after_noon(clock.now())
                if length:
                    current_run().sleep(length)
                self.append((name, begun, after_noon(clock.now())))

            return run

    return Trace()


def outcomes(scheduler, job_id=None):
    runs = reversed(scheduler.runs(job_id))
    return [(str(run.outcome), run.reason) for run in runs]


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


def test_lateness_is_the_time_that_a_run_waited_for_its_slot(make, clock, trace):
    scheduler = make(max_concurrent_runs=1)
    scheduler.add(trace.job("a", "5m"), ONE, id="a")
    scheduler.add(trace.job("b"), ONE, id="b")
    with scheduler:
        clock.advance("1h")
    (run,) = scheduler.runs("b")
    assert (run.lateness, run.duration) == (5 * MINUTE, timedelta(0))
    assert scheduler.status().worst_lateness == 5 * MINUTE


# --- overlap ------------------------------------------------------------------------------------

LONG = "150s"
OVERLAPS = {
    # the outcome of each fire time, by minute; the first run goes on from 1 to 3.5
    "skip": ["succeeded", "skipped", "skipped", "succeeded"],
    "queue": ["succeeded", "succeeded", "skipped", "succeeded"],
    "allow": ["succeeded", "succeeded", "succeeded", "succeeded"],
    "cancel": ["cancelled", "cancelled", "cancelled", "succeeded"],
}


@pytest.mark.parametrize(("overlap", "expected"), OVERLAPS.items())
def test_a_fire_time_that_comes_during_a_run_obeys_the_rule(
    scheduler, clock, trace, overlap, expected
):
    scheduler.add(trace.job("j", LONG), Every("1m"), id="j", overlap=overlap, end=NOON + 5 * MINUTE)
    with scheduler:
        clock.advance("1h")
    assert [outcome for outcome, _ in outcomes(scheduler)] == expected


def test_a_queued_run_starts_when_the_one_before_ends(scheduler, clock, trace):
    scheduler.add(trace.job("j", LONG), Every("1m"), id="j", overlap="queue", max_runs=2)
    with scheduler:
        clock.advance("1h")
    assert [(begun, end) for _, begun, end in trace] == [(1, 3.5), (3.5, 6)]


def test_a_replaced_run_is_asked_to_stop_and_says_by_what(scheduler, clock):
    scheduler.add(lambda: current_run().sleep("5m"), Every("1m"), id="j", overlap="cancel")
    with scheduler:
        clock.advance("2m")
        old, new = reversed(scheduler.runs())
        assert (old.outcome, old.reason, after_noon(old.ended_at)) == ("cancelled", "overlap", 2)
        assert (new.phase, after_noon(new.started_at)) == ("running", 2)


def test_a_run_that_does_not_stop_is_not_replaced_and_that_is_recorded(scheduler, clock):
    def stubborn():
        begun = clock.now()
        while clock.now() - begun < 5 * MINUTE:
            try:
                current_run().sleep(begun + 5 * MINUTE - clock.now())
            except Exception:  # noqa: BLE001 -- it does not want to stop
                if current_run().cancelled:
                    clock_hands(begun + 5 * MINUTE - clock.now())

    def clock_hands(length):
        current_run()._attempt.sleeper(length.total_seconds(), type(current_run()._attempt.token)())

    scheduler.add(stubborn, Every("10m"), id="j", overlap="cancel", max_runs=1)
    with scheduler:
        clock.advance("11m")
        handle = scheduler.run_now("j")
        clock.advance("29s")
        assert not handle.done
        clock.advance("1s")
        assert (handle.wait(0).outcome, handle.wait(0).reason) == ("skipped", "not_stopped")


def test_a_run_whose_predecessor_did_stop_waits_for_its_slot_as_long_as_it_takes(make, clock):
    scheduler = make(max_concurrent_runs=1)
    scheduler.add(lambda: current_run().sleep("10m"), id="j", overlap="cancel")
    scheduler.add(lambda: current_run().sleep("5m"), id="other", priority=9)
    with scheduler:
        old = scheduler.run_now("j")
        clock.advance("1s")
        other = scheduler.run_now("other")
        new = scheduler.run_now("j")
        assert new.wait().outcome == "succeeded"
        assert (old.wait().outcome, other.wait().outcome) == ("cancelled", "succeeded")
        assert new.wait().started_at == other.wait().ended_at


# --- attempts -----------------------------------------------------------------------------------


class Flaky:
    """A function that fails so often before it succeeds."""

    def __init__(self, clock, failures, error=OSError):
        self.clock = clock
        self.left = failures
        self.error = error
        self.calls = []

    def __call__(self):
        run = current_run()
        self.calls.append((run.attempt, (self.clock.now() - NOON).total_seconds() - 60))
        if self.left:
            self.left -= 1
            raise self.error("not now")
        return "at last"


STEADY = Backoff(attempts=4, base="10s", jitter="none")


def test_a_failed_attempt_is_followed_by_another_after_its_delay(scheduler, clock):
    flaky = Flaky(clock, failures=2)
    scheduler.add(flaky, ONE, id="j", retry=STEADY)
    with scheduler:
        clock.advance("1h")
    assert flaky.calls == [(1, 0), (2, 10), (3, 30)]
    (run,) = scheduler.runs()
    assert (run.outcome, run.attempt, run.error) == ("succeeded", 3, None)
    assert (run.duration, run.lateness) == (timedelta(seconds=30), timedelta(0))


def test_the_last_attempt_decides(scheduler, clock):
    flaky = Flaky(clock, failures=9)
    scheduler.add(flaky, ONE, id="j", retry=STEADY)
    with scheduler:
        clock.advance("1h")
    assert [attempt for attempt, _ in flaky.calls] == [1, 2, 3, 4]
    (run,) = scheduler.runs()
    assert (run.outcome, run.attempt) == ("failed", 4)
    assert (run.error, run.error_type) == ("not now", "builtins.OSError")


def test_between_attempts_the_run_waits_and_holds_no_slot(make, clock, trace):
    scheduler = make(max_concurrent_runs=1)
    rule = Backoff(attempts=2, base="10m", max="10m", jitter="none")
    scheduler.add(Flaky(clock, failures=1), ONE, id="j", retry=rule)
    scheduler.add(trace.job("other", "1m"), At(NOON + 2 * MINUTE), id="other")
    with scheduler:
        clock.advance("3m")
        (run,) = scheduler.runs("j")
        assert (run.phase, run.outcome, run.attempt) == ("waiting", None, 1)
        assert after_noon(run.not_before) == 11
        assert trace == [("other", 2, 3)]


def test_a_run_that_waits_for_a_retry_counts_for_overlap(scheduler, clock):
    flaky = Flaky(clock, failures=1)
    scheduler.add(
        flaky, Every("1m"), id="j", retry=Backoff(attempts=2, base="90s", jitter="none"), max_runs=2
    )
    with scheduler:
        clock.advance("10m")
    assert outcomes(scheduler) == [
        ("succeeded", None),
        ("skipped", "overlap"),
        ("succeeded", None),
    ]


def test_only_what_the_rule_names_is_tried_again(scheduler, clock):
    rule = Backoff(attempts=5, retry_on=ConnectionError)
    for name, error in [("other", ValueError), ("named", ConnectionError)]:
        scheduler.add(Flaky(clock, 1, error), ONE, id=name, retry=rule)
    with scheduler:
        clock.advance("1h")
    assert scheduler.runs("other")[0].attempt == 1
    assert scheduler.runs("named")[0].attempt == 2


@pytest.mark.parametrize("raised", [RuntimeError("the rule is broken"), SystemExit(3)])
def test_a_rule_that_raises_itself_means_no_further_attempt(scheduler, clock, raised):
    def rule(error):
        raise raised

    scheduler.add(Flaky(clock, 1), ONE, id="j", retry=Backoff(attempts=5, retry_on=rule))
    with scheduler:
        clock.advance("1h")
    assert (scheduler.runs()[0].outcome, scheduler.runs()[0].error) == ("failed", "not now")


@pytest.mark.parametrize(("limit", "attempts"), [("29s", 2), ("30s", 3), ("0s", 1), ("9s", 1)])
def test_no_attempt_starts_later_than_the_rule_allows(scheduler, clock, limit, attempts):
    flaky = Flaky(clock, failures=9)
    rule = Backoff(attempts=9, base="10s", jitter="none", give_up_after=limit)
    scheduler.add(flaky, ONE, id="j", retry=rule)
    with scheduler:
        clock.advance("1h")
    assert len(flaky.calls) == attempts
    assert scheduler.runs()[0].outcome == "failed"


def test_an_exception_may_ask_for_a_longer_delay(scheduler, clock):
    class TooManyError(Exception):
        retry_after = 120

    flaky = Flaky(clock, 1, TooManyError)
    scheduler.add(flaky, ONE, id="j", retry=STEADY)
    with scheduler:
        clock.advance("1h")
    assert flaky.calls == [(1, 0), (2, 120)]


def test_a_delay_beyond_the_end_of_time_means_no_further_attempt(scheduler, clock):
    class LaterError(Exception):
        retry_after = timedelta.max

    scheduler.add(Flaky(clock, 1, LaterError), ONE, id="j", retry=STEADY)
    with scheduler:
        clock.advance("1h")
    assert outcomes(scheduler) == [("failed", None)]


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


def test_a_failed_attempt_that_is_tried_again_has_no_followers(scheduler, clock):
    scheduler.add(Flaky(clock, 2), ONE, id="parent", retry=STEADY)
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


# --- downtime -----------------------------------------------------------------------------------


def test_after_a_downtime_the_newest_fire_time_runs_and_the_rest_is_recorded(make, clock):
    store, ran = MemoryStore(), []

    def scheduler():
        each = make(store=store)
        each.add(lambda: ran.append(after_noon(current_run().fire_time)), Every("1h"), id="j")
        return each

    with scheduler():
        clock.advance("90m")
    clock.advance("3h")
    with scheduler() as second:
        clock.advance("1h")
        assert ran == [60, 240, 300]
        (stretch,) = second.runs(outcome="skipped")
    assert (stretch.reason, stretch.count) == ("coalesced", 2)
    assert (after_noon(stretch.first), after_noon(stretch.fire_time)) == (120, 180)


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
