"""The short way from the end of an attempt to the start of the next: no thread is woken for it.

A worker that reports takes the baton, if nobody has it, and does at once what the engine's next
step would do: it writes what has ended and starts what waits for the slot. Who finds the baton
taken leaves its report to whoever holds it.
"""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cronkit._attempt import Attempt
    from cronkit._engine._engine import Engine


class Express:
    """Acts on reports in the thread that makes them; only where the store is in this process.

    A transaction on a disk or a server would hold a worker up: with such a store the reports are
    left to the engine's next step, which writes many in one transaction.

    Attributes:
        broken: what went wrong here; the engine's next step raises it where it is counted.
    """

    __slots__ = ("_baton", "_engine", "broken")

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._baton = Lock()
        self.broken: BaseException | None = None

    def after_fork(self) -> None:
        """Have a baton that nobody holds."""
        self._baton = Lock()

    def report_in_turn(self, attempt: Attempt, value: object, error: BaseException | None) -> None:
        """Do as `report`, where no other attempt reports meanwhile: nobody needs the baton."""
        engine = self._engine
        engine.attempts.outcomes.reports.append((attempt, value, error))
        try:
            if engine.serve():
                return
        except BaseException as error_here:  # noqa: BLE001 -- as in `report`
            self.broken = error_here
        engine.core.wake()

    def report(self, attempt: Attempt, value: object, error: BaseException | None) -> None:
        """Take what an attempt came to, and act on it at once."""
        reports, baton = self._engine.attempts.outcomes.reports, self._baton
        reports.append((attempt, value, error))
        # The holder looks again after it has put the baton down, so no report is left behind.
        while reports and baton.acquire(False):
            try:
                served = self._engine.serve()
            except BaseException as error_here:  # noqa: BLE001 -- a worker must not end by it
                self.broken, served = error_here, False
            finally:
                baton.release()
            if not served:
                self._engine.core.wake()
                return
