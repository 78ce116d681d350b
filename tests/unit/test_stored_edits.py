"""A job is changed on one scheduler of a shared store: the others follow, until the code changes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cronkit import Backoff, Cron, Every, Scheduler, current_run
from cronkit.errors import PolicyError
from cronkit.executors import ThreadExecutor
from cronkit.jobs import Edit, EditDropped, JobChanged, Verdict
from cronkit.stores import SQLiteStore
from cronkit.testing import FakeClock
from cronkit.triggers import AnyOf


@pytest.fixture
def clock():
    return FakeClock("2026-03-02T12:00:00+00:00")


class Host:
    """A scheduler of another process: it has a store object of its own."""

    def __init__(self, clock, path, trigger, **options):
        self.scheduler = Scheduler(clock=clock, store=SQLiteStore(path), **options)
        self.fired, self.events = [], []
        self.scheduler.on(JobChanged, EditDropped)(self.events.append)
        self.scheduler.add(self.work, trigger, id="job")

    def work(self):
        self.fired.append(f"{current_run().fire_time:%H:%M}")

    @property
    def trigger(self):
        return str(self.scheduler["job"].trigger)

    def kinds(self):
        return [type(event).__name__ for event in self.events]


@pytest.fixture
def host(clock, tmp_path):
    made = []

    def make(trigger=None, *, start=True, **options):
        one = Host(clock, tmp_path / "state.db", trigger or Every("10m"), **options)
        made.append(one)
        if start:
            one.scheduler.start()
        return one

    yield make
    for each in made:
        each.scheduler.shutdown(wait=False)


# --- following -----------------------------------------------------------------------------------


def test_another_host_follows_a_new_trigger(host, clock):
    one, other = host(), host()
    job = one.scheduler.reschedule("job", Cron("7 * * * *"))
    assert str(job.trigger) == one.trigger == "cron 7 * * * * [UTC]"
    clock.advance("11s")
    assert other.trigger == one.trigger
    clock.advance("2h")
    assert sorted(one.fired + other.fired) == ["12:07", "13:07"]
    assert one.kinds() == other.kinds() == ["JobChanged"]


def test_another_host_decides_by_the_edit_before_it_has_heard_of_it(host, clock):
    one, other = host(Every("10s")), host(Every("10s"))
    clock.detach(one.scheduler._app.engine)  # so that only the other decides
    one.scheduler.reschedule("job", Every("1h"))
    clock.advance("10s")
    assert other.fired == []
    assert other.trigger == "every 1h"
    clock.attach(one.scheduler._app.engine)


def test_nothing_is_owed_for_the_time_before_a_new_trigger(host, clock):
    one, other = host(Every("1h")), host(Every("1h"))
    clock.advance("59m")
    one.scheduler.reschedule("job", Every("1m"))
    clock.advance("3m")
    assert sorted(one.fired + other.fired) == ["13:00", "13:01", "13:02"]


def test_a_host_that_starts_later_follows_from_the_start(host, clock):
    one = host()
    one.scheduler.reschedule("job", Every("7m"))
    one.scheduler.update("job", timeout="30s", tags={"late"})
    other = host()
    assert other.trigger == "every 7m"
    assert other.scheduler["job"].timeout == timedelta(seconds=30)
    assert other.scheduler["job"].tags == {"late"}


def test_an_edit_outlives_all_schedulers(host, clock):
    one = host()
    one.scheduler.reschedule("job", Every("7m"))
    one.scheduler.shutdown()
    assert host().trigger == "every 7m"
    one.scheduler.start()
    assert one.trigger == "every 7m"


def test_other_policies_add_up_over_hosts(host, clock):
    one, other = host(), host()
    one.scheduler.update("job", timeout="30s", retry=Backoff(attempts=3, base="2s"))
    other.scheduler.update("job", priority=4, args=[], keep_runs=7)
    one.scheduler.update("job", timeout=None)
    clock.advance("11s")
    for each in (one, other):
        job = each.scheduler["job"]
        assert (job.timeout, job.priority, job.keep_runs) == (None, 4, 7)
        assert job.retry == Backoff(attempts=3, base="2s")
        assert str(job.trigger) == "every 10m"


def test_an_edit_of_one_host_keeps_what_another_has_just_changed(host):
    one, other = host(), host()
    one.scheduler.update("job", priority=4)
    changed = other.scheduler.reschedule("job", Every("7m"))  # it has not looked meanwhile
    assert (changed.priority, str(changed.trigger)) == (4, "every 7m")


def test_a_job_that_is_disabled_on_one_host_is_disabled_on_all(host, clock):
    one, other = host(), host()
    one.scheduler.update("job", enabled=False)
    clock.advance("1h")
    assert one.fired + other.fired == []
    assert other.scheduler.status().jobs[0].state == "disabled"
    other.scheduler.update("job", enabled=True)
    clock.advance("10m")
    assert one.fired + other.fired == ["13:10"]


def test_a_follower_that_gets_a_trigger_follows_no_more(host, clock):
    one, other = host(start=False), host(start=False)
    for each in (one, other):
        each.scheduler.after("job", id="child")(lambda: None)
        each.scheduler.start()
    one.scheduler.reschedule("child", Every("1d"))
    clock.advance("1h")
    assert one.fired + other.fired
    assert other.scheduler["child"].parent is None
    assert one.scheduler.runs("child") == []


def test_status_says_which_jobs_are_edited(host, clock):
    one, other = host(), host()
    assert not other.scheduler.status().jobs[0].edited
    one.scheduler.update("job", priority=1)
    assert other.scheduler.status().jobs[0].edited


# --- ending --------------------------------------------------------------------------------------


def test_the_trigger_of_the_code_ends_an_edit(host, clock, tmp_path):
    one, other = host(), host()
    one.scheduler.reschedule("job", Every("7m"))
    clock.advance("11s")
    other.scheduler.reschedule("job", Every("10m"))
    clock.advance("11s")
    assert one.trigger == other.trigger == "every 10m"
    assert SQLiteStore(tmp_path / "state.db").states(["job"])["job"].edit is None
    assert EditDropped not in map(type, one.events + other.events)


def test_an_edit_is_dropped_where_the_code_has_another_trigger(host, clock, tmp_path, caplog):
    one = host()
    one.scheduler.reschedule("job", Every("7m"))
    one.scheduler.update("job", priority=2)
    one.scheduler.shutdown()
    newer = host(Every("20m"))
    assert newer.trigger == "every 20m"
    assert newer.scheduler["job"].priority == 0
    clock.advance("1s")
    assert newer.kinds() == ["EditDropped"]
    assert newer.events[0].job_id == "job"
    assert "scheduler.edit_dropped" in caplog.text
    assert SQLiteStore(tmp_path / "state.db").states(["job"])["job"].edit is None


def test_a_host_with_the_older_code_goes_back_to_it_when_the_edit_is_dropped(host, clock):
    one = host()
    one.scheduler.reschedule("job", Every("7m"))
    newer = host(Every("20m"))
    clock.advance("11s")
    assert (one.trigger, newer.trigger) == ("every 10m", "every 20m")
    assert one.kinds() == ["JobChanged", "JobChanged"]


def test_a_replaced_job_is_new_code(host, clock):
    one = host()
    one.scheduler.reschedule("job", Every("7m"))
    one.scheduler.add(one.work, Every("3m"), id="job", replace=True)
    assert one.trigger == "every 3m"
    clock.advance("1s")
    assert one.kinds().count("EditDropped") == 1


def test_a_replaced_job_with_the_same_trigger_keeps_its_edit(host):
    one = host()
    one.scheduler.reschedule("job", Every("7m"))
    one.scheduler.add(one.work, Every("10m"), id="job", replace=True)
    assert one.trigger == "every 7m"


# --- what cannot be kept -------------------------------------------------------------------------


class Hourly:
    def next(self, after):
        return after.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)


@pytest.mark.parametrize("trigger", [Hourly(), AnyOf(Every("1m"), Hourly())])
def test_a_trigger_of_ones_own_is_refused_for_a_shared_store(host, trigger):
    one = host()
    with pytest.raises(PolicyError, match=r"trigger of cronkit\.triggers"):
        one.scheduler.reschedule("job", trigger)
    assert one.trigger == "every 10m"
    assert one.events == []


@pytest.mark.parametrize(
    ("policies", "words"),
    [
        ({"kwargs": {"when": object()}}, "when"),
        ({"retry": Backoff(attempts=2, retry_on=ValueError)}, "retry_on"),
    ],
)
def test_a_policy_that_holds_code_is_refused_for_a_shared_store(host, policies, words):
    one = host(start=False)
    one.scheduler.add(lambda when=None: None, Every("1h"), id="other")
    one.scheduler.start()
    with pytest.raises(PolicyError, match=words):
        one.scheduler.update("other", **policies)
    assert one.scheduler["other"].retry.attempts == 1


def test_what_is_changed_before_the_start_is_code(host, tmp_path):
    one = host(start=False)
    one.scheduler.reschedule("job", Hourly())
    one.scheduler.update("job", retry=Backoff(attempts=2, retry_on=ValueError))
    one.scheduler.start()
    assert isinstance(one.scheduler["job"].trigger, Hourly)
    assert SQLiteStore(tmp_path / "state.db").states(["job"])["job"].edit is None


def test_a_job_with_a_trigger_of_its_own_can_be_edited_otherwise(host, clock):
    one, other = host(Hourly()), host(Hourly())
    one.scheduler.update("job", priority=3)
    clock.advance("11s")
    assert other.scheduler["job"].priority == 3
    assert isinstance(other.scheduler["job"].trigger, Hourly)


def test_a_job_whose_edit_cannot_be_applied_here_is_held(host, clock, caplog):
    one = host(executors={"big": ThreadExecutor(1)})
    other = host()
    one.scheduler.update("job", executor="big")
    clock.detach(one.scheduler._app.engine)
    clock.advance("25m")
    assert other.fired == []
    assert not other.scheduler.status().health.ok
    assert "big" in caplog.text
    clock.attach(one.scheduler._app.engine)
    one.scheduler.update("job", executor=None)
    clock.advance("40m")
    assert other.scheduler.status().health.ok


@pytest.mark.parametrize(
    "policies",
    [{"no_such_policy": 1}, {"timeout": "soon"}, {"retry": {"speed": 2}}, {"tags": 5}],
)
def test_an_edit_that_makes_no_sense_holds_its_job_and_no_other(host, clock, tmp_path, policies):
    one = host()
    one.scheduler.add(one.work, Every("10m"), id="other")
    edit = Edit(replaced="every 10m", policies=policies)
    SQLiteStore(tmp_path / "state.db").decide(
        ["job"], lambda _: [Verdict("job", edit=edit)], clock.now()
    )
    clock.advance("35m")
    assert one.fired == ["12:10", "12:20", "12:30"]
    assert [run.job_id for run in one.scheduler.runs()] == ["other"] * 3
    assert "the trigger of job fails" in one.scheduler.status().health.problems
    one.scheduler.add(one.work, Every("5m"), id="job", replace=True)
    clock.advance("10m")
    assert one.scheduler.status().health.ok


def test_an_edit_that_is_no_edit_is_dropped(host, clock, tmp_path):
    one = host()
    with SQLiteStore(tmp_path / "state.db")._writing() as session:
        session.run("UPDATE cronkit_jobs SET edit = 'scribble' WHERE id = 'job'")
        session.run("UPDATE cronkit_meta SET value = value + 1 WHERE name = 'changes'")
    clock.advance("11m")
    assert one.fired == ["12:10"]
    assert one.kinds() == ["EditDropped"]


def test_a_store_of_one_process_keeps_no_edit(clock):
    scheduler = Scheduler(clock=clock)
    scheduler.add(lambda: None, Every("10m"), id="job")
    with scheduler:
        scheduler.reschedule("job", Hourly())
        assert scheduler._app.core.store.states(["job"])["job"].edit is None
