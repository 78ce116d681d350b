"""What must hold in every step, and at the end, whatever the seed brings."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.simulation.scenario import Simulation
    from tests.simulation.world import Host

EXECUTED = frozenset({"succeeded", "failed", "timed_out", "cancelled", "interrupted"})


class Checks:
    """Watches one simulation.

    Attributes:
        starts: how many attempts have started.
    """

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self._world = simulation.world
        self._started: dict[tuple[str, int], str] = {}
        self._marks: dict[str, object] = {}
        self._ends: dict[tuple[str, int], timedelta] = {}
        self._broken: AssertionError | None = None
        self.starts = 0

    # --- as it happens ---------------------------------------------------------------------------

    def started(self, host: Host, attempt) -> None:
        """An attempt starts; what is wrong with that is raised by the next look.

        Here the engine would take it for the executor's own failure, and fail the run.
        """
        self.starts += 1
        try:
            self._start(host, attempt)
        except AssertionError as broken:
            self._broken = self._broken or broken

    def _start(self, host: Host, attempt) -> None:
        """An attempt starts: for the first time, and not early."""
        taken, job = attempt.taken, attempt.job
        key = (attempt.run_id, taken.attempt)
        assert key not in self._started, f"{key} started on {self._started[key]} and {host.name}"
        self._started[key] = host.name
        if job.timeout is not None:
            self._ends[key] = self._world.elapsed + job.timeout
        if not self._simulation.steps_back:
            due = max(taken.due, taken.fire_time)
            assert due <= self._world.now, f"{attempt.run_id} started early"
            before = self._simulation.store._table.rows[attempt.run_id].ending
            if before is not None and before.error_type is not None:  # else its process had died
                delay = job.retry.delay(attempt.run_id, taken.attempt - 1)
                assert before.at + delay <= self._world.now, f"{attempt.run_id} retried early"

    def look(self) -> None:
        """Between two steps: limits and timeouts hold, marks only rise."""
        if self._broken is not None:
            raise self._broken
        table = self._simulation.store._table
        self._limits(table)
        self._timeouts(table)
        if self._simulation.shared or not self._simulation.steps_back:
            for job_id, job in table.jobs.items():
                mark = job.mark
                before = self._marks.get(job_id)
                assert before is None or mark >= before, f"the mark of {job_id} went back"
                if mark is not None:
                    self._marks[job_id] = mark

    def _limits(self, table) -> None:
        running = [row for row in table.live() if row.phase == "running"]
        free = [row for row in running if not row.decision.force]
        for job_id, going in Counter(row.decision.job_id for row in free).items():
            most = self._concurrency(job_id)
            assert most is None or going <= most, f"{going} runs of {job_id}"
        for tag, most in self._simulation.limits.items():
            tagged = {p["id"] for _, p in self._simulation.jobs if tag in p["tags"]}
            going = sum(row.decision.job_id in tagged for row in free)
            assert going <= most, f"{going} runs with tag {tag}"
        if self._simulation.most is not None:
            for owner, going in Counter(row.owner for row in running).items():
                assert going <= self._simulation.most, f"{going} runs on {owner}"

    def _timeouts(self, table) -> None:
        """No attempt goes on after its timeout, but in a process that is frozen or dead."""
        awake = {
            host.engine.core.owner: host
            for host in self._world.hosts
            if host.engine is not None and not host.frozen
        }
        for row in table.live():
            end = self._ends.get((row.decision.run_id, row.attempt))
            if row.phase == "running" and row.owner in awake and end is not None:
                latest = max(end, awake[row.owner].thawed)
                assert self._world.elapsed <= latest, f"{row.decision.run_id} outlives its timeout"

    def _concurrency(self, job_id: str) -> int | None:
        for _, policies in self._simulation.jobs:
            if policies["id"] == job_id:
                return policies["max_concurrent"] if policies["overlap"] == "allow" else 1
        return 1

    # --- at the end ------------------------------------------------------------------------------

    def at_the_end(self) -> None:
        """Everything has an outcome, and every fire time stands in exactly one row."""
        runs = self._simulation.store.runs()
        assert len({run.id for run in runs}) == len(runs)
        known = {run.id: run for run in runs}
        for run in runs:
            assert run.outcome is not None, f"{run.id} is still {run.phase}"
            assert (run.attempt > 0) == any(key[0] == run.id for key in self._started) or (
                run.outcome in {"skipped", "misfired"}
            ), run.id
        for run_id, attempt in self._started:
            assert known[run_id].attempt >= attempt
            assert str(known[run_id].outcome) in EXECUTED, f"{run_id}: {known[run_id].outcome}"
        for trigger, policies in self._simulation.jobs:
            mine = [run for run in runs if run.job_id == policies["id"] and run.origin == "trigger"]
            most = policies["max_runs"]
            assert (
                most is None
                or sum(
                    run.reason in {None, "by hand", "overlap", "shutdown"}
                    and run.outcome not in {"skipped", "misfired"}
                    for run in mine
                )
                <= most
            )
            if self._simulation.shared or not self._simulation.steps_back:
                self._covered(trigger, policies["id"], mine)

    def _covered(self, trigger, job_id: str, runs) -> None:
        state = self._simulation.store.states([job_id])[job_id]
        rows = sorted((run.first or run.fire_time, run.fire_time, run) for run in runs)
        edge = None
        fire = trigger.next(state.first_seen)
        for first, last, run in rows:
            assert edge is None or first > edge, f"{run.id} covers a fire time twice"
            assert fire == first, f"{job_id}: {fire} has no row"
            count = 0
            while fire is not None and fire <= last:
                count += 1
                fire = trigger.next(fire)
            assert run.count == count or run.at_least, f"{run.id}: {run.count}, not {count}"
            edge = last
        if state.mark is not None and fire is not None and edge is not None:
            assert fire > state.mark - timedelta(0) or self._spent(job_id), f"{fire} has no row"

    def _spent(self, job_id: str) -> bool:
        return any(p["id"] == job_id and p["max_runs"] for _, p in self._simulation.jobs)
