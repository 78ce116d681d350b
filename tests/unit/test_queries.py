"""What a scheduler shows: upcoming fire times, runs, status. Asking changes nothing."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from cronkit import At, Cron, Every, Outcome, Run, current_run
from cronkit.errors import NaiveDatetimeError, PolicyError
from tests.unit.noon import MINUTE, NOON


def upcoming(scheduler, *args, **kwargs):
    return [
        (each.job_id, (each.fire_time - NOON) / MINUTE)
        for each in scheduler.upcoming(*args, **kwargs)
    ]


# --- upcoming -----------------------------------------------------------------------------------


@pytest.mark.parametrize("started", [True, False])
def test_fire_times_of_all_jobs_come_merged_in_order(scheduler, started):
    scheduler.add(print, Every("30m"), id="b")
    scheduler.add(print, Every("20m"), id="a")
    scheduler.add(print, At("2026-01-01T12:30"), id="c", priority=5)
    if started:
        scheduler.start()
    assert upcoming(scheduler, limit=6) == [
        ("a", 20),
        ("c", 30),
        ("b", 30),
        ("a", 40),
        ("a", 60),
        ("b", 60),
    ]


def test_without_a_bound_there_are_as_many_as_jobs(scheduler):
    assert upcoming(scheduler) == []
    for job_id in "ab":
        scheduler.add(print, Every("30m"), id=job_id)
    assert upcoming(scheduler) == [("a", 30), ("b", 30)]


@pytest.mark.parametrize(
    ("until", "count"),
    [
        (NOON + 60 * MINUTE, 1),  # none at `until` itself
        (NOON + 60 * MINUTE + timedelta(microseconds=1), 2),
        ("2026-01-01T13:30", 2),
        ("2026-01-01T14:30+01:00", 2),
        (NOON - MINUTE, 0),
    ],
)
def test_fire_times_end_before_a_bound(scheduler, until, count):
    scheduler.add(print, Every("30m"), id="j")
    assert len(upcoming(scheduler, until)) == count


def test_both_bounds_hold_together(scheduler):
    scheduler.add(print, Every("30m"), id="j")
    assert len(upcoming(scheduler, NOON + 100 * MINUTE, limit=2)) == 2
    assert len(upcoming(scheduler, NOON + 100 * MINUTE, limit=9)) == 3
    assert upcoming(scheduler, limit=0) == []


def test_fire_times_are_in_the_zone_of_the_trigger(make):
    scheduler = make(timezone="Europe/Paris")
    scheduler.add(print, Cron("0 9 * * *"), id="paris")
    scheduler.add(print, Cron("0 9 * * *", tz="Asia/Tokyo"), id="tokyo")
    times = [each.fire_time for each in scheduler.upcoming()]
    assert [each.isoformat() for each in times] == [
        "2026-01-02T09:00:00+09:00",
        "2026-01-02T09:00:00+01:00",
    ]
    assert times[1].tzinfo == ZoneInfo("Europe/Paris")


def test_what_does_not_fire_is_left_out(scheduler, clock):
    scheduler.add(print, Every("30m"), id="disabled", enabled=False)
    scheduler.add(print, id="by-hand")
    scheduler.add(print, At("2020-01-01T00:00"), id="past")
    scheduler.add(print, Every("30m"), id="paused")
    scheduler.after("paused", id="child")(print)
    with scheduler:
        scheduler.pause("paused")
        assert upcoming(scheduler, limit=9) == []


def test_a_paused_job_fires_again_when_its_pause_ends(scheduler):
    scheduler.add(print, Every("30m"), id="j")
    with scheduler:
        scheduler.pause("j", until=NOON + 60 * MINUTE)
        assert upcoming(scheduler, limit=2) == [("j", 90), ("j", 120)]


def test_no_more_fire_times_are_shown_than_the_job_may_have(scheduler, clock):
    scheduler.add(print, Every("30m"), id="j", max_runs=3)
    with scheduler:
        clock.advance("30m")
        assert upcoming(scheduler, limit=9) == [("j", 60), ("j", 90)]


def test_bounds_of_the_job_hold(scheduler):
    scheduler.add(print, Every("30m"), id="j", start=NOON + 60 * MINUTE, end=NOON + 120 * MINUTE)
    assert upcoming(scheduler, limit=9) == [("j", 60), ("j", 90)]


def test_looking_ahead_changes_nothing(scheduler, clock):
    scheduler.add(print, Every("30m"), id="j")
    with scheduler:
        before = scheduler.status()
        assert upcoming(scheduler, limit=5) == upcoming(scheduler, limit=5)
        assert scheduler.status() == before
        clock.advance("1h")
    assert len(scheduler.runs()) == 2


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ({"limit": -1}, PolicyError),
        ({"limit": True}, PolicyError),
        ({"limit": 1.5}, PolicyError),
        ({"limit": "9"}, PolicyError),
        ({"limit": 10**30}, PolicyError),
        ({"until": "soon"}, PolicyError),
        ({"until": 5}, PolicyError),
        ({"until": datetime(2026, 1, 2)}, NaiveDatetimeError),
        ({"until": "9999-12-31T23:59-12:00"}, PolicyError),
    ],
)
def test_a_bad_bound_is_refused(scheduler, words, error):
    with pytest.raises(error):
        scheduler.upcoming(**words)


# --- runs ---------------------------------------------------------------------------------------


@pytest.fixture
def used(make, clock):
    """A scheduler with a history: three runs of `good`, two of `bad`, one skipped of `long`."""
    scheduler = make(timezone="Europe/Paris")
    scheduler.add(lambda: None, Every("10m"), id="good")
    scheduler.add(lambda: 1 / 0, Every("15m"), id="bad")
    scheduler.add(lambda: current_run().sleep("90s"), Every("1m"), id="long", max_runs=1)
    with scheduler:
        clock.advance("1m")
        scheduler.run_now("long")
        clock.advance("29m")
        yield scheduler


def test_runs_come_with_the_newest_fire_time_first(used):
    times = [run.fire_time for run in used.runs()]
    assert times == sorted(times, reverse=True)
    assert len(times) == 7


def test_runs_are_chosen_by_job_and_outcome(used):
    assert {run.job_id for run in used.runs("good")} == {"good"}
    assert len(used.runs("good")) == 3
    assert {run.job_id for run in used.runs(outcome="failed")} == {"bad"}
    assert used.runs("good", outcome="failed") == []
    assert [run.reason for run in used.runs("long", outcome="skipped")] == ["overlap"]
    assert len(used.runs(outcome=Outcome.SUCCEEDED)) == 4
    assert used.runs("nobody") == []


def test_a_store_in_memory_keeps_a_hundred_ended_runs_of_a_job_unless_it_says_otherwise(
    make, clock
):
    scheduler = make()
    scheduler.add(lambda: None, Every("1m"), id="job")
    scheduler.add(lambda: None, Every("1m"), id="short", keep_runs=7)
    with scheduler:
        clock.advance("3h")
        assert (len(scheduler.runs("job")), len(scheduler.runs("short"))) == (100, 7)


def test_no_more_runs_are_returned_than_asked_for(used):
    assert used.runs(limit=2) == used.runs()[:2]
    assert used.runs(limit=0) == []
    assert len(used.runs("good", limit=99)) == 3


def test_runs_have_their_times_in_the_zone_of_their_job(used):
    (run,) = used.runs("good", limit=1)
    assert run.fire_time.isoformat() == "2026-01-01T13:30:00+01:00"


@pytest.mark.parametrize(
    "words",
    [
        {"outcome": "suceeded"},
        {"outcome": 5},
        {"outcome": ""},
        {"limit": -1},
        {"limit": True},
        {"limit": "9"},
        {"limit": 10**30},
        {"job_id": 5},
        {"job_id": []},
        {"job_id": "two words"},
        {"job_id": "\ud800"},
    ],
)
def test_a_bad_choice_is_refused(used, words):
    with pytest.raises(PolicyError):
        used.runs(**words)


def test_a_misspelt_outcome_is_answered_in_plain_words(used):
    with pytest.raises(PolicyError, match="did you mean 'succeeded'") as caught:
        used.runs(outcome="suceeded")
    assert "'succeeded', 'failed'" in caught.value.allowed
    assert "<" not in str(caught.value)


@pytest.mark.parametrize(
    ("facts", "text"),
    [
        ({"outcome": Outcome.SUCCEEDED, "attempt": 1}, "succeeded"),
        ({"phase": "running", "attempt": 2}, "running at attempt 2"),
        ({"phase": "waiting"}, "waiting"),
        ({"outcome": Outcome.SKIPPED, "reason": "overlap"}, "skipped (overlap)"),
        (
            {"outcome": Outcome.SKIPPED, "reason": "paused", "count": 3},
            "skipped (paused) 3 fire times",
        ),
        (
            {"outcome": Outcome.SKIPPED, "reason": "coalesced", "count": 1000, "at_least": True},
            "skipped (coalesced) at least 1000 fire times",
        ),
        (
            {"outcome": Outcome.FAILED, "attempt": 3, "error": "a\nb\x1b[2J"},
            "failed at attempt 3 'a\\nb\\x1b[2J'",
        ),
    ],
)
def test_a_run_is_printed_as_one_line(facts, text):
    assert str(Run(id="j@1", job_id="j", fire_time=NOON, **facts)) == f"j@1 {text}"


# --- status -------------------------------------------------------------------------------------


def test_a_scheduler_that_is_not_started_says_so(make):
    scheduler = make(timezone="Europe/Paris")
    scheduler.add(print, Cron("0 9 * * *"), id="j", tags={"x"})
    status = scheduler.status()
    assert (status.running, status.now, status.timezone) == (False, NOON, "Europe/Paris")
    assert (status.outcomes, status.runs_going_on, status.abandoned) == ({}, 0, 0)
    assert (status.lateness, status.worst_lateness) == (None, None)
    assert status.health.ok
    (job,) = status.jobs
    assert (job.id, job.state, job.tags) == ("j", "armed", {"x"})
    assert job.trigger == "cron 0 9 * * * [Europe/Paris]"
    assert job.next_fire_time.isoformat() == "2026-01-02T09:00:00+01:00"
    assert (job.last_outcome, job.last_fire_time, job.last_duration) == (None, None, None)
    assert repr(scheduler) == "<Scheduler not started, 1 jobs>"


def test_a_scheduler_with_a_history_shows_it(used, clock):
    status = used.status()
    assert status.running
    assert status.outcomes == {"succeeded": 4, "failed": 2, "skipped": 1}
    assert [job.id for job in status.jobs] == ["good", "bad", "long"]
    good, bad, long = status.jobs
    assert (good.last_outcome, bad.last_outcome) == ("succeeded", "failed")
    assert good.last_fire_time.isoformat() == "2026-01-01T13:30:00+01:00"
    assert (good.state, long.state) == ("armed", "finished")
    assert good.next_fire_time == NOON + 40 * MINUTE
    assert repr(used) == "<Scheduler running, 3 jobs>"


def test_what_goes_on_is_counted(scheduler, clock):
    scheduler.add(lambda: current_run().sleep("10m"), Every("1m"), id="j", overlap="allow")
    with scheduler:
        clock.advance("3m")
        status = scheduler.status()
        assert (status.runs_going_on, status.jobs[0].running) == (3, 3)
        assert status.executors["default"]["busy"] == 3
        assert status.jobs[0].last_outcome is None


@pytest.mark.parametrize("said", [("a lot",), (None,), (object(),), (1, "all"), ([1],)])
def test_progress_is_told_in_numbers(scheduler, said):
    def job():
        done, *total = said
        current_run().progress(done, **({"total": total[0]} if total else {}))

    scheduler.add(job)
    with pytest.raises(PolicyError) as caught:
        scheduler.run_now("job").result()
    assert caught.value.argument == ("total" if len(said) > 1 else "done")


def test_what_goes_on_is_shown_with_its_progress(make, clock):
    scheduler = make(timezone="Europe/Paris")

    @scheduler.job(timeout="1h")
    def counts():
        run = current_run()
        run.sleep("1m")
        run.progress(17, total=40)
        run.sleep("1m")
        run.progress(41.5)
        run.sleep("1m")

    scheduler.start()
    handle = scheduler.run_now("counts")
    shown = []
    for _ in range(3):
        shown += scheduler.status().going_on
        clock.advance("70s")
    assert [(run.done, run.total) for run in shown] == [(17, 40), (41.5, None)]
    run = shown[0]
    assert not run.cancelled
    assert (run.id, run.job_id, run.attempt) == (handle.id, "counts", 1)
    assert run.deadline - run.started_at == timedelta(hours=1)
    assert str(run.fire_time.tzinfo) == "Europe/Paris"


def test_a_run_that_is_asked_to_stop_is_shown_as_such(scheduler, clock):
    seen, handles = [], []

    @scheduler.job()
    def looks():
        for handle in handles:
            handle.cancel()
        seen.extend(run.cancelled for run in scheduler.status().going_on)

    with scheduler:
        handles.append(scheduler.run_now("looks"))
        clock.advance(0)
    assert seen == [True]


STATES = {
    "armed": lambda s: s.add(print, Every("1h"), id="j"),
    "disabled": lambda s: s.add(print, Every("1h"), id="j", enabled=False),
    "manual": lambda s: s.add(print, id="j"),
    "finished": lambda s: s.add(print, At("2020-01-01T00:00"), id="j"),
}


@pytest.mark.parametrize("started", [True, False])
@pytest.mark.parametrize(("state", "add"), STATES.items())
def test_a_job_is_in_one_state(scheduler, started, state, add):
    add(scheduler)
    if started:
        scheduler.start()
    assert [job.state for job in scheduler.status().jobs] == [state]


def test_a_follower_follows_while_its_parent_is_there(scheduler):
    scheduler.add(print, Every("1h"), id="parent")
    scheduler.after("parent", id="child")(print)
    assert scheduler.status().jobs[1].state == "following"
    scheduler.remove("parent")
    assert scheduler.status().jobs[0].state == "finished"


def test_a_job_that_had_all_its_runs_is_finished(scheduler, clock):
    scheduler.add(lambda: None, Every("1h"), id="j", max_runs=1)
    with scheduler:
        assert scheduler.status().jobs[0].state == "armed"
        clock.advance("1h")
        assert scheduler.status().jobs[0].state == "finished"


def test_status_is_a_value_that_does_not_change(scheduler, clock):
    scheduler.add(lambda: None, Every("1h"), id="j")
    with scheduler:
        before = scheduler.status()
        text = repr(before)
        clock.advance("5h")
        assert repr(before) == text
        assert before != scheduler.status()


def test_the_store_is_asked_once_for_all_jobs(scheduler, clock, monkeypatch):
    """A page that shows the status every second must not hold a database up once a job."""
    for number in range(3):
        scheduler.add(lambda: None, Every("1m"), id=f"j{number}")
    asked = []
    store = scheduler._app.core.store
    last_ended = store.last_ended

    def counted(job_ids):
        asked.append(sorted(job_ids))
        return last_ended(job_ids)

    def refused(**_words):
        raise AssertionError

    with scheduler:
        clock.advance("1h")
        monkeypatch.setattr(store, "last_ended", counted)
        monkeypatch.setattr(store, "runs", refused)
        assert [job.last_outcome for job in scheduler.status().jobs] == ["succeeded"] * 3
        monkeypatch.undo()
    assert asked == [["j0", "j1", "j2"]]
