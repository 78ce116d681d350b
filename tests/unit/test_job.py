"""A job as a value: however it is made it says the same, and nothing changes it."""

import pickle
from datetime import UTC, timedelta

import attrs
import pytest

from cronkit.jobs import Job, Rules, build_job
from cronkit.triggers import Every


def work(*_: object, **__: object) -> None:
    """Be a function that a job can have."""


EVERY = {
    "description": "a sentence",
    "tags": frozenset({"db"}),
    "args": (1,),
    "kwargs": {"a": 2},
    "executor": "pool",
    "enabled": False,
    "priority": 3,
    "max_runs": 4,
    "jitter": timedelta(seconds=5),
    "timeout": timedelta(seconds=6),
    "misfire_grace": timedelta(seconds=7),
    "coalesce": "all",
    "max_catch_up": 8,
    "overlap": "allow",
    "queue_limit": 9,
    "max_concurrent": 10,
    "on_interrupted": "rerun",
    "keep_runs": 11,
}


@pytest.mark.parametrize("policies", [{}, *({word: value} for word, value in EVERY.items()), EVERY])
def test_a_job_built_from_words_says_what_one_from_values_says(policies) -> None:
    trigger = Every("1h", tz=UTC)
    built = build_job(work, trigger, UTC, {"id": "job", **policies}, {})
    given = Job(id="job", func=work, trigger=trigger).changed(policies)

    for field in attrs.fields(Job):
        assert getattr(built, field.name) == getattr(given, field.name), field.name
    for word, value in policies.items():
        assert getattr(built, word) == getattr(given, word) == value


@pytest.mark.parametrize("rule", [each.name for each in attrs.fields(Rules)])
def test_each_rule_is_an_attribute_of_the_job(rule) -> None:
    job = build_job(work, None, UTC, {}, {})

    assert getattr(job, rule) == getattr(job.rules, rule) == getattr(Rules(), rule)


def test_neighbours_with_the_same_rules_share_them() -> None:
    one, other, plain = (
        build_job(work, None, UTC, {"id": name, **words}, {})
        for name, words in (("a", {"timeout": "30m"}), ("b", {"timeout": "30m"}), ("c", {}))
    )

    assert one.rules is other.rules
    assert one.rules.timeout == timedelta(minutes=30)
    assert plain.rules == Rules()


def test_a_word_of_the_job_wins_over_a_default_of_the_scheduler() -> None:
    defaults = {"priority": 1, "description": "all"}
    job = build_job(work, None, UTC, {"priority": 2}, defaults)

    assert (job.priority, job.description) == (2, "all")


@pytest.mark.parametrize("name", ["priority", "id", "new"])
def test_a_built_job_refuses_to_be_changed(name) -> None:
    job = build_job(work, None, UTC, {"id": "job"}, {})

    assert type(job) is Job
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        setattr(job, name, 1)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        delattr(job, name)


def test_a_built_job_can_be_evolved_and_pickled() -> None:
    job = build_job(work, None, UTC, {"id": "job", "kwargs": {"a": 1}}, {})

    changed = job.changed({"priority": 5, "description": "other"})
    assert (changed.priority, changed.description, changed.kwargs) == (5, "other", {"a": 1})
    assert (job.priority, job.description) == (0, "")
    assert pickle.loads(pickle.dumps(job)).id == "job"
