"""A table of hostile jobs: each in a process of its own, beside a canary that must keep its beat.

The canary fires five times a second in the same scheduler. It is held against two bounds that a slow
machine does not reach and a scheduler that is held up does: from the beginning of a case to its end
no pause of its beats lasts `LONGEST_PAUSE`, and at least half of all beats are there. What becomes of
the hostile run is in the table, word for word.

Python gives no way to interrupt a thread that never lets go of the interpreter (a C extension in an
endless loop): such jobs belong into processes, and nothing here claims otherwise.
"""

from __future__ import annotations

import itertools
import json
import re
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

pytestmark = [pytest.mark.system, pytest.mark.timeout(400)]

PROGRAM = Path(__file__).parent / "workers" / "hostile_program.py"
BEAT = 0.2
LONGEST_PAUSE = 1.5
"""Seconds: seven beats."""
WALL_LIMIT = 60.0
LONGEST_EXIT = 5.5
AT_A_TIME = 3
"""So many programs go on side by side; most of them wait."""

RUNS = {
    # case: outcome and reason of the hostile run, its error (a pattern), the error's class
    #
    # --- in a thread
    "waits for ever": ("timed_out", None, "still going after its timeout of 0.4 s", "RunTimeout"),
    "busy loop": ("timed_out", None, "still going after its timeout of 0.4 s", "RunTimeout"),
    "sys.exit": ("failed", None, "^3$", "builtins.SystemExit"),
    "KeyboardInterrupt": ("failed", None, "^$", "builtins.KeyboardInterrupt"),
    "GeneratorExit": ("failed", None, "^$", "builtins.GeneratorExit"),
    "StopIteration": ("failed", None, "^$", "builtins.StopIteration"),
    "own BaseException": ("failed", None, "^own$", "__main__.OwnBaseException"),
    "exception without a text": ("failed", None, "its text raised RuntimeError", ".MuteError"),
    "exception whose text never ends": ("timed_out", None, "timeout of 0.4 s", "RunTimeout"),
    "RecursionError": ("failed", None, "maximum recursion depth", "builtins.RecursionError"),
    "MemoryError": ("failed", None, "", "builtins.MemoryError"),
    #
    # --- in a coroutine
    "coroutine waits for ever": ("timed_out", None, "timeout of 0.4 s", "RunTimeoutError"),
    "coroutine blocks its loop": ("timed_out", None, "timeout of 0.4 s", "RunTimeoutError"),
    "coroutine swallows cancellations": ("timed_out", None, "timeout of 0.4 s", "RunTimeoutError"),
    "coroutine exits": ("failed", None, "^3$", "builtins.SystemExit"),
    #
    # --- in a child process
    "child waits for ever": ("timed_out", None, "timeout of 1.5 s", "RunTimeoutError"),
    "child in a busy loop": ("timed_out", None, "timeout of 1.5 s", "RunTimeoutError"),
    "unpicklable result": ("failed", None, "its result, a lock, cannot be pickled", "RunFailed"),
    "unpicklable exception": ("failed", None, "TwoArgumentsError: this and that", "RunFailed"),
    "segfault": ("failed", None, r"killed by signal 11 \(SIGSEGV\)", "RunFailedError"),
    "os._exit": ("failed", None, "exited with code 9 and without a result", "RunFailedError"),
    "memory eater": ("failed", None, "", "builtins.MemoryError"),
    #
    # --- in the scheduler's own affairs
    "pool saturated": ("succeeded", None, None, None),
    "pool saturated by hung runs": ("succeeded", None, None, None),
    "listener raises": ("succeeded", None, None, None),
    "listener hangs": ("succeeded", None, None, None),
    "listener changes jobs": ("succeeded", None, None, None),
    "log handler raises": ("failed", None, "division by zero", "builtins.ZeroDivisionError"),
    "stdout closed": ("failed", None, "closed file", "builtins.ValueError"),
    "job removes itself": ("succeeded", None, None, None),
    "job changes itself": ("succeeded", None, None, None),
    "jobs add jobs": ("succeeded", None, None, None),
    "fork after start": ("succeeded", None, None, None),
    "stop and start": ("succeeded", None, None, None),
    #
    # --- at the end of the interpreter
    "exit with a running job": ("succeeded", None, None, None),
    "exit with a hung job": ("interrupted", "shutdown", None, None),
    "exit with a busy job": ("interrupted", "shutdown", None, None),
    "exit with a blocked event loop": ("interrupted", "shutdown", None, None),
    "exit with an abandoned job": ("timed_out", None, "timeout of 0.3 s", "RunTimeoutError"),
}
SHOWS_A_TRACEBACK = {"listener raises"}
"""Beside the runs that failed or timed out, whose log lines show what was raised."""
DUE_AT_ONCE = {"10,000 due at once": 10_000, "100,000 due at once": 100_000}
SIGNALS = {
    # case: the signals, the exit code, outcome and reason of the hostile run
    "SIGTERM once": ([signal.SIGTERM], 0, ("succeeded", None)),
    "SIGINT once": ([signal.SIGINT], 0, ("succeeded", None)),
    "SIGTERM twice": ([signal.SIGTERM] * 2, 0, ("interrupted", "shutdown")),
    "SIGTERM, then SIGINT": ([signal.SIGTERM, signal.SIGINT], 0, ("interrupted", "shutdown")),
    "SIGTERM three times": ([signal.SIGTERM] * 3, -signal.SIGTERM, None),
}


class Played:
    """A case that is over: how its process ended, and its report."""

    def __init__(self, program, path: Path) -> None:
        if program.process.args[-2].startswith("exit"):
            program.until("main ends")
        self.code, self.exit_seconds = program.end(WALL_LIMIT)
        self.text = program.text
        self.report = json.loads(path.read_text("utf-8")) if path.exists() else None

    @property
    def hostile(self) -> tuple[object, ...]:
        (run,) = (each for each in self.report["runs"] if each[0] == "hostile")
        return tuple(run[1:5])


@pytest.fixture(scope="module")
def plays(request, programs, tmp_path_factory):
    """Play the cases of the tests that were chosen, a few at a time; give each as a future."""
    folder = tmp_path_factory.mktemp("reports")

    def play(number: int, case: str) -> Played:
        path = folder / f"{number}.json"
        return Played(programs(PROGRAM, case, str(path)), path)

    chosen = [
        item.callspec.params["case"]
        for item in request.session.items
        if item.path == request.path and item.callspec.params["case"] in RUNS
    ]
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        futures = {case: pool.submit(play, number, case) for number, case in enumerate(chosen)}
        yield futures
        for each in futures.values():
            each.cancel()


def assert_the_canary_kept_its_beat(report) -> None:
    began, ended, beats = report["began"], report["ended"], report["beats"]
    heard = [each for each in beats if began <= each <= ended]
    pauses = [b - a for a, b in itertools.pairwise([began, *heard, ended])]
    assert ended - began > 3 * BEAT
    assert max(pauses) < LONGEST_PAUSE
    assert len(heard) >= (ended - began) / BEAT / 2
    outcomes = {run[1] for run in report["runs"] if run[0] == "canary"}
    assert outcomes <= {"succeeded", "skipped"}  # not started for a whole beat: by its overlap


@pytest.mark.parametrize("case", RUNS)
def test_a_hostile_run_has_its_outcome_and_the_canary_keeps_its_beat(plays, case):
    outcome, reason, error, kind = RUNS[case]
    played = plays[case].result(WALL_LIMIT * 5)
    assert played.report is not None, played.text
    found = played.hostile

    assert_the_canary_kept_its_beat(played.report)
    assert found[:2] == (outcome, reason)
    assert (found[2] is None) == (error is None)
    assert error is None or re.search(error, found[2])
    assert (found[3] or "").find(kind or "") >= 0
    assert played.code == (7 if case.startswith("exit") else 0)
    assert played.report["failures"][0] == 0
    if outcome in {"succeeded", "interrupted"} and case not in SHOWS_A_TRACEBACK:
        assert "Traceback" not in played.text
    for expect in BESIDES.get(case, ()):
        expect(played)


def says(**facts):
    def check(played):
        assert {name: played.report["facts"].get(name) for name in facts} == facts

    return check


def notes(**facts):
    def check(played):
        assert facts.items() <= played.report["notes"].items()

    return check


def counts(least, *, of):
    def check(played):
        assert played.report["failures"][of] >= least

    return check


def lasts(least, most):
    """The promise for threads is half a second after the timeout; a child has time to clean up."""

    def check(played):
        assert least <= played.report["seconds"] <= most

    return check


def ends_in_time(played):
    """Five seconds from the end of the main thread."""
    assert played.exit_seconds < LONGEST_EXIT


HOOKS, DROPPED = 1, 2
"""Places in ``failures`` of the report."""
BESIDES = {
    "waits for ever": [lasts(0.4, 0.9)],
    "busy loop": [lasts(0.4, 0.9)],
    "exception whose text never ends": [lasts(0.4, 0.9)],
    "child waits for ever": [lasts(1.5, 5.0)],
    "child in a busy loop": [lasts(1.5, 5.0)],
    "listener changes jobs": [counts(0, of=HOOKS), says(jobs=102)],
    "coroutine waits for ever": [says(next="succeeded"), lasts(0.4, 0.9)],
    "coroutine blocks its loop": [says(next="succeeded")],
    "coroutine swallows cancellations": [says(next="succeeded")],
    "coroutine exits": [says(next="succeeded")],
    "segfault": [notes(exit_code=-11)],
    "os._exit": [notes(exit_code=9)],
    "pool saturated": [says(**{"started while the pool was full": False})],
    "listener raises": [counts(3, of=HOOKS)],
    "listener hangs": [counts(3, of=DROPPED)],
    "log handler raises": [counts(3, of=HOOKS)],
    "jobs add jobs": [says(jobs=50)],
    "fork after start": [notes(codes=[0, 0])],
    "stop and start": [says(**{"beats while stopped": 0})],
    "exit with a running job": [ends_in_time],
    "exit with a hung job": [ends_in_time],
    "exit with a busy job": [ends_in_time],
    "exit with a blocked event loop": [ends_in_time],
    "exit with an abandoned job": [ends_in_time],
}


@pytest.mark.parametrize("case", DUE_AT_ONCE)
def test_jobs_due_at_once_all_end_with_an_outcome(program, tmp_path, scale, case):
    count = DUE_AT_ONCE[case]
    if count > scale.pick(10_000, 100_000):
        pytest.skip("only in the full scale")
    it = program(PROGRAM, case, str(tmp_path / "report.json"))
    assert it.end(WALL_LIMIT * 4)[0] == 0
    report = json.loads((tmp_path / "report.json").read_text("utf-8"))

    assert report["facts"] == {"called": count, "recorded": [count, ["succeeded"]]}
    assert report["failures"] == [0, 0, 0]
    assert_the_canary_kept_its_beat(report)  # from when the last of them had ended


@pytest.mark.parametrize("case", SIGNALS)
def test_the_canary_sings_until_a_signal_ends_it(program, tmp_path, case):
    signals, code, outcome = SIGNALS[case]
    path = tmp_path / "report.json"
    it = program(PROGRAM, case, str(path))
    it.until("began")
    for count, number in enumerate(signals, 1):
        it.signal(number)
        if count < 3:  # the third is not handled but obeyed
            it.until(f"signal {count}")
    ended, seconds = it.end()

    assert ended == code, it.text
    assert seconds < LONGEST_EXIT
    assert "Traceback" not in it.text
    assert path.exists() == (outcome is not None)  # killed, it has no last words
    if outcome is not None:
        report = json.loads(path.read_text("utf-8"))
        assert_the_canary_kept_its_beat(report)
        (hostile,) = (each for each in report["runs"] if each[0] == "hostile" and each[5] == 1)
        assert tuple(hostile[1:3]) == outcome
