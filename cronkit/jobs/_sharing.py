"""What schedulers that share a store see of each other."""

from __future__ import annotations

from collections.abc import Mapping

import attrs


@attrs.frozen(kw_only=True)
class StoredJob:
    """A job as a shared store knows it, whether or not its function is registered here.

    Attributes:
        id: the job.
        trigger: its trigger as text, for people; empty for a job without one.
        tags: its tags.
        description: its description.
        edited: whether a stored edit stands in place of what the code says.
    """

    id: str
    trigger: str = ""
    tags: frozenset[str] = frozenset()
    description: str = ""
    edited: bool = False


@attrs.frozen(kw_only=True)
class Publication:
    """What a scheduler tells the others of itself: by which rules, and when, its jobs fire.

    Attributes:
        tzdata: the version of its zone database; ``None``: it does not say.
        triggers: a digest of the trigger of each job, as the code says it.
    """

    tzdata: str | None = None
    triggers: Mapping[str, str] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class Pulse:
    """What one look at a shared store shows of the other schedulers.

    Attributes:
        beats: the beat of each other owner.
        dead: those of them that are known to have died, without waiting for a lease.
        cancelled: runs of the one who looks that somebody asked to stop, with the reason.
        changes: a counter that rises with every pause and with every change of a job.
        ready: whether a waiting row's time has come.
        published: a digest of what each owner has published, the one who looks included.
    """

    beats: Mapping[str, int]
    dead: frozenset[str] = frozenset()
    cancelled: Mapping[str, str] = attrs.field(factory=dict)
    changes: int = 0
    ready: bool = False
    published: Mapping[str, str] = attrs.field(factory=dict)
