"""The policies of a job as one value, which jobs that have the same share."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import attrs

from cronkit.jobs._backoff import NO_RETRY, Backoff
from cronkit.jobs._policies import Coalesce, OnInterrupted, Overlap

if TYPE_CHECKING:
    from collections.abc import Mapping


@attrs.frozen(kw_only=True, weakref_slot=False)
class Rules:
    """The policies by which a job runs.

    Attributes:
        executor: the name of the executor; ``None``: the scheduler's default, or ``"asyncio"``
            for an ``async def`` function.
        enabled: ``False``: listed and startable by hand, never fired by its trigger.
        priority: among runs that are due together, the higher goes first.
        start: no fire time before it.
        end: no fire time at or after it.
        max_runs: how many runs its trigger gives it in all; ``None``: no limit.
        jitter: the longest random delay of a fire time.
        timeout: the longest time of an attempt; ``None``: no limit.
        retry: when and how often to try again.
        misfire_grace: a fire time decided later than this is a misfire; ``None``: no limit.
        coalesce: which of several overdue fire times run.
        max_catch_up: with ``coalesce="all"``: how many at most.
        overlap: what to do with a fire time while a run is still going.
        queue_limit: with ``overlap="queue"``: how many runs may wait.
        max_concurrent: how many runs may go on at once, over all hosts; ``None``: no limit.
        on_interrupted: a run whose process died is recorded, or runs again.
        keep_runs: how many ended runs the store keeps; ``None``: the store's default.
    """

    executor: str | None = None
    enabled: bool = True
    priority: int = 0
    start: datetime | None = None
    end: datetime | None = None
    max_runs: int | None = None
    jitter: timedelta | None = None
    timeout: timedelta | None = None
    retry: Backoff = NO_RETRY
    misfire_grace: timedelta | None = None
    coalesce: Coalesce = "latest"
    max_catch_up: int = 100
    overlap: Overlap = "skip"
    queue_limit: int = 1
    max_concurrent: int | None = None
    on_interrupted: OnInterrupted = "record"
    keep_runs: int | None = None


NO_RULES = Rules()
"""The rules of a job of which nothing was said."""

WORDS = frozenset(each.name for each in attrs.fields(Rules))
"""The names of the rules, as a user writes them."""


class Ruled:
    """A job, as far as its rules are concerned: each is an attribute of its own.

    Ten thousand jobs have few different rules between them, so a job has one field for all.
    """

    __slots__ = ()

    if TYPE_CHECKING:
        rules: Rules

    @property
    def executor(self) -> str | None:
        """The name of the executor; ``None``: the default, or that of ``async def`` functions."""
        return self.rules.executor

    @property
    def enabled(self) -> bool:
        """``False``: listed and startable by hand, never fired by its trigger."""
        return self.rules.enabled

    @property
    def priority(self) -> int:
        """Among runs that are due together, the higher goes first."""
        return self.rules.priority

    @property
    def start(self) -> datetime | None:
        """No fire time before it."""
        return self.rules.start

    @property
    def end(self) -> datetime | None:
        """No fire time at or after it."""
        return self.rules.end

    @property
    def max_runs(self) -> int | None:
        """How many runs its trigger gives it in all; ``None``: no limit."""
        return self.rules.max_runs

    @property
    def jitter(self) -> timedelta | None:
        """The longest random delay of a fire time."""
        return self.rules.jitter

    @property
    def timeout(self) -> timedelta | None:
        """The longest time of an attempt; ``None``: no limit."""
        return self.rules.timeout

    @property
    def retry(self) -> Backoff:
        """When and how often to try again."""
        return self.rules.retry

    @property
    def misfire_grace(self) -> timedelta | None:
        """A fire time decided later than this is a misfire; ``None``: no limit."""
        return self.rules.misfire_grace

    @property
    def coalesce(self) -> Coalesce:
        """Which of several overdue fire times run."""
        return self.rules.coalesce

    @property
    def max_catch_up(self) -> int:
        """With ``coalesce="all"``: how many at most."""
        return self.rules.max_catch_up

    @property
    def overlap(self) -> Overlap:
        """What to do with a fire time while a run is still going."""
        return self.rules.overlap

    @property
    def queue_limit(self) -> int:
        """With ``overlap="queue"``: how many runs may wait."""
        return self.rules.queue_limit

    @property
    def max_concurrent(self) -> int | None:
        """How many runs may go on at once, over all hosts; ``None``: no limit."""
        return self.rules.max_concurrent

    @property
    def on_interrupted(self) -> OnInterrupted:
        """A run whose process died is recorded, or runs again."""
        return self.rules.on_interrupted

    @property
    def keep_runs(self) -> int | None:
        """How many ended runs the store keeps; ``None``: the store's default."""
        return self.rules.keep_runs


def rules_of(words: Mapping[str, object]) -> Rules:
    """Return the rules that say these words; of neighbours that say the same, the same."""
    newest, rules = _newest[0]
    if not (words.keys() <= _COMPARED and newest == words):
        rules = Rules(**words)  # type: ignore[arg-type]  # converted by name
        _newest[0] = words, rules
    return rules


_COMPARED = WORDS - {"retry"}
"""All but a ``retry``: that may hold an object of anybody's, which compares as it likes."""

_newest: list[tuple[Mapping[str, object], Rules]] = [({}, NO_RULES)]
