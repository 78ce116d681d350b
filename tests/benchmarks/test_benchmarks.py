"""Each benchmark runs and judges; how fast anything is, no test says."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks._measure import Row, Target, at_least, at_most, measure

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("suite", ["cron", "exports", "files", "scheduler", "stores"])
def test_the_suite_measures_cronkit_in_every_row_and_judges_it(suite, tmp_path):
    figures = tmp_path / "figures.json"
    table = tmp_path / "table.md"
    outputs = ["--json", str(figures), "--markdown", str(table)]
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks", suite, "--small", "--rounds", "1", *outputs],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    results = json.loads(figures.read_text("utf-8"))
    assert results["rows"]
    for row in results["rows"]:
        assert row["medians"]["cronkit"] > 0, row["name"]
        assert row["name"] in done.stdout
        assert row["name"] in table.read_text("utf-8")


def rows(ours: list[float], theirs: list[float]) -> list[Row]:
    targets = [at_most(0.5, "peer"), at_least(0.5, "peer"), at_most(1, "absent")]
    contenders = {"cronkit": iter(ours).__next__, "peer": iter(theirs).__next__}
    return [Row("a row", "µs", contenders, targets)]


def test_medians_over_the_rounds_are_what_is_judged():
    results = measure(rows([1, 9, 2], [4, 4, 400]), rounds=3)
    assert results.medians() == {"a row": {"cronkit": 2, "peer": 4}}


@pytest.mark.parametrize(
    ("ours", "at_most_half", "at_least_half"), [(1, True, False), (2, True, True), (3, False, True)]
)
def test_a_target_is_a_limit_from_the_same_run(ours, at_most_half, at_least_half):
    results = measure(rows([ours], [4]), rounds=1)
    verdicts = results.verdicts(results.rows[0])
    assert [each.reached for each in verdicts] == [at_most_half, at_least_half]
    assert {each.limit for each in verdicts} == {2}


def test_a_target_against_a_peer_that_is_not_installed_is_not_judged():
    (row,) = rows([1], [4])
    assert len(measure([row], rounds=1).verdicts(row)) == len(row.targets) - 1


def test_a_target_may_need_a_value_of_another_row():
    plain = Row("plain", "µs", {"cronkit": lambda: 1.0})
    twice = Target("2 x plain", lambda medians, _row: 2 * medians["plain"]["cronkit"])
    sparse = Row("sparse", "µs", {"cronkit": lambda: 3.0}, [twice])
    results = measure([plain, sparse], rounds=2)
    assert [(each.limit, each.reached) for each in results.verdicts(sparse)] == [(2.0, False)]


def test_a_slow_row_is_measured_in_its_own_number_of_rounds():
    slow = Row("slow", "ms", {"cronkit": lambda: 1.0}, most_rounds=2)
    assert measure([slow], rounds=5).samples == {"slow": {"cronkit": [1.0, 1.0]}}
