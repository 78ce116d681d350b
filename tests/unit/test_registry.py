"""Jobs added, changed, removed: what a scheduler then has, and what such a job owes."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from cronkit import AnyOf, At, Cron, Every, Scheduler, current_run
from cronkit.errors import (
    DuplicateJobError,
    JobNotFoundError,
    NotCallableError,
    PolicyError,
    TriggerAnswerError,
)
from cronkit.stores import MemoryStore
from tests.unit.noon import NOON

HOUR = timedelta(hours=1)


def work():
    """A job that does nothing."""


def hours_of(scheduler, job_id=None):
    """The hours after noon at which runs were executed, the oldest first."""
    runs = [run for run in scheduler.runs(job_id) if run.executed]
    return [(run.started_at - NOON) / HOUR for run in reversed(runs)]


# --- adding -------------------------------------------------------------------------------------


def test_a_decorated_function_stays_the_function_it_was(scheduler):
    def plain():
        return 17

    for decorate in (
        scheduler.cron("0 9 * * *", id="a"),
        scheduler.every("5m", id="b"),
        scheduler.at("2026-12-31T23:59", id="c"),
        scheduler.job(id="d"),
        scheduler.job(Every("1h"), id="e"),
    ):
        assert decorate(plain) is plain
    assert scheduler.after("a", id="f")(plain) is plain
    assert list(scheduler.jobs) == list("abcdef")
    assert {job.func for job in scheduler.jobs.values()} == {plain}


def test_the_id_is_the_name_of_the_function_unless_one_is_given(scheduler):
    assert scheduler.add(work, Every("1h")).id == "work"
    assert scheduler.add(work, Every("1h"), id="mine").id == "mine"
    assert scheduler["work"].func is work
    assert "work" in scheduler
    assert "other" not in scheduler


def test_the_jobs_handed_out_are_a_copy(scheduler):
    before = scheduler.jobs
    scheduler.add(work, Every("1h"))
    assert (dict(before), list(scheduler.jobs)) == ({}, ["work"])


def test_a_job_that_is_added_twice_is_refused_and_the_first_one_stays(scheduler):
    first = scheduler.add(work, Every("1h"))
    with pytest.raises(DuplicateJobError, match="work"):
        scheduler.add(work, Every("2h"))
    assert scheduler["work"] is first


def test_a_job_takes_the_place_of_another_when_told_so(scheduler):
    for job_id in "abc":
        scheduler.add(work, Every("1h"), id=job_id)
    new = scheduler.add(work, Every("2h"), id="b", replace=True)
    assert scheduler["b"] is new
    assert list(scheduler.jobs) == ["a", "b", "c"]


def test_defaults_of_the_scheduler_hold_where_the_job_says_nothing():
    scheduler = Scheduler(defaults={"timeout": "5m", "overlap": "queue", "tags": {"x"}})
    job = scheduler.add(work, Every("1h"), overlap="allow", timeout=None)
    assert (job.timeout, job.overlap, job.tags) == (None, "allow", {"x"})
    assert scheduler.add(work, id="other").timeout == timedelta(minutes=5)


def test_a_trigger_without_a_zone_is_bound_to_the_schedulers(make):
    scheduler = make(timezone="Europe/Paris")
    own = scheduler.add(work, Cron("0 9 * * *", tz="Asia/Tokyo"), id="own")
    theirs = scheduler.add(work, Cron("0 9 * * *"), id="theirs")
    assert (own.zone, theirs.zone) == (ZoneInfo("Asia/Tokyo"), ZoneInfo("Europe/Paris"))
    times = {each.job_id: each.fire_time.isoformat() for each in scheduler.upcoming()}
    assert times == {"own": "2026-01-02T09:00:00+09:00", "theirs": "2026-01-02T09:00:00+01:00"}


def test_a_seeded_expression_takes_the_id_of_its_job(scheduler):
    for job_id in ("a", "b", "c", "d"):
        scheduler.add(work, Cron("H H * * *"), id=job_id)
    again = Scheduler(clock=scheduler._app.core.clock)
    again.add(work, Cron("H H * * *"), id="a")
    times = {each.job_id: each.fire_time for each in scheduler.upcoming()}
    assert len(set(times.values())) > 1
    assert again.upcoming()[0].fire_time == times["a"]


def test_a_job_may_be_added_without_a_next_fire_time(scheduler, clock):
    scheduler.add(work, At("2020-01-01T00:00"))
    with scheduler:
        assert scheduler.status().jobs[0].state == "finished"
        clock.advance("1h")
    assert scheduler.runs() == []


def test_a_job_added_while_running_owes_nothing_before_that(scheduler, clock):
    with scheduler:
        clock.advance("90m")
        scheduler.add(work, Every("1h"))
        clock.advance("2h")
    assert hours_of(scheduler) == [2, 3]


def test_a_job_owes_nothing_before_the_scheduler_first_started_with_it(scheduler, clock):
    scheduler.add(work, Every("1h"))
    clock.advance("150m")
    with scheduler:
        clock.advance("1h")
    assert hours_of(scheduler) == [3]


def test_a_job_may_be_added_by_a_job_and_by_a_hook(scheduler, clock):
    def adds():
        scheduler.add(work, Every("1h"), id="from-a-job")

    scheduler.add(adds, At("2026-01-01T13:00"))
    scheduler.on()(
        lambda event: (
            "from-a-hook" in scheduler or scheduler.add(work, Every("1h"), id="from-a-hook")
        )
    )
    with scheduler:
        clock.advance("3h")
    assert hours_of(scheduler, "from-a-job") == [2, 3]
    assert hours_of(scheduler, "from-a-hook") == [1, 2, 3]


# --- removing -----------------------------------------------------------------------------------


def test_a_removed_job_fires_no_more_and_its_history_stays(scheduler, clock):
    scheduler.add(work, Every("1h"))
    with scheduler:
        clock.advance("90m")
        scheduler.remove("work")
        clock.advance("3h")
        assert "work" not in scheduler
        assert scheduler.upcoming() == []
    assert hours_of(scheduler) == [1]


def test_a_job_may_remove_itself(scheduler, clock):
    scheduler.every("1h", id="once")(lambda: scheduler.remove("once"))
    with scheduler:
        clock.advance("5h")
    assert hours_of(scheduler) == [1]
    assert scheduler.runs()[0].outcome == "succeeded"


def test_what_waits_of_a_removed_job_is_cancelled_and_told(scheduler, clock):
    told = []
    scheduler.add(lambda: current_run().sleep("1h"), id="j", overlap="queue")
    with scheduler:
        going = scheduler.run_now("j")
        clock.advance("1m")
        queued = scheduler.run_now("j")
        scheduler.on()(lambda event: told.append((event.log_name, getattr(event, "run", None))))
        scheduler.remove("j")
        assert (queued.wait().outcome, queued.wait().reason) == ("cancelled", "removed")
        clock.advance("2h")
        assert going.wait().outcome == "succeeded"
    names = [name for name, run in told if run is None or run.id == queued.id]
    assert names == ["run.cancelled", "scheduler.job_removed", "scheduler.stopped"]


def test_a_run_of_a_removed_job_that_fails_is_not_tried_again(scheduler, clock):
    def fails():
        current_run().sleep("10s")
        raise OSError

    scheduler.add(fails, id="j", retry=5)
    with scheduler:
        handle = scheduler.run_now("j")
        clock.advance("1s")
        scheduler.remove("j")
        clock.advance("1h")
        assert (handle.wait().outcome, handle.wait().attempt) == ("failed", 1)


def test_a_job_that_is_added_again_owes_nothing_for_the_time_it_was_not_there(scheduler, clock):
    scheduler.add(work, Every("1h"))
    with scheduler:
        clock.advance("90m")
        scheduler.remove("work")
        clock.advance("3h")
        scheduler.add(work, Every("1h"))
        clock.advance("1h")
    assert hours_of(scheduler) == [1, 5]
    assert len(scheduler.runs()) == 2


def test_removing_a_parent_leaves_its_followers_finished(scheduler, clock):
    scheduler.add(work, Every("1h"), id="parent")
    scheduler.after("parent", id="child")(work)
    with scheduler:
        scheduler.remove("parent")
        assert [job.state for job in scheduler.status().jobs] == ["finished"]
        clock.advance("2h")
    assert scheduler.runs() == []


def test_a_follower_that_is_removed_follows_no_more(scheduler, clock):
    scheduler.add(work, Every("1h"), id="parent")
    scheduler.after("parent", id="child")(work)
    with scheduler:
        clock.advance("90m")
        scheduler.remove("child")
        clock.advance("1h")
    assert hours_of(scheduler, "child") == [1]
    assert hours_of(scheduler, "parent") == [1, 2]


@pytest.mark.parametrize("started", [True, False])
def test_what_is_not_there_cannot_be_removed_or_changed(scheduler, started):
    scheduler.add(work, Every("1h"))
    if started:
        scheduler.start()
    for call in (
        lambda: scheduler.remove("wrk"),
        lambda: scheduler.reschedule("wrk", Every("1h")),
        lambda: scheduler.update("wrk", priority=1),
        lambda: scheduler["wrk"],
    ):
        with pytest.raises(JobNotFoundError, match="did you mean 'work'"):
            call()


# --- changing -----------------------------------------------------------------------------------


def test_a_job_with_another_trigger_fires_by_that_and_owes_nothing(scheduler, clock):
    scheduler.add(work, Every("1d"))
    with scheduler:
        clock.advance("90m")
        job = scheduler.reschedule("work", Every("1h"))
        assert scheduler["work"] is job
        clock.advance("1h")
    assert hours_of(scheduler) == [2]
    assert len(scheduler.runs()) == 1


def test_a_new_trigger_takes_the_zone_of_the_scheduler_or_its_own(make):
    scheduler = make(timezone="Europe/Paris")
    scheduler.add(work, Cron("0 9 * * *", tz="Asia/Tokyo"))
    assert scheduler.reschedule("work", Cron("0 9 * * *")).zone == ZoneInfo("Europe/Paris")
    own = scheduler.reschedule("work", Cron("0 9 * * *", tz="Africa/Lome"))
    assert own.zone == ZoneInfo("Africa/Lome")


def test_a_trigger_changed_while_the_scheduler_stood_still_owes_nothing(scheduler, clock):
    scheduler.add(work, Every("1h"))
    with scheduler:
        clock.advance("90m")
    scheduler.reschedule("work", Every("30m"))
    clock.advance("2h")
    with scheduler:
        clock.advance("30m")
    assert hours_of(scheduler) == [1, 4]


def test_a_job_that_takes_the_place_of_a_running_one_owes_nothing(scheduler, clock):
    scheduler.add(work, Every("1d"))
    with scheduler:
        clock.advance("90m")
        scheduler.add(work, Every("1h"), replace=True)
        clock.advance("1h")
    assert hours_of(scheduler) == [2]
    assert len(scheduler.runs()) == 1


def test_a_follower_with_a_trigger_of_its_own_follows_no_more(scheduler, clock):
    scheduler.add(work, Every("1h"), id="parent")
    scheduler.after("parent", id="child")(work)
    with scheduler:
        scheduler.reschedule("child", Every("90m"))
        clock.advance("2h")
    assert hours_of(scheduler, "child") == [1.5]


def test_policies_not_named_stay_as_they_are(scheduler):
    scheduler.add(work, Every("1h"), priority=3, tags={"x"}, timeout="1m")
    job = scheduler.update("work", priority=5, timeout=None)
    assert (job.priority, job.tags, job.timeout) == (5, {"x"}, None)
    assert scheduler["work"] is job


def test_an_update_owes_what_was_owed_before(scheduler, clock):
    scheduler.add(work, Every("1h"))
    with scheduler:
        clock.step_wall("150m")
        scheduler.update("work", priority=5)
        clock.advance(0)
    assert hours_of(scheduler) == [2.5]


def test_a_job_that_is_enabled_again_owes_nothing(scheduler, clock):
    scheduler.add(work, Every("1h"))
    with scheduler:
        clock.advance("90m")
        scheduler.update("work", enabled=False)
        assert scheduler.status().jobs[0].state == "disabled"
        clock.advance("3h")
        scheduler.update("work", enabled=True)
        clock.advance("1h")
    assert hours_of(scheduler) == [1, 5]


def test_new_bounds_move_the_next_fire_time(scheduler, clock):
    scheduler.add(work, Every("1h"))
    with scheduler:
        scheduler.update("work", start="2026-01-01T15:00", end="2026-01-01T17:00")
        clock.advance("8h")
    assert hours_of(scheduler) == [3, 4]


def test_a_change_goes_to_the_executor_that_is_named(make, clock):
    from cronkit.executors import ThreadExecutor

    scheduler = make(executors={"other": ThreadExecutor(max_workers=3)})
    scheduler.add(work, Every("1h"))
    with scheduler:
        scheduler.update("work", executor="other")
        clock.advance("1h")
        scheduler.update("work", executor=None)
        clock.advance("1h")
    assert hours_of(scheduler) == [1, 2]


def test_a_change_of_tags_changes_which_limits_hold(make, clock):
    scheduler = make(limits={"x": 1})
    for job_id in "ab":
        scheduler.add(lambda: current_run().sleep("10m"), id=job_id, tags={"x"})
    with scheduler:
        scheduler.run_now("a")
        scheduler.run_now("b")
        clock.advance("1m")
        assert scheduler.status().runs_going_on == 1
        clock.advance("1h")
        scheduler.update("b", tags=())
        scheduler.run_now("a")
        scheduler.run_now("b")
        clock.advance("1m")
        assert scheduler.status().runs_going_on == 2


def test_a_run_that_goes_on_keeps_the_rules_it_started_with(scheduler, clock):
    scheduler.add(lambda: current_run().sleep("10m"), id="j", timeout="1h")
    with scheduler:
        handle = scheduler.run_now("j")
        clock.advance("1m")
        scheduler.update("j", timeout="2m")
        clock.advance("1h")
        assert handle.wait().outcome == "succeeded"


@pytest.mark.parametrize(
    ("policies", "error"),
    [
        ({"id": "other"}, TypeError),
        ({"replace": True}, TypeError),
        ({"prority": 1}, TypeError),
        ({"priority": "high"}, PolicyError),
        ({"executor": "unknown"}, PolicyError),
        ({"args": [1]}, NotCallableError),
        ({"kwargs": {"a": 1}}, NotCallableError),
        ({"end": "2026-01-01T10:00"}, PolicyError),  # not later than its start
    ],
)
def test_a_bad_change_changes_nothing(scheduler, clock, policies, error):
    job = scheduler.add(work, Every("1h"), start="2026-01-01T11:00")
    with scheduler:
        before = scheduler.status()
        with pytest.raises(error):
            scheduler.update("work", **policies)
        assert scheduler["work"] is job
        assert scheduler.status() == before


def test_a_trigger_is_refused_where_the_function_needs_arguments_it_has_not(scheduler):
    scheduler.add(lambda path: path, id="j")
    with pytest.raises(NotCallableError, match="path"):
        scheduler.reschedule("j", Every("1h"))
    assert scheduler["j"].trigger is None


# --- following ----------------------------------------------------------------------------------


def test_only_a_job_that_is_there_can_be_followed(scheduler):
    with pytest.raises(JobNotFoundError):
        scheduler.after("parent")


def test_a_parent_removed_before_the_decoration_is_noticed(scheduler):
    scheduler.add(work, id="parent")
    decorate = scheduler.after("parent", id="child")
    scheduler.remove("parent")
    with pytest.raises(JobNotFoundError):
        decorate(work)
    assert scheduler.jobs == {}


@pytest.mark.parametrize("chain", [["a"], ["b", "a"], ["c", "b", "a"]])
def test_no_chain_of_followers_can_be_closed(scheduler, chain):
    scheduler.add(work, id="a")
    scheduler.after("a", id="b")(work)
    scheduler.after("b", id="c")(work)
    before = scheduler.jobs
    with pytest.raises(PolicyError, match="after"):
        scheduler.after(chain[0], id="a", replace=True)(work)
    assert scheduler.jobs == before


# --- a trigger of one's own that does not answer ------------------------------------------------


class Broken:
    """A trigger of an application: it answers hourly until something is wrong with it."""

    def __init__(self, answer, *, good_until=NOON):
        self.answer = answer
        self.good_until = good_until

    def next(self, after):
        if after < self.good_until:
            return after.replace(minute=0, second=0, microsecond=0) + HOUR
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer

    def __str__(self):
        return "broken"


BROKEN = {
    "raises": (OSError("no table of holidays"), OSError),
    "exits": (SystemExit(3), SystemExit),
    "text": ("2026-01-01T13:00", TriggerAnswerError),
    "a number": (17, TriggerAnswerError),
    "a naive datetime": (datetime(2026, 6, 1), TriggerAnswerError),
    "the same instant": (NOON, TriggerAnswerError),
    "an earlier instant": (NOON - HOUR, TriggerAnswerError),
}


@pytest.mark.parametrize(("answer", "error"), BROKEN.values(), ids=BROKEN.keys())
def test_a_trigger_that_does_not_answer_is_not_added_to_a_running_scheduler(
    scheduler, answer, error
):
    with scheduler:
        with pytest.raises(error):
            scheduler.add(work, Broken(answer))
        assert scheduler.jobs == {}
        job = scheduler.add(work, Every("1h"))
        before = scheduler.status()
        for change in (
            lambda: scheduler.reschedule("work", Broken(answer)),
            lambda: scheduler.add(work, Broken(answer), replace=True),
        ):
            with pytest.raises(error):
                change()
        assert scheduler["work"] is job
        assert scheduler.status() == before


@pytest.mark.parametrize("answer", [answer for answer, _ in BROKEN.values()], ids=BROKEN.keys())
@pytest.mark.parametrize("hours", [0, 2])
def test_a_trigger_that_fails_holds_up_no_other_job(scheduler, clock, answer, hours):
    scheduler.add(work, Broken(answer, good_until=NOON + hours * HOUR), id="bad")
    scheduler.add(work, Every("1h"), id="good")
    with scheduler:
        clock.advance("5h")
        assert hours_of(scheduler, "good") == [1, 2, 3, 4, 5]
        assert hours_of(scheduler, "bad") == ([] if hours == 0 else [1])
        assert scheduler.status().health.problems == ("the trigger of bad fails",)
        assert {each.job_id for each in scheduler.upcoming(limit=9)} >= {"good"}


def test_a_trigger_that_answers_again_fires_again(scheduler, clock):
    trigger = Broken(OSError("no"))
    scheduler.add(work, trigger)
    with scheduler:
        clock.advance("90m")
        assert not scheduler.status().health.ok
        trigger.good_until = NOON + 9 * HOUR
        clock.advance("90m")
        assert scheduler.status().health.ok
    assert hours_of(scheduler)[-1] == 3


def test_a_trigger_that_fails_is_asked_again_later_and_later(scheduler, clock):
    asked = []

    class Counting(Broken):
        def next(self, after):
            asked.append(clock.now() - NOON)
            return super().next(after)

    scheduler.add(work, Counting(OSError("no")))
    with scheduler:
        clock.advance("1h")
    waits = [(b - a).total_seconds() for a, b in itertools.pairwise(asked)]
    assert waits[:9] == [1, 2, 4, 8, 16, 32, 64, 128, 256]
    assert set(waits[9:]) == {300}


def test_a_trigger_with_a_broken_part_is_broken(scheduler):
    with scheduler, pytest.raises(TriggerAnswerError):
        scheduler.add(work, AnyOf(Every("2h"), Broken(NOON)))


# --- several schedulers on one store ------------------------------------------------------------


def test_a_job_is_first_seen_by_the_first_scheduler_that_has_it(make, clock):
    store = MemoryStore()
    one, two = make(store=store), make(store=store)
    for each in (one, two):
        each.add(work, Every("1h"))
    with one:
        clock.advance("90m")
    clock.advance("1h")
    with two:
        clock.advance(0)
    assert hours_of(two) == [1, 2.5]
