"""`InlineExecutor`: runs attempts in the thread that submits them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cronkit.executors._call import call

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cronkit._attempt import Attempt
    from cronkit.abc import Report


class InlineExecutor:
    """Runs each attempt at once, in the calling thread.

    For `Scheduler.run_now` on a scheduler that is not started, and for programs without threads: on
    a started scheduler a long job holds up all others.
    """

    kills = False

    def __init__(self) -> None:
        self._report: Report | None = None

    def start(self, report: Report) -> None:
        """Report to `report` from now on."""
        self._report = report

    def free(self) -> int:
        """Return one: whoever asks is free to run something."""
        return 1

    def submit(self, attempt: Attempt) -> None:
        """Run an attempt and report what it came to."""
        value, error = call(attempt)
        if self._report is not None:
            self._report(attempt, value, error)

    def stop(self, attempt: Attempt) -> None:
        """Do nothing: the attempt's cancel token is set, and it looks at it or not."""

    def abandon(self, attempt: Attempt) -> None:
        """Do nothing: the attempt holds the thread, not a slot."""

    def shutdown(self, timeout: float | None) -> bool:  # noqa: ARG002 -- the Protocol's shape
        """Return that nothing goes on."""
        return True

    def status(self) -> Mapping[str, int]:
        """Return counts to show."""
        return {"slots": 1, "busy": 0, "abandoned": 0}
