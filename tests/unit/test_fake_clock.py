"""The fake clock: time that moves when a test says so, and a scheduler that follows it step by step."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from cronkit import At, Cron, Every, Scheduler, current_run
from cronkit.errors import StateError
from cronkit.stores import MemoryStore
from cronkit.testing import FakeClock
from tests.unit.noon import MINUTE, NOON, ONE, after_noon

# --- the clock alone ----------------------------------------------------------------------------


def test_it_stands_still_until_it_is_moved(clock):
    assert [clock.now() for _ in range(3)] == [NOON] * 3
    assert clock.monotonic() == 0
    assert repr(clock) == "<FakeClock 2026-01-01T12:00:00+00:00>"


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("2026-03-28T12:00+01:00", "2026-03-28T11:00:00+00:00"),
        (datetime(2026, 1, 1, 12, tzinfo=UTC), "2026-01-01T12:00:00+00:00"),
        ("2026-01-01T12:00:00.000001Z", "2026-01-01T12:00:00.000001+00:00"),
    ],
)
def test_it_starts_where_it_is_told_to_and_shows_utc(start, expected):
    assert FakeClock(start).now().isoformat() == expected


def test_time_passes_by_a_length_or_up_to_an_instant(clock):
    clock.advance("90m")
    clock.advance(timedelta(minutes=30))
    clock.advance(60)
    clock.advance(0)
    assert after_noon(clock.now()) == 121
    clock.advance_to("2026-01-02T13:00+01:00")
    clock.advance_to(clock.now())
    assert after_noon(clock.now()) == 1440
    assert clock.monotonic() == 86_400


def test_setting_the_wall_clock_lets_no_time_pass(clock):
    clock.step_wall("1h")
    assert (after_noon(clock.now()), clock.monotonic()) == (60, 0)
    clock.step_wall(timedelta(minutes=-90))
    clock.step_wall(-60)
    assert (after_noon(clock.now()), clock.monotonic()) == (-31, 0)
    clock.step_wall("-1h30m")
    clock.step_wall("+90m")
    assert (after_noon(clock.now()), clock.monotonic()) == (-31, 0)
    clock.advance("1m")
    assert (after_noon(clock.now()), clock.monotonic()) == (-30, 60)


def test_waiting_lets_time_pass_until_the_event_is_set(clock):
    event = threading.Event()
    assert not clock.wait(30, event)
    assert after_noon(clock.now()) == 0.5
    event.set()
    assert clock.wait(30, event)
    assert after_noon(clock.now()) == 0.5


def test_waiting_stops_at_what_it_waits_for(scheduler, clock):
    ran = []
    scheduler.add(lambda: ran.append(1), Every("1m"), id="j")
    with scheduler:
        assert clock.run_until(lambda: len(ran) == 3, 3600)
        assert after_noon(clock.now()) == 3
        assert not clock.run_until(lambda: len(ran) == 99, 60)
        assert after_noon(clock.now()) == 4


def test_waiting_without_a_limit_ends_when_nothing_is_left_to_happen(scheduler, clock):
    scheduler.add(lambda: None, Every("1m"), id="j", max_runs=3)
    with scheduler:
        assert not clock.run_until(lambda: False, None)
        assert after_noon(clock.now()) == 3


# --- what it steps ------------------------------------------------------------------------------


def test_each_job_sees_its_own_instant(scheduler, clock):
    seen = []
    scheduler.add(lambda: seen.append(after_noon(clock.now())), Every("7m"), id="j")
    with scheduler:
        clock.advance("1h")
    expected = [n for n in range(60) if int(NOON.timestamp() / 60 + n) % 7 == 0 and n]
    assert seen == expected


def test_what_is_due_at_the_end_of_the_length_runs(scheduler, clock):
    ran = []
    scheduler.add(lambda: ran.append(1), ONE, id="j")
    with scheduler:
        clock.advance("59.999999s")
        assert ran == []
        clock.advance("0.000001s")
        assert ran == [1]


def test_jobs_run_in_the_thread_that_moves_the_clock_and_no_thread_is_started(scheduler, clock):
    before, seen = threading.active_count(), set()
    scheduler.add(lambda: seen.add(threading.current_thread()), Every("1m"), id="j")
    with scheduler:
        clock.advance("1h")
        assert threading.active_count() == before
    assert seen == {threading.current_thread()}


def test_what_a_job_brings_about_happens_in_the_same_moving(scheduler, clock):
    ran = []
    scheduler.add(lambda: scheduler.run_now("b"), ONE, id="a")
    scheduler.add(lambda: ran.append(after_noon(clock.now())), id="b")
    with scheduler:
        clock.advance("1m")
        assert ran == [1]


def test_two_schedulers_are_stepped_in_one_order(clock):
    trace = []
    schedulers = [Scheduler(clock=clock) for _ in range(2)]
    for number, each in enumerate(schedulers):
        for job_id, priority in [("a", 0), ("b", 5)]:
            each.add(
                lambda number=number, job_id=job_id: trace.append(
                    (after_noon(clock.now()), job_id, number)
                ),
                Every("1m"),
                id=job_id,
                priority=priority,
            )
        each.add(
            lambda number=number: trace.append((after_noon(clock.now()), "early", number)),
            At(NOON + 1.5 * MINUTE),
            id="early",
        )
    for each in reversed(schedulers):
        each.start()
    clock.advance("2m")
    for each in schedulers:
        each.shutdown()
    # By instant; at one instant each scheduler does its work, the one that started first at first.
    assert trace[:4] == [(1, "b", 1), (1, "a", 1), (1, "b", 0), (1, "a", 0)]
    assert trace[4:6] == [(1.5, "early", 1), (1.5, "early", 0)]
    assert trace[6:] == [(2, "b", 1), (2, "a", 1), (2, "b", 0), (2, "a", 0)]


def test_a_scheduler_that_has_stopped_is_stepped_no_more(scheduler, clock):
    ran = []
    scheduler.add(lambda: ran.append(after_noon(clock.now())), Every("1m"), id="j")
    with scheduler:
        clock.advance("2m")
    clock.advance("1h")
    assert ran == [1, 2]
    with scheduler:
        clock.advance("1m")
    assert ran == [1, 2, 62, 63]  # of the downtime the newest fire time runs


def test_the_same_story_is_told_again(make):
    def told():
        clock = FakeClock(NOON)
        scheduler, trace = Scheduler(clock=clock, max_concurrent_runs=3), []

        def job(number):
            run = current_run()
            trace.append((run.id, "begins", clock.now()))
            run.sleep(number * 7)
            trace.append((run.id, "ends", clock.now()))
            if number % 3 == 0:
                raise OSError

        for number in range(12):
            scheduler.add(
                partial(job, number),
                Every(f"{13 + number}s"),
                id=f"j{number}",
                jitter="9s",
                retry=3,
                overlap="queue",
                priority=number % 4,
            )
        scheduler.on()(lambda event: trace.append((event.log_name, event.at)))
        with scheduler:
            clock.advance("10m")
        return trace

    first = told()
    assert len(first) > 500
    assert told() == first


# --- runs that sleep ----------------------------------------------------------------------------


def test_a_run_that_sleeps_goes_on_when_its_time_has_come(scheduler, clock):
    trace = []

    def sleeps():
        trace.append(("begins", after_noon(clock.now())))
        current_run().sleep("5m")
        trace.append(("ends", after_noon(clock.now())))

    scheduler.add(sleeps, ONE, id="j")
    with scheduler:
        clock.advance("3m")
        assert trace == [("begins", 1)]
        assert after_noon(clock.now()) == 3
        clock.advance("2m")
        assert trace == [("begins", 1)]
        clock.advance("1m")
        assert trace == [("begins", 1), ("ends", 6)]


def test_a_sleep_of_no_length_returns(scheduler, clock):
    ran = []
    scheduler.add(
        lambda: current_run().sleep(0) or ran.append(after_noon(clock.now())), ONE, id="j"
    )
    with scheduler:
        clock.advance("1m")
        assert ran == [1]


def test_other_jobs_run_while_one_sleeps(scheduler, clock):
    trace = []

    def sleeps():
        current_run().sleep("150s")
        trace.append(("slept", after_noon(clock.now())))

    scheduler.add(sleeps, ONE, id="sleeper")
    scheduler.add(
        lambda: trace.append(("ticked", after_noon(clock.now()))), Every("1m"), id="ticker"
    )
    with scheduler:
        clock.advance("5m")
    assert trace == [
        ("ticked", 1),
        ("ticked", 2),
        ("ticked", 3),
        ("slept", 3.5),
        ("ticked", 4),
        ("ticked", 5),
    ]


def test_many_that_sleep_wake_in_the_order_of_their_times(scheduler, clock):
    trace = []

    def sleeps(length):
        current_run().sleep(length)
        trace.append((length, after_noon(clock.now()) * 60 - 60))

    lengths = [50, 3, 77, 3.5, 12, 1, 50.5, 0.5, 30, 29]
    for number, length in enumerate(lengths):
        scheduler.add(partial(sleeps, length), ONE, id=f"j{number}")
    with scheduler:
        clock.advance("5m")
    assert trace == [(length, length) for length in sorted(lengths)]


def test_a_run_may_sleep_often(scheduler, clock):
    trace = []

    def sleeps():
        for _ in range(100):
            current_run().sleep("1s")
        trace.append(after_noon(clock.now()))

    for name in "abc":
        scheduler.add(sleeps, ONE, id=name)
    with scheduler:
        clock.advance("5m")
    assert trace == pytest.approx([1 + 100 / 60] * 3)


def nap(length):
    """Named by nobody in the code of a job: found when it is called."""
    current_run().sleep(length)


HIDDEN = {"nap": nap}


def test_a_sleep_that_no_code_names_is_waited_for(scheduler, clock):
    """Nobody could know before; `advance` returns when it is over."""
    trace = []

    def job():
        HIDDEN["nap"]("5m")
        trace.append(after_noon(clock.now()))

    scheduler.add(job, ONE, id="j")
    scheduler.add(lambda: trace.append("tick"), Every("1m"), id="ticker")
    with scheduler:
        clock.advance("2m")
        assert trace == ["tick"] * 6 + [6] or trace == ["tick"] * 5 + [6, "tick"]
        assert after_noon(clock.now()) == 6
        clock.advance("1m")
        assert after_noon(clock.now()) == 7


def test_hidden_and_named_sleeps_mix(scheduler, clock):
    trace = []

    def hidden(name, length):
        HIDDEN["nap"](length)
        trace.append((name, after_noon(clock.now())))

    def named(name, length):
        current_run().sleep(length)
        trace.append((name, after_noon(clock.now())))

    for name, func, length in [
        ("a", hidden, "4m"),
        ("b", named, "3m"),
        ("c", hidden, "2m"),
        ("d", named, "1m"),
        ("e", hidden, "5m"),
    ]:
        scheduler.add(partial(func, name, length), ONE, id=name)
    with scheduler:
        clock.advance("20m")
    assert trace == [("d", 2), ("c", 3), ("b", 4), ("a", 5), ("e", 6)]


def test_exactly_one_thread_runs_at_any_time(scheduler, clock):
    running, most = [0], [0]

    def job():
        for _ in range(20):
            running[0] += 1
            most[0] = max(most[0], running[0])
            for _ in range(200):
                pass
            running[0] -= 1
            current_run().sleep("1s")

    for number in range(8):
        scheduler.add(job, Every("5s"), id=f"j{number}", overlap="skip")
    with scheduler:
        clock.advance("2m")
    assert most == [1]


def test_leaving_the_block_waits_in_fake_time_for_what_sleeps(scheduler, clock):
    ended = []
    scheduler.add(lambda: current_run().sleep("1h") or ended.append(1), ONE, id="j")
    with scheduler:
        clock.advance("2m")
    assert ended == [1]
    assert after_noon(clock.now()) == 61


def sleep_until_stopped(clock, seen):
    """Sleep for an hour; tell what ended the sleep, and when."""
    try:
        current_run().sleep("1h")
    except BaseException as error:
        seen.append((type(error).__name__, after_noon(clock.now())))
        raise


def test_what_sleeps_when_a_scheduler_stops_at_once_is_woken(scheduler, clock):
    seen = []
    scheduler.add(partial(sleep_until_stopped, clock, seen), ONE, id="j")
    scheduler.start()
    clock.advance("2m")
    scheduler.shutdown(wait=False)
    assert scheduler.runs()[0].outcome == "interrupted"
    clock.advance(0)
    assert seen == [("RunCancelledError", 2)]


def test_a_timeout_wakes_what_sleeps(scheduler, clock):
    seen = []
    scheduler.add(partial(sleep_until_stopped, clock, seen), ONE, id="j", timeout="90s")
    with scheduler:
        clock.advance("10m")
    assert seen == [("RunTimeoutError", 2.5)]


def test_setting_the_wall_clock_neither_shortens_nor_prolongs_a_sleep(scheduler, clock):
    woke = []
    scheduler.add(lambda: current_run().sleep("5m") or woke.append(clock.monotonic()), ONE, id="j")
    with scheduler:
        clock.advance("1m")
        clock.step_wall("1h")
        clock.advance("4m")
        clock.step_wall(timedelta(minutes=-30))
        clock.advance("2m")
    assert woke == [360]


def test_wait_idle_lets_time_pass(scheduler, clock):
    scheduler.add(lambda: current_run().sleep("5m"), id="j")
    with scheduler:
        scheduler.run_now("j")
        assert not scheduler.wait_idle("1m")
        assert scheduler.wait_idle()
        assert after_noon(clock.now()) == 5
        assert scheduler.wait_idle(0)


# --- who may move it ----------------------------------------------------------------------------


def in_a_thread(call):
    caught = []

    def run():
        try:
            call()
        except BaseException as error:  # noqa: BLE001 -- shown in the test's own thread
            caught.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(10)
    return caught


def test_only_the_thread_that_made_it_moves_it(clock):
    for move in (
        lambda: clock.advance(1),
        lambda: clock.advance_to(NOON),
        lambda: clock.wait(1, threading.Event()),
    ):
        (error,) = in_a_thread(move)
        assert isinstance(error, StateError)
        assert "thread that made the clock" in str(error)
    assert clock.now() == NOON


@pytest.mark.parametrize("where", ["job", "sleeping job", "hook"])
def test_a_job_and_a_hook_cannot_move_it(scheduler, clock, where):
    caught = []

    def moves(*_):
        if where == "sleeping job":
            current_run().sleep("1s")
        try:
            clock.advance("1h")
        except StateError as error:
            caught.append(str(error))

    if where == "hook":
        from cronkit import RunSucceeded

        scheduler.hooks.add(moves, RunSucceeded)
        scheduler.add(lambda: None, ONE, id="j")
    else:
        scheduler.add(moves, ONE, id="j")
    with scheduler:
        clock.advance("5m")
    assert len(caught) == 1
    assert "time passes already" in caught[0]
    assert after_noon(clock.now()) == 5


def test_what_a_condition_raises_reaches_the_caller_and_the_clock_goes_on(scheduler, clock):
    scheduler.add(lambda: current_run().sleep("2m"), Every("1m"), id="j")

    def breaks():
        if after_noon(clock.now()) >= 2:
            raise ZeroDivisionError
        return False

    with scheduler:
        with pytest.raises(ZeroDivisionError):
            clock.run_until(breaks, 600)
        clock.advance("5m")
        assert after_noon(clock.now()) == 7


# --- a crash ------------------------------------------------------------------------------------


def test_after_a_crash_a_new_scheduler_on_the_store_finds_what_was_going_on(clock):
    store = MemoryStore()

    def scheduler():
        each = Scheduler(clock=clock, store=store)
        each.add(lambda: current_run().sleep("5m"), Every("10m"), id="j")
        return each

    scheduler().start()
    clock.advance("12m")
    clock.crash()
    with scheduler() as second:
        clock.advance("1h")
        outcomes = [str(run.outcome) for run in reversed(second.runs())]
    assert outcomes[0] == "interrupted"
    assert outcomes.count("succeeded") >= 5


def test_a_fixed_time_in_the_gap_of_a_zone_comes_at_its_end():
    clock = FakeClock("2026-03-28T12:00+01:00")
    scheduler, seen = Scheduler(clock=clock, timezone="Europe/Paris"), []
    scheduler.add(lambda: seen.append(current_run().fire_time), Cron("30 2 * * *"), id="nightly")
    with scheduler:
        clock.advance("2d")
    assert [each.isoformat() for each in seen] == [
        "2026-03-29T03:00:00+02:00",
        "2026-03-30T02:30:00+02:00",
    ]


def test_a_run_that_sleeps_beyond_an_advance_lets_nothing_begin_after_its_end(make, clock):
    scheduler = make(max_concurrent_runs=1)
    begun = []

    def oversleep():
        begun.append(clock.now())
        attempt = current_run()._attempt
        attempt.sleeper(3600.0, attempt.token)  # as a library would, deep down: nothing names it

    scheduler.every("1m", overlap="queue", id="long")(oversleep)
    with scheduler:
        clock.advance("1m")
        assert clock.now() == begun[0] + timedelta(hours=1)
        assert (
            len(begun) == 1
        )  # the run that waited has its slot now, and begins with the next call
        clock.advance(0)
        assert begun[1:] == [begun[0] + timedelta(hours=1)]
