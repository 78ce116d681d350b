"""What is left of a state after seven kinds of fault; cronkit's peers go through the same trials."""

from __future__ import annotations

import pytest

from tests.benchmarks._durable_peers import PEERS, installed
from tests.benchmarks._durable_trials import TRIALS
from tests.benchmarks.durability import all_tried, table, tried

pytestmark = pytest.mark.system


@pytest.mark.parametrize("trial", TRIALS)
def test_cronkit_passes_every_trial(trial, scale):
    verdict = tried("cronkit", trial, scale.value)
    if verdict.passed is None:
        pytest.skip(verdict.reason)
    assert verdict.passed, verdict.reason


@pytest.mark.parametrize(
    ("trial", "peer"),
    [
        ("kill", "shelve"),
        ("contend", "shelve"),
        ("takeover", "shelve"),
        ("disk full", "joblib.dump"),
        ("EIO", "joblib.dump"),
        ("bit rot", "SQLite FULL"),
        ("power cut", "SQLite NORMAL"),
    ],
)
def test_a_trial_is_one_that_can_be_failed(trial, peer):
    if peer not in installed():
        pytest.skip(f"{peer} is not installed")
    # Processes that contend may be lucky once.
    for _ in range(5):
        verdict = tried(peer, trial, "quick")
        if verdict.passed is None:
            pytest.skip(verdict.reason)
        if not verdict.passed:
            return
    pytest.fail(f"{peer} passes {trial}")


def test_none_of_the_peers_passes_all_of_them(scale):
    # Peers that fail a trial fail it soon; SQLite, which is the best of them, does so here.
    trials = scale.pick(["bit rot"], list(TRIALS))
    peers = [peer for peer in installed() if peer != "cronkit"]
    results = all_tried(peers, trials, "quick", lambda _text: None)
    for peer, verdicts in results.items():
        assert any(each.passed is False for each in verdicts.values()), peer
    for peer in peers:
        assert f"| {peer} |" in table(results, "quick")
    assert set(peers) < set(PEERS)
