"""The executor that a fake clock puts in place of threads: attempts run in its own time."""

from __future__ import annotations

from sys import maxsize
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cronkit._attempt import Attempt
    from cronkit.abc import Report
    from cronkit.testing._agenda import Agenda


class FakeExecutor:
    """Runs attempts when the clock's driver comes to them.

    Args:
        agenda: the clock's.
        counts: the status of the executor that this one stands for; it has the same ``slots``, and
            the same ``max_abandoned`` if there is one.
    """

    kills = False
    prompt = True
    in_turn = True

    def __init__(self, agenda: Agenda, counts: Mapping[str, int]) -> None:
        self._agenda = agenda
        self._slots = counts["slots"]
        self._bounds = {each: counts[each] for each in ("max_abandoned",) if each in counts}
        self._most_abandoned = self._bounds.get("max_abandoned", maxsize)
        self._report: Report | None = None
        self._going: set[Attempt] = set()
        self._abandoned: set[Attempt] = set()
        self._start_order = 0

    def start(self, report: Report) -> None:
        """Report to `report` from now on."""
        self._report = report
        self._start_order = len(self._agenda.engines)

    def free(self) -> int:
        """Return how many attempts could start now."""
        if len(self._abandoned) >= self._most_abandoned:
            return 0
        return self._slots - len(self._going)

    def submit(self, attempt: Attempt) -> None:
        """Queue an attempt to run at this instant."""
        try:
            self._going.add(attempt)
            self._agenda.queue(self, attempt, self._start_order)
        except BaseException:  # Ctrl-C
            self._agenda.unqueue(attempt)
            self._going.discard(attempt)
            raise

    def ended(self, attempt: Attempt, value: object, error: BaseException | None) -> None:
        """Pass on what an attempt came to; the stepper calls it."""
        self._going.discard(attempt)
        if self._abandoned:
            self._abandoned.discard(attempt)
        if self._report is not None:
            self._report(attempt, value, error)

    def stop(self, attempt: Attempt) -> None:
        """Wake the attempt if it sleeps; its cancel token is set already."""
        self._agenda.wake(attempt.token)

    def abandon(self, attempt: Attempt) -> None:
        """Give the attempt's slot to others; one that has ended holds none."""
        if attempt in self._going:
            self._going.discard(attempt)
            self._abandoned.add(attempt)

    def shutdown(self, timeout: float | None) -> bool:  # noqa: ARG002 -- the Protocol's shape
        """Report nothing any more."""
        self._report = None
        return not self._going

    def status(self) -> Mapping[str, int]:
        """Return counts to show: ``slots``, ``busy``, ``abandoned``."""
        return {
            "slots": self._slots,
            "busy": len(self._going),
            "abandoned": len(self._abandoned),
            **self._bounds,
        }
