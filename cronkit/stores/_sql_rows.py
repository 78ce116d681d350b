"""Between the values of `cronkit.jobs` and the rows of a store's tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias, cast

from cronkit.errors import PolicyError
from cronkit.jobs import JobState as State
from cronkit.jobs import LiveRun, Outcome, Run
from cronkit.stores._sql_values import (
    dump_arguments,
    dump_notes,
    from_micros,
    instant,
    load_edit,
    load_kwargs,
    load_pause,
    micros_or_none,
    storable,
    to_micros,
)

if TYPE_CHECKING:
    from datetime import datetime

    from cronkit.jobs import Decision, Ending

Row: TypeAlias = tuple[object, ...]
"""What a database gives of one row, and the parameters of one statement."""


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
        micros_or_none(decision.first),
        decision.count,
        int(decision.at_least),
        decision.key,
        decision.priority,
        micros_or_none(decision.give_up_at),
        int(decision.force),
        dump_arguments(decision.args, "args"),
        dump_arguments(decision.kwargs, "kwargs"),
    )


def is_plain(decision: Decision) -> bool:
    """Return whether `plain` holds all of a decision."""
    return (
        decision.outcome is None
        and decision.reason is None
        and decision.first is None
        and decision.count == 1
        and not decision.at_least
        and decision.key is None
        and decision.give_up_at is None
        and decision.args is None
        and decision.kwargs is None
    )


def plain(decision: Decision) -> Row:
    """Return the parameters of `INSERT_PLAIN`."""
    not_before = to_micros(decision.not_before)
    return (
        decision.run_id,
        decision.job_id,
        to_micros(decision.fire_time),
        decision.origin,
        not_before,
        not_before,
        decision.priority,
        int(decision.force),
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
        dump_notes(ending.notes),
        ending.run_id,
        ending.fence,
    )


def ends_plainly(ending: Ending) -> bool:
    """Return whether `ended_plainly` holds all of the end of a run."""
    return (
        not ending.notes
        and ending.reason is None
        and ending.error is None
        and ending.error_type is None
        and not ending.abandoned
    )


def ended_plainly(ending: Ending) -> Row:
    """Return the parameters of `END_PLAIN`."""
    return str(ending.outcome), to_micros(ending.at), ending.run_id, ending.fence


def waiting_again(ending: Ending) -> Row:
    """Return the parameters of `WAIT_AGAIN`."""
    return (
        to_micros(ending.retry_at or ending.at),
        storable(ending.reason),
        storable(ending.error),
        storable(ending.error_type),
        dump_notes(ending.notes),
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
    first, end = instant(first_started_at), instant(ended_at)
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
        "started_at": instant(started_at),
        "ended_at": end,
        "lateness": None if first is None else first - from_micros(due),
        "duration": None if first is None or end is None else end - first,
        "owner": owner,
        "fence": fence,
        "error": error,
        "error_type": error_type,
        "blocked_by": blocked_by,
        "first": instant(first_fire),
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
    job_id, first_seen, mark, planned, pause, edit = row
    return State(
        job_id=cast("str", job_id),
        first_seen=from_micros(first_seen),
        mark=instant(mark),
        pause=load_pause(pause),
        edit=load_edit(edit),
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
