"""Between the values of `cronkit.jobs` and the columns of a store's tables.

Nothing is pickled: names, numbers, microseconds and JSON. What comes from a job (an error's text,
notes) is made fit to store; what a caller hands in (arguments) must be fit, or is refused.
"""

from __future__ import annotations

import json
import math
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeAlias, cast

from cronkit._convert import EPOCH
from cronkit.errors import PolicyError
from cronkit.jobs import Job, LiveRun, Outcome, Pause, Run
from cronkit.jobs import JobState as State
from cronkit.triggers import text_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cronkit.jobs import Decision, Ending

Row: TypeAlias = tuple[object, ...]

_TICK = timedelta(microseconds=1)


def to_micros(value: datetime) -> int:
    """Return an instant as whole microseconds since the epoch."""
    return (value - EPOCH) // _TICK


def from_micros(value: object) -> datetime:
    """Return the instant, in UTC."""
    return EPOCH + timedelta(microseconds=cast("int", value))


def _micros(value: datetime | None) -> int | None:
    return None if value is None else to_micros(value)


def _instant(value: object) -> datetime | None:
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


def key_of(decision: Decision) -> tuple[str, str] | None:
    """Return the job and the idempotency key of a decision; ``None`` without a key.

    Raises:
        PolicyError: the key cannot be kept as it is.
    """
    if decision.key is None:
        return None
    if storable(decision.key) != decision.key:
        raise PolicyError("key", decision.key, "text without NUL and lone surrogates")
    return decision.job_id, decision.key


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


def _dump_notes(notes: Mapping[str, object]) -> str | None:
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
            "until": _micros(pause.until),
            "by": pause.by,
            "why": pause.why,
        }
    )


def _load_pause(text: object) -> Pause | None:
    if text is None:
        return None
    facts = json.loads(cast("str", text))
    return Pause(
        at=from_micros(facts["at"]),
        until=_instant(facts["until"]),
        by=facts["by"],
        why=facts["why"],
    )


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


# --- runs ----------------------------------------------------------------------------------------


def inserted(decision: Decision, now: datetime) -> Row:
    """Return the columns of a new row, in the order of `INSERTED`.

    Raises:
        PolicyError: its arguments cannot be kept.
    """
    ends = decision.outcome is not None
    return (
        decision.run_id,
        decision.job_id,
        to_micros(decision.fire_time),
        "ended" if ends else "waiting",
        int(not ends),
        None if decision.outcome is None else str(decision.outcome),
        decision.reason,
        decision.origin,
        to_micros(decision.not_before),
        to_micros(decision.not_before),
        to_micros(now) if ends else None,
        decision.blocked_by if decision.outcome is Outcome.SKIPPED else None,
        _micros(decision.first),
        decision.count,
        int(decision.at_least),
        decision.key,
        decision.priority,
        _micros(decision.give_up_at),
        int(decision.force),
        dump_arguments(decision.args, "args"),
        dump_arguments(decision.kwargs, "kwargs"),
    )


def ended(ending: Ending) -> Row:
    """Return the parameters of `END_RUN`."""
    return (
        int(ending.abandoned),
        str(ending.outcome),
        storable(ending.reason),
        to_micros(ending.at),
        storable(ending.error),
        storable(ending.error_type),
        int(ending.abandoned),
        _dump_notes(ending.notes),
        ending.run_id,
        ending.fence,
    )


def waiting_again(ending: Ending) -> Row:
    """Return the parameters of `WAIT_AGAIN`."""
    return (
        to_micros(ending.retry_at or ending.at),
        storable(ending.reason),
        storable(ending.error),
        storable(ending.error_type),
        _dump_notes(ending.notes),
        ending.run_id,
        ending.fence,
    )


def run_of(row: Row) -> Run:
    """Return the `Run` of a row in the order of `RUN_COLUMNS`."""
    (
        run_id, job_id, fire_time, phase, outcome, reason, origin, attempt, not_before, due,
        started_at, first_started_at, ended_at, owner, fence, error, error_type, blocked_by,
        first_fire, stood_for, at_least, abandoned, notes, key, priority,
    ) = row  # fmt: skip
    first, end = _instant(first_started_at), _instant(ended_at)
    facts: dict[str, object] = {
        "id": run_id,
        "job_id": job_id,
        "fire_time": from_micros(fire_time),
        "phase": phase,
        "outcome": None if outcome is None else Outcome(cast("str", outcome)),
        "reason": reason,
        "origin": origin,
        "attempt": attempt,
        "not_before": from_micros(not_before) if phase == "waiting" else None,
        "started_at": _instant(started_at),
        "ended_at": end,
        "lateness": None if first is None else first - from_micros(due),
        "duration": None if first is None or end is None else end - first,
        "owner": owner,
        "fence": fence,
        "error": error,
        "error_type": error_type,
        "blocked_by": blocked_by,
        "first": _instant(first_fire),
        "count": stood_for,
        "at_least": bool(at_least),
        "abandoned": bool(abandoned),
        "notes": load_kwargs(notes) or {},
        "key": key,
        "priority": priority,
    }
    return Run(**facts)  # type: ignore[arg-type]  # the columns were written from these types


# --- states --------------------------------------------------------------------------------------


def state_of(row: Row, live: tuple[LiveRun, ...]) -> State:
    """Return the state of a job from the columns of `JOBS`."""
    job_id, first_seen, mark, planned, pause = row
    return State(
        job_id=cast("str", job_id),
        first_seen=from_micros(first_seen),
        mark=_instant(mark),
        pause=_load_pause(pause),
        planned=cast("int", planned),
        live=live,
    )


def live_of(row: Row) -> LiveRun:
    """Return a run as the planner sees it, from the columns of `LIVE_RUNS`."""
    _, run_id, phase, attempt, abandoned = row
    return LiveRun(
        id=cast("str", run_id),
        running=phase != "waiting",
        attempt=cast("int", attempt),
        abandoned=bool(abandoned),
    )
