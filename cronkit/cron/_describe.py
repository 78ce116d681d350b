"""A sentence for an expression, or for its text."""

from __future__ import annotations

from cronkit.cron._expression import CronExpression


def describe(expr: CronExpression | str, lang: str = "en") -> str:
    """Return a sentence that says when `expr` fires.

    Args:
        expr: an expression, or its text.
        lang: ``"en"`` or ``"fr"``.

    Raises:
        CronSyntaxError: the text cannot be read.
        PolicyError: the language is not known.

    Example:
        >>> describe("0 9 * * MON")
        'at 09:00 on Monday'
        >>> describe("*/15 9-17 * * MON-FRI", lang="fr")
        'toutes les 15 minutes de 09:00 à 17:45, du lundi au vendredi'
    """
    expression = expr if isinstance(expr, CronExpression) else CronExpression.parse(expr)
    return expression.describe(lang)
