"""cronkit as an adapter of the shared corpus runner: ``--adapter tests.tables.corpus_adapter:cronkit``."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from cronkit.cron import CronExpression

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime


def cronkit(
    expr: str, tz_name: str, start: datetime, n: int, tags: Sequence[str]
) -> list[datetime]:
    """Return the first `n` fire times of `expr` after `start` in a zone."""
    expression = CronExpression.parse(expr)
    return list(islice(expression.iter(start.astimezone(ZoneInfo(tz_name))), n))
