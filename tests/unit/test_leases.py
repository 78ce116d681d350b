"""Who counts as lost: a table of looks, each with what is seen and who is named."""

from __future__ import annotations

import pytest

from cronkit._engine._leases import Leases
from cronkit.jobs import Pulse

LEASE = 30.0


def looks(*seen):
    """Have an observer look at (second, {owner: beat}); return who is lost at each look."""
    leases = Leases(LEASE)
    return [sorted(leases.look(Pulse(beats=beats), at)) for at, beats in seen]


def steady(beat, *seconds):
    return [(float(each), {"you": beat}) for each in seconds]


@pytest.mark.parametrize(
    ("why", "seen", "lost_at_the_end"),
    [
        ("a first look says nothing", steady(7, 0), []),
        ("less than a lease says nothing", steady(7, 0, 10, 20, 29.9), []),
        ("a whole lease with one beat is a loss", steady(7, 0, 10, 20, 30), ["you"]),
        ("a beat begins the count anew", [*steady(7, 0, 10, 20), *steady(8, 29, 39, 49)], []),
        (
            "and that count ends too",
            [*steady(7, 0, 10, 20), *steady(8, 29, 39, 49, 59)],
            ["you"],
        ),
        ("a beat that falls is a beat: the store was restored", [*steady(7, 0, 14), (28, {"you": 1}), (29, {"you": 1})], []),
        ("an observer that looked away begins anew", steady(7, 0, 10, 50), []),
        ("and needs a whole lease again", steady(7, 0, 10, 50, 60, 70, 79), []),
        ("of which it has seen every part", steady(7, 0, 10, 50, 60, 70, 80), ["you"]),
        (
            "who lets go of its runs for a while begins anew",
            [*steady(7, 0, 10, 20), (25, {}), *steady(7, 29, 31)],
            [],
        ),
        (
            "each is counted by itself",
            [(0.0, {"you": 1}), (10.0, {"you": 1, "she": 1}), (20.0, {"you": 1, "she": 1}), (30.0, {"you": 1, "she": 1})],
            ["you"],
        ),
    ],
)  # fmt: skip
def test_an_owner_is_lost_when_its_beat_was_seen_for_a_whole_lease(why, seen, lost_at_the_end):
    *before, last = looks(*seen)
    assert last == lost_at_the_end, why
    assert not any(before), why


def test_the_beat_that_was_seen_is_named_so_that_a_later_one_saves_its_owner():
    leases = Leases(LEASE)
    for at in (0.0, 10.0, 20.0):
        leases.look(Pulse(beats={"you": 4}), at)
    assert leases.look(Pulse(beats={"you": 4}), 30.0) == {"you": 4}


def test_one_that_stays_is_named_again_after_another_lease_only():
    found = looks(*steady(7, *range(0, 70, 10)))
    assert found == [[], [], [], ["you"], [], [], ["you"]]


def test_the_dead_are_lost_at_once_and_have_no_beat():
    leases = Leases(LEASE)
    pulse = Pulse(beats={"you": 7, "she": 7}, dead=frozenset({"you"}))
    assert leases.look(pulse, 0.0) == {"you": None}
    assert leases.look(pulse, 1.0) == {}
    assert leases.look(pulse, 15.0) == {}
    assert leases.look(pulse, 30.0) == {"you": None, "she": 7}


def test_who_dies_while_it_is_watched_is_lost_at_once():
    leases = Leases(LEASE)
    leases.look(Pulse(beats={"you": 7}), 0.0)
    assert leases.look(Pulse(beats={"you": 7}, dead=frozenset({"you"})), 1.0) == {"you": None}


def test_after_an_outage_the_count_begins_anew():
    leases = Leases(LEASE)
    for at in (0.0, 10.0, 20.0, 29.0):
        leases.look(Pulse(beats={"you": 7}), at)
    leases.restart()
    found = [leases.look(Pulse(beats={"you": 7}), at) for at in (31.0, 41.0, 51.0, 60.0, 61.0)]
    assert found == [{}, {}, {}, {}, {"you": 7}]
