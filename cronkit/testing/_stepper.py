"""Steps schedulers through fake time, one thread at a time; what is next, an agenda says.

::

    driver   steps the engines, runs attempts, wakes sleepers; whoever holds the baton
    base     the thread that called advance(); driver unless a run of its own sleeps
    helper   a thread that drives while the base, or another helper, sleeps inside a run

Exactly one thread runs at any time. A run that sleeps gives the baton to a helper and gets it back
at its wake-up; when the helper has woken somebody it has nothing left to do and ends. A run whose
code names ``sleep`` starts on a helper from the beginning, so that ``advance`` can return while it
sleeps.
"""

from __future__ import annotations

import threading
from collections import deque
from datetime import timedelta
from functools import partial
from types import FunctionType
from typing import TYPE_CHECKING

from cronkit.errors import FakeClockStalled, StateError
from cronkit.executors._call import call
from cronkit.testing._agenda import GONE, NEVER, Agenda, Sleeper
from cronkit.testing._baton import MOMENT, Baton
from cronkit.testing._executor import FakeExecutor
from cronkit.testing._sleepers import may_sleep

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from datetime import datetime

    from cronkit._attempt import Attempt
    from cronkit._cancel import CancelToken
    from cronkit.jobs import Job


class Stepper:
    """Does what an agenda says, and moves its time.

    Attributes:
        agenda: fake time, and what is to happen in it.
        driving: the thread that is inside a call that lets time pass; ``None`` outside of one.
    """

    def __init__(self, agenda: Agenda) -> None:
        self.agenda = agenda
        self.driving: threading.Thread | None = None
        self._baton = Baton()
        self._ended: deque[tuple[FakeExecutor, Attempt, object, BaseException | None]] = deque()
        self._done: Callable[[], bool] | None = None
        self._target = agenda.now
        self._sleepless: Job | None = None  # the one that ran last, if it does not sleep
        self._sleep, self._await = self.sleep, self._run_coroutine  # bound once, not once a run

    def crash(self) -> None:
        """Let everything on this clock stand still for ever.

        Raises:
            StateError: called while time passes.
        """
        if self.driving is not None:
            raise StateError("crash", "a job or a hook cannot outlive it; call it between advances")
        agenda = self.agenda
        agenda.crash()
        # A run that Ctrl-C has left at work goes on in a time of its own.
        self.agenda = Agenda(agenda.now, agenda.patience_seconds)

    def run(self, target: datetime | None, done: Callable[[], bool] | None = None) -> bool:
        """Let time pass until `target`, or until `done()`; return whether it is done.

        Without a target it stops when nothing is left to happen.

        Raises:
            StateError: called while time passes already, from a job, a hook, or another thread.
            FakeClockStalled: a run that Ctrl-C has left at work is still at it.
        """
        if self.driving is not None:
            raise StateError(
                "advance", "time passes already; only the thread that drives the clock may call it"
            )
        baton = self._baton
        try:
            self.driving = threading.current_thread()
            self._take_baton()
            self._target = NEVER if target is None else target
            self._done = done
            baton.failure = None
            self._drive(is_base=True)
        except BaseException:
            if baton.back.is_open:
                self._report_ended()
            raise
        finally:
            self.driving = None
        if baton.failure is not None:
            raise baton.failure
        if target is not None and (done is None or not done()):
            self.agenda.now = max(target, self.agenda.now)
        return done is not None and done()

    # --- driving ---------------------------------------------------------------------------------

    def _drive(self, *, is_base: bool) -> None:
        """Do what comes next until the target is reached, or the baton is given away."""
        agenda, baton = self.agenda, self._baton
        self._report_ended()
        while True:
            while agenda.ready and baton.failure is None:
                if agenda.now > self._target and baton.sleeper is None:
                    return  # a run has slept beyond it; what is ready is left to the next call
                if self._run_next(is_base):
                    return
            if baton.failure is not None or (self._done is not None and self._is_done()):
                baton.rouse_base()
                return
            when, engine, sleeper = agenda.next()
            if when < agenda.now:  # noqa: PLR1730 -- a call of `max` takes longer than all of this
                when = agenda.now
            if when is NEVER or (when > self._target and baton.sleeper is None):
                return
            agenda.now = when
            if engine is not None:
                baton.at_work = "a hook"
                engine.step()
            elif sleeper is not None and self._wake(sleeper, is_base=is_base):
                return

    def _is_done(self) -> bool:
        """Return whether what is waited for has come about; nobody looks while the base sleeps."""
        return self._baton.sleeper is None and self._done is not None and self._done()

    def _run_next(self, is_base: bool) -> bool:  # noqa: FBT001 -- private, and hot
        """Run what is ready first; return whether this thread has no baton any more."""
        baton = self._baton
        first = _, _, _, _, _, executor, attempt = self.agenda.ready[0]
        if not isinstance(executor, FakeExecutor):
            executor.begin(attempt)
            self.agenda.ready.remove(first)  # only now: what is begun twice begins once
        elif is_base and attempt.job is not self._sleepless and self._may_sleep(attempt.job):
            baton.lend_to_helper(partial(self._execute_apart, executor, attempt))
        else:
            self._execute(executor, attempt)
        if not baton.back.is_open if is_base else baton.give_to_base():
            return True  # of the base: Ctrl-C came while it slept inside of that, and it left
        self._report_ended()
        return False

    def _may_sleep(self, job: Job) -> bool:
        """Return whether a job's function may sleep; of one that runs again and again it is known."""
        if may_sleep(job.func):
            return True
        if type(job.func) is FunctionType:  # what else can be called may become another
            self._sleepless = job
        return False

    def _execute(self, executor: FakeExecutor, attempt: Attempt) -> None:
        ready, ended = self.agenda.ready, self._ended
        try:
            self._baton.at_work = attempt.run_id
            attempt.sleeper = self._sleep
            del ready[0]
            value, error = call(attempt, self._await)
            ended.append((executor, attempt, value, error))
        except BaseException as interrupt:  # Ctrl-C came just before it began, or as it ended
            if all(each[-1] is not attempt for each in ready):
                ended.append((executor, attempt, None, interrupt))
            raise

    def _report_ended(self) -> None:
        """Report what attempts came to, unless the base has to do it and is elsewhere."""
        while self._ended and (
            self._baton.failure is None or threading.current_thread() is self.driving
        ):
            executor, attempt, value, error = self._ended[0]
            executor.ended(attempt, value, error)
            self._ended.popleft()  # only now: what is reported twice counts once

    def _run_coroutine(
        self, attempt: Attempt, coroutine: Coroutine[object, object, object]
    ) -> object:
        from cronkit.testing._aio import run_in_fake_time  # noqa: PLC0415 -- imports asyncio

        return run_in_fake_time(self, attempt, coroutine)

    # --- the baton -------------------------------------------------------------------------------

    def _take_baton(self) -> None:
        """Wait a moment for a run that Ctrl-C has left at work."""
        if not self._baton.back.wait(MOMENT):
            left = f"{self._baton.at_work}, which Ctrl-C has left at work"
            raise FakeClockStalled(f"{left}; clock.crash() does without it")

    def sleep(self, seconds: float, token: CancelToken) -> None:
        """Sleep inside a run: give the baton away, get it back at the wake-up."""
        baton = self._baton
        at_work, is_base = baton.at_work, threading.current_thread() is self.driving
        if is_base and not baton.back.is_open:
            raise KeyboardInterrupt  # it came already, and others may be at work
        sleeper = Sleeper(self.agenda.elapsed + timedelta(seconds=seconds), token)
        drive = partial(self._drive, is_base=False)
        try:
            self.agenda.fall_asleep(sleeper)
            if is_base:
                baton.lend_to_helper(drive, sleeper)
            else:
                if not baton.give_to_base():
                    baton.help(drive, threading.Lock())
                sleeper.wait()
        except BaseException:
            sleeper.until = GONE  # nobody waits there
            raise
        if is_base and baton.failure is not None:
            raise baton.failure  # it has not slept to its end
        baton.at_work = at_work

    def _wake(self, sleeper: Sleeper, *, is_base: bool) -> bool:
        """Give the baton to a sleeper; return whether this thread has nothing left to do."""
        if is_base:
            self._baton.lend_to_sleeper(sleeper)
            self._report_ended()
            return False
        if sleeper is self._baton.sleeper:
            self._baton.sleeper = None
        sleeper.open()
        return True

    def _execute_apart(self, executor: FakeExecutor, attempt: Attempt) -> None:
        """Run an attempt in a helper; go on driving if the base has fallen asleep meanwhile."""
        self._execute(executor, attempt)
        if not self._baton.give_to_base():
            self._drive(is_base=False)
