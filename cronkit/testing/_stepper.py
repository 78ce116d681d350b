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
from functools import partial
from typing import TYPE_CHECKING

from cronkit.errors import StateError
from cronkit.executors._call import call
from cronkit.testing._agenda import NEVER
from cronkit.testing._executor import FakeExecutor
from cronkit.testing._sleepers import may_sleep

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from datetime import datetime

    from cronkit._cancel import CancelToken
    from cronkit._context import Attempt
    from cronkit.testing._agenda import Agenda, Sleeper


_TO_BEGIN = 1.0
"""Seconds within which a thread begins that has been started."""


class Stepper:
    """Does what an agenda says, and moves its time.

    Attributes:
        agenda: fake time, and what is to happen in it.
        driving: the thread that is inside a call that lets time pass; ``None`` outside of one.
    """

    def __init__(self, agenda: Agenda) -> None:
        self.agenda = agenda
        self.driving: threading.Thread | None = None
        self._base_gate: threading.Lock | None = None
        self._base_sleeper: Sleeper | None = None
        self._done: Callable[[], bool] | None = None
        self._target = agenda.now
        self._failure: BaseException | None = None

    def crash(self) -> None:
        """Let everything on this clock stand still for ever.

        Raises:
            StateError: called while time passes.
        """
        if self.driving is not None:
            raise StateError("crash", "a job or a hook cannot outlive it; call it between advances")
        self.agenda.crash()

    def run(self, target: datetime | None, done: Callable[[], bool] | None = None) -> bool:
        """Let time pass until `target`, or until `done()`; return whether it is done.

        Without a target it stops when nothing is left to happen.

        Raises:
            StateError: called while time passes already, from a job, a hook, or another thread.
        """
        if self.driving is not None:
            raise StateError(
                "advance", "time passes already; only the thread that drives the clock may call it"
            )
        self.driving = threading.current_thread()
        self._target = NEVER if target is None else target
        self._done = done
        self._failure = None
        try:
            self._drive(is_base=True)
        finally:
            self.driving = None
        if self._failure is not None:
            raise self._failure
        if target is not None and (done is None or not done()):
            self.agenda.pass_to(max(target, self.agenda.now))
        return done is not None and done()

    # --- driving ---------------------------------------------------------------------------------

    def _drive(self, *, is_base: bool) -> None:
        """Do what comes next until the target is reached, or the baton is given away."""
        agenda = self.agenda
        while True:
            awake = self._base_sleeper is None
            if awake and agenda.now > self._target:
                return  # a run has slept beyond it; what it has made ready is left to the next call
            if agenda.ready and self._failure is None:
                self._run_next(is_base=is_base)
                if not is_base and self._give_to_base():
                    return
                continue
            if self._failure is not None or (awake and self._done is not None and self._done()):
                self._rouse_base()
                return
            when, engine, sleeper = agenda.next()
            if when is NEVER or (awake and when > self._target):
                return
            if when > agenda.now:
                agenda.pass_to(when)
            if engine is not None:
                engine.step()
            elif sleeper is not None and self._wake(sleeper, is_base=is_base):
                return

    def _run_next(self, *, is_base: bool) -> None:
        _, _, _, _, _, executor, attempt = self.agenda.ready.pop(0)
        if not isinstance(executor, FakeExecutor):
            executor.begin(attempt)
        elif is_base and may_sleep(attempt.job.func):
            self._lend(partial(self._help, partial(self._execute_apart, executor, attempt)))
        else:
            self._execute(executor, attempt)

    def _execute(self, executor: FakeExecutor, attempt: Attempt) -> None:
        attempt.sleeper = self.sleep
        value, error = call(attempt, self._run_coroutine)
        try:
            executor.ended(attempt, value, error)
        except BaseException:  # Ctrl-C came in between; what is reported twice counts once
            executor.ended(attempt, value, error)
            raise

    def _run_coroutine(
        self, attempt: Attempt, coroutine: Coroutine[object, object, object]
    ) -> object:
        from cronkit.testing._aio import run_in_fake_time  # noqa: PLC0415 -- imports asyncio

        return run_in_fake_time(self, attempt, coroutine)

    # --- the baton -------------------------------------------------------------------------------

    def sleep(self, seconds: float, token: CancelToken) -> None:
        """Sleep inside a run: give the baton away, get it back at the wake-up."""
        is_base = threading.current_thread() is self.driving
        sleeper = self.agenda.fall_asleep(seconds, token)
        if is_base:
            self._base_sleeper = sleeper
        interrupt: BaseException | None = None
        if is_base or not self._give_to_base():
            interrupt = self._help(partial(self._drive, is_base=False))
        while not sleeper.is_open:
            try:
                sleeper.gate.acquire()
            except BaseException as error:  # noqa: BLE001 -- a signal: Ctrl-C
                self._failure = interrupt = error
        if interrupt is not None:
            raise interrupt

    def _wake(self, sleeper: Sleeper, *, is_base: bool) -> bool:
        """Give the baton to a sleeper; return whether this thread has nothing left to do."""
        self.agenda.forget_next_sleeper()
        if is_base:
            self._lend(sleeper.open)
            return False
        if sleeper is self._base_sleeper:
            self._base_sleeper = None
        sleeper.open()
        return True

    def _rouse_base(self) -> None:
        """Give the baton to the base if it sleeps, however long it wanted to."""
        sleeper, self._base_sleeper = self._base_sleeper, None
        if sleeper is not None:
            sleeper.rouse()

    def _lend(self, hand_over: Callable[[], object]) -> None:
        """The base gives the baton away and waits until it comes back."""
        gate = self._base_gate = threading.Lock()
        gate.acquire()
        hand_over()
        gate.acquire()

    def _give_to_base(self) -> bool:
        """Give the baton to the base if it waits for it; return whether it did."""
        gate, self._base_gate = self._base_gate, None
        if gate is None:
            return False
        gate.release()
        return True

    def _execute_apart(self, executor: FakeExecutor, attempt: Attempt) -> None:
        """Run an attempt in a helper; go on driving if the base has fallen asleep meanwhile."""
        self._execute(executor, attempt)
        if not self._give_to_base():
            self._drive(is_base=False)

    def _help(self, work: Callable[[], None]) -> BaseException | None:
        """Start a helper with the baton; return the Ctrl-C that came while it began."""
        begun = threading.Event()

        def serve() -> None:
            begun.set()
            try:
                work()
            except BaseException as error:  # noqa: BLE001 -- raised again where time is driven
                self._failure = error
                if not self._give_to_base():
                    self._rouse_base()

        helper = threading.Thread(target=serve, name="cronkit-fake", daemon=True)
        try:
            helper.start()
        except BaseException as error:
            if not begun.wait(_TO_BEGIN):
                raise  # there is none
            self._failure = error  # the helper has the baton: nobody else may go on
            return error
        return None
