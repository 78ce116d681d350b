"""Runs that no trigger asked for: by hand, and backfill; and the handles that wait for them."""

from __future__ import annotations

from datetime import UTC
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, cast

from cronkit import _convert
from cronkit._app._guest import Guest
from cronkit._app._here import run_here
from cronkit._app._waiting import refuse_to_hold_up
from cronkit._context import active
from cronkit._engine._firing import TICK, next_fire
from cronkit._engine._planner import plan_extra
from cronkit._handle import RunHandle
from cronkit.abc import DrivenClock
from cronkit.errors import PolicyError, StateError
from cronkit.jobs import Decision, Outcome, Verdict, check_call, convert_policies, run_id

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from cronkit._app._lifecycle import Lifecycle
    from cronkit._app._registry import Registry
    from cronkit._engine._engine import Engine
    from cronkit.jobs import Job, JobState, Run

_MOST_BACKFILLED = 10_000
_LONGEST_KEY = 255
_LOOK_SECONDS = 0.5
"""How often a handle asks a shared store about a run that another process may hold."""


class ByHand:
    """Starts runs on request; it is also the desk that handles turn to."""

    def __init__(self, engine: Engine, registry: Registry, lifecycle: Lifecycle) -> None:
        self._engine = engine
        self._core = engine.core
        self._registry = registry
        self._lifecycle = lifecycle
        self._guest = Guest(engine.core)
        self._numbered: dict[str, tuple[datetime, int]] = {}

    def run_now(
        self,
        job_id: str,
        *,
        args: Sequence[object] | None,
        kwargs: Mapping[str, object] | None,
        force: bool,
        key: str | None,
    ) -> RunHandle:
        """Give a job a run now; see `Scheduler.run_now`."""
        core, job = self._core, self._registry.get(job_id)
        own = _own_arguments(job, args, kwargs)
        _convert.flag(force, "force")
        if key is not None:
            _convert.text(key, "key", most=_LONGEST_KEY)
        if not self._lifecycle.running:
            with self._guest:
                handle, is_new = self._ask(job, own, force=force, key=key)
                if is_new:
                    run_here(self._engine, handle.id, job)
            core.hooks.deliver()
            return handle
        if self._engine.standing_by:
            self._registry.require_live("run_now")
        handle, _ = self._ask(job, own, force=force, key=key)
        self._core.wake()
        return handle

    def _ask(
        self,
        job: Job,
        own: tuple[tuple[object, ...] | None, Mapping[str, object] | None],
        *,
        force: bool,
        key: str | None,
    ) -> tuple[RunHandle, bool]:
        """Write a row for a run now, unless one with this key is there; return whether it is new."""
        core = self._core
        with core.lock:
            now = core.clock.now()
            if not self._lifecycle.running:
                if not core.store.states([job.id]):
                    self._registry.fresh.add(job.id)
                core.store.register([job], now)
            known = core.store.runs(job_id=job.id, key=key, limit=1) if key is not None else ()
            if known:
                return self._handle(known[0].id), False
            handle = self._handle(self._insert(job, now, own, force=force, key=key))
            self._engine.attempts.hungry = self._lifecycle.running
        return handle, True

    def _insert(
        self,
        job: Job,
        now: datetime,
        own: tuple[tuple[object, ...] | None, Mapping[str, object] | None],
        *,
        force: bool,
        key: str | None,
    ) -> str:
        core, second = self._core, now.replace(microsecond=0)
        at, last = self._numbered.get(job.id, (second, 0))
        for number in count(last + 1 if at == second else 1):
            decision = Decision(
                run_id=run_id(job.id, second, f"#{number}"),
                job_id=job.id,
                fire_time=second,
                not_before=now,
                origin="hand",
                priority=job.priority,
                force=force,
                key=key,
                args=own[0],
                kwargs=own[1],
            )
            if self._decide(job, partial(plan_extra, decision=decision, force=force)):
                self._numbered[job.id] = (second, number)
                return decision.run_id
            known = core.store.runs(job_id=job.id, key=key, limit=1) if key is not None else ()
            if known:  # another scheduler wrote it since the caller looked
                return known[0].id
        raise AssertionError  # count() has no end

    def _handle(self, run_id: str) -> RunHandle:
        """Return a handle that is completed when the run ends, if it has not ended already."""
        handle = RunHandle(run_id, self)
        run = self._core.store.get(run_id)
        if run is not None and run.outcome is None:
            self._engine.attempts.endings.handles.setdefault(run_id, []).append(handle)
        return handle

    def _decide(self, job: Job, plan: Callable[[Job, JobState], Verdict]) -> Sequence[Decision]:
        """Write one verdict outside of the job's timer; its fire times are not touched."""
        decider, now = self._engine.decider, self._core.clock.now()
        decisions = decider.insist([job.id], plan, now)
        decider.announce(decisions, now)
        return decisions

    def backfill(self, job_id: str, start: datetime | str, end: datetime | str) -> list[RunHandle]:
        """Give a job a run for each fire time that has none; see `Scheduler.backfill`."""
        core, job = self._core, self._registry.get(job_id)
        self._registry.require_live("backfill")
        zone = self._registry.zone
        first, last = (
            _convert.in_zone(_convert.moment(edge, word), zone, word)
            for edge, word in ((start, "start"), (end, "end"))
        )
        if last <= first:
            raise PolicyError("end", last.isoformat(), f"later than start, {first.isoformat()}")
        with core.lock:
            rows = self._backfill_rows(job, first, last)
            decisions = self._decide(job, lambda _, __: Verdict(job.id, tuple(rows)))
            handles = [self._handle(each.run_id) for each in decisions]
            self._engine.attempts.hungry = True
        self._core.wake()
        return handles

    def _backfill_rows(self, job: Job, first: datetime, last: datetime) -> list[Decision]:
        core, now = self._core, self._core.clock.now()
        had: dict[datetime, int] = {}
        done = set()
        for run in core.store.runs(job_id=job.id):
            had[run.fire_time] = had.get(run.fire_time, 0) + (run.origin == "backfill")
            if run.outcome in {None, Outcome.SUCCEEDED}:
                done.add(run.fire_time)
        rows: list[Decision] = []
        fire = next_fire(job, first - TICK)
        while fire is not None and fire < last:
            if len(rows) >= _MOST_BACKFILLED:
                raise PolicyError("end", last.isoformat(), f"at most {_MOST_BACKFILLED} fire times")
            if fire not in done:
                rows.append(
                    Decision(
                        run_id=run_id(job.id, fire, f"#b{had.get(fire, 0) + 1}"),
                        job_id=job.id,
                        fire_time=fire,
                        not_before=now,
                        origin="backfill",
                        priority=job.priority,
                    )
                )
            fire = next_fire(job, fire)
        return rows

    # --- the desk --------------------------------------------------------------------------------

    def get(self, run_id: str) -> Run | None:
        """Return the record of a run, its times in the zone of its job."""
        with self._core.lock:  # never the store's lock alone, as for `Queries.runs`
            run = self._core.store.get(run_id)
        return None if run is None else self._core.localized(run)

    def cancel(self, run_id: str) -> bool:
        """Ask a run to stop; return whether it had not ended yet."""
        core = self._core
        with core.lock:
            before = core.store.get(run_id)
            if before is None or before.outcome is not None:
                return False
            now = core.clock.now()
            run = core.store.cancel(run_id, "by hand", now)
            self._engine.attempts.stopping.stop(run_id, "by hand")
            if run is not None and run.outcome is not None:
                self._engine.attempts.endings.elsewhere(run, now)
        return True

    def wait(self, handle: RunHandle, timeout: float | None) -> bool:
        """Wait in the scheduler's time until a run has ended; return whether it has.

        Raises:
            StateError: the run that is waited for could never end meanwhile.
        """
        clock, driven = self._core.clock, isinstance(self._core.clock, DrivenClock)
        self.refuse_itself(handle)
        if active() is not None and driven:
            raise StateError("wait", "a job cannot wait for another run on a driven clock")
        if timeout != 0:
            refuse_to_hold_up(self._engine.attempts, "wait", "await the handle")
        if isinstance(clock, DrivenClock):
            return clock.run_until(lambda: handle.done, timeout)
        limit = None if timeout is None else clock.monotonic() + timeout
        while not handle.done:
            left = _LOOK_SECONDS if limit is None else min(limit - clock.monotonic(), _LOOK_SECONDS)
            if left <= 0:
                return False
            clock.wait(left, handle.ended)
        return True

    def refuse_itself(self, handle: RunHandle) -> None:
        """Refuse a run that waits for its own end.

        Raises:
            StateError: it is the run that goes on here.
        """
        own = active()
        if own is not None and own.id == handle.id and not handle.done:
            raise StateError("wait", f"run {own.id} would wait for its own end")

    @property
    def look_seconds(self) -> float | None:
        """How often a coroutine asks the store about a run; ``None``: it can only end here."""
        core = self._core
        elsewhere = core.shares or getattr(core.store, "has_company", False)
        return _LOOK_SECONDS if elsewhere else None


def _own_arguments(
    job: Job, args: Sequence[object] | None, kwargs: Mapping[str, object] | None
) -> tuple[tuple[object, ...] | None, Mapping[str, object] | None]:
    """Return the arguments given in place of the job's own, each ``None`` where none were."""
    given = {"args": args, "kwargs": kwargs}
    words = convert_policies({word: each for word, each in given.items() if each is not None}, UTC)
    own_args = cast("tuple[object, ...] | None", words.get("args"))
    own_kwargs = cast("Mapping[str, object] | None", words.get("kwargs"))
    check_call(
        job.func,
        job.args if own_args is None else own_args,
        job.kwargs if own_kwargs is None else own_kwargs,
    )
    return own_args, own_kwargs
