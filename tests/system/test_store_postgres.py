"""What a PostgreSQL store asks of its server: locks that are passed over, deadlines, few rights, NOTIFY."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import resources

import pytest

from cronkit import Every, Scheduler, current_run
from cronkit.errors import StoreError
from cronkit.jobs import (
    Decision,
    Limits,
    RunCancelled,
    StoreBack,
    StoreLost,
    Verdict,
    build_job,
    run_id,
)
from cronkit.stores import MemoryStore

pytestmark = [pytest.mark.system, pytest.mark.timeout(120)]

LONG = 30.0


@pytest.fixture
def dsn(postgres):
    return postgres.schema()


@pytest.fixture
def scheduler_on(dsn):
    """Make schedulers on the store, with one job that is run by hand, or with those given."""
    from cronkit.integrations.postgres import PostgresStore

    made = []

    def make(**options):
        made.append(Scheduler(store=PostgresStore(dsn), **options))
        return made[-1]

    yield make
    for each in made:
        each.shutdown(wait=False)


@pytest.fixture
def holding(dsn):
    """Keep rows locked, as a transaction of another scheduler does that is slow to end."""
    import psycopg

    @contextmanager
    def hold(statement):
        with psycopg.connect(dsn) as connection:
            assert connection.execute(statement).fetchall()
            yield
            connection.rollback()

    return hold


def wait_for(condition, seconds=LONG):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.01)


# --- locks and deadlines -------------------------------------------------------------------------


def test_a_job_that_another_holds_is_passed_over_and_the_others_fire(scheduler_on, holding):
    ran = {"held": [], "free": []}
    scheduler = scheduler_on()
    for job_id, list_of in ran.items():
        scheduler.add(
            lambda mine=list_of: mine.append(current_run().fire_time), Every("200ms"), id=job_id
        )
    with scheduler:
        wait_for(lambda: all(ran.values()))
        with holding("SELECT 1 FROM cronkit_jobs WHERE id = 'held' FOR UPDATE"):
            before = {job_id: len(mine) for job_id, mine in ran.items()}
            wait_for(lambda: len(ran["free"]) >= before["free"] + 10)
            assert len(ran["held"]) <= before["held"] + 1  # what had been taken already
            assert scheduler.status().health.ok
        after = len(ran["held"])
        wait_for(lambda: len(ran["held"]) > after)
    assert len(ran["held"]) == len(set(ran["held"]))


def test_a_call_that_waits_for_a_lock_ends_at_its_deadline_and_is_made_again(
    scheduler_on, holding, postgres
):
    def connections():
        return postgres.sql(
            "SELECT array_agg(pid ORDER BY pid) FROM pg_stat_activity"
            " WHERE application_name = 'cronkit'"
        )

    scheduler = scheduler_on()
    gate, begun, events = threading.Event(), threading.Event(), []
    scheduler.on(StoreLost, StoreBack)(events.append)
    scheduler.add(lambda: (begun.set(), gate.wait(LONG)), id="job")
    with scheduler:
        handle = scheduler.run_now("job")
        assert begun.wait(LONG)
        before = connections()
        with holding("SELECT 1 FROM cronkit_runs FOR UPDATE"):
            gate.set()  # its outcome cannot be written now
            began = time.monotonic()
            wait_for(lambda: not scheduler.status().health.ok)
            assert time.monotonic() - began < 5
            assert handle.wait("5s") is None
        assert handle.wait(LONG).outcome == "succeeded"
        wait_for(lambda: scheduler.status().health.ok)
        assert scheduler.status().loop_failures == 0
        wait_for(lambda: len(events) > 1)
        assert [type(event) for event in events] == [StoreLost, StoreBack]
        assert connections() == before  # the server ended the call, and nobody hung up


def test_the_server_knows_the_deadlines(dsn):
    from cronkit.integrations.postgres import PostgresStore

    store = PostgresStore(dsn)
    asked = ("statement_timeout", "idle_in_transaction_session_timeout")
    for lend in (store._reading(), store._beating(write=False)):
        with lend as session:
            found = [session.rows(f"SHOW {name}")[0][0] for name in asked]
        assert found == ["1500ms", "5s"]


def test_a_server_that_stands_still_is_given_up_after_two_seconds(own_postgres):
    from cronkit.integrations.postgres import PostgresStore

    store = PostgresStore(own_postgres.dsn)
    assert store.runs() == []
    own_postgres.freeze()
    began = time.monotonic()
    with pytest.raises(StoreError):
        store.runs()
    assert 1.5 < time.monotonic() - began < 4


def test_a_server_that_takes_no_writes_any_more_is_left_for_another(own_postgres):
    """As a primary that was made a standby; with several hosts in the DSN the next one is asked."""
    from cronkit.integrations.postgres import PostgresStore

    def become(read_only):
        own_postgres.sql(f"ALTER SYSTEM SET default_transaction_read_only = {read_only}")
        own_postgres.sql("SELECT pg_reload_conf()")

    def connections():
        pids = own_postgres.sql(
            "SELECT pid FROM pg_stat_activity WHERE application_name = 'cronkit'"
        )
        return set(pids.split())

    ran = []
    gone = own_postgres.folder / "gone"  # a host that is not there
    dsn = (
        f"host={gone},{own_postgres.folder} user=postgres dbname=postgres"
        " target_session_attrs=read-write"
    )
    scheduler = Scheduler(store=PostgresStore(dsn))
    scheduler.add(lambda: ran.append(current_run().fire_time), Every("200ms"), id="tick")
    with scheduler:
        wait_for(lambda: ran)
        before = connections()
        become("on")
        wait_for(lambda: not scheduler.status().health.ok)
        wait_for(lambda: not before & connections())
        become("off")
        count = len(ran)
        wait_for(lambda: scheduler.status().health.ok and len(ran) > count + 1)
        assert scheduler.status().loop_failures == 0
    assert len(ran) == len(set(ran))


# --- rights --------------------------------------------------------------------------------------


@pytest.fixture
def worker(own_postgres):
    """The DSN of a role that has no right but those that the DDL names."""
    tables = "cronkit_meta, cronkit_jobs, cronkit_owners, cronkit_runs"
    own_postgres.sql(resources.files("cronkit.stores").joinpath("schema.sql").read_text("utf-8"))
    own_postgres.sql("CREATE ROLE worker LOGIN; REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    own_postgres.sql(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {tables} TO worker")
    return own_postgres.dsn.replace("user=postgres", "user=worker")


def test_a_role_that_may_only_read_and_write_the_four_tables_is_enough_for_all(worker):
    import psycopg

    from cronkit.integrations.postgres import PostgresStore

    with psycopg.connect(worker, autocommit=True) as connection:
        for beyond in ("CREATE TABLE own (id INT)", "TRUNCATE cronkit_runs"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(beyond)

    one, two = (
        Scheduler(store=PostgresStore(worker, create=False, lease="1s"), limits={"tag": 1})
        for _ in range(2)
    )
    stop = threading.Event()
    for each in (one, two):
        each.add(lambda: stop.wait(LONG), id="long", on_interrupted="rerun")
        each.add(lambda: None, Every("100ms"), id="tick", tags={"tag"}, keep_runs=3)
        each.after("tick", id="follower")(lambda: None)
        each.add(lambda: None, id="gone")
    with one, two:
        wait_for(lambda: len(one.runs("tick", outcome="succeeded")) >= 3)  # limits, retention
        one.pause("tick")
        wait_for(lambda: two.status().jobs[0].pause or any(j.pause for j in two.status().jobs))
        two.unpause("tick")
        one.reschedule("tick", Every("50ms"))  # an edit
        wait_for(lambda: any(job.edited for job in two.status().jobs))
        handle = one.run_now("long", key="once")
        wait_for(lambda: one.runs("long")[0].phase == "running")
        handle.cancel()
        two.backfill("tick", "2026-03-01T00:00:00Z", "2026-03-01T00:00:00.2Z")
        wait_for(lambda: two.runs("tick", outcome="succeeded"))
        one.remove("gone")
        stop.set()
        assert handle.wait(LONG).outcome is not None
        assert one.status().health.ok
        assert two.status().health.ok
        one._app.core.store.abandon(one._app.core.owner)  # as if it had died: the other expires it
        assert [each.status().loop_failures for each in (one, two)] == [0, 0]


# --- NOTIFY --------------------------------------------------------------------------------------


def median_of(tries):
    return sorted(tries)[len(tries) // 2]


def test_pauses_and_requests_to_stop_reach_another_host_at_once(scheduler_on):
    """The other looks once a second by itself, so half a second is less than it would take."""
    one, two = scheduler_on(), scheduler_on()
    begun, cancelled = threading.Semaphore(0), threading.Semaphore(0)

    def job():
        begun.release()
        current_run().sleep("1m")

    for each in (one, two):
        each.add(job, id="job")
    two.on(RunCancelled)(lambda _: cancelled.release())
    paused, stopped = [], []
    with two:
        for _ in range(5):
            two.run_now("job")
            assert begun.acquire(timeout=LONG)
            with one:
                began = time.monotonic()
                one.pause("job")
                wait_for(lambda: two.status().jobs[0].pause is not None)
                paused.append(time.monotonic() - began)
                one.unpause("job")
                (run,) = one.runs("job", limit=1)
                began = time.monotonic()
                assert one._app.by_hand.cancel(run.id)
                assert cancelled.acquire(timeout=LONG)
                stopped.append(time.monotonic() - began)
    print("pause", [f"{each:.3f}" for each in paused], "stop", [f"{each:.3f}" for each in stopped])
    assert median_of(paused) < 0.5
    assert median_of(stopped) < 0.5


def test_who_has_reconnected_hears_again(scheduler_on, postgres):
    one, two = scheduler_on(), scheduler_on()
    for each in (one, two):
        each.add(lambda: None, id="job")
    told = []
    with one, two:
        postgres.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'cronkit'"
        )
        time.sleep(3)  # for the connection that listens: nothing else is to be seen of it
        wait_for(lambda: one.status().health.ok and two.status().health.ok)
        for _ in range(5):
            began = time.monotonic()
            one.pause("job")
            wait_for(lambda: two.status().jobs[0].pause is not None)
            told.append(time.monotonic() - began)
            one.unpause("job")
            wait_for(lambda: two.status().jobs[0].pause is None)
    assert median_of(told) < 0.5


# --- the order of names --------------------------------------------------------------------------


def test_names_come_in_one_order_whatever_the_language_of_the_database(postgres):
    from cronkit.integrations.postgres import PostgresStore

    postgres.sql(
        "CREATE DATABASE english TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en-US'"
        " ENCODING 'UTF8'"
    )
    names = ["a", "B", "_c", "A-1", "A1", "a.b", "z"]
    now, no_limits = datetime(2026, 1, 1, 12, tzinfo=UTC), Limits(jobs={}, tags={}, tags_of={})
    jobs = [build_job(print, Every("1m"), UTC, {"id": name}, {}) for name in names]
    orders = []
    for store in (MemoryStore(), PostgresStore(f"{postgres.dsn} dbname=english")):
        store.open("here", now)
        store.register(jobs, now)
        rows = [Decision(run_id(name, now), name, now, now) for name in names]
        store.decide(names, lambda _, rows=rows: [Verdict(r.job_id, [r], now) for r in rows], now)
        order = [store.take("here", names, 1, no_limits, now)[0].job_id for _ in names]
        orders.append(order)
        store.close("here", now)
    assert orders == [sorted(names)] * 2
