"""From fire times to rows: arms a timer for each job, asks the planner when it rings."""

from __future__ import annotations

from datetime import datetime, timedelta
from threading import Event
from typing import TYPE_CHECKING, TypeAlias

from cronkit._engine._failing import Failing
from cronkit._engine._hooks import complain
from cronkit._engine._planner import outlook, plan_job
from cronkit._failure import name_of
from cronkit.errors import CronkitError, LockTimeoutError
from cronkit.jobs import Decision, Outcome, RunMisfired, RunSkipped, RunWaiting, plan_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from cronkit._engine._attempts import Attempts
    from cronkit._engine._core import Core
    from cronkit._engine._timers import Timers
    from cronkit.jobs import Job, JobState, Verdict

    Ahead: TypeAlias = tuple[datetime | None, datetime | None]
    """A job's next fire time, and when to look again: that with its jitter, or a pause's end."""

_AGAIN = timedelta(seconds=1)
"""When to decide again what the store could not."""

_LOCKED = timedelta(milliseconds=50)
"""When to ask the store again about a job that another scheduler has locked."""

_TRIES = 20


class Decider:
    """Keeps each job's next fire time, and has the store decide those that are due.

    A trigger may be the user's own code. One that raises holds up its own job and no other: the
    job is looked at again later and later.

    Attributes:
        failing: jobs whose trigger raised when it was last asked, with how often in a row.
    """

    __slots__ = ("_asked", "_attempts", "_core", "_fires", "_timers", "failing")

    def __init__(self, core: Core, timers: Timers, attempts: Attempts) -> None:
        self._core = core
        self._timers = timers
        self._fires: dict[str, datetime] = {}
        self._asked: tuple[dict[str, Ahead | BaseException], datetime] = {}, core.clock.now()
        self._attempts = attempts
        self.failing = Failing()

    def arm_one(self, job: Job, fire: datetime | None, now: datetime) -> None:
        """Do as `arm` does with one job whose next fire time after `now` is known to be `fire`."""
        core, timers = self._core, self._timers
        timers.sooner = False
        job_id, rules = job.id, job.rules
        state = core.register(job, now)
        is_old = state.first_seen is not now or state.mark is not None or state.pause is not None
        if is_old or core.edits is not None:
            self._look_at([job], {job_id: state}, now)
        elif fire is None or rules.jitter or rules.max_runs or not rules.enabled or self.failing:
            self._look(job, state, now, fire)
        else:  # most jobs: they wait for it as it is
            self._fires[job_id] = fire
            timers.arm(job_id, fire, rules.priority)
        if timers.sooner:  # else whoever waits for the earliest one waits for it still
            core.wake()

    def arm(self, jobs: Iterable[Job], now: datetime) -> None:
        """Make jobs known to the store and wait for their next fire time."""
        found = list(jobs)
        states = self._core.store.register(found, now)
        self._look_at(found, states, now)
        self._core.wake()

    def _look_at(self, jobs: Sequence[Job], states: Mapping[str, JobState], now: datetime) -> None:
        """Wait anew for the fire times of jobs, as their stored edits want them."""
        core = self._core
        if core.edits is not None:
            core.edits.drop_overtaken(states, now)
        for job in jobs:
            if job.id in states:
                self._look(job, states[job.id], now)
        if core.edits is not None:
            edited = [core.jobs[job.id] for job in jobs if core.jobs[job.id] is not job]
            if edited:
                core.store.register(edited, now)

    def disarm(self, job_id: str) -> None:
        """Wait for a job no more."""
        self._timers.disarm(job_id)
        self._fires.pop(job_id, None)
        self.failing.pop(job_id, None)

    def next_fire(self, job_id: str) -> datetime | None:
        """Return the job's next fire time, in UTC."""
        return self._fires.get(job_id)

    def decide(self, job_ids: Sequence[str], now: datetime, *, start: bool = True) -> None:
        """Have the store decide what is due.

        Args:
            job_ids: the jobs whose timers have come.
            now: the present instant.
            start: whether what can start is started at once.
        """
        core, attempts = self._core, self._attempts
        found: dict[str, Ahead | BaseException] = {}
        before, self._asked = self._asked, (found, now)
        try:
            # A row that others are told of waits first; jobs on several executors are taken apart.
            if start and core.prompt and core.hooks.quiet and len(attempts.groups) == 1:
                room = attempts.room(attempts.executors[None])
                decisions, taken, more = core.prompt.decide_and_take(
                    job_ids, self._judge, core.owner, core.jobs, room,
                    limits=attempts.limits, now=now,
                )  # fmt: skip
            else:
                decisions = core.store.decide(job_ids, plan_of(self._judge), now)
                taken, room, more = None, 0, False
        except BaseException:
            self.ask_again(job_ids, now + _AGAIN)
            raise
        finally:
            self._asked = before
        failed: list[tuple[str, BaseException]] = []
        for job_id, ahead in found.items():
            if isinstance(ahead, tuple):
                self._follow(job_id, ahead)
            else:
                failed.append((job_id, ahead))
        if len(found) < len(job_ids):
            self.ask_again([each for each in job_ids if each not in found], now + _LOCKED)
        waiting = self.announce(decisions, now)
        if taken is not None:
            attempts.begin_taken(taken, room, more, now)
        elif waiting:
            attempts.hungry = True
        for job_id, error in failed:  # last: a log handler may remove a job that starts now
            self._postpone(job_id, error, now)

    def _judge(self, state: JobState) -> Verdict | None:
        """Plan a job that is due; return what to write.

        It changes nothing else and logs nothing: the store may begin its transaction anew.
        """
        found, now = self._asked
        core, job_id = self._core, state.job_id
        try:
            job = core.jobs[job_id] if core.edits is None else core.edits.follow(state)
            plan = plan_job(job, state, now, self._fires.get(job_id))
        except BaseException as error:  # noqa: BLE001 -- the trigger boundary
            found[job_id] = error
            return None
        found[job_id] = plan.fire, plan.due  # not the plan: a burst would hold thousands of them
        return None if plan.mark is None else plan

    def _look(
        self, job: Job, state: JobState, now: datetime, known: datetime | None = None
    ) -> None:
        """Wait for the job's next fire time."""
        try:
            if self._core.edits is not None:
                job = self._core.edits.follow(state)
            plan = outlook(job, state, known)
        except BaseException as error:  # noqa: BLE001 -- the trigger boundary
            self._postpone(job.id, error, now)
        else:
            if plan.due is None:
                self._timers.disarm(job.id)
            self._follow(job.id, (plan.fire, plan.due))

    def _postpone(self, job_id: str, error: BaseException, now: datetime) -> None:
        """Look later at a job whose trigger raised, unless another trigger has removed it."""
        job = self._core.jobs.get(job_id)
        if job is None:
            return
        self._fires.pop(job_id, None)
        self._timers.arm(job_id, now + self.failing.count(job_id), job.priority)
        kind = name_of(error)
        complain("the trigger of %s failed: %s", job_id, kind, error=error, job_id=job_id)

    def ask_again(self, job_ids: Sequence[str], when: datetime) -> None:
        """Look at jobs at `when` that could not be decided now."""
        for job_id in job_ids:
            job = self._core.jobs.get(job_id)
            if job is not None:
                self._timers.arm(job_id, when, job.priority)

    def without_timer(self) -> list[str]:
        """Return the jobs that have a next fire time and no timer: Ctrl-C came in between."""
        return [each for each in self._fires if self._timers.when(each) is None]

    def refresh(self) -> None:
        """Wait anew for all fire times: another scheduler has changed a job, or a pause."""
        core = self._core
        jobs, states = list(core.jobs.values()), core.store.states(core.jobs.keys())
        self._look_at(jobs, states, core.clock.now())

    def unplan(self, job_id: str) -> None:
        """Forget the fire time that was computed of a job: its trigger is another one."""
        self._fires.pop(job_id, None)

    def change(
        self, job_ids: Sequence[str], plan: Callable[[Job, JobState], Verdict], now: datetime
    ) -> Sequence[Decision]:
        """Write one verdict a job, outside of the timers, and wait for the next fire times anew."""
        core = self._core
        decisions = self.insist(job_ids, plan, now)
        self.announce(decisions, now)
        for job_id, state in core.store.states(job_ids).items():
            self._look(core.jobs[job_id], state, now)
        core.wake()
        return decisions

    def insist(
        self, job_ids: Sequence[str], plan: Callable[[Job, JobState], Verdict], now: datetime
    ) -> Sequence[Decision]:
        """Have the store write a verdict for each job, however often others have them locked.

        Raises:
            LockTimeoutError: a job was locked for a second.
            StoreError: the store does not answer.
        """
        store = self._core.store
        left, decisions = set(job_ids), list[Decision]()

        def plans(states: Sequence[JobState]) -> list[Verdict]:
            left.difference_update(state.job_id for state in states)
            return [plan(self._known(state), state) for state in states]

        for _ in range(_TRIES):
            decisions += store.decide([each for each in job_ids if each in left], plans, now)
            if not left:
                return decisions
            Event().wait(_LOCKED.total_seconds())
        raise LockTimeoutError(store.name, _TRIES * _LOCKED.total_seconds())

    def _known(self, state: JobState) -> Job:
        """Return the job of a state; where its edit cannot be applied, as it was before.

        Its timer tells what is wrong; who changes the job puts that right.
        """
        try:
            return self._core.job_of(state)
        except CronkitError:
            return self._core.jobs[state.job_id]

    def announce(self, decisions: Sequence[Decision], now: datetime) -> bool:
        """Tell of new rows and stop what they replace; return whether one waits to be taken."""
        waiting, quiet = False, self._core.hooks.quiet
        for decision in decisions:
            if decision.outcome is None:
                waiting = True
                if not quiet:
                    self._core.tell(RunWaiting, decision.run_id, now)
                for run_id in decision.cancels:
                    self._replace(run_id, now)
                if decision.give_up_at is not None:
                    self._attempts.look_again(decision.run_id, decision.give_up_at)
            else:
                self._attempts.endings.tally.count(decision.outcome)
                misfired = decision.outcome is Outcome.MISFIRED
                self._core.tell(RunMisfired if misfired else RunSkipped, decision.run_id, now)
        return waiting

    def _replace(self, run_id: str, now: datetime) -> None:
        """Ask a run to stop for a newer one of its job; one that only waited has ended already."""
        attempts = self._attempts
        if attempts.stopping.stop(run_id, "overlap"):
            return
        if (run := self._core.store.get(run_id)) is not None and run.outcome is not None:
            attempts.endings.elsewhere(run, now)

    def _follow(self, job_id: str, ahead: Ahead) -> None:
        """Remember a job's next fire time and arm its timer; what is due already rings at once."""
        fire, due = ahead
        job = self._core.jobs.get(job_id)
        if job is None:
            self._let_go(job_id)
            return
        if self.failing:
            self.failing.pop(job_id, None)
        if fire is None:  # there is none, or a pause ends first
            self._fires.pop(job_id, None)
        else:
            self._fires[job_id] = fire
        if due is not None:
            self._timers.arm(job_id, due, job.rules.priority)

    def _let_go(self, job_id: str) -> None:
        """Wait no more for a job that a trigger has removed while this one was decided."""
        self.disarm(job_id)
        now = self._core.clock.now()
        for run in self._core.store.forget(job_id, now):
            self._attempts.endings.elsewhere(run, now)
