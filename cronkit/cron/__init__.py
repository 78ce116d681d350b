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

from cronkit._lazy import lazy
from cronkit.cron._expression import CronExpression
from cronkit.errors import CronSyntaxError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cronkit.cron._describe import describe
    from cronkit.cron._explain import OffsetChange, explain

__all__ = ["CronExpression", "CronSyntaxError", "OffsetChange", "describe", "explain"]

# What only people read is loaded when it is asked for.
__getattr__ = lazy(
    "cronkit.cron",
    {
        "cronkit.cron._describe": ("describe",),
        "cronkit.cron._explain": ("OffsetChange", "explain"),
    },
)
