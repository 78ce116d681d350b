"""Between single values and what a column holds: instants, text, JSON.

Nothing is pickled: names, numbers, microseconds and JSON. What comes from a job (an error's text,
notes) is made fit to store; what a caller hands in (arguments) must be fit, or is refused.
"""

from __future__ import annotations

import json
import math
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, cast

from cronkit._convert import EPOCH
from cronkit.errors import PolicyError
from cronkit.jobs import Edit, Pause, Publication, StoredJob
from cronkit.triggers import text_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from cronkit.jobs import Job

_TICK = timedelta(microseconds=1)


def to_micros(value: datetime) -> int:
    """Return an instant as whole microseconds since the epoch."""
    return (value - EPOCH) // _TICK


@lru_cache(maxsize=64)  # of a burst most instants are the same few
def from_micros(value: object) -> datetime:
    """Return the instant, in UTC."""
    return EPOCH + timedelta(microseconds=cast("int", value))


def micros_or_none(value: datetime | None) -> int | None:
    return None if value is None else to_micros(value)


def instant(value: object) -> datetime | None:
    return None if value is None else from_micros(value)


def storable(text: str | None) -> str | None:
    r"""Return text that every database takes: NUL and lone surrogates written as escapes.

    Example:
        >>> storable("a\0b\ud800")
        'a\\x00b\\ud800'
    """
    if text is None or (text.isascii() and "\0" not in text):
        return text
    return text.replace("\0", "\\x00").encode("utf-8", "backslashreplace").decode()


# --- arguments and notes -------------------------------------------------------------------------


def dump_arguments(value: object, argument: str) -> str | None:
    """Return arguments as JSON; ``None`` stays.

    Raises:
        PolicyError: something in them would not come back from JSON as it went in.
    """
    if value is None:
        return None
    plain = list(value) if isinstance(value, tuple) else value
    for path, each in _misfits(plain, argument):
        raise PolicyError(
            path,
            each,
            "what JSON holds: None, bool, int, float, str, list, and dict with text keys; "
            "the store keeps arguments of a run for another process",
        )
    return json.dumps(plain)


def _misfits(value: object, path: str) -> Iterator[tuple[str, object]]:
    if isinstance(value, list):
        for number, each in enumerate(value):
            yield from _misfits(each, f"{path}[{number}]")
    elif isinstance(value, dict):
        for key, each in value.items():
            if type(key) is not str:
                yield path, key
            yield from _misfits(each, f"{path}[{key!r}]")
    elif not _is_plain(value):
        yield path, value


def _is_plain(value: object) -> bool:
    if type(value) is float:
        return math.isfinite(value)
    return value is None or type(value) in {bool, int, str}


def load_args(text: object) -> tuple[object, ...] | None:
    """Return positional arguments from JSON."""
    return None if text is None else tuple(json.loads(cast("str", text)))


def load_kwargs(text: object) -> Mapping[str, object] | None:
    """Return keyword arguments, or notes, from JSON."""
    return None if text is None else cast("dict[str, object]", json.loads(cast("str", text)))


def dump_notes(notes: Mapping[str, object]) -> str | None:
    """Return what a job recorded as JSON; what JSON has no form for is kept as text."""
    if not notes:
        return None
    try:
        return json.dumps(dict(notes), default=str)
    except Exception:  # noqa: BLE001 -- the job boundary: a note is the user's own object
        return json.dumps({key: ascii(type(each).__name__) for key, each in notes.items()})


def dump_pause(pause: Pause | None) -> str | None:
    """Return a pause as JSON."""
    if pause is None:
        return None
    return json.dumps(
        {
            "at": to_micros(pause.at),
            "until": micros_or_none(pause.until),
            "by": pause.by,
            "why": pause.why,
        }
    )


def load_pause(text: object) -> Pause | None:
    if text is None:
        return None
    facts = json.loads(cast("str", text))
    return Pause(
        at=from_micros(facts["at"]),
        until=instant(facts["until"]),
        by=facts["by"],
        why=facts["why"],
    )


def dump_edit(edit: Edit | None) -> str | None:
    """Return an edit as JSON.

    Raises:
        PolicyError: a policy in it would not come back from JSON as it went in.
    """
    if edit is None:
        return None
    dump_arguments(dict(edit.policies), "update")
    facts = {"replaced": edit.replaced, "trigger": edit.trigger, "policies": dict(edit.policies)}
    return json.dumps(facts)


def load_edit(text: object) -> Edit | None:
    """Return an edit from JSON; one that cannot be read replaces nothing, so it is dropped."""
    if text is None:
        return None
    facts = _mapping(text)
    replaced, trigger, policies = map(facts.get, ("replaced", "trigger", "policies"))
    if (
        isinstance(replaced, str)
        and (trigger is None or isinstance(trigger, str))
        and isinstance(policies, dict)
    ):
        return Edit(replaced=replaced, trigger=trigger, policies=policies)
    return Edit(replaced=f"cannot be read: {text}")


def dump_publication(publication: Publication) -> tuple[str | None, str, str]:
    """Return the columns of what a scheduler publishes: zone database, triggers, digest."""
    triggers = json.dumps(dict(publication.triggers), sort_keys=True)
    digest = sha256(f"{publication.tzdata} {triggers}".encode()).hexdigest()[:16]
    return publication.tzdata, triggers, digest


def load_publication(tzdata: object, triggers: object) -> Publication:
    """Return what a scheduler has published."""
    return Publication(
        tzdata=cast("str | None", tzdata),
        triggers={job_id: str(digest) for job_id, digest in _mapping(triggers).items()},
    )


def load_job(job_id: object, definition: object, edit: object) -> StoredJob:
    """Return a job from what schedulers have written of it."""
    facts = _mapping(definition)
    tags = facts.get("tags")
    return StoredJob(
        id=cast("str", job_id),
        trigger=str(facts.get("trigger", "")),
        tags=frozenset(map(str, tags if isinstance(tags, list) else ())),
        description=str(facts.get("description", "")),
        edited=edit is not None,
    )


def _mapping(text: object) -> Mapping[str, object]:
    """Return a JSON object; an empty one for anything else that somebody has put there."""
    try:
        found = json.loads(cast("str", text))
    except (ValueError, TypeError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def dump_tags(tags: Iterable[str]) -> str | None:
    """Return tags as JSON; ``None``: there are none."""
    found = sorted(tags)
    return json.dumps(found) if found else None


def load_tags(text: object) -> Sequence[str]:
    """Return tags from JSON."""
    return () if text is None else cast("list[str]", json.loads(cast("str", text)))


def dump_definition(job: Job) -> str:
    """Return what other processes may know of a job: its trigger and policies as text."""
    facts = {
        "trigger": "" if job.trigger is None else text_of(job.trigger),
        "zone": str(job.zone),
        "parent": job.parent,
        "enabled": job.enabled,
        "priority": job.priority,
        "tags": sorted(job.tags),
        "description": storable(job.description),
    }
    return json.dumps(facts)
