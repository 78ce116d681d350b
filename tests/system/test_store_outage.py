"""PostgreSQL is stopped, or stands still, under schedulers at work: they hold, and catch up."""

from __future__ import annotations

import itertools
import logging
import threading
import time
from collections import Counter
from datetime import timedelta

import pytest

from cronkit import Scheduler, current_run
from cronkit.jobs import StoreBack, StoreLost

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]

LONG = 30.0


@pytest.fixture
def store_on(own_postgres):
    from cronkit.integrations.postgres import PostgresStore

    return lambda **options: PostgresStore(own_postgres.dsn, **options)


def wait_for(condition, seconds=LONG):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.02)


class Load:
    """A scheduler with a job a second, ten runs a second by hand, and one long run."""

    def __init__(self, store):
        self.store = store
        self.scheduler = Scheduler(store=store)
        self.ticks, self.hands = [], []
        self.events = []
        self.release = threading.Event()
        self.scheduler.on(StoreLost, StoreBack)(self.events.append)
        self.scheduler.every("1s", id="tick")(lambda: self.ticks.append(current_run().fire_time))
        self.scheduler.job(id="hand", overlap="allow")(lambda: self.hands.append(1))
        self.scheduler.job(id="long")(lambda: self.release.wait(LONG * 2))

    @property
    def healthy(self):
        return self.scheduler.status().health.ok

    def seen(self, kind):
        return sum(isinstance(event, kind) for event in self.events)


@pytest.mark.parametrize("how", ["stopped", "killed", "frozen"])
def test_while_the_server_is_away_nothing_is_lost_and_then_it_is_caught_up(
    how, own_postgres, store_on, scale, monkeypatch
):
    from cronkit.integrations.postgres._line import Line

    opened = []
    opener = Line._open
    monkeypatch.setattr(
        Line, "_open", lambda self: (opened.append(time.monotonic()), opener(self))[1]
    )
    load = Load(store_on())
    with load.scheduler as scheduler:
        long = scheduler.run_now("long")
        wait_for(lambda: len(load.ticks) >= 2)
        opened.clear()

        {
            "stopped": own_postgres.stop,
            "killed": lambda: own_postgres.stop(how="immediate"),
            "frozen": own_postgres.freeze,
        }[how]()
        away = time.monotonic()
        wait_for(lambda: not load.healthy, 5)
        assert time.monotonic() - away < 5
        load.release.set()  # an outcome that cannot be written now
        time.sleep(scale.pick(6, 30) - (time.monotonic() - away))
        attempts = [each for each in opened if each > away]
        assert not load.healthy
        assert scheduler.status().running
        if how == "frozen":
            own_postgres.thaw()
        else:
            own_postgres.start()
        back = time.monotonic()
        wait_for(lambda: load.healthy and load.seen(StoreBack) >= 1)
        assert time.monotonic() - back < 15

        assert long.wait(LONG).outcome == "succeeded"
        count = len(load.ticks)
        wait_for(lambda: len(load.ticks) >= count + 2)
        assert scheduler.run_now("hand").wait(LONG).outcome == "succeeded"
        assert scheduler.status().loop_failures == 0
        assert load.seen(StoreLost) == load.seen(StoreBack) >= 1

    gaps = [b - a for a, b in itertools.pairwise(attempts)]
    print(
        f"{how}: {len(attempts)} connections tried in {back - away:.1f} s, least gap {min(gaps, default=0):.2f} s"
    )
    assert all(gap >= 1 for gap in gaps)
    assert len(load.ticks) == len(set(load.ticks))
    runs = [run for run in scheduler.runs("tick") if run.origin == "trigger"]
    seconds = Counter()
    for run in runs:
        instant = run.first or run.fire_time
        while instant <= run.fire_time:
            seconds[instant.replace(microsecond=0)] += 1
            instant += timedelta(seconds=1)
    first, last = min(seconds), max(seconds)
    assert len(seconds) == (last - first) // timedelta(seconds=1) + 1
    assert set(seconds.values()) == {1}
    assert all(run.outcome for run in runs)


def test_a_scheduler_starts_before_its_server_and_goes_on_when_it_is_there(own_postgres, store_on):
    own_postgres.stop()
    load = Load(store_on())
    with load.scheduler as scheduler:
        assert not load.healthy
        own_postgres.start()
        wait_for(lambda: load.healthy and len(load.ticks) >= 2)
        assert scheduler.status().loop_failures == 0


def test_a_scheduler_stops_in_good_time_while_its_server_is_frozen(own_postgres, store_on, caplog):
    load = Load(store_on())
    caplog.set_level(logging.CRITICAL, "cronkit")
    load.scheduler.start()
    wait_for(lambda: load.ticks)
    own_postgres.freeze()
    began = time.monotonic()
    load.scheduler.shutdown(wait=False)
    assert time.monotonic() - began < 15
    assert not load.scheduler.status().running


def test_a_pause_reaches_another_host_at_once(own_postgres, store_on):
    one, two = Load(store_on()), Load(store_on())
    with one.scheduler, two.scheduler:
        wait_for(lambda: one.ticks or two.ticks)
        paused = time.monotonic()
        one.scheduler.pause("tick")
        wait_for(lambda: two.scheduler.status().jobs[0].pause is not None)
        one.scheduler.unpause("tick")
        count = len(one.ticks) + len(two.ticks)
        wait_for(lambda: len(one.ticks) + len(two.ticks) > count)
        assert time.monotonic() - paused < 5


def test_a_run_that_is_cancelled_on_one_host_stops_on_another(own_postgres, store_on):
    one, two = Scheduler(store=store_on()), Scheduler(store=store_on())
    begun = threading.Event()

    def long():
        begun.set()
        current_run().sleep("1m")

    one.add(long, id="long")
    two.add(long, id="long")
    with one, two:
        handle = one.run_now("long")
        assert begun.wait(LONG)
        asked = time.monotonic()
        (run,) = two.runs("long")
        assert two._app.by_hand.cancel(run.id)
        assert handle.wait(LONG).outcome == "cancelled"
        assert time.monotonic() - asked < 5


def test_a_connection_that_is_ended_by_an_administrator_is_opened_again(own_postgres, store_on):
    load = Load(store_on())
    with load.scheduler as scheduler:
        wait_for(lambda: load.ticks)
        own_postgres.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'cronkit'"
        )
        count = len(load.ticks)
        wait_for(lambda: len(load.ticks) >= count + 3 and load.healthy)
        assert scheduler.status().loop_failures == 0


def test_a_scheduler_needs_no_right_to_create_where_the_tables_are_there(own_postgres, store_on):
    from importlib import resources

    from cronkit.integrations.postgres import PostgresStore

    ddl = resources.files("cronkit.stores").joinpath("schema.sql").read_text("utf-8")
    own_postgres.sql(ddl)
    own_postgres.sql("CREATE ROLE worker LOGIN")
    own_postgres.sql("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    own_postgres.sql(
        "GRANT SELECT, INSERT, UPDATE, DELETE ON cronkit_meta, cronkit_jobs, cronkit_owners,"
        " cronkit_runs TO worker"
    )
    dsn = own_postgres.dsn.replace("user=postgres", "user=worker")
    load = Load(PostgresStore(dsn, create=False))
    with load.scheduler as scheduler:
        wait_for(lambda: load.ticks)
        assert scheduler.run_now("hand").wait(LONG).outcome == "succeeded"
        assert load.healthy


def test_the_password_is_shown_nowhere(own_postgres):
    from cronkit.errors import PolicyError, StoreError
    from cronkit.integrations.postgres import PostgresStore

    secret = "hunter2-swordfish"
    store = PostgresStore(f"postgresql://nobody:{secret}@127.0.0.1:1/none")
    assert store.name == "postgresql://nobody@127.0.0.1:1/none"
    with pytest.raises(StoreError) as caught:
        store.get("x")
    assert secret not in str(caught.value)
    with pytest.raises(PolicyError) as refused:
        PostgresStore(f"postgresql://nobody:{secret}@/none?no-such-option={secret}")
    assert secret not in str(refused.value)
    assert refused.value.__context__ is None


@pytest.mark.parametrize("dsn", ["host=x\0", "\ud800", "a\0b"], ids=ascii)
def test_what_libpq_cannot_read_is_refused(dsn):
    pytest.importorskip("psycopg", reason="psycopg is in the extra 'postgres'")
    from cronkit.errors import PolicyError
    from cronkit.integrations.postgres import PostgresStore

    with pytest.raises(PolicyError, match="dsn"):
        PostgresStore(dsn)
