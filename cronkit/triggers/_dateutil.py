"""What cronkit takes from dateutil: dates of a recurrence rule, and calendar arithmetic.

Everything here is naive wall-clock time; zones are the callers' business. dateutil is imported by
the first call, so that a program without a `Rule` does not pay for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cronkit.triggers._rule_text import FREQUENCIES

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from cronkit.triggers._rule_text import RuleParts


def expand(parts: RuleParts, start: datetime) -> Iterable[datetime]:
    """Return the wall-clock times of a rule from `start` on, in every period.

    The interval, the count and the end of the rule are left to the caller. What the rule does not
    say is taken from `start`, as in RFC 5545.

    Args:
        parts: a rule whose parts are complete where `start` is not the rule's own.
        start: where to begin.
    """
    from dateutil.rrule import rrule, weekday  # noqa: PLC0415 -- lazy: see the module

    days = [weekday(day, ordinal or None) for day, ordinal in parts.days]
    numbers = {name.lower(): values for name, values in parts.by}
    return rrule(
        FREQUENCIES.index(parts.freq),  # type: ignore[arg-type] # the stubs want a Literal
        dtstart=start,
        wkst=parts.week_start,
        byweekday=days or None,
        **numbers,  # type: ignore[arg-type] # the names are those of _rule_text
    )


def shift(start: datetime, *, months: int, days: int) -> datetime:
    """Return `start` moved by calendar months, then by days; 31 January + 1 month is 28 February.

    Raises:
        OverflowError: the result lies outside the years 1 to 9999.
    """
    from dateutil.relativedelta import relativedelta  # noqa: PLC0415 -- lazy: see the module

    try:
        return start + relativedelta(months=months, days=days)
    except ValueError as error:
        raise OverflowError(str(error)) from None
