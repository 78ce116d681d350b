"""The cron language: read an expression, and ask it when it fires.

Example:
    >>> from datetime import datetime
    >>> from zoneinfo import ZoneInfo
    >>> from cronkit.cron import CronExpression
    >>> nightly = CronExpression.parse("30 2 * * *")
    >>> nightly.next(datetime(2026, 3, 28, 12, tzinfo=ZoneInfo("Europe/Paris"))).isoformat()
    '2026-03-29T03:00:00+02:00'
"""

from __future__ import annotations

from cronkit.cron._expression import CronExpression
from cronkit.errors import CronSyntaxError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cronkit.cron._describe import describe
    from cronkit.cron._explain import OffsetChange, explain

# What only people read is loaded when it is asked for.
_HOME_OF = {
    "OffsetChange": "cronkit.cron._explain",
    "describe": "cronkit.cron._describe",
    "explain": "cronkit.cron._explain",
}

__all__ = ["CronExpression", "CronSyntaxError", "OffsetChange", "describe", "explain"]


def __getattr__(name: str) -> object:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415 -- only for the lazy names

    return getattr(import_module(_HOME_OF[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
