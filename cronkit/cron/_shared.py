"""One object for equal texts: what keeps ten thousand jobs on a thousand expressions small."""

from __future__ import annotations

from weakref import WeakValueDictionary

from cronkit.cron._expression import CronExpression

_SHARED: WeakValueDictionary[tuple[str | None, ...], CronExpression] = WeakValueDictionary()


def shared(
    text: str,
    *,
    dialect: str = "cronkit",
    day_rule: str | None = None,
    seed: str | None = None,
    gap: str | None = None,
    fold: str | None = None,
) -> CronExpression:
    """Return what `CronExpression.parse` returns, the same object for the same arguments.

    Many jobs share few expressions; one object each keeps them small. It lives as long as a job
    holds it.

    Example:
        >>> held = shared("0 9 * * *")
        >>> shared("0 9 * * *") is held
        True
    """
    key = (text, dialect, day_rule, seed, gap, fold)
    found = _SHARED.get(key) if isinstance(text, str) else None
    if found is None:
        found = CronExpression.parse(
            text, dialect=dialect, day_rule=day_rule, seed=seed, gap=gap, fold=fold
        )
        _SHARED[key] = found
    return found
