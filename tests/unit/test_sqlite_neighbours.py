"""Schedulers that share a SQLite file, stepped through fake time: what one does, the others see."""

from __future__ import annotations

import collections
import itertools
import threading

import pytest

from cronkit import Backoff, Cron, Scheduler, current_run
from cronkit.errors import StoreError
from cronkit.jobs import RunCancelled, RunEvent, RunInterrupted, StoreBack, StoreLost
from cronkit.stores import SQLiteStore
from cronkit.testing import FakeClock


@pytest.fixture
def clock():
    return FakeClock("2026-03-02T12:00:00+00:00")


class Ghost:
    """A scheduler of another process: it has a store object, and a life, of its own."""

    def __init__(self, clock, path, func=lambda: None, *, kind=SQLiteStore, **policies):
        self.clock = clock
        self.store = kind(path)
        self.scheduler = Scheduler(clock=clock, store=self.store)
        self.events = []
        self.scheduler.on()(self.events.append)
        if policies.pop("armed", True):
            self.scheduler.add(func, Cron("* * * * *"), id="job", **policies)

    def start(self):
        self.scheduler.start()
        return self

    def die(self):
        """End as SIGKILL ends a process: nothing is written, the kernel lets go of its locks."""
        app = self.scheduler._app
        self.clock.detach(app.engine)
        self.store.abandon(app.core.owner)

    def freeze(self):
        """Be stopped as by SIGSTOP: the locks stay, the beats end."""
        self.clock.detach(self.scheduler._app.engine)

    def thaw(self):
        self.clock.attach(self.scheduler._app.engine)

    def runs(self):
        return {
            run.id.partition("T")[2]: (str(run.outcome or run.phase), run.reason)
            for run in self.scheduler.runs("job")
        }

    def seen(self, kind):
        return [event for event in self.events if isinstance(event, kind)]


@pytest.fixture
def ghost(clock, tmp_path):
    made = []

    def make(func=lambda: None, **policies):
        made.append(Ghost(clock, tmp_path / "state.db", func, **policies))
        return made[-1]

    yield make
    for each in made:
        each.scheduler.shutdown(wait=False)


def test_each_fire_time_runs_once_whichever_scheduler_takes_it(ghost, clock):
    ran = []
    both = [ghost(lambda: ran.append(clock.now())).start() for _ in range(2)]
    clock.advance("1h")
    assert len(ran) == len(set(ran)) == 60
    assert both[0].runs() == both[1].runs()


def test_who_comes_second_says_nothing(ghost, clock, caplog):
    caplog.set_level("INFO", "cronkit")
    both = [ghost().start() for _ in range(2)]
    clock.advance("1s")
    caplog.clear()
    clock.advance("1h")
    told = [event.run.id for each in both for event in each.events if isinstance(event, RunEvent)]
    assert set(collections.Counter(told).values()) == {3}  # waiting, started, succeeded
    assert len(told) == 3 * 60
    assert len(caplog.records) == 3 * 60
    assert {record.levelname for record in caplog.records} == {"INFO"}


def test_runs_are_those_of_all_schedulers_and_status_is_of_this_one(ghost, clock):
    one, two = ghost(max_concurrent=9, overlap="allow").start(), ghost(armed=False)
    two.scheduler.add(lambda: None, id="other")
    two.start()
    clock.advance("5m")
    two.scheduler.run_now("other")
    clock.advance("1s")
    for each in (one, two):
        assert len(each.scheduler.runs("job")) == 5
        assert len(each.scheduler.runs("other")) == 1
    owner = {each: each.scheduler._app.core.owner for each in (one, two)}
    assert {run.owner for run in two.scheduler.runs("job")} == {owner[one]}
    assert {run.owner for run in one.scheduler.runs("other")} == {owner[two]}
    counts = [each.scheduler.status().outcomes for each in (one, two)]
    assert [count.get("succeeded", 0) for count in counts] == [5, 1]


def test_an_owner_beats_three_times_a_lease(ghost, clock):
    one, two = ghost().start(), ghost()
    owner = one.scheduler._app.core.owner

    def beat():
        return two.store.pulse("nobody", clock.now()).beats[owner]

    clock.advance("5s")
    before = beat()
    clock.advance("300s")
    assert beat() - before == 30  # a lease is 30 s unless the store was given another


def test_a_pause_and_its_end_reach_the_other_scheduler(ghost, clock):
    ran = []
    one, two = (ghost(lambda: ran.append(clock.now().minute)).start() for _ in range(2))
    one.scheduler.pause("job", why="deploy")
    assert two.scheduler.status().jobs[0].pause.why == "deploy"
    clock.advance("5m")
    assert ran == []
    one.scheduler.unpause("job")
    one.scheduler.shutdown()
    clock.advance("5m")
    assert ran == [6, 7, 8, 9, 10]
    assert two.runs()["12:05:00Z"] == ("skipped", "paused")


def test_a_run_asked_for_where_no_slot_is_free_is_taken_elsewhere(ghost, clock):
    who = []

    def note():
        who.append(current_run().job_id)

    one = ghost(armed=False).start()
    two = ghost(note).start()
    one.scheduler.add(note, id="job")
    one.scheduler._app.engine.attempts._most = 0
    handle = one.scheduler.run_now("job")
    assert handle.wait("30s").owner == two.scheduler._app.core.owner
    assert who == ["job"]


def test_a_request_to_stop_reaches_the_scheduler_that_runs_it(ghost, clock):
    stopped = []

    def long():
        try:
            current_run().sleep("1h")
        finally:
            stopped.append(clock.now().minute)

    owner = ghost(long).start()
    clock.advance("1m")
    other = ghost(long).start()
    (run,) = other.scheduler.runs("job")
    assert other.scheduler._app.by_hand.cancel(run.id)
    clock.advance("11s")
    assert stopped == [1]
    assert owner.runs()["12:01:00Z"] == ("cancelled", "by hand")


def test_the_runs_of_a_dead_scheduler_are_interrupted_at_the_next_look(ghost, clock):
    victim = ghost(lambda: current_run().sleep("1h")).start()
    witness = ghost().start()
    witness.scheduler._app.engine.attempts._most = 0
    clock.advance("1m")
    victim.die()
    witness.scheduler._app.engine.attempts._most = None
    clock.advance("11s")
    assert witness.runs()["12:01:00Z"] == ("interrupted", "owner_died")
    (event,) = witness.seen(RunInterrupted)
    assert event.run.owner == victim.scheduler._app.core.owner
    clock.advance("1m")
    assert witness.runs()["12:02:00Z"] == ("succeeded", None)


def test_a_run_may_ask_to_run_again_with_the_same_fire_time(ghost, clock):
    tried = []

    def once():
        tried.append((current_run().attempt, current_run().fire_time.minute, current_run().fence))
        if len(tried) == 1:
            current_run().sleep("1h")

    victim = ghost(once, on_interrupted="rerun").start()
    clock.advance("1m")
    victim.die()
    witness = ghost(once, on_interrupted="rerun").start()
    clock.advance("11s")
    (first, second) = tried
    assert (first[:2], second[:2]) == ((1, 1), (2, 1))
    assert second[2] == first[2] + 1
    assert witness.runs()["12:01:00Z"][0] == "succeeded"


def test_a_run_that_was_asked_to_stop_does_not_run_again_when_its_scheduler_dies(ghost, clock):
    tries = []

    def slow():
        tries.append(current_run().attempt)
        current_run().sleep("50s")

    doomed = ghost(slow, on_interrupted="rerun").start()
    witness = ghost(slow, armed=False)
    witness.scheduler.add(slow, id="job", on_interrupted="rerun")
    clock.advance("1m10s")
    doomed.freeze()  # it does not hear of it any more
    witness.start()
    (run,) = witness.scheduler.runs("job")
    assert witness.scheduler._app.by_hand.cancel(run.id)
    doomed.thaw()
    doomed.die()
    clock.advance("5m")
    assert tries == [1]
    assert witness.runs()["12:01:00Z"] == ("cancelled", "by hand")
    assert [event.run.id for event in witness.seen(RunCancelled)] == [run.id]


def test_a_run_that_fails_just_when_it_is_asked_to_stop_is_not_tried_again(ghost, clock):
    """Its owner has not heard of it yet: the store knows."""
    tries = []

    def fails():
        tries.append(current_run().attempt)
        two.store.cancel(current_run().id, "by hand", clock.now())
        raise ValueError

    one = ghost(fails, retry=Backoff(attempts=3, base="1s")).start()
    two = ghost(armed=False)
    clock.advance("1m30s")
    assert tries == [1]
    assert one.runs()["12:01:00Z"] == ("cancelled", "by hand")
    assert len(one.seen(RunCancelled)) == 1


def test_followers_run_after_a_run_whose_scheduler_died(ghost, clock):
    seen = []
    victim = ghost(lambda: current_run().sleep("1h")).start()
    clock.advance("1m")
    victim.die()
    witness = ghost()
    witness.scheduler.after("job", on="failed", id="alarm")(
        lambda: seen.append(current_run().fire_time.minute)
    )
    witness.start()
    clock.advance("11s")
    assert seen == [1]


def test_a_frozen_scheduler_keeps_its_runs_for_a_lease_and_is_shut_out_then(ghost, clock, caplog):
    done = []

    def slow():
        current_run().sleep("50s")
        done.append(current_run().attempt)

    frozen = ghost(slow).start()
    clock.advance("1m")
    frozen.freeze()
    witness = ghost(slow).start()
    clock.advance("25s")
    assert witness.runs()["12:01:00Z"] == ("running", None)
    clock.advance("11s")
    assert witness.runs()["12:01:00Z"] == ("interrupted", "lease_expired")
    clock.advance("20s")
    assert done == [1]
    frozen.thaw()
    clock.advance("1s")
    assert witness.runs()["12:01:00Z"] == ("interrupted", "late_result_refused")
    assert frozen.scheduler._app.engine.attempts.endings.late == 1
    told = [record for record in caplog.records if "another has ended it" in record.getMessage()]
    assert told
    assert not any("Traceback" in (record.exc_text or "") for record in caplog.records)


def test_runs_of_a_job_that_nobody_here_knows_are_left_to_those_who_do(ghost, clock):
    victim = ghost(lambda: current_run().sleep("1h"), on_interrupted="rerun").start()
    clock.advance("1m")
    victim.die()
    stranger = ghost(armed=False).start()
    clock.advance("10m")
    assert stranger.runs()["12:01:00Z"] == ("running", None)
    again = []
    ghost(lambda: again.append(current_run().attempt), on_interrupted="rerun").start()
    clock.advance("31s")
    assert again[0] == 2


# --- a store that does not answer ---------------------------------------------------------------


@pytest.fixture
def locked(tmp_path):
    """Keep others out of the file, as a stopped process in the midst of a transaction does."""
    import sqlite3

    from cronkit.stores import _sqlite_file

    def lock():
        connection = sqlite3.connect(tmp_path / "state.db", isolation_level=None)
        connection.execute("BEGIN IMMEDIATE")
        return connection

    patience, _sqlite_file.TIMEOUT_SECONDS = _sqlite_file.TIMEOUT_SECONDS, 0.01
    yield lock
    _sqlite_file.TIMEOUT_SECONDS = patience


def test_while_the_store_does_not_answer_nothing_is_lost_and_then_caught_up(locked, ghost, clock):
    ran = []
    one = ghost(lambda: ran.append(current_run().fire_time.minute)).start()
    clock.advance("1m")
    lock = locked()
    clock.advance("3m")
    assert ran == [1]
    (lost,) = one.seen(StoreLost)
    assert "not free within" in lost.reason
    status = one.scheduler.status()
    assert not status.health.ok
    assert "has not answered since 2026-03-02T12:0" in status.health.problems[0]
    lock.execute("ROLLBACK")
    lock.close()
    clock.advance("10s")
    assert ran == [1, 4]
    assert one.runs()["12:03:00Z"] == ("skipped", "coalesced")
    assert len(one.seen(StoreBack)) == 1
    assert one.scheduler.status().health.ok


def test_an_outcome_that_cannot_be_written_is_kept_with_its_instant(locked, ghost, clock):
    one = ghost(lambda: current_run().sleep("30s")).start()
    clock.advance("1m10s")
    lock = locked()
    clock.advance("40s")
    assert one.scheduler.status().runs_going_on == 1
    lock.execute("ROLLBACK")
    lock.close()
    clock.advance("9s")
    (run,) = one.scheduler.runs("job")
    assert (run.outcome, run.ended_at.minute, run.ended_at.second) == ("succeeded", 1, 30)


def test_a_scheduler_starts_while_its_store_does_not_answer(locked, ghost, clock):
    ran = []
    ghost().start().scheduler.shutdown()
    lock = locked()
    one = ghost(lambda: ran.append(clock.now().minute)).start()
    assert not one.scheduler.status().health.ok
    one.scheduler.add(lambda: None, Cron("* * * * *"), id="added-meanwhile")
    lock.execute("ROLLBACK")
    lock.close()
    clock.advance("2m")
    assert ran == [1, 2]
    assert len(one.scheduler.runs("added-meanwhile")) == 2


def test_a_scheduler_stops_while_its_store_does_not_answer(locked, ghost, clock):
    one = ghost(lambda: current_run().sleep("1h")).start()
    clock.advance("1m")
    handle = one.scheduler.run_now("job", force=True)
    lock = locked()
    one.scheduler.shutdown(wait=False)
    lock.execute("ROLLBACK")
    lock.close()
    witness = ghost().start()
    clock.advance("11s")
    assert witness.runs()["12:01:00Z"] == ("interrupted", "owner_died")
    assert handle.id


def test_a_start_with_jobs_paused_needs_a_store_to_write_that_in(locked, ghost, clock):
    ran = []
    one = ghost(lambda: ran.append(clock.now().minute))
    one.start()
    one.scheduler.shutdown()
    clock.advance("5m")
    lock = locked()
    with pytest.raises(StoreError):
        one.scheduler.start(paused=True)
    lock.execute("ROLLBACK")
    lock.close()
    clock.advance("1m")
    assert (ran, one.scheduler.status().running) == ([], False)
    one.scheduler.start(paused=True)
    clock.advance("1m")
    assert ran == []


def test_a_lost_store_is_asked_again_less_than_once_a_second(locked, ghost, clock):
    asked = []

    class Asked(SQLiteStore):
        def open(self, owner, now):
            asked.append(now)
            super().open(owner, now)

    ghost(kind=Asked).start()
    clock.advance("1m")
    lock = locked()
    asked.clear()
    clock.advance("10m")
    gaps = [(b - a).total_seconds() for a, b in itertools.pairwise(asked)]
    assert len(gaps) > 100
    assert min(gaps) >= 1
    assert max(gaps) <= 4
    lock.execute("ROLLBACK")
    lock.close()


@pytest.mark.parametrize("late", [False, True], ids=["before we are back", "after"])
def test_a_run_given_to_us_in_a_commit_that_we_have_not_heard_of_is_run(locked, ghost, clock, late):
    ran = []
    one = ghost(lambda: ran.append((current_run().fire_time.minute, current_run().attempt))).start()

    def give(connection):
        connection.execute(
            "UPDATE cronkit_runs SET phase = 'running', outcome = NULL, live = 1, owner = ?"
            " WHERE id LIKE '%12:01:00Z'",
            [one.scheduler._app.core.owner],
        )

    clock.advance("1m30s")
    lock = locked()
    clock.advance("1m")
    assert one.scheduler.status().health.problems
    if not late:
        give(lock)
    lock.execute("COMMIT")
    clock.advance("10s")
    assert one.scheduler.status().health.ok
    if late:
        assert ran == [(1, 1), (2, 1)]
        give(lock)
    lock.close()
    clock.advance("15s")
    assert ran == ([(1, 1), (2, 1), (1, 2)] if late else [(1, 1), (1, 2)])  # it was in the way
    assert one.runs()["12:01:00Z"] == ("succeeded", None)


def test_who_waits_for_a_run_waits_through_an_outage(locked, ghost, clock):
    one = ghost(lambda: current_run().sleep("30s")).start()
    handle = one.scheduler.run_now("job")
    clock.advance("10s")
    lock = locked()
    assert handle.wait("1m") is None
    assert not handle.done
    lock.execute("ROLLBACK")
    lock.close()
    assert handle.wait("1m").outcome == "succeeded"


def test_no_thread_is_needed_for_beats_in_fake_time(ghost, clock):
    before = threading.active_count()
    ghost().start()
    clock.advance("1h")
    assert threading.active_count() == before
