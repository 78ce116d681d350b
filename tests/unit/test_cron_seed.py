"""`H`: the seed decides, the same on every host, within what the field allows."""

from __future__ import annotations

import pytest

from cronkit.cron import CronExpression, CronSyntaxError
from cronkit.errors import PolicyError

SEEDS = [f"job-{number}" for number in range(300)]


def test_the_same_seed_gives_the_same_values_on_every_host() -> None:
    # Written down once: a change of these moves the jobs of every user of H.
    text = str(CronExpression.parse("H H H H H H", seed="nightly-report"))
    assert text == str(CronExpression.parse("h h h h h h", seed="nightly-report"))
    assert text == "12 11 12 20 6 6"


@pytest.mark.parametrize(
    ("text", "place", "lowest", "highest"),
    [
        ("H * * * * *", 0, 0, 59),
        ("H 0 * * *", 0, 0, 59),
        ("0 H * * *", 1, 0, 23),
        ("0 0 H * *", 2, 1, 28),
        ("0 0 1 H *", 3, 1, 12),
        ("0 0 * * H", 4, 0, 6),
        ("H(10-19) 0 * * *", 0, 10, 19),
        ("0 0 H(20-31) * *", 2, 20, 28),
        ("0 0 * * H(MON-FRI)", 4, 1, 5),
    ],
)
def test_seeds_spread_over_the_whole_range_and_stay_in_it(
    text: str, place: int, lowest: int, highest: int
) -> None:
    drawn = {int(str(CronExpression.parse(text, seed=seed)).split()[place]) for seed in SEEDS}
    assert (min(drawn), max(drawn)) == (lowest, highest)
    assert len(drawn) > (highest - lowest) * 0.9


@pytest.mark.parametrize(
    ("text", "begins", "end"),
    [
        ("H/15 * * * *", range(15), 59),
        ("H(0-29)/10 * * * *", range(10), 29),
        ("H(5-9)/60 * * * *", range(5, 10), 9),
    ],
)
def test_a_step_begins_where_the_seed_says(text: str, begins: range, end: int) -> None:
    step = text.partition("/")[2].partition(" ")[0]
    drawn = {str(CronExpression.parse(text, seed=seed)).partition(" ")[0] for seed in SEEDS}
    assert drawn == {f"{begin}-{end}/{step}" for begin in begins}


def test_h_is_resolved_item_by_item_and_leaves_names_alone() -> None:
    expression = CronExpression.parse("H,0 0 * MAR THU", seed="x")
    assert str(expression).endswith(",0 0 * MAR THU")
    assert CronExpression.parse("0 0 * * THU") == CronExpression.parse("0 0 * * THU", seed="x")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("H(50-70) * * * *", "'H(50-70)' is not H or H(low-high) within 0-59"),
        ("H(9-5) * * * *", "'H(9-5)' is not H or H(low-high) within 0-59"),
        ("H(5) * * * *", "'H(5)' is not H or H(low-high) within 0-59"),
        ("H( * * * *", "'H(' is not H or H(low-high) within 0-59"),
        ("HH * * * *", "'HH' is not H or H(low-high) within 0-59"),
        ("0 0 H(29-31) * *", "'H(29-31)' is not H or H(low-high) within 1-28"),
        ("H/0 * * * *", "step '0' is not in 1-9999"),
        ("H/x * * * *", "step 'x' is not in 1-9999"),
        ("0 0 0 1 1 * H", "a year cannot be H"),
    ],
)
def test_an_h_without_sense_is_refused(text: str, reason: str) -> None:
    with pytest.raises(CronSyntaxError) as caught:
        CronExpression.parse(text, seed="job")
    assert caught.value.reason == reason


def test_h_without_a_seed_is_refused_and_says_what_to_do() -> None:
    with pytest.raises(CronSyntaxError) as caught:
        CronExpression.parse("0 H * * *")
    assert (caught.value.field, caught.value.value, caught.value.span) == ("hour", "H", (2, 3))
    assert caught.value.hint == "pass seed=..., such as the id of a job"


@pytest.mark.parametrize("text", ["H * * * *", "* * * * *"])
def test_a_seed_is_text(text: str) -> None:
    with pytest.raises(PolicyError, match="seed"):
        CronExpression.parse(text, seed=7)  # type: ignore[arg-type]
