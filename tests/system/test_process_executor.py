"""Real child processes: results, crashes, stops, memory, orphans; nothing may be lost or left."""

from __future__ import annotations

import importlib
import logging
import multiprocessing
import os
import resource
import select
import signal
import subprocess
import sys
import textwrap
import time
from datetime import timedelta
from pathlib import Path

import pytest

from cronkit import Backoff, Outcome, Scheduler
from cronkit.errors import (
    FakeClockStalled,
    NotCallableError,
    PolicyError,
    RunCancelledError,
    RunFailedError,
    StateError,
    UnsupportedPlatformError,
)
from cronkit.executors import ProcessExecutor
from cronkit.executors import _process as process_module
from cronkit.stores import SQLiteStore
from cronkit.testing import FakeClock

pytestmark = pytest.mark.system

WAIT = 60.0


@pytest.fixture(autouse=True)
def _program(monkeypatch):
    """Children find the jobs by this path, and know which process is their parent."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    monkeypatch.setenv("CRONKIT_TEST_PARENT", str(os.getpid()))


@pytest.fixture
def jobs(_program):
    return importlib.import_module("process_jobs")


@pytest.fixture
def scheduler():
    made = Scheduler(executors={"process": ProcessExecutor()})
    with made:
        yield made


def handle_of(scheduler, func, *args, **policies):
    """Add a function under its name and start one run of it."""
    scheduler.add(func, executor="process", replace=True, **policies)
    return scheduler.run_now(func.__name__, args=args)


def record_of(scheduler, func, *args, **policies):
    """Run a function to its end and return the record of its run."""
    record = handle_of(scheduler, func, *args, **policies).wait(WAIT)
    assert record is not None
    return record


class Watch:
    """Waits for a job to say its process ids, and for processes to end."""

    def __init__(self, path):
        self.path = path

    def pids(self):
        """Wait for the file that `process_jobs.tell` writes; return a descriptor a process."""
        for _ in range(int(WAIT * 100)):
            if self.path.exists():
                break
            select.select([], [], [], 0.01)
        return [os.pidfd_open(int(each)) for each in self.path.read_text().split()]

    @staticmethod
    def gone(descriptors, seconds=WAIT):
        """Return whether all these processes end in time."""
        ended = []
        for each in descriptors:
            ended.append(bool(select.select([each], [], [], seconds)[0]))
            os.close(each)
        return all(ended)


@pytest.fixture
def watch(tmp_path):
    return Watch(tmp_path / "pids")


# --- results -----------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_a_run_has_a_process_of_its_own_that_leads_its_group(jobs, method):
    scheduler = Scheduler(executor=ProcessExecutor(start_method=method))
    scheduler.add(jobs.process_group, overlap="allow")
    with scheduler:
        first, second = (scheduler.run_now("process_group") for _ in range(2))
        results = first.result(WAIT), second.result(WAIT)
    assert len({os.getpid(), *(pid for pid, _, _ in results)}) == 3
    for pid, group, session in results:
        assert pid == group == session


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_fifty_megabytes_come_back(jobs, method):
    scheduler = Scheduler(executor=ProcessExecutor(start_method=method))
    scheduler.add(jobs.return_megabytes, args=[50])
    with scheduler:
        assert len(scheduler.run_now("return_megabytes").result(WAIT)) == 50_000_000


def test_megabytes_of_arguments_go_out(scheduler, jobs):
    assert handle_of(scheduler, jobs.measure, b"x" * 20_000_000).result(WAIT) == 20_000_000


def test_an_async_function_runs_in_a_child_when_it_is_told_to(scheduler, jobs):
    assert handle_of(scheduler, jobs.give_back_later, 5).result(WAIT) == 5


def test_a_static_method_is_found_by_its_qualified_name(scheduler, jobs):
    assert handle_of(scheduler, jobs.Holder.plain).result(WAIT) == "plain"


def test_the_child_knows_its_run_and_talks_to_the_parent(scheduler, jobs):
    handle = handle_of(scheduler, jobs.everything_of_the_run, timeout="30s", tags={"paper"})
    seen = handle.result(WAIT)
    record = handle.wait(0)
    assert seen["pid"] != os.getpid()
    assert (seen["id"], seen["job_id"]) == (handle.id, "everything_of_the_run")
    assert (seen["fire_time"], seen["attempt"]) == (record.fire_time, 1)
    assert seen["deadline"] == record.started_at + timedelta(seconds=30)
    assert timedelta(0) < seen["remaining"] < timedelta(seconds=30)
    assert (seen["fence"], seen["tags"], seen["cancelled"]) == (None, {"paper"}, False)
    assert seen["lateness"] == record.lateness
    assert record.notes == {"colour": "blue", "count": 2}


def test_progress_of_a_child_is_shown_while_it_goes_on(scheduler, jobs, watch):
    handle = handle_of(scheduler, jobs.progress_and_hang, str(watch.path))
    watch.gone(watch.pids(), 0)
    (shown,) = scheduler.status().going_on
    for _ in range(int(WAIT * 100)):
        if shown.done is not None:
            break
        handle.wait(0.01)
        (shown,) = scheduler.status().going_on
    handle.cancel()  # first: nobody would stop a child that hangs after a failed assertion
    assert handle.wait(WAIT).outcome is Outcome.CANCELLED
    assert (shown.done, shown.total) == (3, 4)


def test_the_child_knows_its_fence(jobs, tmp_path):
    store = SQLiteStore(tmp_path / "state.db")
    with Scheduler(store=store, executors={"process": ProcessExecutor()}) as scheduler:
        handle = handle_of(scheduler, jobs.everything_of_the_run)
        fence = handle.result(WAIT)["fence"]
        assert fence == handle.wait(0).fence
        assert fence > 0


def test_log_records_reach_the_handlers_of_the_parent(scheduler, jobs, caplog):
    with caplog.at_level(logging.INFO, logger="cronkit.run"):
        handle = handle_of(scheduler, jobs.write_to_the_log)
        handle.result(WAIT)
    first, second = (each for each in caplog.records if each.name == "cronkit.run")
    assert (first.getMessage(), first.levelno) == ("low on ink", logging.WARNING)
    assert (first.run_id, first.printer, first.lock) == (handle.id, 7, "lock")
    assert "ValueError: invalid literal" in second.exc_text


@pytest.mark.parametrize("raised", [RuntimeError, SystemExit])
def test_a_log_handler_that_raises_loses_no_run(scheduler, jobs, raised):
    class Broken(logging.Handler):
        def handle(self, record):
            raise raised

    broken = Broken()
    logging.getLogger("cronkit.run").addHandler(broken)
    try:
        record = record_of(scheduler, jobs.write_to_the_log)
    finally:
        logging.getLogger("cronkit.run").removeHandler(broken)
    assert record.outcome is Outcome.SUCCEEDED
    assert raised.__name__ in record.notes["lost"]


def test_a_note_that_does_not_pickle_is_refused_in_the_job(scheduler, jobs):
    record = record_of(scheduler, jobs.note_a_lock)
    assert (record.outcome, record.error_type) == (
        Outcome.FAILED,
        f"{PolicyError.__module__}.PolicyError",
    )


def test_twenty_children_at_once(jobs):
    scheduler = Scheduler(executor=ProcessExecutor(20))
    scheduler.add(jobs.give_back, overlap="allow")
    with scheduler:
        handles = [scheduler.run_now("give_back", args=[n]) for n in range(20)]
        assert [each.result(WAIT) for each in handles] == list(range(20))
        assert scheduler.status().executors["default"] == {
            "slots": 20,
            "busy": 0,
            "abandoned": 0,
        }


def test_no_more_children_than_slots(jobs, watch):
    scheduler = Scheduler(executor=ProcessExecutor(1))
    scheduler.add(jobs.hang, args=[str(watch.path)])
    scheduler.add(jobs.give_back, args=[1])
    with scheduler:
        first = scheduler.run_now("hang")
        pids = watch.pids()
        second = scheduler.run_now("give_back")
        assert second.wait(0.2) is None
        first.cancel()
        assert second.result(WAIT) == 1
    assert watch.gone(pids)


# --- failures ----------------------------------------------------------------------------------


def failure(scheduler, func, *args):
    """Run a function that fails; return its record and what `result` raises."""
    handle = handle_of(scheduler, func, *args)
    with pytest.raises(BaseException) as caught:
        handle.result(WAIT)
    record = handle.wait(0)
    assert record.outcome is Outcome.FAILED
    return record, caught.value


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("raise_error", ValueError),
        ("raise_system_exit", SystemExit),
        ("raise_keyboard_interrupt", KeyboardInterrupt),
        ("recurse", RecursionError),
        ("raise_one_without_text", Exception),
    ],
)
def test_what_a_job_raises_comes_back_with_its_traceback(scheduler, jobs, name, kind):
    _, error = failure(scheduler, getattr(jobs, name))
    assert isinstance(error, kind)
    assert "In process " in error.__notes__[0]
    assert f"in {name}" in error.__notes__[0]


@pytest.mark.parametrize(
    ("call", "text", "exit_code"),
    [
        (("segfault",), "killed by signal 11 (SIGSEGV)", -11),
        (("abort_with_last_words",), "killed by signal 6 (SIGABRT)", -6),
        (("kill_own_group_softly",), "killed by signal 15 (SIGTERM)", None),
        (("exit_without_result",), "exited with code 0 and without a result", None),
        (("exit_without_result", 9), "exited with code 9 and without a result", 9),
        (("return_a_lock",), "its result, a lock, cannot be pickled", None),
        (("return_a_landmine",), "RuntimeError while unpickling", None),
        (("raise_one_that_does_not_pickle",), "TwoArgumentsError: this and that", None),
    ],
)
def test_what_cannot_come_back_is_told(scheduler, jobs, call, text, exit_code):
    name, *args = call
    record, error = failure(scheduler, getattr(jobs, name), *args)
    assert isinstance(error, RunFailedError)
    assert text in str(error)
    assert text in record.error
    assert record.notes.get("exit_code") == exit_code


@pytest.mark.parametrize("name", ["segfault", "exit_without_result"])
def test_the_fork_server_tells_of_crashes_too(jobs, name):
    scheduler = Scheduler(executors={"process": ProcessExecutor(start_method="forkserver")})
    with scheduler:
        _, error = failure(scheduler, getattr(jobs, name))
    assert isinstance(error, RunFailedError)


def test_last_words_stand_in_the_record(scheduler, jobs):
    record = record_of(scheduler, jobs.abort_with_last_words)
    assert record.notes["output"].startswith("last words\n")


def test_much_output_blocks_nobody_and_its_tail_is_kept(scheduler, jobs):
    record = record_of(scheduler, jobs.print_much, 200_000)
    assert record.outcome is Outcome.SUCCEEDED
    assert len(record.notes["output"]) == 64 * 1024
    assert record.notes["output"].endswith("line 199998\nline 199999\n")


def test_closed_streams_hurt_nobody(scheduler, jobs):
    assert handle_of(scheduler, jobs.close_the_streams).result(WAIT) == "quiet"


def test_memory_beyond_the_limit_is_the_jobs_own_error(jobs):
    executor = ProcessExecutor(memory_limit=1_000_000_000)
    scheduler = Scheduler(executors={"process": executor})
    with scheduler:
        _, error = failure(scheduler, jobs.eat_memory)
        assert isinstance(error, MemoryError)
        assert handle_of(scheduler, jobs.give_back, 1).result(WAIT) == 1


@pytest.mark.parametrize(("limit", "outcome"), [(2_000_000_000, "succeeded"), (10**9, "failed")])
def test_the_limit_is_the_one_that_was_set(jobs, limit, outcome):
    executor = ProcessExecutor(memory_limit=limit)
    with Scheduler(executors={"process": executor}) as scheduler:
        assert record_of(scheduler, jobs.reserve, 1_200_000_000).outcome == outcome


def test_a_child_that_cannot_be_started_fails_its_run(scheduler, jobs):
    multiprocessing.set_executable("/nowhere/python")
    try:
        _, error = failure(scheduler, jobs.give_back)
    finally:
        multiprocessing.set_executable(sys.executable)
    assert isinstance(error, FileNotFoundError)


def test_a_system_without_descriptors_fails_the_run_and_recovers(scheduler, jobs):
    assert handle_of(scheduler, jobs.give_back, 1).result(WAIT) == 1
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    free = os.dup(0)
    os.close(free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (free + 5, before[1]))
    try:
        _, error = failure(scheduler, jobs.give_back, 2)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert isinstance(error, OSError)
    assert handle_of(scheduler, jobs.give_back, 3).result(WAIT) == 3


def test_a_module_that_is_gone_in_the_child_fails_the_run(scheduler, tmp_path, monkeypatch):
    source = tmp_path / "passing_module.py"
    source.write_text("def job(): ...")
    monkeypatch.syspath_prepend(str(tmp_path))
    module = importlib.import_module("passing_module")
    source.unlink()
    _, error = failure(scheduler, module.job)
    assert isinstance(error, ModuleNotFoundError)


def test_descriptors_and_threads_are_given_back(scheduler, jobs):
    record_of(scheduler, jobs.give_back)
    before = len(list(Path("/proc/self/fd").iterdir()))
    for name in ("give_back", "segfault", "exit_without_result"):
        record_of(scheduler, getattr(jobs, name))
    assert len(list(Path("/proc/self/fd").iterdir())) == before


# --- stops -------------------------------------------------------------------------------------


def test_a_timeout_kills_and_lets_the_job_clean_up(scheduler, jobs, watch):
    handle = handle_of(scheduler, jobs.hang_and_clean_up, str(watch.path), timeout="2s")
    pids = watch.pids()
    record = handle.wait(WAIT)
    assert (record.outcome, record.abandoned) == (Outcome.TIMED_OUT, False)
    assert record.notes["cancelled"] is True
    assert watch.gone(pids, 0)


def test_a_timed_out_child_is_tried_again_because_it_has_ended(scheduler, jobs, watch):
    record = record_of(
        scheduler,
        jobs.hang,
        str(watch.path),
        timeout="1s",
        retry=Backoff(attempts=2, base=0),
    )
    assert (record.outcome, record.attempt) == (Outcome.TIMED_OUT, 2)


@pytest.mark.parametrize("name", ["hang", "hang_asleep", "ignore_sigterm"])
def test_cancel_ends_a_child_however_it_hangs(scheduler, jobs, watch, name):
    handle = handle_of(scheduler, getattr(jobs, name), str(watch.path))
    pids = watch.pids()
    handle.cancel()
    assert handle.wait(WAIT).outcome is Outcome.CANCELLED
    with pytest.raises(RunCancelledError):
        handle.result(0)
    assert watch.gone(pids, 0)


def test_two_seconds_after_sigterm_comes_sigkill(scheduler, jobs, watch):
    handle = handle_of(scheduler, jobs.ignore_sigterm, str(watch.path))
    pids = watch.pids()
    asked = time.monotonic()
    handle.cancel()
    record = handle.wait(WAIT)
    assert 2.0 <= time.monotonic() - asked < 4.0
    assert record.notes["exit_code"] == -signal.SIGKILL
    assert watch.gone(pids, 0)


def test_a_job_that_returns_in_spite_of_a_cancel_has_a_result(scheduler, jobs, watch):
    handle = handle_of(scheduler, jobs.swallow_the_stop, str(watch.path))
    watch.gone(watch.pids(), 0)
    handle.cancel()
    assert handle.result(WAIT) == "done all the same"


def test_a_cancel_before_the_child_has_begun_ends_it(scheduler, jobs, watch):
    handle = handle_of(scheduler, jobs.hang, str(watch.path))
    while not scheduler.status().executors["process"]["busy"]:
        handle.wait(0.001)
    handle.cancel()
    assert handle.wait(WAIT).outcome is Outcome.CANCELLED


def test_shutdown_ends_the_children(jobs, watch):
    scheduler = Scheduler(executor=ProcessExecutor())
    scheduler.add(jobs.ignore_sigterm, args=[str(watch.path)])
    scheduler.start()
    handle = scheduler.run_now("ignore_sigterm")
    pids = watch.pids()
    scheduler.shutdown(wait=False)
    assert handle.wait(0).outcome is Outcome.INTERRUPTED
    assert watch.gone(pids, 0)


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_what_a_job_leaves_in_its_group_ends_with_it(jobs, watch, method):
    scheduler = Scheduler(executors={"process": ProcessExecutor(start_method=method)})
    with scheduler:
        handle = handle_of(scheduler, jobs.leave_children_behind, str(watch.path))
        pids = watch.pids()
        Path(f"{watch.path}.seen").touch()
        assert handle.result(WAIT) == "done"
    assert watch.gone(pids)


def test_a_fork_that_comes_back_from_the_job_sends_nothing(scheduler, jobs):
    assert handle_of(scheduler, jobs.come_back_twice).result(WAIT) == "once"


def test_a_child_that_lingers_after_its_result_is_ended(scheduler, jobs):
    record = record_of(scheduler, jobs.linger_after_the_result)
    assert (record.outcome, record.notes["exit_code"]) == (Outcome.SUCCEEDED, -signal.SIGKILL)


# --- the parent --------------------------------------------------------------------------------

PROGRAM = """
    import sys
    sys.path.insert(0, {folder!r})
    import process_jobs
    from cronkit import Scheduler
    from cronkit.executors import ProcessExecutor

    if __name__ == "__main__":
        scheduler = Scheduler(executor=ProcessExecutor(start_method={method!r}))
        scheduler.add(getattr(process_jobs, {name!r}), args=[{path!r}])
        scheduler.start()
        scheduler.run_now({name!r}).wait()
"""


def start_program(file, source, **words):
    file.write_text(textwrap.dedent(source).format(folder=str(Path(__file__).parent), **words))
    root = str(Path(__file__).parents[2])
    env = {**os.environ, "PYTHONPATH": root}
    return subprocess.Popen(
        # Python 3.12 warns of any fork in a process with threads; the fork is the test's own.
        [sys.executable, "-W", "ignore::DeprecationWarning", str(file)],
        env=env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
@pytest.mark.parametrize("name", ["hang_with_children", "hold_the_interpreter_lock"])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_no_process_outlives_a_parent_that_is_killed(tmp_path, watch, method, name, number):
    program = start_program(
        tmp_path / "program.py", PROGRAM, method=method, name=name, path=str(watch.path)
    )
    with program:
        pids = watch.pids()
        program.send_signal(number)
    assert watch.gone(pids, 10)


FORK = """
    import os
    import sys
    import time
    sys.path.insert(0, {folder!r})
    import process_jobs
    from cronkit import Scheduler
    from cronkit.executors import ProcessExecutor

    if __name__ == "__main__":
        scheduler = Scheduler(executor=ProcessExecutor())
        scheduler.add(process_jobs.hang, args=[{path!r}])
        scheduler.add(process_jobs.give_back, args=[5])
        scheduler.start()
        handle = scheduler.run_now("hang")
        while not process_jobs.Path({path!r}).exists():
            handle.wait(0.01)
        if os.fork() == 0:
            scheduler.start()
            print(scheduler.run_now("give_back").result(), flush=True)
            sys.stdin.read()
            os._exit(0)
        handle.wait()
"""


def test_a_fork_of_the_parent_keeps_no_child_alive_and_can_start_its_own(tmp_path, watch):
    program = start_program(tmp_path / "program.py", FORK, path=str(watch.path))
    with program:
        pids = watch.pids()
        assert program.stdout.readline() == "5\n"
        program.kill()
        assert watch.gone(pids, 10)
        program.stdin.close()


EXIT = """
    import sys
    sys.path.insert(0, {folder!r})
    import process_jobs
    from cronkit import Scheduler
    from cronkit.executors import ProcessExecutor

    if __name__ == "__main__":
        scheduler = Scheduler(executor=ProcessExecutor())
        scheduler.add(process_jobs.ignore_sigterm, args=[{path!r}])
        scheduler.start()
        handle = scheduler.run_now("ignore_sigterm")
        while not process_jobs.Path({path!r}).exists():
            handle.wait(0.01)
        sys.exit(7)
"""


def test_no_process_outlives_a_parent_that_exits(tmp_path, watch):
    program = start_program(tmp_path / "program.py", EXIT, path=str(watch.path))
    pids = watch.pids()
    output, _ = program.communicate(timeout=WAIT)
    assert program.returncode == 7, output
    assert watch.gone(pids, 0)


MAIN = """
    import os
    import sys
    from cronkit import Scheduler, current_run
    from cronkit.executors import ProcessExecutor

    class Value:
        def __init__(self, number):
            self.number = number

    def job(value):
        return Value(value.number + os.getpid())

    scheduler = Scheduler(executor=ProcessExecutor(start_method={method!r}))
    scheduler.add(job)

    {guard}
        with scheduler:
            got = scheduler.run_now("job", args=[Value(1)]).result(60)
            print(type(got) is Value, got.number > 1, got.number != os.getpid() + 1)
"""


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_functions_and_values_of_the_program_itself_travel(tmp_path, method):
    guard = 'if __name__ == "__main__":'
    program = start_program(tmp_path / "program.py", MAIN, method=method, guard=guard)
    output, _ = program.communicate(timeout=WAIT)
    assert output == "True True True\n"


def test_a_program_without_the_guard_is_told_so(tmp_path):
    program = start_program(tmp_path / "program.py", MAIN, method="spawn", guard="if True:")
    output, _ = program.communicate(timeout=WAIT)
    assert program.returncode == 1
    assert 'if __name__ == "__main__"' in output or "if __name__ == '__main__'" in output


# --- what is refused ---------------------------------------------------------------------------


def test_functions_without_a_name_elsewhere_are_refused_when_added(scheduler, jobs):
    def inner(): ...

    for bad in (lambda: None, inner, jobs.Holder().method, jobs.Holder.of_class):
        with pytest.raises(NotCallableError):
            scheduler.add(bad, id="bad", executor="process")
    assert "bad" not in scheduler


@pytest.mark.parametrize("field", ["args", "kwargs"])
def test_arguments_that_do_not_pickle_are_refused_when_added(scheduler, jobs, field):
    value = {"args": [jobs.threading.Lock()], "kwargs": {"value": jobs.threading.Lock()}}[field]
    with pytest.raises(PolicyError, match=field):
        scheduler.add(jobs.give_back, executor="process", **{field: value})


def test_an_update_is_checked_like_an_add(scheduler, jobs):
    scheduler.add(lambda: None, id="job")
    with pytest.raises(NotCallableError):
        scheduler.update("job", executor="process")
    assert scheduler["job"].executor is None


def test_arguments_of_a_run_by_hand_that_do_not_pickle_fail_the_run(scheduler, jobs):
    _, error = failure(scheduler, jobs.give_back, jobs.threading.Lock())
    assert isinstance(error, TypeError)


def test_a_name_that_holds_another_function_is_not_run(scheduler, jobs, monkeypatch):
    scheduler.add(jobs.give_back, executor="process")
    monkeypatch.setattr(jobs, "give_back", jobs.measure)
    handle = scheduler.run_now("give_back", args=[b"x"])
    with pytest.raises(NotCallableError, match="something else"):
        handle.result(WAIT)


def test_a_decorated_function_is_taken_before_its_module_holds_it(tmp_path, monkeypatch):
    (tmp_path / "decorated_module.py").write_text(
        "from cronkit import Scheduler\n"
        "from cronkit.executors import ProcessExecutor\n"
        "scheduler = Scheduler(executors={'process': ProcessExecutor()})\n"
        "@scheduler.job(executor='process')\n"
        "def job(): return 'found'\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    scheduler = importlib.import_module("decorated_module").scheduler
    with scheduler:
        assert scheduler.run_now("job").result(WAIT) == "found"


@pytest.mark.parametrize(
    "words",
    [
        {"max_workers": 0},
        {"max_workers": True},
        {"start_method": "fork"},
        {"start_method": None},
        {"memory_limit": 1},
        {"memory_limit": "1 GB"},
    ],
)
def test_bad_arguments_are_refused(words):
    with pytest.raises(PolicyError, match=next(iter(words))):
        ProcessExecutor(**words)


def test_a_system_without_process_groups_is_refused(monkeypatch):
    monkeypatch.delattr(process_module.os, "killpg")
    with pytest.raises(UnsupportedPlatformError, match="process groups"):
        ProcessExecutor()


def test_functions_of_an_interactive_session_are_refused():
    source = (
        "from cronkit import Scheduler\n"
        "from cronkit.executors import ProcessExecutor\n"
        "def job(): ...\n"
        "Scheduler(executor=ProcessExecutor()).add(job)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, check=False, timeout=WAIT
    )
    assert "interactive session" in done.stderr


# --- on a fake clock ---------------------------------------------------------------------------


def test_fake_time_stands_still_while_children_run(jobs):
    clock = FakeClock("2026-01-01T00:00:00+00:00")
    scheduler = Scheduler(clock=clock, executor=ProcessExecutor())
    scheduler.every("1h", args=[3], id="hourly")(jobs.give_back)
    with scheduler:
        clock.advance("3h")
        records = scheduler.runs("hourly")
    assert [each.outcome for each in records] == [Outcome.SUCCEEDED] * 3
    assert {each.duration for each in records} == {timedelta(0)}


def test_children_of_one_instant_are_reported_in_the_order_of_their_start(jobs):
    clock = FakeClock("2026-01-01T00:00:00+00:00")
    scheduler, ended = Scheduler(clock=clock, executor=ProcessExecutor(4)), []
    scheduler.on()(lambda event: ended.append(getattr(event, "run", None)))
    for name, lines in (("a", 30_000), ("b", 1), ("c", 5_000), ("d", 1)):
        scheduler.at("2026-01-01T00:00:01", id=name, args=[lines])(jobs.print_much)
    with scheduler:
        clock.advance(2)
    assert [run.job_id for run in ended if run and run.outcome] == ["a", "b", "c", "d"]


def test_a_child_that_says_nothing_stalls_the_fake_clock(jobs, watch):
    clock = FakeClock("2026-01-01T00:00:00+00:00", patience="1s")
    scheduler = Scheduler(clock=clock, executor=ProcessExecutor())
    scheduler.add(jobs.hang, args=[str(watch.path)])
    scheduler.start()
    handle = scheduler.run_now("hang")
    with pytest.raises(FakeClockStalled, match="hang@"):
        clock.advance("1m")
    clock.advance("1m")
    scheduler.shutdown(wait=False)
    assert handle.wait(0).outcome is Outcome.INTERRUPTED


def test_a_child_that_imports_the_program_may_not_start_there(monkeypatch):
    process = importlib.import_module("multiprocessing.process").current_process()
    monkeypatch.setattr(process, "_inheriting", True, raising=False)
    with pytest.raises(StateError, match="__main__"):
        ProcessExecutor().start(print)
