"""What an attempt that was asked to stop is reported as, where stopping really ends it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cronkit.errors import RunCancelledError, RunTimeoutError

if TYPE_CHECKING:
    from cronkit._attempt import Attempt


def stopped(
    attempt: Attempt, value: object, error: BaseException | None, *, by_request: bool
) -> tuple[object, BaseException | None]:
    """Return what to report for an attempt that has ended.

    One whose timeout had ended is timed out, whatever it came to: its result is late. One that was
    cancelled and returned all the same has a result.

    Args:
        attempt: the attempt.
        value: what it returned.
        error: what it raised.
        by_request: whether `error` is how a stop shows (a cancellation, a signal of ours).
    """
    reason, timeout = attempt.token.reason, attempt.job.timeout
    if reason == "timeout" and timeout is not None:
        late = RunTimeoutError(attempt.run_id, timeout.total_seconds())
        late.__cause__ = error
        return None, late
    if reason is not None and by_request:
        cancelled = RunCancelledError(attempt.run_id, reason)
        cancelled.__cause__ = error
        return None, cancelled
    return value, error
