"""The cron language: read an expression, and ask it when it fires.

Example:
    >>> from datetime import datetime
    >>> from zoneinfo import ZoneInfo
    >>> from cronkit.cron import CronExpression
    >>> nightly = CronExpression.parse("30 2 * * *")
    >>> nightly.next(datetime(2026, 3, 28, 12, tzinfo=ZoneInfo("Europe/Paris"))).isoformat()
    '2026-03-29T03:00:00+02:00'
"""

from cronkit.cron._expression import CronExpression
from cronkit.errors import CronSyntaxError

__all__ = ["CronExpression", "CronSyntaxError"]
