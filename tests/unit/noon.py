"""The day on which the fake clock of these tests begins, and what became of the runs on it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cronkit import At

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ONE = At("2026-01-01T12:01")


def after_noon(instant):
    """Return an instant as minutes after the first one of the fake clock."""
    return (instant - NOON) / MINUTE


def outcomes(scheduler, job_id=None):
    """Return outcome and reason of each row, the oldest first."""
    return [(str(run.outcome), run.reason) for run in reversed(scheduler.runs(job_id))]
