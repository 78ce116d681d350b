"""Law: any text is either an expression or a `CronSyntaxError`, and quickly."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import example, given, settings
from hypothesis import strategies as st

from cronkit.cron import CronExpression, CronSyntaxError

SIGNS = st.text(alphabet="0123456789*/,-?LW#H() \t@TZ=ABCMONJANdaily", max_size=300)


@given(SIGNS | st.text(max_size=300) | st.lists(SIGNS, min_size=5, max_size=7).map(" ".join))
@example("*" * 257)
@example("1" * 256)
@example("0 0 1-" + "9" * 200 + " * *")
@example("*/9999 */9999 */9999 */9999 */9999")
@example(",".join(["1-59/2"] * 36) + " * * * *")
@example("TZ=")
@example("TZ=../etc/passwd * * * * *")
@example("\x00")
@settings(deadline=timedelta(seconds=1))
def test_any_text_is_an_expression_or_a_syntax_error(text: str) -> None:
    for seed in (None, "job"):
        error = None
        try:
            expression = CronExpression.parse(text, seed=seed)
        except CronSyntaxError as refused:
            error = refused
        if error is None:
            assert CronExpression.parse(str(expression)) == expression
        else:
            assert len(str(error)) <= 200
            assert error.span is None or text[slice(*error.span)][:256] == error.value
