"""The executor that a fake clock puts in place of threads: attempts run in its own time."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cronkit._context import Attempt
    from cronkit.abc import Report
    from cronkit.testing._stepper import Stepper


class FakeExecutor:
    """Runs attempts when the clock's driver comes to them; `slots` may go on at once."""

    kills = False

    def __init__(self, stepper: Stepper, slots: int) -> None:
        self._stepper = stepper
        self._slots = slots
        self._report: Report | None = None
        self._busy = 0
        self._abandoned: set[Attempt] = set()
        self._start_order = 0

    def start(self, report: Report) -> None:
        """Report to `report` from now on."""
        self._report = report
        self._start_order = len(self._stepper.engines)

    def free(self) -> int:
        """Return how many attempts could start now."""
        return self._slots - self._busy

    def submit(self, attempt: Attempt) -> None:
        """Queue an attempt to run at this instant."""
        self._busy += 1
        self._stepper.queue(self, attempt, self._start_order)

    def ended(self, attempt: Attempt, value: object, error: BaseException | None) -> None:
        """Pass on what an attempt came to; the stepper calls it."""
        if attempt in self._abandoned:
            self._abandoned.discard(attempt)
        else:
            self._busy -= 1
        if self._report is not None:
            self._report(attempt, value, error)

    def stop(self, attempt: Attempt) -> None:
        """Wake the attempt if it sleeps; its cancel token is set already."""
        self._stepper.wake(attempt.token)

    def abandon(self, attempt: Attempt) -> None:
        """Give the attempt's slot to others."""
        self._abandoned.add(attempt)
        self._busy -= 1

    def shutdown(self, timeout: float | None) -> bool:  # noqa: ARG002 -- the Protocol's shape
        """Report nothing any more."""
        self._report = None
        return self._busy == 0

    def status(self) -> Mapping[str, int]:
        """Return counts to show: ``slots``, ``busy``, ``abandoned``."""
        return {"slots": self._slots, "busy": self._busy, "abandoned": len(self._abandoned)}
