"""The frames between a child and its parent, and what the parent makes of them; no process."""

from __future__ import annotations

import logging
import pickle
import random
from datetime import timedelta

import pytest

from cronkit.errors import NotCallableError, RunCancelledError, RunFailedError, RunTimeoutError
from cronkit.executors._child import Terminated
from cronkit.executors._letter import ERROR, LOG, NOTE, PROGRESS, RESULT, Frames, frame
from cronkit.executors._reference import check_name, reference_of, resolve
from cronkit.executors._replies import Replies, ending
from cronkit.jobs import Job, Rules
from cronkit.testing import FakeClock
from tests.attempts import FIRED, attempt_at


def framed(kind, value):
    body = pickle.dumps(value)
    return frame(kind, body) + body


@pytest.fixture
def attempt():
    job = Job(id="job", func=print, trigger=None, rules=Rules(timeout=timedelta(seconds=9)))
    return attempt_at(job, FakeClock(FIRED))


@pytest.fixture
def replies(attempt):
    return Replies(attempt)


# --- frames --------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 2, 8, 9, 10, 64, 10_000])
def test_frames_come_out_whole_however_the_bytes_come_in(size):
    dice = random.Random(size)
    sent = [(bytes([dice.randrange(256)]), dice.randbytes(dice.randrange(300))) for _ in range(50)]
    stream = b"".join(frame(kind, body) + body for kind, body in sent)
    frames, got = Frames(), []
    for start in range(0, len(stream), size):
        got += frames.feed(stream[start : start + size])
    assert got == sent


def test_a_frame_that_is_cut_off_stays_out():
    frames = Frames()
    assert list(frames.feed(frame(NOTE, b"abc") + b"ab")) == []
    assert list(frames.feed(b"c")) == [(NOTE, b"abc")]


def test_an_empty_body_is_a_frame():
    assert list(Frames().feed(frame(RESULT, b"") * 2)) == [(RESULT, b""), (RESULT, b"")]


# --- replies -------------------------------------------------------------------------------------


def test_a_result_is_the_value(replies):
    replies.feed(framed(RESULT, {"rows": 3}))
    assert replies.answered
    assert replies.judge(0) == ({"rows": 3}, None)


def test_a_result_counts_even_if_the_child_was_killed_after_it(replies):
    replies.feed(framed(RESULT, 5))
    assert replies.judge(-9) == (5, None)


def test_an_error_is_raised_here(replies):
    replies.feed(framed(ERROR, ValueError("boom")))
    value, error = replies.judge(0)
    assert value is None
    assert isinstance(error, ValueError)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (0, "exited with code 0 and without a result"),
        (3, "exited with code 3 and without a result"),
        (-11, "killed by signal 11 (SIGSEGV)"),
        (-9, "killed by signal 9 (SIGKILL)"),
        (-63, "killed by signal 63"),
    ],
)
def test_an_end_without_an_answer_is_told_in_words(replies, code, text):
    assert ending(code) == text
    _, error = replies.judge(code)
    assert isinstance(error, RunFailedError)
    assert error.error == text


def test_an_answer_that_is_cut_off_is_none(replies):
    replies.feed(framed(RESULT, "x" * 100)[:-1])
    assert not replies.answered
    assert isinstance(replies.judge(-9)[1], RunFailedError)


@pytest.mark.parametrize(
    ("reason", "kind"),
    [("by hand", RunCancelledError), ("timeout", RunTimeoutError), (None, RunFailedError)],
)
@pytest.mark.parametrize("answers", [True, False])
def test_a_stopped_child_is_reported_by_who_asked(attempt, replies, reason, kind, answers):
    if answers:
        replies.feed(framed(ERROR, Terminated()))
    if reason:
        attempt.token.set(reason)
    _, error = replies.judge(0 if answers else -15)
    assert isinstance(error, kind)


def test_sigterm_from_elsewhere_is_told_as_the_signal(replies):
    replies.feed(framed(ERROR, Terminated()))
    assert replies.judge(0)[1].error == "killed by signal 15 (SIGTERM)"


def test_an_error_of_its_own_in_a_cancelled_job_stays_what_it_is(attempt, replies):
    replies.feed(framed(ERROR, ValueError("in the clean-up")))
    attempt.token.set("by hand")
    assert isinstance(replies.judge(0)[1], ValueError)


def test_an_answer_that_cannot_be_read_is_told(replies):
    replies.feed(frame(RESULT, b"junk") + b"junk")
    _, error = replies.judge(0)
    assert isinstance(error, RunFailedError)
    assert isinstance(error.__cause__, pickle.UnpicklingError)


def test_notes_and_progress_reach_the_record(attempt, replies):
    replies.feed(framed(NOTE, {"rows": 3}) + framed(PROGRESS, (3, 4)) + framed(NOTE, {"a": 1}))
    assert attempt.notes == {"rows": 3, "a": 1}
    assert attempt.context.progress_now == (3, 4)


def test_a_log_record_reaches_its_logger(replies, caplog):
    facts = logging.LogRecord("cronkit.run", logging.WARNING, "f.py", 1, "low", None, None).__dict__
    with caplog.at_level(logging.INFO, logger="cronkit.run"):
        replies.feed(framed(LOG, facts))
    assert [each.getMessage() for each in caplog.records] == ["low"]


def test_what_cannot_be_taken_in_loses_no_run(attempt, replies):
    replies.feed(frame(NOTE, b"junk") + b"junk" + framed(RESULT, 5))
    assert replies.judge(0) == (5, None)
    assert "UnpicklingError" in attempt.notes["lost"]


# --- functions by name ---------------------------------------------------------------------------


class Holder:
    def method(self): ...

    @classmethod
    def of_class(cls): ...


@pytest.mark.parametrize(
    "bad",
    [
        lambda: None,
        Holder().method,
        Holder.of_class,
        Holder(),
        __import__("functools").partial(print),
        [].append,
    ],
)
def test_what_has_no_name_elsewhere_is_refused(bad):
    with pytest.raises(NotCallableError):
        check_name(bad)


@pytest.mark.parametrize("good", [print, Holder, Holder.method, random.Random, framed])
def test_what_has_a_name_is_taken_before_anybody_holds_it(good):
    check_name(good)


def test_a_name_leads_back_to_its_function():
    assert reference_of(pickle.dumps) == "_pickle:dumps"
    assert resolve(reference_of(Frames.feed)) is Frames.feed
