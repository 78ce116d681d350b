"""Real executors under a fake clock: time stands still while their attempts go on."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from cronkit.errors import FakeClockStalled

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, timedelta

    from cronkit._attempt import Attempt
    from cronkit.abc import Executor, Report
    from cronkit.testing._agenda import Agenda

    Reported = tuple[object, BaseException | None]


class StandingExecutor:
    """An executor whose attempts run outside of this process, and an engine of the clock.

    All that were started at one instant are waited for, and reported in the order in which they
    were started, so that the same test gives the same trace.

    Args:
        agenda: the clock's.
        real: runs the attempts.
    """

    def __init__(self, agenda: Agenda, real: Executor) -> None:
        self.kills = real.kills
        self._agenda = agenda
        self._real = real
        self._report: Report | None = None
        self._reported = threading.Condition()
        self._going: dict[Attempt, Reported | None] = {}

    def start(self, report: Report) -> None:
        """Report to `report` from now on, when the clock steps this."""
        self._report = report
        self._going.clear()
        self._real.start(self._take)
        self._agenda.engines.append(self)

    def _take(self, attempt: Attempt, value: object, error: BaseException | None) -> None:
        with self._reported:
            if attempt in self._going:
                self._going[attempt] = (value, error)
                self._reported.notify_all()

    def next_wakeup(self) -> datetime | None:
        """Return that now something is to be waited for, if anything goes on."""
        return self._agenda.now if self._going else None

    def clock_stepped(self, delta: timedelta) -> None:
        """Take no note: real processes know nothing of fake time."""

    def step(self) -> None:
        """Wait in real time for all that goes on, and report it.

        Raises:
            FakeClockStalled: nothing was reported for too long; it is not waited for any more.
        """
        going, patience = self._going, self._agenda.patience_seconds
        with self._reported:
            while None in going.values() and self._reported.wait(patience):
                pass
            self._going = {}
        silent = []
        for attempt, reported in going.items():
            if reported is None:
                silent.append(attempt.run_id)
            elif self._report is not None:
                self._report(attempt, *reported)
        if silent:
            raise FakeClockStalled(", ".join(silent))

    def crash(self) -> None:
        """Report nothing any more; what goes on ends with its parent."""
        self._report = None
        self._real.shutdown(0.0)

    def free(self) -> int:
        """Return how many attempts could start now."""
        return self._real.free()

    def submit(self, attempt: Attempt) -> None:
        """Start an attempt; time stands still until it is reported."""
        with self._reported:
            self._going[attempt] = None
        self._real.submit(attempt)

    def stop(self, attempt: Attempt) -> None:
        """Ask an attempt to end."""
        self._real.stop(attempt)

    def abandon(self, attempt: Attempt) -> None:
        """Count on this attempt no more."""
        self._real.abandon(attempt)

    def shutdown(self, timeout: float | None) -> bool:
        """Take no more, and let the real executor come to its end."""
        self._report = None
        if self in self._agenda.engines:
            self._agenda.engines.remove(self)
        return self._real.shutdown(timeout)

    def status(self) -> Mapping[str, int]:
        """Return the counts of the real executor."""
        return self._real.status()
