"""The jobs of a scheduler: adding, changing and removing them, and what follows from them."""

from __future__ import annotations

from functools import partial
from types import FunctionType
from typing import TYPE_CHECKING

import attrs

from cronkit import _convert
from cronkit._app._index import JobIndex
from cronkit._engine._edits import Edits
from cronkit._engine._firing import next_fire
from cronkit._engine._planner import plan_skip_to
from cronkit.errors import DuplicateJobError, JobNotFoundError, PolicyError, StateError
from cronkit.jobs import (
    NOT_DEFAULTS,
    JobAdded,
    JobChanged,
    JobEvent,
    JobRemoved,
    Verdict,
    build_job,
    check_call,
    convert_policies,
)
from cronkit.triggers import bound_trigger

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime, tzinfo

    from cronkit._engine._engine import Engine
    from cronkit.abc import Executor
    from cronkit.jobs import After, Edit, Job, JobState
    from cronkit.triggers import Trigger


class Registry:
    """Adds, changes and removes jobs, and keeps what the engine derives from them.

    Attributes:
        zone: the scheduler's zone.
        live: whether the scheduler is started, so that changes reach its timers.
        fresh: ids of jobs that the store has met but that owe nothing for the time before their
            timers are armed: they were run by hand only, removed, or got another trigger.
    """

    def __init__(
        self,
        engine: Engine,
        zone: tzinfo,
        *,
        defaults: Mapping[str, object],
        limits: Mapping[str, int],
        executors: Mapping[str | None, Executor],
    ) -> None:
        self._engine = engine
        self._core = engine.core
        self.zone = zone
        self.live = False
        self.fresh: set[str] = set()
        self._usual: object = None  # the newest function that the default executor runs unasked
        self._executors = executors
        self._defaults = convert_policies(defaults, zone, forbidden=NOT_DEFAULTS)
        if self._defaults.get("executor") not in executors:
            raise self._no_executor(self._defaults.get("executor"))
        tags = {
            _convert.name(tag, "limits"): _convert.integer(most, f"limits[{tag!r}]", least=1)
            for tag, most in limits.items()
        }
        self._index = JobIndex(self._core.jobs, engine.attempts, tags)
        if self._core.shares:
            self._core.edits = Edits(
                self._core, engine.decider, lambda: self.zone, self._accepted, self._swap
            )

    def get(self, job_id: str) -> Job:
        """Return a job by its id.

        Raises:
            JobNotFoundError: there is none.
        """
        job = self._core.jobs.get(job_id) if isinstance(job_id, str) else None
        if job is None:
            near = _convert.nearest(job_id, self._core.jobs) if isinstance(job_id, str) else None
            raise JobNotFoundError(job_id, hint=near)
        return job

    def add(
        self,
        func: Callable[..., object],
        trigger: Trigger | None,
        policies: Mapping[str, object],
        parent: str | None = None,
        on: After = "succeeded",
    ) -> Job:
        """Build a job and take it in; nothing changes if anything is wrong with it."""
        core = self._core
        job = build_job(func, trigger, self.zone, policies, self._defaults, parent, on)
        usual = func is self._usual and job.rules.executor is None
        runs_on = None if usual else self._accepted(job)
        with core.lock:
            if parent is not None:
                _refuse_cycle(job.id, self.get(parent), core.jobs)
            replaced = core.jobs.get(job.id)
            if replaced is None:
                now = core.clock.now()
                fire = next_fire(job, now) if self.live else None  # first, for it may be refused
                try:
                    self._take_in(job, runs_on, fire, now)
                except BaseException:  # a store may be anybody's
                    self._index.unlink(job)
                    core.jobs.pop(job.id, None)
                    self._engine.decider.disarm(job.id)
                    raise
                if core.edits is not None or core.hooks.wants(JobAdded):  # mostly nobody listens
                    self._tell(JobAdded, job.id)
            elif policies.get("replace") is True:
                self._exchange(replaced, job, runs_on, owes_nothing=self.live)
                self._tell(JobChanged, job.id)
            else:
                raise DuplicateJobError(job.id)
        return job

    def _take_in(self, job: Job, runs_on: str | None, fire: datetime | None, now: datetime) -> None:
        """Put a job among the others, and wait for its next fire time."""
        if self._core.edits is not None:
            self._core.edits.forget(job.id)
        self._index.link(job, runs_on)
        if self.live:
            self._engine.arm(job, now, fire)
            if self.fresh:
                self.forgive(now)

    def remove(self, job_id: str) -> None:
        """Take a job out; its waiting runs end as cancelled, one that goes on goes on."""
        core = self._core
        with core.lock:
            job = self.get(job_id)
            now = core.clock.now()
            # First, for the store may refuse it.
            ended = core.store.forget(job_id, now) if self.live else ()
            self._index.unlink(job)
            del core.jobs[job_id]
            self.fresh.add(job_id)
            self._engine.decider.disarm(job_id)
            for run in ended:
                self._engine.attempts.endings.elsewhere(run, now)
            self._tell(JobRemoved, job_id)

    def reschedule(self, job_id: str, trigger: Trigger) -> Job:
        """Give a job another trigger; it owes nothing for the time before.

        On a started scheduler with a shared store all others follow.

        Raises:
            PolicyError: no trigger, or one that the shared store cannot keep.
        """
        with self._core.lock:
            job = self.get(job_id)
            bound = bound_trigger(trigger, self.zone, job_id)
            check_call(job.func, job.args, job.kwargs)
            zone = getattr(bound, "tz", None) or self.zone
            changed = attrs.evolve(job, trigger=bound, zone=zone, parent=None)
            edits = self._core.edits
            write = None if edits is None else partial(edits.rescheduled, trigger=bound)
            return self._change(job, changed, owes_nothing=True, edit=write)

    def update(self, job_id: str, policies: Mapping[str, object]) -> Job:
        """Give a job other policies; on a started scheduler with a shared store all others follow.

        Raises:
            PolicyError: a policy out of range, or one that the shared store cannot keep.
        """
        with self._core.lock:
            job = self.get(job_id)
            words = convert_policies(policies, self.zone, forbidden={"id", "replace"})
            changed = job.changed(words)
            if changed.start and changed.end and changed.end <= changed.start:
                raise PolicyError("end", changed.end.isoformat(), f"later than {changed.start}")
            check_call(changed.func, changed.args, changed.kwargs)
            self._accepted(changed)
            edits, newly = self._core.edits, changed.enabled and not job.enabled
            write = None if edits is None else partial(edits.updated, policies=words)
            return self._change(job, changed, owes_nothing=newly, edit=write)

    def forgive(self, now: datetime) -> None:
        """Have the jobs that are `fresh` owe nothing for the time before now."""
        fresh = [each for each in self.fresh if each in self._core.jobs]
        if fresh:
            self._engine.decider.change(fresh, lambda _, state: plan_skip_to(state, now), now)
            self.fresh.difference_update(fresh)

    def _exchange(self, old: Job, new: Job, runs_on: str | None, *, owes_nothing: bool) -> None:
        """Put a job in the place of another; nothing changes if its trigger does not answer."""
        decider, now = self._engine.decider, self._core.clock.now()
        fire = None
        if self.live:  # first, for it may be refused
            fire = next_fire(new, now)
            if owes_nothing:
                decider.insist([new.id], lambda _, state: plan_skip_to(state, now), now)
        elif owes_nothing:
            self.fresh.add(new.id)
        self._index.unlink(old)
        self._take_in(new, runs_on, fire, now)

    def _change(
        self,
        job: Job,
        changed: Job,
        *,
        owes_nothing: bool,
        edit: Callable[[JobState], Edit | None] | None,
    ) -> Job:
        """Change a job; on a started scheduler of a shared store by an edit that all follow."""
        now = self._core.clock.now()
        if edit is None or not self.live:
            self._exchange(job, changed, changed.runs_on, owes_nothing=owes_nothing)
            self._tell(JobChanged, job.id)
        else:
            next_fire(changed, now)  # it may be refused

            def plan(_: Job, state: JobState) -> Verdict:
                verdict = plan_skip_to(state, now) if owes_nothing else Verdict(job.id)
                verdict.edit = edit(state)
                return verdict

            self._engine.decider.insist([job.id], plan, now)
            self._engine.arm(self._core.jobs[job.id], now)
        return self._core.jobs[job.id]

    def _swap(self, job: Job) -> None:
        """Put a job that was changed elsewhere in the place of the one with its id."""
        self._index.unlink(self._core.jobs[job.id])
        self._index.link(job, job.runs_on)
        self._engine.decider.unplan(job.id)
        self._tell(JobChanged, job.id)

    def _accepted(self, job: Job) -> str | None:
        """Return the name of the executor of a job; refuse one that is not or cannot run it.

        Raises:
            PolicyError: there is no executor of this name.
            NotCallableError: the executor cannot run the function.
        """
        name = job.runs_on
        executor = self._executors.get(name)
        if executor is None:
            raise self._no_executor(name)
        accepts = getattr(executor, "accepts", None)
        if accepts is not None:
            accepts(job)
        elif name is None and type(job.func) is FunctionType:
            self._usual = job.func
        return name

    def _no_executor(self, name: object) -> PolicyError:
        known = ", ".join(repr(each) for each in self._executors if each is not None)
        return PolicyError("executor", name, known or "none: Scheduler(executors={...}) is empty")

    def _tell(self, kind: type[JobEvent], job_id: str) -> None:
        hooks = self._core.hooks
        if self._core.edits is not None:
            self._engine.neighbours.jobs_changed()
        if hooks.wants(kind):
            hooks.emit(kind(at=self._core.clock.now(), job_id=job_id))
            if not self.live:
                hooks.deliver()

    def require_live(self, what: str) -> None:
        """Refuse a call that only a started scheduler can answer.

        Raises:
            StateError: the scheduler is not started, or stands by.
        """
        if self._engine.standing_by:
            raise StateError(what, "this scheduler stands by; another process does the work")
        if not self.live:
            raise StateError(what, "the scheduler is not started; call start() first")


def _refuse_cycle(job_id: str, parent: Job, jobs: Mapping[str, Job]) -> None:
    """Refuse a job that would follow itself, over however many others."""
    each: Job | None = parent
    while each is not None:
        if each.id == job_id:
            raise PolicyError("after", parent.id, "a job that does not follow this one itself")
        each = None if each.parent is None else jobs.get(each.parent)
