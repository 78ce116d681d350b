"""Hooks: who is told what, in which order, and what a hook that fails does not hold up."""

from __future__ import annotations

import gc
import logging

import pytest

import cronkit.jobs as values
from cronkit import (
    Every,
    RunCancelled,
    RunFailed,
    RunMisfired,
    RunSkipped,
    RunSucceeded,
    current_run,
)
from cronkit._engine._hooks import MOST_QUEUED
from cronkit.errors import NotCallableError
from cronkit.jobs import (
    AttemptFailed,
    AttemptStarted,
    Event,
    HookFailed,
    JobAdded,
    JobEvent,
    RunEvent,
    RunWaiting,
    SchedulerStarted,
    SchedulerStopped,
)
from tests.unit.noon import NOON, ONE


@pytest.fixture
def told(scheduler):
    """The events that the scheduler has told, by name."""
    names = []
    scheduler.on()(lambda event: names.append(event.log_name))
    return names


# --- what is told -------------------------------------------------------------------------------


def test_a_run_is_told_from_its_fire_time_to_its_outcome(scheduler, clock, told):
    scheduler.add(lambda: None, ONE, id="j")
    with scheduler:
        clock.advance("2m")
        scheduler.remove("j")
    assert told == [
        "scheduler.job_added",
        "scheduler.started",
        "scheduler.job_triggered",
        "run.attempt_started",
        "run.succeeded",
        "scheduler.job_removed",
        "scheduler.stopped",
    ]


def test_each_attempt_is_told(scheduler, clock):
    events = []
    scheduler.on(RunEvent)(events.append)
    scheduler.add(lambda: 1 / 0, ONE, id="j", retry=values.Backoff(attempts=2, jitter="none"))
    with scheduler:
        clock.advance("2m")
    assert [type(each) for each in events] == [
        RunWaiting,
        AttemptStarted,
        AttemptFailed,
        AttemptStarted,
        RunFailed,
    ]
    assert [each.run.attempt for each in events] == [0, 1, 1, 2, 2]
    failed = events[2]
    assert isinstance(failed.error, ZeroDivisionError)
    assert (failed.retry_at - failed.at).total_seconds() == 1
    assert (failed.run.phase, failed.run.error) == ("waiting", "division by zero")
    assert isinstance(events[4].error, ZeroDivisionError)
    assert events[4].run.outcome == "failed"


def test_what_did_not_run_is_told_with_its_reason(scheduler, clock):
    events = []
    scheduler.on(RunSkipped, RunMisfired)(events.append)
    scheduler.add(lambda: current_run().sleep("90s"), Every("1m"), id="slow", max_runs=2)
    scheduler.add(lambda: None, Every("1m"), id="late", misfire_grace="10s")
    with scheduler:
        clock.advance("3m")
        clock.step_wall("150s")
        clock.advance(0)
    assert [(type(each).__name__, each.run.job_id, each.run.reason) for each in events] == [
        ("RunSkipped", "slow", "overlap"),
        ("RunMisfired", "late", "misfire_grace"),
    ]
    assert events[1].run.count == 2


def test_what_was_cancelled_while_it_waited_is_told(scheduler, clock):
    events = []
    scheduler.on(RunCancelled)(events.append)
    scheduler.add(lambda: current_run().sleep("5m"), id="j", overlap="queue", queue_limit=9)
    scheduler.add(lambda: current_run().sleep("5m"), id="k", overlap="cancel")
    with scheduler:
        scheduler.run_now("j")
        scheduler.run_now("k")
        clock.advance("1s")
        by_hand, by_stop = (scheduler.run_now("j") for _ in range(2))
        by_hand.cancel()
        replaced, _ = (scheduler.run_now("k") for _ in range(2))
        clock.advance(0)
        scheduler.shutdown(wait=False)
    reasons = {each.run.id: each.run.reason for each in events}
    assert reasons[by_hand.id] == "by hand"
    assert reasons[by_stop.id] == "shutdown"
    assert reasons[replaced.id] == "overlap"


def test_events_say_when_and_are_values(scheduler, clock):
    events = []
    scheduler.on()(events.append)
    scheduler.add(lambda: None, ONE, id="j")
    with scheduler:
        clock.advance("2m")
    assert [(each.at - NOON).total_seconds() for each in events] == [0, 0, 60, 60, 60, 120]
    with pytest.raises(AttributeError):
        events[0].at = NOON


def test_times_in_events_are_in_the_zone_of_the_job(make, clock):
    scheduler, events = make(timezone="Asia/Tokyo"), []
    scheduler.on(RunSucceeded)(events.append)
    scheduler.add(lambda: None, Every("1h"), id="j")
    with scheduler:
        clock.advance("1h")
    assert events[0].run.fire_time.isoformat() == "2026-01-01T22:00:00+09:00"


# --- who is told --------------------------------------------------------------------------------


def test_a_hook_gets_the_events_it_was_added_for_and_their_subclasses(scheduler, clock):
    got = {name: [] for name in ("all", "runs", "some", "jobs")}
    scheduler.on()(got["all"].append)
    scheduler.on(RunEvent)(got["runs"].append)
    scheduler.on(RunSucceeded, SchedulerStarted)(got["some"].append)
    scheduler.hooks.add(got["jobs"].append, JobEvent)
    scheduler.add(lambda: None, ONE, id="j")
    with scheduler:
        clock.advance("2m")
    kinds = {name: [type(each) for each in events] for name, events in got.items()}
    assert kinds == {
        "all": [
            JobAdded,
            SchedulerStarted,
            RunWaiting,
            AttemptStarted,
            RunSucceeded,
            SchedulerStopped,
        ],
        "runs": [RunWaiting, AttemptStarted, RunSucceeded],
        "some": [SchedulerStarted, RunSucceeded],
        "jobs": [JobAdded],
    }


def test_hooks_are_told_in_the_order_in_which_they_were_added(scheduler, clock):
    order = []
    for name in "abc":
        scheduler.on(SchedulerStarted)(lambda event, name=name: order.append(name))
    with scheduler:
        clock.advance(0)
    assert order == ["a", "b", "c"]


def test_a_decorated_hook_stays_what_it_was(scheduler):
    def hook(event):
        pass

    assert scheduler.on()(hook) is hook
    assert len(scheduler.hooks) == 1


def test_a_removed_hook_is_told_no_more(scheduler, clock):
    got = []
    scheduler.on()(got.append)
    scheduler.hooks.remove(got.append)  # another object each time, and equal
    scheduler.hooks.remove(print)
    with scheduler:
        clock.advance(0)
    assert got == []
    assert len(scheduler.hooks) == 0


def test_a_hook_may_be_removed_and_added_by_a_hook(scheduler, clock):
    got = []

    def once(event):
        got.append("once")
        scheduler.hooks.remove(once)
        scheduler.hooks.add(lambda event: got.append("later"), SchedulerStopped)

    scheduler.hooks.add(once)
    with scheduler:
        clock.advance(0)
    assert got == ["once", "later"]


def test_an_async_hook_is_awaited(scheduler, clock):
    got = []

    @scheduler.on(RunSucceeded)
    async def hook(event):
        got.append(event.run.id)

    scheduler.add(lambda: None, ONE, id="j")
    with scheduler:
        clock.advance("2m")
    assert got == ["j@2026-01-01T12:01:00Z"]


@pytest.mark.parametrize("hook", [None, 5, "print", []])
def test_what_is_not_callable_is_no_hook(scheduler, hook):
    for add in (scheduler.hooks.add, scheduler.on()):
        with pytest.raises(NotCallableError, match="hook"):
            add(hook)
    assert len(scheduler.hooks) == 0


@pytest.mark.parametrize("kind", [int, Exception, object, "RunFailed", 5, None])
def test_a_hook_is_added_for_classes_of_events_only(scheduler, kind):
    with pytest.raises(NotCallableError):
        scheduler.hooks.add(print, kind)
    with pytest.raises(NotCallableError):
        scheduler.on(kind)(print)
    assert len(scheduler.hooks) == 0


def test_forgotten_parentheses_are_noticed(scheduler):
    with pytest.raises(NotCallableError, match="parentheses"):

        @scheduler.on
        def hook(event):
            pass


# --- when a hook fails --------------------------------------------------------------------------


@pytest.mark.parametrize("error", [ValueError, SystemExit, KeyboardInterrupt, GeneratorExit])
def test_a_hook_that_raises_holds_up_nobody(scheduler, clock, told, error):
    def raises(event):
        raise error("no")

    scheduler.hooks.add(raises, RunSucceeded)
    after = []
    scheduler.hooks.add(after.append, RunSucceeded)
    scheduler.add(lambda: None, Every("1m"), id="j")
    with scheduler:
        clock.advance("3m")
        assert scheduler.status().hooks_failed == 3
    assert len(after) == 3
    assert told.count("run.succeeded") == 3


def test_a_log_handler_that_raises_at_a_complaint_holds_up_nobody(scheduler, clock):
    class Broken(logging.Handler):
        def handle(self, record):
            raise SystemExit(record.getMessage())

    class Failing:
        def next(self, after):
            raise ValueError(after)

    calls, broken = [], Broken()
    scheduler.add(lambda: calls.append(1), ONE, id="j")
    scheduler.add(print, Failing(), id="failing")
    logging.getLogger("cronkit").addHandler(broken)
    try:
        with scheduler:
            clock.advance("2m")
            problems = scheduler.status().health.problems
    finally:
        logging.getLogger("cronkit").removeHandler(broken)
    assert calls == [1]
    assert problems == ("the trigger of failing fails",)


def test_a_hook_that_raises_is_told_to_the_others(scheduler, clock):
    got = []
    scheduler.on(HookFailed)(got.append)

    @scheduler.on(SchedulerStarted)
    def raises(event):
        raise ValueError("no")

    with scheduler:
        clock.advance(0)
    assert [(each.hook.endswith("raises"), each.error) for each in got] == [(True, "ValueError")]


def test_a_hook_for_failing_hooks_may_fail_too(scheduler, clock):
    @scheduler.on()
    def raises(event):
        raise ValueError("no")

    with scheduler:
        clock.advance("1h")
        assert scheduler.status().hooks_failed >= 2
    assert scheduler.status().hooks_failed < 10


def test_an_async_hook_that_raises_holds_up_nobody(scheduler, clock):
    @scheduler.on(RunSucceeded)
    async def raises(event):
        raise ValueError("no")

    scheduler.add(lambda: None, Every("1m"), id="j")
    with scheduler:
        clock.advance("3m")
        assert scheduler.status().hooks_failed == 3


def test_events_beyond_the_queue_are_counted(scheduler):
    hooks = scheduler.hooks
    got = []
    hooks.add(got.append)
    for _ in range(MOST_QUEUED + 7):
        hooks.emit(SchedulerStarted(at=NOON))
    assert scheduler.status().events_dropped == 7
    hooks.deliver()
    assert len(got) == MOST_QUEUED


def test_a_hook_may_stop_the_scheduler(scheduler, clock):
    scheduler.on(RunSucceeded)(lambda event: scheduler.shutdown())
    scheduler.add(lambda: None, Every("1m"), id="j")
    scheduler.start()
    clock.advance("1h")
    assert not scheduler.status().running
    assert len(scheduler.runs()) == 1


def test_what_a_pause_tells_is_delivered_though_no_fire_time_is_left(scheduler, clock, told):
    scheduler.add(lambda: None, id="j")
    with scheduler:
        clock.advance(0)
        told.clear()
        scheduler.pause("j")
        clock.advance(0)
        assert told == ["scheduler.job_paused"]


def test_nothing_is_built_that_nobody_wants(scheduler, clock, caplog):
    caplog.set_level("CRITICAL", logger="cronkit")
    scheduler.hooks.add(print, SchedulerStopped)
    assert not scheduler.hooks.wants(RunSucceeded)
    assert scheduler.hooks.wants(SchedulerStopped)
    scheduler.add(lambda: None, Every("1m"), id="j")
    reads = []
    store = scheduler._app.core.store
    get = store.get
    store.get = lambda run_id: reads.append(run_id) or get(run_id)
    with scheduler:
        clock.advance("10m")
    assert reads == []


# --- the events themselves ----------------------------------------------------------------------


def kinds(base):
    for each in base.__subclasses__():
        yield each
        yield from kinds(each)


gc.collect()  # attrs makes a second class for the slots; the first one lives on until then
EVENTS = sorted(set(kinds(Event)) - {JobEvent, RunEvent}, key=lambda kind: kind.__name__)


@pytest.mark.parametrize("kind", EVENTS)
def test_every_event_has_a_name_and_a_level_for_the_log(kind):
    area, _, name = kind.log_name.partition(".")
    assert area in {"scheduler", "run"}
    assert name.replace("_", "").isalpha()
    assert kind.level in {20, 30, 40}
    assert getattr(values, kind.__name__) is kind
    assert kind.__doc__


def test_no_two_events_have_one_name():
    names = [kind.log_name for kind in EVENTS]
    assert len(names) == len(set(names))
