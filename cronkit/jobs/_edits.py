"""Policies in the form of JSON, so that a change of them can be kept for other processes.

What is written are typed values, after their conversion; what is read is handed to the same
conversion as what a user writes.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from cronkit.errors import PolicyError
from cronkit.jobs._backoff import NO_RETRY, Backoff


def dump_policies(policies: Mapping[str, object]) -> dict[str, object]:
    """Return converted policies as what JSON holds.

    Raises:
        PolicyError: one of them holds code: no other process could tell what it is.

    Example:
        >>> dump_policies({"timeout": timedelta(minutes=5), "tags": frozenset({"b", "a"})})
        {'timeout': 300.0, 'tags': ['a', 'b']}
    """
    return {word: _plain(word, value) for word, value in policies.items()}


def load_policies(facts: Mapping[str, object]) -> dict[str, object]:
    """Return what `dump_policies` gave, in the words of a user; they are still to be converted.

    Raises:
        PolicyError: ``retry`` is not of the form that it was written in.
    """
    words = dict(facts)
    retry = words.get("retry")
    if isinstance(retry, Mapping):
        try:
            words["retry"] = Backoff(**retry)
        except TypeError:
            raise PolicyError("retry", retry, "the arguments of Backoff") from None
    return words


def _plain(word: str, value: object) -> object:
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, Backoff):
        return _backoff(word, value)
    return list(value) if isinstance(value, tuple) else value


def _backoff(word: str, value: Backoff) -> dict[str, object]:
    if value.retry_on != NO_RETRY.retry_on:
        allowed = "a Backoff without retry_on: the change is kept for other processes"
        raise PolicyError(word, value.retry_on, allowed)
    return {
        "attempts": value.attempts,
        "base": value.base.total_seconds(),
        "factor": value.factor,
        "max": value.max.total_seconds(),
        "jitter": value.jitter,
        "give_up_after": None
        if value.give_up_after is None
        else value.give_up_after.total_seconds(),
    }
