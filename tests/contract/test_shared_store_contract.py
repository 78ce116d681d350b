"""What a store promises to schedulers of several processes, run over every store that has them."""

from __future__ import annotations

import itertools
import threading
from datetime import UTC, datetime, timedelta

import attrs
import pytest

from cronkit.errors import FenceLostError, PolicyError, StoreError
from cronkit.jobs import (
    Closing,
    Decision,
    Edit,
    Ending,
    Limits,
    Outcome,
    Pause,
    Publication,
    Verdict,
    build_job,
    run_id,
)
from cronkit.triggers import Every

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
FREE = Limits(jobs={}, tags={}, tags_of={})


def job_of(job_id, **policies):
    return build_job(lambda *_, **__: None, Every("1m"), UTC, {"id": job_id, **policies}, {})


def row(job_id="a", number=1, **facts):
    return Decision(
        run_id=run_id(job_id, NOW, f"#{number}"),
        job_id=job_id,
        fire_time=NOW,
        not_before=NOW,
        origin="hand",
        **facts,
    )


def decide(store, *rows):
    def plan(states):
        return [
            Verdict(state.job_id, tuple(each for each in rows if each.job_id == state.job_id))
            for state in states
        ]

    return store.decide(sorted({each.job_id for each in rows}), plan, NOW)


def take(store, owner, free=10):
    return list(store.take(owner, {"a", "b"}, free, FREE, NOW))


def closing(run, outcome=Outcome.SUCCEEDED, **facts):
    ending = Ending(run_id=run.run_id, fence=run.fence, at=NOW + SECOND, outcome=outcome, **facts)
    return Closing(ending=ending)


def interrupted(run):
    ending = Ending(
        run_id=run.id, fence=run.fence, at=NOW, outcome=Outcome.INTERRUPTED, reason="lost"
    )
    return Closing(ending=ending)


def rerun(run):
    return Closing(ending=Ending(run_id=run.id, fence=run.fence, at=NOW, retry_at=NOW))


@pytest.fixture
def enter(connect_shared):
    """Enter a scheduler, with a connection of its own as in another process."""
    entered = []

    def make(owner):
        store = connect_shared()
        store.open(owner, NOW)
        store.register([job_of("a"), job_of("b")], NOW)
        entered.append((store, owner))
        return store

    yield make
    for store, owner in entered:
        store.close(owner, NOW)


@pytest.fixture
def mine(enter):
    return enter("me")


@pytest.fixture
def yours(enter, mine):
    return enter("you")


def test_it_says_that_it_is_shared_and_how_long_a_lease_is(mine):
    assert mine.shared
    assert mine.lease_seconds == 30


def test_its_name_tells_where_it_is(mine):
    assert mine.name.partition(":")[0] in {"sqlite", "postgresql"}


# --- beats --------------------------------------------------------------------------------------


def test_each_scheduler_is_in_the_pulse_of_the_others(mine, yours):
    assert list(mine.pulse("me", NOW).beats) == ["you"]
    assert list(yours.pulse("you", NOW).beats) == ["me"]


def test_the_beat_of_a_scheduler_rises(mine, yours):
    decide(yours, row())
    take(yours, "you")
    before = mine.pulse("me", NOW).beats["you"]
    yours.beat("you", NOW)
    assert mine.pulse("me", NOW).beats == {"you": before + 1}


def test_a_beat_of_one_is_no_beat_of_another(mine, yours):
    decide(yours, row())
    take(yours, "you")
    before = mine.pulse("me", NOW)
    mine.beat("me", NOW)
    assert mine.pulse("me", NOW) == before


def test_an_owner_of_nothing_but_an_abandoned_run_is_in_the_pulse(mine, yours):
    decide(yours, row())
    (run,) = take(yours, "you")
    yours.finish(closing(run, Outcome.TIMED_OUT, abandoned=True).ending)
    assert "you" in mine.pulse("me", NOW).beats


def test_an_owner_that_was_expired_is_entered_again_by_its_next_beat(mine, yours):
    mine.expire("you", None, interrupted)
    assert mine.pulse("me", NOW).beats == {}
    yours.beat("you", NOW)
    before = mine.pulse("me", NOW).beats["you"]
    yours.beat("you", NOW)
    assert mine.pulse("me", NOW).beats == {"you": before + 1}
    decide(yours, row())
    assert len(take(yours, "you")) == 1
    assert mine.expire("you", before, interrupted) == []


def test_the_living_are_not_dead(mine, yours):
    decide(yours, row())
    take(yours, "you")
    assert mine.pulse("me", NOW).dead == frozenset()


def test_a_pulse_says_whether_a_row_is_ready(mine, yours):
    assert not mine.pulse("me", NOW).ready
    decide(yours, attrs.evolve(row(), not_before=NOW + SECOND))
    assert not mine.pulse("me", NOW).ready
    assert mine.pulse("me", NOW + SECOND).ready


def test_a_pause_is_a_change_and_a_run_is_none(mine, yours):
    before = mine.pulse("me", NOW).changes
    decide(yours, row())
    assert mine.pulse("me", NOW).changes == before
    yours.decide(["a"], lambda _: [Verdict("a", pause=Pause(at=NOW))], NOW)
    assert mine.pulse("me", NOW).changes > before


def test_an_edit_is_a_change(mine, yours):
    before = mine.pulse("me", NOW).changes
    edit = Edit(replaced="every 1m", policies={"priority": 3})
    yours.decide(["a"], lambda states: [Verdict("a", edit=edit)], NOW)
    assert mine.pulse("me", NOW).changes > before


def test_an_edit_that_json_would_change_is_refused_and_nothing_is_written(mine):
    edit = Edit(replaced="every 1m", policies={"kwargs": {"when": NOW}})
    with pytest.raises(PolicyError, match="when"):
        mine.decide(["a"], lambda states: [Verdict("a", mark=NOW, edit=edit)], NOW)
    assert mine.states(["a"])["a"].mark is None


def test_a_request_to_stop_reaches_the_owner_with_its_reason_and_nobody_else(mine, yours):
    decide(yours, row())
    (run,) = take(yours, "you")
    mine.cancel(run.run_id, "by hand", NOW)
    assert yours.pulse("you", NOW).cancelled == {run.run_id: "by hand"}
    assert mine.pulse("me", NOW).cancelled == {}


def test_a_row_that_replaces_a_running_one_asks_its_owner_to_stop_it(mine, yours):
    decide(yours, row())
    (run,) = take(yours, "you")
    decide(mine, row(number=2, cancels=(run.run_id,)))
    assert yours.pulse("you", NOW).cancelled == {run.run_id: "overlap"}


def test_the_first_request_to_stop_stays(mine, yours):
    decide(yours, row())
    (run,) = take(yours, "you")
    mine.cancel(run.run_id, "first", NOW)
    mine.cancel(run.run_id, "second", NOW)
    assert yours.pulse("you", NOW).cancelled == {run.run_id: "first"}


@pytest.mark.parametrize("late", [False, True], ids=["its owner", "another, after its death"])
def test_a_run_that_was_asked_to_stop_does_not_wait_for_another_attempt(mine, yours, late):
    decide(yours, row())
    (run,) = take(yours, "you")
    mine.cancel(run.run_id, "by hand", NOW)
    if late:
        ((ended, _),) = mine.expire("you", None, rerun)
        assert ended.outcome == "cancelled"
    else:
        again = closing(run, None, retry_at=NOW)
        yours.finish(again.ending)
        assert list(yours.finish_many([again])) == [()]  # as when the first answer was lost
    found = mine.get(run.run_id)
    assert (found.phase, found.outcome, found.reason) == ("ended", "cancelled", "by hand")
    assert found.ended_at is not None
    assert take(mine, "me") == []
    assert mine.states(["a"])["a"].live == ()


def test_the_next_attempt_of_a_run_that_nobody_asked_to_stop_is_asked_for_nothing(mine, yours):
    decide(yours, row())
    (run,) = take(yours, "you")
    yours.finish(closing(run, None, retry_at=NOW).ending)
    take(yours, "you")
    assert yours.pulse("you", NOW).cancelled == {}
    assert mine.get(run.run_id).attempt == 2


def test_watching_ends_when_it_is_woken(mine):
    wake = threading.Event()
    wake.set()
    assert mine.watch(60, wake) is False


def test_watching_ends_when_its_time_is_over(mine):
    assert mine.watch(0.01, threading.Event()) is False


def pauses(store):
    store.decide(["a"], lambda _: [Verdict("a", pause=Pause(at=NOW))], NOW)


def edits(store):
    store.decide(["a"], lambda _: [Verdict("a", edit=Edit(replaced="every 1m"))], NOW)


def runs_by_hand(store):
    decide(store, row(number=next(NUMBERS)))


def asks_to_stop(store):
    by_trigger = attrs.evolve(row(number=next(NUMBERS)), origin="trigger")
    decide(store, by_trigger)  # nobody has to hear of that
    for run in take(store, "you"):
        store.cancel(run.run_id, "by hand", NOW)


NUMBERS = itertools.count(1)


@pytest.mark.parametrize("act", [pauses, edits, runs_by_hand, asks_to_stop])
def test_watching_hears_of_what_another_writes(mine, yours, act):
    mine.pulse("me", NOW)
    heard = []
    watcher = threading.Thread(target=lambda: heard.append(mine.watch(20, threading.Event())))
    watcher.start()
    while watcher.is_alive():  # as often as it takes: the watcher may not have begun
        act(yours)
        watcher.join(0.05)
    assert heard == [True]


def test_a_beat_is_given_while_the_other_connection_is_in_a_transaction(mine, yours):
    before = yours.pulse("you", NOW).beats["me"]
    with mine._reading() as session:
        session.rows("SELECT id FROM cronkit_jobs")
        beater = threading.Thread(target=lambda: mine.beat("me", NOW))
        beater.start()
        beater.join(20)
        assert not beater.is_alive()
    assert yours.pulse("you", NOW).beats["me"] > before


def test_ten_thousand_ended_runs_of_a_job_are_kept_unless_it_says_otherwise(mine):
    rows = [
        attrs.evolve(row(number=n), outcome=Outcome.SKIPPED, reason="overlap")
        for n in range(10_200)
    ]
    for first in range(0, 10_000, 1_000):
        decide(mine, *rows[first : first + 1_000])
    assert len(mine.runs(job_id="a")) == 10_000
    for each in rows[10_000:]:
        decide(mine, each)
    assert 10_000 <= len(mine.runs(job_id="a")) <= 10_064


# --- expiry -------------------------------------------------------------------------------------


def test_what_a_lost_owner_held_ends_as_the_judge_says(mine, yours):
    decide(yours, row(), row(number=2), row("b"))
    (first, second, third) = take(yours, "you")
    judged = []

    def judge(run):
        judged.append(run.id)
        return interrupted(run) if run.job_id == "a" else None

    expired = mine.expire("you", mine.pulse("me", NOW).beats["you"], judge)
    assert judged == [first.run_id, second.run_id, third.run_id]
    assert [run.id for run, _ in expired] == [first.run_id, second.run_id]
    run = mine.get(first.run_id)
    assert (run.outcome, run.reason, run.owner) == ("interrupted", "lost", "you")
    assert mine.get(third.run_id).phase == "running"


def test_an_owner_that_has_beaten_meanwhile_keeps_its_runs(mine, yours):
    decide(yours, row())
    (run,) = take(yours, "you")
    beat = mine.pulse("me", NOW).beats["you"]
    yours.beat("you", NOW)
    assert mine.expire("you", beat, interrupted) == []
    yours.finish(closing(run).ending)


def test_one_known_to_be_dead_needs_no_beat(mine, yours):
    decide(yours, row())
    (run,) = take(yours, "you")
    assert len(mine.expire("you", None, interrupted)) == 1
    assert mine.get(run.run_id).outcome == "interrupted"


def test_a_late_owner_is_shut_out_and_the_run_says_so(mine, yours):
    decide(yours, row())
    (run,) = take(yours, "you")
    mine.expire("you", None, interrupted)
    with pytest.raises(FenceLostError) as caught:
        yours.finish(closing(run).ending)
    assert (caught.value.run_id, caught.value.fence) == (run.run_id, run.fence)
    found = mine.get(run.run_id)
    assert (found.outcome, found.reason) == ("interrupted", "late_result_refused")


def test_a_run_that_runs_again_has_another_fence_and_the_next_attempt(mine, yours):
    decide(yours, row(args=(1,)))
    (late,) = take(yours, "you")
    mine.expire("you", None, rerun)
    (run,) = take(mine, "me")
    assert (run.run_id, run.attempt, run.fence) == (late.run_id, 2, late.fence + 1)
    assert (run.args, run.fire_time) == ((1,), late.fire_time)
    with pytest.raises(FenceLostError) as caught:
        yours.finish(closing(late).ending)
    assert caught.value.current == run.fence
    mine.finish(closing(run).ending)
    assert mine.get(run.run_id).outcome == "succeeded"


def test_an_expired_run_gives_its_followers_their_rows(mine, yours):
    decide(yours, row())
    (run,) = take(yours, "you")
    follower = attrs.evolve(row("b"), origin="after")

    def judge(held):
        plan = lambda _: [Verdict("b", (follower,))]  # noqa: E731 -- a plan
        return attrs.evolve(interrupted(held), followers=("b",), plan=plan)

    ((ended, decisions),) = mine.expire("you", None, judge)
    assert ended.id == run.run_id
    assert [each.run_id for each in decisions] == [follower.run_id]
    assert mine.get(follower.run_id).phase == "waiting"


def test_an_abandoned_run_of_a_lost_owner_blocks_nobody_any_more(mine, yours):
    decide(yours, row())
    (run,) = take(yours, "you")
    yours.finish(closing(run, Outcome.TIMED_OUT, abandoned=True).ending)
    (live,) = mine.states(["a"])["a"].live
    assert live.abandoned
    mine.expire("you", None, interrupted)
    assert mine.states(["a"])["a"].live == ()
    assert mine.get(run.run_id).outcome == "timed_out"
    assert mine.pulse("me", NOW).beats == {}


def test_expiring_one_touches_nothing_of_another(mine, yours):
    decide(mine, row())
    (run,) = take(mine, "me")
    assert mine.expire("you", None, interrupted) == []
    mine.finish(closing(run).ending)


def test_waiting_rows_outlive_their_schedulers(enter):
    store = enter("one")
    decide(store, row())
    store.close("one", NOW)
    (run,) = take(enter("two"), "two")
    assert run.attempt == 1


# --- attempts that a worker of another process begins --------------------------------------------


def test_an_attempt_begins_once_whoever_asks(mine, yours):
    decide(mine, row())
    (run,) = take(mine, "me")
    assert yours.begin(run.run_id, run.fence, run.attempt) is True
    assert yours.begin(run.run_id, run.fence, run.attempt) is False
    assert mine.begin(run.run_id, run.fence, run.attempt) is False


def test_the_next_attempt_may_begin_and_the_one_before_may_not(mine, yours):
    decide(mine, row())
    (late,) = take(mine, "me")
    yours.expire("me", None, rerun)
    assert not yours.begin(late.run_id, late.fence, late.attempt)  # it only waits
    (run,) = take(yours, "you")
    assert not mine.begin(late.run_id, late.fence, late.attempt)
    assert not mine.begin(late.run_id, late.fence, run.attempt)
    assert mine.begin(run.run_id, run.fence, run.attempt)


def test_a_run_that_has_ended_does_not_begin(mine, yours):
    decide(mine, row())
    (run,) = take(mine, "me")
    mine.finish(closing(run, Outcome.TIMED_OUT, abandoned=True).ending)
    assert not yours.begin(run.run_id, run.fence, run.attempt)
    assert not yours.begin("nobody@knows", run.fence, 1)


# --- many endings -------------------------------------------------------------------------------


def test_many_endings_are_written_together(mine):
    decide(mine, row(), row(number=2), row("b"))
    runs = take(mine, "me")
    closings = [closing(run) for run in runs[:2]] + [closing(runs[2], None, retry_at=NOW + SECOND)]
    assert list(mine.finish_many(closings)) == [(), (), ()]
    assert [mine.get(run.run_id).phase for run in runs] == ["ended", "ended", "waiting"]


def test_an_ending_that_was_committed_is_no_late_one_when_it_comes_again(mine):
    """As after a commit whose answer was lost."""
    decide(mine, row(), row(number=2))
    first, second = take(mine, "me")
    child = attrs.evolve(row("b"), origin="after")
    follows = attrs.evolve(
        closing(first), followers=("b",), plan=lambda _: [Verdict("b", (child,))]
    )
    waits = closing(second, None, retry_at=NOW + SECOND)
    assert [len(answer) for answer in mine.finish_many([follows, waits])] == [1, 0]
    assert list(mine.finish_many([follows, waits])) == [(), ()]
    assert [run.id for run in mine.runs(job_id="b")] == [child.run_id]
    assert mine.get(first.run_id).outcome == "succeeded"
    assert mine.get(second.run_id).phase == "waiting"
    for other in (closing(first, Outcome.FAILED), closing(second)):
        (answer,) = mine.finish_many([other])
        assert isinstance(answer, FenceLostError)


def test_one_that_is_shut_out_does_not_keep_the_others_from_being_written(mine):
    decide(mine, row(), row(number=2))
    first, second = take(mine, "me")
    late = closing(attrs.evolve(first, fence=first.fence - 1))
    shut_out, written = mine.finish_many([late, closing(second)])
    assert isinstance(shut_out, FenceLostError)
    assert list(written) == []
    assert mine.get(first.run_id).phase == "running"
    assert mine.get(second.run_id).outcome == "succeeded"


def test_if_one_of_many_cannot_be_planned_none_is_written(mine):
    decide(mine, row(), row(number=2))
    first, second = take(mine, "me")

    def broken(_):
        raise ZeroDivisionError

    bad = attrs.evolve(closing(second), followers=("b",), plan=broken)
    with pytest.raises(ZeroDivisionError):
        mine.finish_many([closing(first), bad])
    assert [mine.get(run.run_id).phase for run in (first, second)] == ["running", "running"]


# --- what is kept -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [None, True, 0, -1.5, 10**30, "ä\n\0", "\ud800", [], {}, [[1, {"a": None}]], {"": [True]}],
)
def test_arguments_come_back_as_they_went_in(mine, value):
    decide(mine, row(args=(value,), kwargs={"word": value}))
    (run,) = take(mine, "me")
    assert run.args == (value,)
    assert run.kwargs == {"word": value}


@pytest.mark.parametrize(
    ("value", "path"),
    [
        (object(), "args[1]"),
        ((1, 2), "args[1]"),
        ({1: "key"}, "args[1]"),
        ([{"deep": b"bytes"}], "args[1][0]['deep']"),
        (float("nan"), "args[1]"),
        (float("inf"), "args[1]"),
        (NOW, "args[1]"),
        (Outcome.FAILED, "args[1]"),
    ],
)
def test_arguments_that_json_would_change_are_refused_and_nothing_is_written(mine, value, path):
    with pytest.raises(PolicyError) as caught:
        decide(mine, row(args=(0, value)))
    assert caught.value.argument == path
    assert mine.get(row().run_id) is None


def test_a_key_that_no_database_keeps_is_refused(mine):
    with pytest.raises(PolicyError):
        decide(mine, row(key="a\0b"))


def test_whatever_a_job_notes_and_raises_is_kept_as_text(mine):
    class Odd:
        def __str__(self):
            raise ValueError

    decide(mine, row(), row(number=2))
    first, second = take(mine, "me")
    notes = {"when": NOW, "n": 1}
    text = "broken \0 \ud800 text"
    mine.finish(closing(first, Outcome.FAILED, error=text, error_type="E", notes=notes).ending)
    mine.finish(closing(second, notes={"odd": Odd()}).ending)
    run = mine.get(first.run_id)
    assert run.error == "broken \\x00 \\ud800 text"
    assert run.notes == {"when": str(NOW), "n": 1}
    assert "Odd" in mine.get(second.run_id).notes["odd"]


def test_fences_begin_at_the_millisecond_of_the_store(mine):
    decide(mine, row())
    (run,) = take(mine, "me")
    age = datetime.now(UTC) - datetime.fromtimestamp(run.fence / 1000, UTC)
    assert timedelta(0) < age < timedelta(minutes=5)


def test_instants_are_kept_to_the_microsecond_and_in_utc(mine):
    fire = NOW + timedelta(microseconds=1)
    there = fire.astimezone(datetime.now().astimezone().tzinfo)
    decide(mine, attrs.evolve(row(), fire_time=there, not_before=there))
    run = mine.get(row().run_id)
    assert (run.fire_time, run.fire_time.tzinfo) == (fire, UTC)


def test_tables_of_a_newer_version_are_refused(connect_shared):
    store = connect_shared()
    store.open("me", NOW)
    with store._writing() as session:
        session.run("UPDATE cronkit_meta SET value = 99 WHERE name = 'schema'")
    store.close("me", NOW)
    with pytest.raises(StoreError, match="upgrade cronkit"):
        connect_shared().open("me", NOW)


def test_a_long_history_is_pruned_now_and_then(enter):
    store = enter("me")
    store.register([job_of("a", keep_runs=250)], NOW)
    rows = [
        attrs.evolve(row(number=n), outcome=Outcome.SKIPPED, reason="overlap") for n in range(400)
    ]
    for number in range(0, 400, 2):
        decide(store, *rows[number : number + 2])
    assert 250 <= len(store.runs(job_id="a")) < 250 + 2 * 64


# --- endings and starts in one transaction -------------------------------------------------------


def both(store, closings, free=10, limits=FREE):
    return store.finish_and_take(closings, "me", {"a", "b"}, free, limits=limits, now=NOW)


def test_endings_are_written_and_rows_taken_together(mine):
    decide(mine, *(row(number=n) for n in range(4)))
    first = take(mine, "me", free=2)
    answers, rows = both(mine, [closing(each) for each in first], free=1)
    assert list(answers) == [(), ()]
    assert [each.run_id for each in rows] == [row(number=2).run_id]
    assert [str(mine.get(each.run_id).outcome) for each in first] == ["succeeded"] * 2
    assert mine.get(rows[0].run_id).owner == "me"


def test_an_ending_frees_the_limit_for_the_row_that_is_taken_with_it(mine):
    limits = Limits(jobs={"a": 1}, tags={}, tags_of={})
    decide(mine, row(number=1), row(number=2))
    (run,) = mine.take("me", {"a"}, 5, limits, NOW)
    _, rows = both(mine, [closing(run)], limits=limits)
    assert [each.run_id for each in rows] == [row(number=2).run_id]


def test_a_follower_may_be_taken_with_the_ending_that_it_follows(mine):
    decide(mine, row("a"))
    (run,) = take(mine, "me")
    child = attrs.evolve(row("b"), origin="after")
    follows = attrs.evolve(
        closing(run), followers=("b",), plan=lambda states: [Verdict("b", (child,))]
    )
    answers, rows = both(mine, [follows])
    assert [[each.run_id for each in answer] for answer in answers] == [[child.run_id]]
    assert [each.run_id for each in rows] == [child.run_id]


def test_an_ending_that_is_shut_out_keeps_no_row_from_being_taken(mine):
    decide(mine, row(number=1), row(number=2))
    (run,) = take(mine, "me", free=1)
    mine.expire("me", None, interrupted)
    answers, rows = both(mine, [closing(run)])
    assert isinstance(answers[0], FenceLostError)
    assert len(rows) == 1


def test_nothing_is_written_or_taken_if_a_plan_raises(mine):
    decide(mine, row(number=1), row(number=2))
    (run,) = take(mine, "me", free=1)

    def plan(states):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        both(mine, [attrs.evolve(closing(run), followers=("b",), plan=plan)])
    assert mine.get(run.run_id).phase == "running"
    assert mine.get(row(number=2).run_id).phase == "waiting"


# --- what schedulers tell of themselves ----------------------------------------------------------


def test_what_a_scheduler_publishes_the_others_read(mine, yours):
    said = Publication(tzdata="2026a", triggers={"a": "1f", "b": "2e"})
    assert mine.published() == {}
    yours.publish("you", said)
    assert mine.published() == yours.published() == {"you": said}


def test_the_pulse_shows_a_digest_of_what_was_published(mine, yours):
    assert mine.pulse("me", NOW).published == {"me": "", "you": ""}
    mine.publish("me", Publication(tzdata="2026a", triggers={"a": "1", "b": "2"}))
    yours.publish("you", Publication(tzdata="2026a", triggers={"b": "2", "a": "1"}))
    same = mine.pulse("me", NOW).published
    assert same["me"] == same["you"] != ""
    yours.publish("you", Publication(tzdata="2026b", triggers={"b": "2", "a": "1"}))
    assert mine.pulse("me", NOW).published["you"] != same["you"]


def test_what_was_published_goes_with_its_owner(enter, mine):
    yours = enter("you")
    yours.publish("you", Publication(tzdata="2026a"))
    mine.expire("you", None, interrupted)
    assert mine.published() == {}
    yours.publish("you", Publication(tzdata="2026a"))  # from one that was expired meanwhile
    assert mine.published() == {}


# --- jobs that others have -----------------------------------------------------------------------


def test_all_jobs_are_known_that_anybody_has_registered(mine, yours):
    job = job_of("strange", tags={"t"}, description="of another service")
    yours.register([job], NOW)
    assert [each.id for each in mine.known_jobs()] == ["a", "b", "strange"]
    found = mine.known_jobs()[-1]
    assert (found.trigger, found.tags, found.description, found.edited) == (
        "every 1m", {"t"}, "of another service", False,
    )  # fmt: skip
    yours.decide(["strange"], lambda _: [Verdict("strange", edit=Edit(replaced="every 1m"))], NOW)
    assert mine.known_jobs()[-1].edited


def test_a_job_that_was_removed_is_not_known_until_it_is_registered_again(mine, yours):
    edit = Edit(replaced="every 1m", policies={"priority": 1})
    mine.decide(["a"], lambda _: [Verdict("a", mark=NOW, edit=edit)], NOW)
    mine.forget("a", NOW)
    assert [each.id for each in yours.known_jobs()] == ["b"]
    state = yours.register([job_of("a")], NOW)["a"]
    assert [each.id for each in mine.known_jobs()] == ["a", "b"]
    assert (state.mark, state.edit) == (NOW, None)


# --- what somebody else has written --------------------------------------------------------------


@pytest.mark.parametrize(
    "garbage", ["", "no JSON", "[]", "5", '{"replaced": 5}', '{"trigger": ""}']
)
def test_an_edit_that_cannot_be_read_is_one_that_replaces_nothing(mine, garbage):
    with mine._writing() as session:
        session.run("UPDATE cronkit_jobs SET edit = ? WHERE id = ?", garbage, "a")
    edit = mine.states(["a", "b"])["a"].edit
    assert edit.replaced.startswith("cannot be read: ")
    assert (edit.trigger, edit.policies) == (None, {})
    mine.decide(["a"], lambda states: [Verdict("a", edit=None)], NOW)
    assert mine.states(["a"])["a"].edit is None


@pytest.mark.parametrize("garbage", ["", "no JSON", "[]", '{"tags": 5}', '{"trigger": null}'])
def test_a_definition_that_cannot_be_read_hides_no_job(mine, garbage):
    with mine._writing() as session:
        session.run("UPDATE cronkit_jobs SET definition = ? WHERE id = ?", garbage, "a")
    assert [each.id for each in mine.known_jobs()] == ["a", "b"]


@pytest.mark.parametrize("garbage", ["", "no JSON", "[]", '{"a": 5}'])
def test_a_publication_that_cannot_be_read_is_an_empty_one(mine, yours, garbage):
    yours.publish("you", Publication(tzdata="2026a"))
    with mine._writing() as session:
        session.run("UPDATE cronkit_owners SET triggers = ? WHERE id = ?", garbage, "you")
    assert mine.published()["you"].tzdata == "2026a"
