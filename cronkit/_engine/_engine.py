"""One scheduler's engine: all that is due at an instant, done in one step.

It is driven from outside: by the loop's thread in real time, by a `FakeClock` in its own. It
never waits.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from cronkit._engine._attempts import Attempts
from cronkit._engine._decider import Decider
from cronkit._engine._express import Express
from cronkit._engine._hooks import complain
from cronkit._engine._neighbours import Neighbours
from cronkit._engine._outage import Outage
from cronkit._engine._timers import Timers
from cronkit._engine._watch import ClockWatch
from cronkit.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from cronkit._engine._core import Core
    from cronkit.jobs import Job

_HEART = "\0heart"
"""The timer by which a driven clock beats; no job id begins with a NUL."""

_STANDBY_LOOK = timedelta(milliseconds=200)
"""How often one that stands by asks whether it may run: it takes over in less than a second."""


class Engine:
    """Decides what is due, starts what waits, writes what has ended.

    Attributes:
        core: clock, store, hooks and jobs.
        attempts: the runs that are going on.
        decider: the jobs' next fire times.
        watch: what notices that the wall clock was set.
        neighbours: the other schedulers of a shared store.
        outage: whether the store answers.
        in_line: whether events are delivered by `step`, in the thread that calls it.
        crashed: called by `crash`.
    """

    def __init__(self, core: Core, *, max_concurrent_runs: int | None) -> None:
        self.core = core
        self._timers = Timers()
        self.attempts = Attempts(core, self._timers, most=max_concurrent_runs)
        self.decider = Decider(core, self._timers, self.attempts)
        self.attempts.endings.decider = self.decider
        self.watch = ClockWatch(core, self._timers, self.attempts, self.decider)
        self.neighbours = Neighbours(core, self.attempts, self.decider)
        self.outage = Outage(core)
        self.express = Express(self)
        self.in_line = False
        self.crashed: Callable[[], None] = lambda: None
        self._enter: Callable[[datetime], bool] | None = None
        self._next_try: datetime | None = None

    def stand_by(self, enter: Callable[[datetime], bool], now: datetime) -> None:
        """Do nothing until `enter` has succeeded; it is tried several times a second."""
        self._enter, self._next_try = enter, now

    @property
    def standing_by(self) -> bool:
        """Whether another process does the work."""
        return self._enter is not None

    def connect(self, now: datetime) -> None:
        """Make the scheduler and its jobs known to the store, and wait for their fire times.

        That a shared store does not answer is no error: nothing is decided until it does.

        Raises:
            StoreError: a store of this process alone refuses.
        """
        try:
            self._connect(now)
            self.outage.end(now)
        except StoreError as error:
            if not self.core.shares:
                raise
            self.outage.begin(error, now)

    def _connect(self, now: datetime) -> None:
        core = self.core
        core.store.open(core.owner, now)
        self.decider.arm(core.jobs.values(), now)
        self.neighbours.bury(now)
        self.attempts.hungry = self.attempts.overdue = True
        self.neighbours.begin_anew()

    def arm(self, job: Job, now: datetime, fire: datetime | None = None) -> None:
        """Make a job known to the store and wait for its fire times, now or when it is back.

        Args:
            job: the job.
            now: the present instant.
            fire: its first fire time after `now`, where it has been found already.
        """
        if self.outage.since is None:
            try:
                self.decider.arm_one(job, fire, now)
            except StoreError as error:
                self.outage.begin(error, now)

    def beat_by_timer(self, now: datetime) -> None:
        """Have the heart beat in the time of a driven clock."""
        heart = self.neighbours.heart
        if heart is not None:
            heart.round()
            self._timers.arm(_HEART, now + heart.beat_interval)

    @property
    def expects_more(self) -> bool:
        """Whether a shared store is to write what ended, and others of a burst may be ending."""
        attempts = self.attempts
        ended = len(attempts.outcomes.reports)
        return 0 < ended < len(attempts.running) and self.core.shares

    def next_wakeup(self) -> datetime | None:
        """Return when `step` has something to do; ``None``: nothing is planned."""
        attempts = self.attempts
        with self.core.lock:
            if self._next_try is not None:
                return self._next_try
            soonest, until = self._timers.next(), self.outage.until
            if until is not None:
                return until if soonest is None else min(soonest, until)
            if (
                attempts.hungry
                or attempts.outcomes.reports
                or self.express.broken
                or (self.neighbours.heart is not None and self.neighbours.busy)
            ):
                return self.core.clock.now()
            return soonest

    def step(self) -> None:
        """Do all that is due now."""
        core = self.core
        try:
            with core.lock:
                now = core.clock.now()
                core.hooks.listen()
                if (self._enter or self.express.broken) is None or self._may_go_on(now):
                    self._step(now)
        except BaseException:  # Ctrl-C too, on a driven clock
            self.neighbours.step_failed(core.clock.now())
            raise
        if self.in_line and core.hooks.queue:
            core.hooks.deliver()

    def _may_go_on(self, now: datetime) -> bool:
        """Raise what went wrong elsewhere; return whether nobody else does the work."""
        if self.express.broken is not None:
            broken, self.express.broken = self.express.broken, None
            raise broken
        if self._enter is not None and not self._enter(now):
            self._next_try = now + _STANDBY_LOOK
            return False
        self._enter = self._next_try = None
        return True

    def _step(self, now: datetime) -> None:
        if self.attempts.outcomes.reports:
            self.attempts.outcomes.collect(now)
        due: list[str] = []
        jobs: Sequence[str] = ()
        try:
            self._timers.pop_due(now, due)
            if due:
                jobs = self._ring(due, now)
            if self.outage.since is None:
                self._act(jobs, now)
            elif self.outage.holds(now) and self.outage.until is not None:
                self.decider.ask_again(jobs, self.outage.until)
            else:
                self._come_back(jobs, now)
        except StoreError as error:
            self.decider.ask_again(jobs, self.outage.begin(error, now))
        except BaseException:
            self._ring_again(due, now)
            raise

    def _ring_again(self, keys: list[str], now: datetime) -> None:
        """Have ring once more what something went wrong with; whoever drives this backs off."""
        for key in keys:
            if self._timers.when(key) is None:
                job = self.core.jobs.get(key)
                self._timers.arm(key, now, 0 if job is None else job.priority)
        self.decider.ask_again(self.decider.without_timer(), now)

    def serve(self) -> bool:
        """Write what has ended and start what waits for a slot; return whether that was possible.

        Any thread may call it that holds up no others.
        """
        core, attempts, timers = self.core, self.attempts, self._timers
        with core.lock:
            if self.outage.since is not None or attempts.draining or attempts.submitting:
                return False
            now, timers.sooner = core.clock.now(), False
            try:
                attempts.outcomes.settle(now)
                if attempts.hungry:
                    attempts.start(now)
            except StoreError as error:
                self.outage.begin(error, now)
                return False
            if timers.sooner:
                core.wake()
        if self.in_line and core.hooks.queue:
            core.hooks.deliver()
        return True

    def clock_stepped(self, delta: timedelta) -> None:
        """Take note that the wall clock was set by `delta`."""
        self.watch.stepped(delta)

    def crash(self) -> None:
        """Stop without a word, as the death of the process would."""
        self.crashed()

    def _ring(self, keys: list[str], now: datetime) -> Sequence[str]:
        """Act on timers as far as that needs no store; return the jobs among them."""
        jobs, known = [], self.core.jobs
        for key in keys:
            if key in known:
                jobs.append(key)
            elif key[0] != "\0":
                continue  # it was removed
            elif key == _HEART:
                self.beat_by_timer(now)
            else:
                self.attempts.ring(key, now)
        return jobs

    def _act(self, jobs: Sequence[str], now: datetime) -> None:
        """Do what needs the store: write outcomes, decide, take."""
        attempts = self.attempts
        if self.neighbours.doubts:
            self.neighbours.settle_doubts(now)
        if attempts.outcomes.unwritten:  # what is due now may go before what waits for a slot
            attempts.outcomes.write(fill=not jobs and not attempts.draining)
        if self.neighbours.heart is not None and self.neighbours.busy:
            self.neighbours.act(now)
        if attempts.draining:
            attempts.hungry = False
            return
        if attempts.overdue:
            attempts.give_up(now)
        if jobs and not self.watch.implausible:
            self.decider.decide(jobs, now)
        if attempts.hungry:
            attempts.start(now)

    def _come_back(self, jobs: Sequence[str], now: datetime) -> None:
        self._connect(now)
        self.neighbours.came_back(now)
        self._act(jobs, now)
        self.outage.end(now)  # only now: a store that answers some calls would be lost and back

    def wind_up(self, now: datetime) -> None:
        """Write what has ended, and what still goes on as interrupted; wait for nothing more."""
        attempts = self.attempts
        with self.core.lock:
            try:
                attempts.outcomes.collect(now)
                attempts.interrupt_all(now)
                attempts.outcomes.write()
            except StoreError as error:
                complain(
                    "%d outcomes could not be written (%s); other schedulers will find their "
                    "runs interrupted",
                    len(attempts.outcomes),
                    error,
                )
                attempts.let_go()
            finally:
                self.clear()

    def clear(self) -> None:
        """Wait for nothing any more; the scheduler has stopped."""
        with self.core.lock:
            for job_id in self.core.jobs:
                self.decider.disarm(job_id)
            self._timers.disarm_all()
            self.attempts.hungry = self.attempts.overdue = False
            self.outage.forget()
            self._enter = self._next_try = None
