"""Notices that the wall clock was set, or the machine suspended, and draws the conclusions.

The wall clock says when a job is due, the monotonic one how much time has passed. Their difference
stands still until somebody sets the wall clock, or the machine sleeps, during which the monotonic
clock stands still. What follows from a step::

    forward, suspend    fire times are overdue: the planner decides; timeouts go on from here
    back up to 60 s     nothing fires until the old time is reached again
    back by more        in a memory store the marks of interval jobs (above 3 h: of all jobs) move
                        to the new now; in a shared store marks never go back, and it waits
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import attrs

from cronkit._clock import SystemClock
from cronkit._engine._attempts import WAITING
from cronkit._engine._hooks import complain
from cronkit._engine._planner import plan_skip_to
from cronkit.jobs import ClockStepped
from cronkit.triggers import Cron, Every

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from cronkit._engine._attempts import Attempts
    from cronkit._engine._core import Core
    from cronkit._engine._decider import Decider
    from cronkit._engine._timers import Timers
    from cronkit.jobs import JobState
    from cronkit.triggers import Trigger

LONGEST_HOLD = timedelta(seconds=60)
"""A step back up to this long is waited out: no instant comes twice."""

ALL_REPEAT = timedelta(hours=3)
"""A step back beyond this moves the marks of fixed expressions too: it was no small correction."""

_LEAST = 0.5
"""Seconds. What is less is drift, which a time server corrects in small pieces."""

_SURE = 0.05
"""Seconds. When the two clocks are read farther apart than this, they are read again."""


class ClockWatch:
    """Compares the wall clock of a scheduler with its monotonic clock.

    Attributes:
        implausible: whether the system's clock shows a time before this package was written, so
            that nothing is decided by it.
    """

    __slots__ = ("_attempts", "_core", "_decider", "_offset", "_timers", "implausible")

    def __init__(self, core: Core, timers: Timers, attempts: Attempts, decider: Decider) -> None:
        self._core = core
        self._timers = timers
        self._attempts = attempts
        self._decider = decider
        self._offset = 0.0
        self.implausible = False

    def begin(self) -> None:
        """Take the clocks as they are now."""
        self._offset = self._read()
        self.implausible = False

    def look(self) -> None:
        """Compare the clocks, and act if the wall clock was set since the last look."""
        if self._before_its_time():
            return
        offset = self._read()
        seconds, self._offset = offset - self._offset, offset
        if abs(seconds) >= _LEAST:
            self.stepped(timedelta(seconds=seconds))
        if self.implausible:
            self._go_on()

    def rehearse(self) -> None:
        """Read the clocks, and leave it at that."""
        self._read()

    def _read(self, tries: int = 3) -> float:
        clock = self._core.clock
        before = clock.monotonic()
        wall = clock.now().timestamp()
        after = clock.monotonic()
        if after - before > _SURE and tries > 1:
            return self._read(tries - 1)
        return wall - (before + after) / 2

    def stepped(self, delta: timedelta) -> None:
        """Act on a step of the wall clock by `delta`."""
        core = self._core
        with core.lock:
            now = core.clock.now()
            if core.hooks.wants(ClockStepped):
                core.hooks.emit(ClockStepped(at=now, delta=delta))
            rewind = getattr(core.store, "rewind", None)
            back = delta < -LONGEST_HOLD and rewind is not None
            self._shift(delta, waiting=back)
            if back and rewind is not None:
                jobs = core.jobs.values()
                repeat = [job.id for job in jobs if delta < -ALL_REPEAT or is_interval(job.trigger)]
                rewind(list(core.jobs), repeat, now, delta)
                self._decider.arm(jobs, now)
            self._attempts.hungry = True

    def _shift(self, delta: timedelta, *, waiting: bool) -> None:
        """Let timeouts end, and with `waiting` runs wait, for as long as they would have."""
        for attempt in self._attempts.running.values():
            taken = attempt.taken
            attempt.taken = attrs.evolve(
                taken,
                due=taken.due + delta,
                started_at=taken.started_at + delta,
                first_started_at=taken.first_started_at + delta,
            )
        self._timers.shift(
            delta, lambda key: key[0] == "\0" and (waiting or not key.startswith(WAITING))
        )

    # --- a clock that was never set ------------------------------------------------------------

    def _before_its_time(self) -> bool:
        """Return whether the system's clock cannot be right; it is not compared while it is not."""
        clock = self._core.clock
        if not isinstance(clock, SystemClock) or clock.now() >= SystemClock.EARLIEST:
            return False
        if not self.implausible:
            self.implausible = True
            shown = clock.now().isoformat()
            complain("clock implausible: %s; nothing is decided", shown)
        return True

    def _go_on(self) -> None:
        """Decide again; nothing is owed for a time that never was."""
        core = self._core
        self.implausible = False
        with core.lock:
            now = core.clock.now()
            states = core.store.states(core.jobs.keys())
            early = [each for each in states if states[each].base < SystemClock.EARLIEST]
            self._decider.change(early, lambda _, state: plan_skip_to(state, now), now)
            self._decider.arm(core.jobs.values(), now)


def is_interval(trigger: Trigger | None) -> bool:
    """Return whether a trigger follows elapsed time, so that a repeated hour is one more to it.

    An `Every` does, and so does a cron expression whose second, minute or hour field begins with
    ``*``. One made of others does if all of them do.
    """
    if isinstance(trigger, Cron):
        return trigger.expression is not None and trigger.expression.fields.interval
    made_of: tuple[Trigger, ...] = getattr(trigger, "triggers", ())
    return isinstance(trigger, Every) or (bool(made_of) and all(map(is_interval, made_of)))


def behind_store(states: Iterable[JobState], now: datetime) -> timedelta:
    """Return by how much the newest mark lies ahead of `now`: until then nothing is decided."""
    newest = max((each.mark for each in states if each.mark is not None), default=now)
    return max(newest - now, timedelta(0))
