"""Run Python functions on time.

Names are loaded on first use, so that ``import cronkit.cron`` costs what cron costs.
"""

from __future__ import annotations

from cronkit._lazy import lazy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cronkit._app._status import FireTime, Status
    from cronkit._context import RunContext, current_run
    from cronkit._handle import RunHandle
    from cronkit._scheduler import Scheduler
    from cronkit.checkpoints import CheckpointManager
    from cronkit.errors import CronkitError
    from cronkit.jobs import (
        Backoff,
        Job,
        Outcome,
        Policies,
        Run,
        RunCancelled,
        RunFailed,
        RunInterrupted,
        RunMisfired,
        RunSkipped,
        RunSucceeded,
        RunTimedOut,
    )
    from cronkit.triggers import AnyOf, At, Cron, Every, Except, Rule

    __version__: str

_HOMES = {
    "cronkit._app._status": ("FireTime", "Status"),
    "cronkit._context": ("RunContext", "current_run"),
    "cronkit._handle": ("RunHandle",),
    "cronkit._scheduler": ("Scheduler",),
    "cronkit.checkpoints": ("CheckpointManager",),
    "cronkit.errors": ("CronkitError",),
    "cronkit.jobs": (
        "Backoff",
        "Job",
        "Outcome",
        "Policies",
        "Run",
        "RunCancelled",
        "RunFailed",
        "RunInterrupted",
        "RunMisfired",
        "RunSkipped",
        "RunSucceeded",
        "RunTimedOut",
    ),
    "cronkit.triggers": ("AnyOf", "At", "Cron", "Every", "Except", "Rule"),
}

__all__ = [
    "AnyOf",
    "At",
    "Backoff",
    "CheckpointManager",
    "Cron",
    "CronkitError",
    "Every",
    "Except",
    "FireTime",
    "Job",
    "Outcome",
    "Policies",
    "Rule",
    "Run",
    "RunCancelled",
    "RunContext",
    "RunFailed",
    "RunHandle",
    "RunInterrupted",
    "RunMisfired",
    "RunSkipped",
    "RunSucceeded",
    "RunTimedOut",
    "Scheduler",
    "Status",
    "current_run",
]


_lazy = lazy("cronkit", _HOMES)


def __getattr__(name: str) -> object:
    if name == "__version__":
        from importlib.metadata import version  # noqa: PLC0415 -- 15 ms, and few ask

        return version("cronkit")
    return _lazy(name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
