"""What the log says: a name, a level, and fields that a machine can read."""

from __future__ import annotations

import json
import logging

import pytest

from cronkit import Backoff, Every, current_run
from tests.unit.noon import ONE


@pytest.fixture
def log(caplog):
    """What the logger `cronkit` has said: level and message, without what tests of pytest add."""
    caplog.set_level(logging.INFO, logger="cronkit")

    class Log:
        @property
        def records(self):
            return [each for each in caplog.records if each.name == "cronkit"]

        @property
        def lines(self):
            return [(each.levelname, each.getMessage()) for each in self.records]

        def of(self, event):
            return [each for each in self.records if each.event == event]

    return Log()


def test_the_life_of_a_job_and_its_run_reads_like_this(scheduler, clock, log):
    scheduler.add(lambda: None, ONE, id="report")
    with scheduler:
        clock.advance("2m")
        scheduler.pause("report", by="Ada")
        scheduler.unpause("report")
        scheduler.update("report", priority=1)
        scheduler.remove("report")
        clock.advance(0)
    assert log.lines == [
        ("INFO", "scheduler.job_added report"),
        ("INFO", "scheduler.started"),
        ("INFO", "scheduler.job_triggered report@2026-01-01T12:01:00Z"),
        ("INFO", "run.attempt_started report@2026-01-01T12:01:00Z"),
        ("INFO", "run.succeeded report@2026-01-01T12:01:00Z"),
        ("INFO", "scheduler.job_paused report"),
        ("INFO", "scheduler.job_unpaused report"),
        ("INFO", "scheduler.job_changed report"),
        ("INFO", "scheduler.job_removed report"),
        ("INFO", "scheduler.stopped"),
    ]


def test_the_fields_of_a_run(scheduler, clock, log):
    scheduler.add(lambda: current_run().sleep("90s"), ONE, id="j")
    with scheduler:
        clock.advance("5m")
    (record,) = log.of("run.succeeded")
    assert (record.job_id, record.run_id) == ("j", "j@2026-01-01T12:01:00Z")
    assert (record.fire_time, record.attempt) == ("2026-01-01T12:01:00+00:00", 1)
    assert (record.outcome, record.reason) == ("succeeded", None)
    assert (record.duration_seconds, record.lateness_seconds) == (90.0, 0.0)
    assert record.owner
    (triggered,) = log.of("scheduler.job_triggered")
    assert (triggered.outcome, triggered.attempt, triggered.duration_seconds) == (None, 0, None)


def test_the_fields_can_be_written_as_json(scheduler, clock, log):
    scheduler.add(lambda: 1 / 0, ONE, id="j", retry=2)
    with scheduler:
        clock.advance("5m")
    plain = set(vars(logging.makeLogRecord({})))
    for record in log.records:
        fields = {key: value for key, value in vars(record).items() if key not in plain}
        assert fields.keys() >= {"event"}
        json.dumps(fields)


def test_a_failed_run_is_an_error_with_its_traceback(scheduler, clock, log):
    def fails():
        raise OSError("no space left")

    scheduler.add(fails, ONE, id="j", retry=Backoff(attempts=2, jitter="none"))
    with scheduler:
        clock.advance("5m")
    (attempt,), (run,) = log.of("run.attempt_failed"), log.of("run.failed")
    assert (attempt.levelname, run.levelname) == ("WARNING", "ERROR")
    assert run.getMessage() == "run.failed j@2026-01-01T12:01:00Z error='no space left'"
    assert run.exc_info[0] is OSError
    assert not attempt.exc_info


LEVELS = {
    # event: level, and what brings it about
    "run.timed_out": ("ERROR", {"func": lambda: current_run().sleep("5m"), "timeout": "1m"}),
    "run.failed": ("ERROR", {"func": lambda: 1 / 0}),
    "run.succeeded": ("INFO", {"func": lambda: None}),
}


@pytest.mark.parametrize(("event", "case"), LEVELS.items())
def test_an_outcome_has_its_level(scheduler, clock, log, event, case):
    level, words = case
    scheduler.add(trigger=ONE, id="j", **words)
    with scheduler:
        clock.advance("5m")
    assert [each.levelname for each in log.of(event)] == [level]


def test_what_did_not_run_is_a_warning_that_says_why(scheduler, clock, log):
    scheduler.add(lambda: current_run().sleep("90s"), Every("1m"), id="slow", max_runs=2)
    scheduler.add(lambda: None, Every("1m"), id="late", misfire_grace="10s")
    with scheduler:
        clock.advance("3m")
        clock.step_wall("150s")
        clock.advance(0)
    first, second = (f"slow@2026-01-01T12:0{minute}:00Z" for minute in (1, 2))
    assert [line for line in log.lines if "skipped" in line[1] or "misfired" in line[1]] == [
        (
            "WARNING",
            f"run.skipped {second} reason=overlap blocked_by={first}",
        ),
        ("WARNING", "run.misfired late@2026-01-01T12:05:00Z reason=misfire_grace count=2"),
    ]


def test_what_was_interrupted_is_an_error(scheduler, clock, log):
    scheduler.add(lambda: current_run().sleep("5m"), ONE, id="j")
    scheduler.start()
    clock.advance("2m")
    scheduler.shutdown(wait=False)
    assert [each.levelname for each in log.of("run.interrupted")] == ["ERROR"]


def test_a_long_stretch_says_that_there_were_more(scheduler, clock, log):
    scheduler.add(lambda: None, Every("1s"), id="j")
    with scheduler:
        clock.step_wall("1h")
        clock.advance(0)
    (record,) = log.of("run.skipped")
    assert record.getMessage().endswith("reason=coalesced count=1000+")


def test_what_a_job_raises_cannot_forge_a_line(scheduler, clock, log):
    def fails():
        raise OSError("x\nERROR run.succeeded \x1b[31mforged")

    scheduler.add(fails, ONE, id="j")
    with scheduler:
        clock.advance("5m")
    (record,) = log.of("run.failed")
    assert record.getMessage().isprintable()


def test_the_log_is_silent_below_its_level(scheduler, clock, caplog):
    caplog.set_level(logging.WARNING, logger="cronkit")
    scheduler.add(lambda: None, ONE, id="j")
    with scheduler:
        clock.advance("5m")
    assert caplog.records == []


@pytest.mark.parametrize("error", [OSError("the disk is full"), SystemExit(3)])
def test_a_log_handler_that_raises_holds_up_nobody(scheduler, clock, log, error):
    class Broken(logging.Handler):
        def emit(self, record):
            raise error

    logger, broken = logging.getLogger("cronkit"), Broken()
    logger.addHandler(broken)
    try:
        scheduler.add(lambda: None, Every("1m"), id="j")
        with scheduler:
            clock.advance("3m")
            assert scheduler.status().hooks_failed > 0
    finally:
        logger.removeHandler(broken)
    assert len(scheduler.runs()) == 3
