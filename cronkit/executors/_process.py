"""`ProcessExecutor`: each attempt in a child process of its own, which can be killed."""

from __future__ import annotations

import logging
import os
import pickle
import sys
import threading
from typing import TYPE_CHECKING

import attrs

from cronkit import _convert
from cronkit.errors import NotCallableError, PolicyError, StateError, UnsupportedPlatformError
from cronkit.executors._reference import check_name, reference_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cronkit._attempt import Attempt
    from cronkit.abc import Report
    from cronkit.executors._process_run import ProcessRun
    from cronkit.jobs import Job

_LEAST_MEMORY = 64 * 2**20
"""Bytes; an interpreter with cronkit and its threads takes most of that."""

_TO_DIE_SECONDS = 3.0
"""How long `shutdown` waits beyond its timeout for children that it has told to end."""


class ProcessExecutor:
    """Runs each attempt in a fresh child process.

    The child leads a process group of its own. A stop sends SIGTERM to the group, which raises
    `BaseException` in the job so that its ``finally`` blocks run, and two seconds later SIGKILL.
    What the job has started in its group ends with the attempt. When this process dies, however
    it dies, its children die too.

    Functions travel by ``module:qualname``; arguments, results and exceptions by pickle. A program
    whose own functions are jobs must guard its start by ``if __name__ == "__main__":``, because
    each child imports it. What a job writes to stdout and stderr is kept in ``run.notes["output"]``,
    the last 64 KiB of it; an exit code other than zero in ``run.notes["exit_code"]``.

    Args:
        max_workers: how many children there are at once.
        start_method: ``"spawn"``: a new interpreter (some 100 ms); ``"forkserver"``: a fork of a
            server that has the program loaded (some 10 ms). The server is multiprocessing's own.
        memory_limit: bytes of address space of a child, 64 MiB or more; beyond it the job gets a
            `MemoryError`. ``None``: no limit.

    Raises:
        UnsupportedPlatformError: on Windows.
        PolicyError: an argument out of range.

    Example:
        >>> from textwrap import dedent
        >>> from cronkit import Scheduler
        >>> scheduler = Scheduler(executors={"process": ProcessExecutor(max_workers=2)})
        >>> job = scheduler.add(dedent, id="tidy", args=["  x"], executor="process", timeout="1m")
        >>> with scheduler:
        ...     scheduler.run_now("tidy").result()
        'x'
    """

    kills = True
    outside = True

    def __init__(
        self,
        max_workers: int = 4,
        *,
        start_method: str = "spawn",
        memory_limit: int | None = None,
    ) -> None:
        if not hasattr(os, "killpg"):
            raise UnsupportedPlatformError(
                "ProcessExecutor", "this system has no process groups; use a ThreadExecutor"
            )
        self._slots = _convert.integer(max_workers, "max_workers", least=1)
        self._method = _convert.choice(start_method, "start_method", ("spawn", "forkserver"))
        if memory_limit is not None:
            _convert.integer(memory_limit, "memory_limit", least=_LEAST_MEMORY)
        self._memory_limit = memory_limit
        self._report: Report | None = None
        self._ended = threading.Condition(threading.Lock())
        self._serial = 0
        self._going: dict[Attempt, ProcessRun] = {}
        self._abandoned: set[Attempt] = set()

    def accepts(self, job: Job) -> None:
        """Refuse what a child process could not find or read.

        Raises:
            NotCallableError: a lambda, a closure, a bound method, a function without a module.
            PolicyError: arguments, or a zone, that cannot be pickled.
        """
        check_name(job.func)
        main = sys.modules["__main__"]
        if job.func.__module__ == "__main__" and not (
            getattr(main, "__spec__", None) or getattr(main, "__file__", None)
        ):
            raise NotCallableError(job.func, "a child cannot import an interactive session")
        for field, value in (("args", job.args), ("kwargs", dict(job.kwargs)), ("tz", job.zone)):
            try:
                pickle.dumps(value)
            except Exception as error:  # whatever __reduce__, the user's own, may raise
                raise PolicyError(
                    field, value, f"values that can be pickled ({type(error).__name__})"
                ) from error

    def start(self, report: Report) -> None:
        """Report to `report` from now on.

        Raises:
            StateError: this process is a child that imports its program.
        """
        from multiprocessing import process  # noqa: PLC0415 -- 20 ms, and start() is when it counts

        if getattr(process.current_process(), "_inheriting", False):
            raise StateError(
                "start", "a child imports this program; guard it by if __name__ == '__main__':"
            )
        with self._ended:
            self._report = report
            self._going = {}
            self._abandoned = set()

    def free(self) -> int:
        """Return how many attempts could start now."""
        return self._slots - (len(self._going) - len(self._abandoned))

    def submit(self, attempt: Attempt) -> None:
        """Start a child for an attempt, in a thread that attends it."""
        from cronkit.executors._process_run import ProcessRun  # noqa: PLC0415 -- multiprocessing

        with self._ended:
            self._serial += 1
            name = f"cronkit-process-{self._serial}"
        try:
            run = ProcessRun(attempt, self._letter(attempt), self._method)
        except Exception as error:  # noqa: BLE001 -- arguments of a run by hand may not pickle
            self._tell(attempt, None, error)
            return
        with self._ended:
            self._going[attempt] = run
        thread = threading.Thread(target=self._attend, args=(attempt, run), name=name, daemon=True)
        try:
            thread.start()
        except RuntimeError as full:  # the system gives no more threads
            run.close()
            self._tell(attempt, None, full)

    def _letter(self, attempt: Attempt) -> bytes:
        from cronkit.executors._launch import main_module  # noqa: PLC0415 -- multiprocessing
        from cronkit.executors._letter import Letter, Setting  # noqa: PLC0415 -- as above

        taken, job = attempt.taken, attempt.job
        letter = pickle.dumps(
            Letter(
                function=reference_of(job.func),
                args=job.args if taken.args is None else taken.args,
                kwargs=dict(job.kwargs if taken.kwargs is None else taken.kwargs),
                taken=attrs.evolve(taken, args=None, kwargs=None),
                zone=job.zone,
                tags=job.tags,
                timeout=job.timeout,
                left=None if attempt.deadline is None else attempt.deadline - attempt.clock.now(),
            )
        )
        setting = Setting(
            main=main_module() if b"__main__" in letter else None,
            memory_limit=self._memory_limit,
            log_level=logging.getLogger("cronkit.run").getEffectiveLevel(),
        )
        return pickle.dumps(setting) + letter

    def _attend(self, attempt: Attempt, run: ProcessRun) -> None:
        try:
            value, error = run.run()
        except Exception as broken:  # noqa: BLE001 -- no process, no descriptor: the run must end
            value, error = None, broken
        self._tell(attempt, value, error)

    def _tell(self, attempt: Attempt, value: object, error: BaseException | None) -> None:
        with self._ended:
            self._going.pop(attempt, None)
            self._abandoned.discard(attempt)
            self._ended.notify_all()
        if self._report is not None:
            self._report(attempt, value, error)

    def stop(self, attempt: Attempt) -> None:
        """Send SIGTERM to the attempt's process group, and SIGKILL two seconds later."""
        run = self._going.get(attempt)
        if run is not None:
            run.stop()

    def abandon(self, attempt: Attempt) -> None:
        """Give the slot of a child that does not die to others."""
        with self._ended:
            if attempt in self._going:
                self._abandoned.add(attempt)

    def shutdown(self, timeout: float | None) -> bool:
        """Wait for what goes on; then stop it, and wait until it is gone."""
        with self._ended:
            if self._ended.wait_for(lambda: not self._going, timeout):
                return True
        for attempt in list(self._going):
            self.stop(attempt)
        with self._ended:
            return self._ended.wait_for(lambda: not self._going, _TO_DIE_SECONDS)

    def after_fork(self) -> None:
        """Begin anew in a forked child: the children of its parent are none of its business."""
        for run in self._going.values():
            run.after_fork()
        self._ended = threading.Condition(threading.Lock())
        self._going, self._abandoned = {}, set()

    def status(self) -> Mapping[str, int]:
        """Return counts to show: ``slots``, ``busy``, ``abandoned``."""
        busy = len(self._going) - len(self._abandoned)
        return {"slots": self._slots, "busy": busy, "abandoned": len(self._abandoned)}
