"""Jobs that were changed while schedulers ran: the change is kept in the store, and all follow it.

An edit remembers the text of the code's trigger. While the code of a scheduler says the same, the
edit wins there; once it says something else, the edit is dropped from the store.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from cronkit.errors import PolicyError
from cronkit.jobs import (
    Edit,
    EditDropped,
    Job,
    Verdict,
    convert_policies,
    dump_policies,
    load_policies,
)
from cronkit.triggers import bind, dump_trigger, load_trigger, text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime, tzinfo

    from cronkit._engine._core import Core
    from cronkit._engine._decider import Decider
    from cronkit.jobs import JobState
    from cronkit.triggers import Trigger


class Edits:
    """The edits that one scheduler of a shared store follows.

    Args:
        core: what the parts of the engine share.
        decider: has the store write.
        zone: gives the scheduler's zone.
        check: refuses a job that cannot run here.
        swap: puts a job in the place of the one with its id.
    """

    __slots__ = ("_applied", "_check", "_code", "_core", "_decider", "_swap", "_zone")

    def __init__(
        self,
        core: Core,
        decider: Decider,
        zone: Callable[[], tzinfo],
        check: Callable[[Job], object],
        swap: Callable[[Job], None],
    ) -> None:
        self._core = core
        self._decider = decider
        self._zone = zone
        self._check = check
        self._swap = swap
        self._code: dict[str, Job] = {}
        self._applied: dict[str, Edit] = {}

    def code(self, job_id: str) -> Job:
        """Return a job as the code of this program says it."""
        return self._code.get(job_id) or self._core.jobs[job_id]

    def forget(self, job_id: str) -> None:
        """Take the job as it is now for what the code says."""
        self._code.pop(job_id, None)
        self._applied.pop(job_id, None)

    def renew(self, renewed: Callable[[Job], Job]) -> None:
        """Take the jobs of the code in another form: with zones that were read anew."""
        self._code = {job_id: renewed(job) for job_id, job in self._code.items()}

    def follow(self, state: JobState) -> Job:
        """Return the job of a state as its edit wants it, and have the scheduler take it over.

        Raises:
            CronkitError: the edit cannot be applied here: an unknown zone or executor, a policy of
                a newer version. The job is held then, for the others follow the edit.
        """
        job, edit = self._core.jobs[state.job_id], state.edit
        if edit == self._applied.get(job.id):
            return job
        code = self.code(job.id)
        holds = edit is not None and not self._is_overtaken(edit, code)
        changed = self._edited(code, edit) if holds and edit is not None else code
        self._check(changed)
        self.forget(job.id)
        if holds and edit is not None:
            self._code[job.id], self._applied[job.id] = code, edit
        if changed is not job:
            self._swap(changed)
        return changed

    def rescheduled(self, state: JobState, trigger: Trigger) -> Edit | None:
        """Return the edit of a job that gets another trigger; ``None``: it says what the code says.

        Raises:
            PolicyError: the trigger has no text that could be kept.
        """
        code, policies = self.code(state.job_id), self._policies(state)
        if trigger == code.trigger and not policies:
            return None
        return Edit(replaced=_text(code), trigger=dump_trigger(trigger), policies=policies)

    def updated(self, state: JobState, policies: Mapping[str, object]) -> Edit:
        """Return the edit of a job that gets other policies.

        Raises:
            PolicyError: one of them cannot be kept.
        """
        code, old = self.code(state.job_id), self._policies(state)
        trigger = state.edit.trigger if state.edit is not None else None
        return Edit(
            replaced=_text(code), trigger=trigger, policies={**old, **dump_policies(policies)}
        )

    def drop_overtaken(self, states: Mapping[str, JobState], now: datetime) -> None:
        """Drop the edits of jobs whose trigger the code has changed since, and tell of it."""
        found = [each.job_id for each in states.values() if self._loses(each)]
        if not found:
            return
        dropped = []

        def plan(job: Job, state: JobState) -> Verdict:
            if not self._loses(state):
                return Verdict(job.id)
            dropped.append(job.id)
            return Verdict(job.id, edit=None)

        self._decider.insist(found, plan, now)
        if self._core.hooks.wants(EditDropped):
            for job_id in dropped:
                self._core.hooks.emit(EditDropped(at=now, job_id=job_id))

    def _policies(self, state: JobState) -> Mapping[str, object]:
        edit = state.edit
        if edit is None or self._is_overtaken(edit, self.code(state.job_id)):
            return {}
        return edit.policies

    def _loses(self, state: JobState) -> bool:
        return state.edit is not None and self._is_overtaken(state.edit, self.code(state.job_id))

    @staticmethod
    def _is_overtaken(edit: Edit, code: Job) -> bool:
        return edit.replaced != _text(code)

    def _edited(self, code: Job, edit: Edit) -> Job:
        zone = self._zone()
        try:
            words = convert_policies(load_policies(edit.policies), zone)
        except TypeError as error:
            allowed = "policies that this version of cronkit knows"
            raise PolicyError("edit", dict(edit.policies), allowed) from error
        job = code.changed(words)
        if edit.trigger is None:
            return job
        trigger = bind(load_trigger(edit.trigger), zone, code.id)
        return attrs.evolve(
            job, trigger=trigger, zone=getattr(trigger, "tz", None) or zone, parent=None
        )


def _text(job: Job) -> str:
    return "" if job.trigger is None else text_of(job.trigger)
