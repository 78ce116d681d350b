"""`FutureExecutor`: attempts on any executor of PEP 3148, such as a Dask cluster or loky.

The engine has its own workers, retries and failures; this executor adds what it needs so that
nothing runs twice: one envelope a run, fenced against the store in the worker before it begins.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from cronkit import _convert
from cronkit._failure import name_of, text_of
from cronkit.errors import (
    NotCallableError,
    PolicyError,
    RunCancelledError,
    RunError,
    RunFailedError,
    RunInterruptedError,
    StoreError,
)
from cronkit.executors._envelope import open_envelope, pack, variable_of
from cronkit.executors._pickling import BrokenPickleError, unpickled
from cronkit.executors._reference import check_name, reference_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from concurrent.futures import Executor, Future

    from cronkit._attempt import Attempt
    from cronkit.abc import Report, Store
    from cronkit.executors._envelope import Reply
    from cronkit.jobs import Job

_MOST_AT_ONCE = 100
_LONGEST_TEXT = 200


class FutureExecutor:
    """Runs attempts on an executor of ``concurrent.futures`` that somebody else runs.

    Functions travel by ``module:qualname``, arguments and results by pickle. In the worker
    `current_run` knows the run; ``cancelled`` is always false there.

    To cancel is to ask: what no worker has begun is called by none any more and ends as cancelled,
    what has begun goes on and ends as it ends. At a timeout the outcome is written at once, and a
    late result is refused. Futures of Dask do not tell what has begun; there a task is taken back
    only with `store`, where the fence tells.

    Args:
        executor: the executor; for Dask ``client.get_executor(pure=False, retries=0)``, because a
            pure task of equal arguments is not run again.
        max_workers: how many attempts are handed over at once.
        store: ``"env:VARIABLE"``: the environment variable that holds the URL of the scheduler's
            store on the workers. With it each attempt begins at most once, also when the engine
            runs a task again after a dead worker, and none begins that was cancelled, or whose
            scheduler has died meanwhile. Without it the fence is checked only at the end: a task
            may be run again, and one result counts.

    Raises:
        PolicyError: no executor, or a number out of range.
        ConfigError: `store` is no reference.

    Example:
        >>> from concurrent.futures import ThreadPoolExecutor
        >>> from cronkit import Scheduler
        >>> scheduler = Scheduler(executor=FutureExecutor(ThreadPoolExecutor(2)))
    """

    kills = False

    def __init__(
        self, executor: Executor, *, max_workers: int = _MOST_AT_ONCE, store: str | None = None
    ) -> None:
        if not callable(getattr(executor, "submit", None)) or isinstance(executor, type):
            raise PolicyError("executor", executor, "an object with submit(function, argument)")
        if callable(getattr(executor, "free", None)):
            told = "it belongs into Scheduler(executor=...) as it is"
            raise PolicyError("executor", executor, "a concurrent.futures.Executor", hint=told)
        self._slots = _convert.integer(max_workers, "max_workers", least=1)
        if store is not None:
            variable_of(store)
        self._executor = executor
        self._store = store
        self._begin: Callable[[str, int | None, int], bool] | None = None
        self._report: Report | None = None
        self._forget()

    def _forget(self) -> None:
        """Begin with no attempt; the lock is new too."""
        self._going = threading.Condition(threading.Lock())
        self._futures: dict[Attempt, Future[Reply]] = {}
        self._claimed: set[Attempt] = set()
        self._abandoned: set[Attempt] = set()

    def accepts(self, job: Job) -> None:
        """Refuse a function that a worker could not find by its name.

        Raises:
            NotCallableError: a lambda, a closure, a bound method.
        """
        if job.func.__module__ == "__main__":
            raise NotCallableError(
                job.func, "workers cannot import the program itself; use a module"
            )
        check_name(job.func)

    def meet(self, store: Store) -> None:
        """Take back by `store` what no worker has begun, if the workers ask it."""
        self._begin = None if self._store is None else getattr(store, "begin", None)

    def start(self, report: Report) -> None:
        """Report to `report` from now on."""
        self._report = report

    def free(self) -> int:
        """Return how many attempts could be handed over now."""
        return self._slots - (len(self._futures) - len(self._abandoned))

    def submit(self, attempt: Attempt) -> None:
        """Hand an attempt to the engine."""
        envelope = pack(attempt, reference_of(attempt.job.func), self._store)
        try:
            future = self._executor.submit(open_envelope, envelope)
        except Exception as error:  # noqa: BLE001 -- the engine is somebody else's
            if self._report is not None:
                told = f"the engine took no task: {type(error).__name__}: {error}"
                self._report(attempt, None, RunFailedError(attempt.run_id, told))
            return
        with self._going:
            self._futures[attempt] = future
        future.add_done_callback(lambda done: self._ended(attempt, done))

    def _ended(self, attempt: Attempt, future: Future[Reply]) -> None:
        value, error = _outcome(attempt, future, claimed=attempt in self._claimed)
        if error is not None:
            attempt.tell(error)
        with self._going:
            self._futures.pop(attempt, None)
            self._abandoned.discard(attempt)
            self._claimed.discard(attempt)
            self._going.notify_all()
        if self._report is not None:
            self._report(attempt, value, error)

    def stop(self, attempt: Attempt) -> None:
        """Ask the engine to cancel the task; one that has begun goes on."""
        future = self._futures.get(attempt)
        if future is not None and self._may_cancel(attempt):
            future.cancel()

    def _may_cancel(self, attempt: Attempt) -> bool:
        """Return whether a future that says that it was cancelled will be right."""
        if attempt.token.reason == "shutdown":
            return True  # it is interrupted, whatever becomes of the task
        if self._begin is None:
            return not _is_blind(self._executor)
        if attempt in self._claimed:
            return True
        taken, mine = attempt.taken, False
        self._claimed.add(attempt)  # before: a worker may find it taken back while we are told so
        with suppress(StoreError):  # else nobody knows, and it goes on
            mine = self._begin(taken.run_id, taken.fence, taken.attempt)
        if not mine:
            self._claimed.discard(attempt)
        return mine

    def abandon(self, attempt: Attempt) -> None:
        """Count on this attempt no more: its slot goes to others."""
        with self._going:
            if attempt in self._futures:
                self._abandoned.add(attempt)

    def shutdown(self, timeout: float | None) -> bool:
        """Wait for what goes on; the engine itself belongs to its owner."""
        with self._going:
            return self._going.wait_for(lambda: not self._futures, timeout)

    def after_fork(self) -> None:
        """Begin anew in a forked child: what was handed over is the parent's."""
        self._report = None
        self._forget()

    def status(self) -> Mapping[str, int]:
        """Return counts to show: ``slots``, ``busy``, ``abandoned``."""
        busy = len(self._futures) - len(self._abandoned)
        return {"slots": self._slots, "busy": busy, "abandoned": len(self._abandoned)}


def _is_blind(executor: Executor) -> bool:
    """Return whether its futures let themselves be cancelled while their functions run.

    PEP 3148 forbids it. Those of Dask do: they are told of a task's end only, not of its start.
    """
    return type(executor).__module__.partition(".")[0] == "distributed"


def _outcome(
    attempt: Attempt, future: Future[Reply], *, claimed: bool
) -> tuple[object, BaseException | None]:
    """Return what a task came to.

    The envelope catches whatever a job raises, so an exception of the future itself means that the
    engine or the worker broke.

    Args:
        attempt: the attempt.
        future: what the engine gave for it.
        claimed: whether it was taken back before a worker had begun it.
    """
    run_id, reason = attempt.run_id, attempt.token.reason
    if future.cancelled():
        return None, _uncalled(run_id, reason, "cancelled by the engine")
    broken = future.exception()
    if broken is not None:
        told = f"{name_of(broken)}: {text_of(broken)}"
        return None, RunInterruptedError(run_id, told[:_LONGEST_TEXT])
    reply = future.result()
    if not reply.begun:
        return None, _uncalled(
            run_id, reason if claimed else None, "begun before by another worker"
        )
    stamp = {"worker": reply.worker, "began_at": reply.started_at.isoformat()}
    attempt.context.note(**{**reply.notes, **stamp})  # the job may have used these names too
    try:
        value, error = unpickled(reply.content)
    except BrokenPickleError as unread:
        told = f"the result cannot be read here: {name_of(unread.raised)}: {text_of(unread.raised)}"
        return None, RunFailedError(run_id, told)
    return value, error


def _uncalled(run_id: str, asked: str | None, otherwise: str) -> RunError:
    """Return what to say of a task that called nothing: somebody asked, or something broke."""
    if asked is not None:
        return RunCancelledError(run_id, asked)
    return RunInterruptedError(run_id, otherwise)
