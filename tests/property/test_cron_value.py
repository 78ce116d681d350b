"""Law: an expression survives its own text, pickle and copy, and equals what fires alike."""

from __future__ import annotations

import copy
import pickle
from typing import TYPE_CHECKING

from hypothesis import assume, given
from hypothesis import strategies as st

from cronkit.cron import CronExpression, CronSyntaxError

if TYPE_CHECKING:
    from hypothesis.strategies import DataObject, SearchStrategy

PREFIXES = st.sampled_from(["", "TZ=Europe/Paris ", "CRON_TZ=Africa/Lome ", "TZ=UTC "])


@given(st.data())
def test_the_text_of_an_expression_parses_to_an_equal_one(
    cron_texts: SearchStrategy[str], data: DataObject
) -> None:
    text = data.draw(PREFIXES) + data.draw(cron_texts)
    try:
        expression = CronExpression.parse(text)
    except CronSyntaxError as error:
        assume("never occurs" not in error.reason)
        raise
    again = CronExpression.parse(str(expression))
    assert again == expression
    assert hash(again) == hash(expression)
    assert str(again) == str(expression)
    assert again.zone is expression.zone


@given(st.data())
def test_pickle_and_copy_give_an_equal_expression(
    cron_expressions: SearchStrategy[CronExpression], data: DataObject
) -> None:
    expression = data.draw(cron_expressions)
    for again in (
        pickle.loads(pickle.dumps(expression)),
        copy.copy(expression),
        copy.deepcopy(expression),
    ):
        assert again == expression
        assert hash(again) == hash(expression)
        assert str(again) == str(expression)


@given(st.data())
def test_a_different_minute_makes_a_different_expression(
    cron_expressions: SearchStrategy[CronExpression], data: DataObject
) -> None:
    expression = data.draw(cron_expressions)
    one, other = data.draw(st.lists(st.integers(0, 59), min_size=2, max_size=2, unique=True))
    rest = str(expression).split(maxsplit=1)[1]
    assume(len(str(expression).split()) == 5)
    assert CronExpression.parse(f"{one} {rest}") != CronExpression.parse(f"{other} {rest}")
