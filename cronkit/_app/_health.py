"""Whether a scheduler does its work, and what keeps it from doing so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from cronkit._engine._watch import behind_store

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cronkit._app._lifecycle import Lifecycle
    from cronkit._engine._engine import Engine
    from cronkit.abc import Executor
    from cronkit.jobs import JobState

_LONGEST_SILENCE = 5.0
"""Seconds; the loop looks at least every two seconds."""


@attrs.frozen(kw_only=True)
class Health:
    """Whether a scheduler does its work.

    Attributes:
        ok: nothing is wrong.
        problems: what is, a sentence each.
        warnings: what keeps nothing from working now, a sentence each: other schedulers of the
            store fire by other triggers, or by another version of the zone database.
    """

    ok: bool
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def health_of(engine: Engine, lifecycle: Lifecycle, states: Iterable[JobState]) -> Health:
    """Return the health of a scheduler.

    Args:
        engine: its engine.
        lifecycle: its life.
        states: what the store knows of its jobs.
    """
    problems = (
        *_store(engine),
        *getattr(engine.core.store, "problems", ()),
        *(f"the trigger of {each} fails" for each in engine.decider.failing),
        *_threads(engine),
        *_loop(engine, lifecycle),
        *_clock(engine, states),
    )
    return Health(ok=not problems, problems=problems, warnings=engine.neighbours.differences)


def _store(engine: Engine) -> Iterator[str]:
    heart, outage = engine.neighbours.heart, engine.outage
    if outage.since is not None:
        since = outage.since.isoformat(timespec="seconds")
        yield f"the store has not answered since {since}: {outage.reason}"
    elif heart is not None and heart.trouble is not None:
        yield f"the store does not answer: {heart.trouble.reason}"


def _threads(engine: Engine) -> Iterator[str]:
    if engine.attempts.abandoned:
        yield f"{len(engine.attempts.abandoned)} timed-out runs hold threads"
    for name, executor in engine.attempts.executors.items():
        if _is_full(executor):
            yield f"executor {name or 'default'} starts nothing: too many threads hang"


def _is_full(executor: Executor) -> bool:
    counts = executor.status()
    return counts["abandoned"] >= counts.get("max_abandoned", counts["abandoned"] + 1)


def _loop(engine: Engine, lifecycle: Lifecycle) -> Iterator[str]:
    loop = lifecycle.loop
    if loop is None:
        return
    if loop.failing is not None:
        yield f"the scheduler's step fails: {loop.failing}"
    if engine.core.clock.monotonic() - loop.last_beat > _LONGEST_SILENCE:
        yield f"the loop has not looked for {_LONGEST_SILENCE:g} s"


def _clock(engine: Engine, states: Iterable[JobState]) -> Iterator[str]:
    if engine.watch.implausible:
        yield "clock implausible: nothing is decided before it is set"
    elif getattr(engine.core.store, "rewind", None) is None:
        seconds = behind_store(states, engine.core.clock.now()).total_seconds()
        if seconds >= 1:
            yield f"clock behind store: {seconds:.0f} s left until something is decided"
