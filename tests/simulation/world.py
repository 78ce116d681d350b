"""Time, and what happens in it: a driven clock for several schedulers, and runs that end by chance.

Of things that happen at one instant the seed decides which comes first.
"""

from __future__ import annotations

import heapq
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random

from cronkit.errors import RunCancelledError, RunTimeoutError

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
ZERO = timedelta(0)


class World:
    """Time that goes from one event to the next.

    Attributes:
        chance: where all chance comes from, apart from that of single attempts.
        elapsed: monotonic time.
        wall: what the wall clock shows at ``elapsed`` zero.
        trace: what has happened, a line each.
        watch: is told of each attempt that starts.
        prompt: whether attempts are acted on where they end, and not by the next step.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.chance = Random(f"world {seed}")
        self.prompt = self.chance.random() < 0.5
        self.elapsed = ZERO
        self.wall = START
        self.trace: list[str] = []
        self.hosts: list[Host] = []
        self.after_each = lambda: None
        self._serial = count()
        self._events: list[tuple[timedelta, float, int, object]] = []

    @property
    def now(self) -> datetime:
        return self.wall + self.elapsed

    def at(self, delay: timedelta, happen) -> None:
        """Have something happen after a delay."""
        when = self.elapsed + delay
        heapq.heappush(self._events, (when, self.chance.random(), next(self._serial), happen))

    def say(self, *words: object) -> None:
        self.trace.append(f"{self.elapsed.total_seconds():.6f} {' '.join(map(str, words))}")

    def run(self, length: timedelta) -> None:
        """Let time pass."""
        until = self.elapsed + length
        while True:
            host, soonest = self._next_host()
            if self._events and (
                soonest is None
                or self._events[0][0] < soonest
                or (self._events[0][0] == soonest and self.chance.random() < 0.5)
            ):
                when, _, _, happen = self._events[0]
                if when > until:
                    break
                heapq.heappop(self._events)
                self.elapsed = max(when, self.elapsed)
                happen()
            elif soonest is None or soonest > until:
                break
            else:
                self.elapsed = max(soonest, self.elapsed)
                host.engine.step()
            self.after_each()
        self.elapsed = until

    def _next_host(self):
        found, soonest = [], None
        for host in self.hosts:
            when = None if host.engine is None or host.frozen else host.engine.next_wakeup()
            if when is None:
                continue
            at = max(when - self.wall, self.elapsed)
            if soonest is None or at < soonest:
                found, soonest = [host], at
            elif at == soonest:
                found.append(host)
        return (self.chance.choice(found) if found else None), soonest


class Host:
    """One process: a driven clock with one engine, which may freeze and crash.

    Attributes:
        engine: what is stepped; ``None`` while the process is down.
        frozen: whether the process is stopped, as by SIGSTOP.
        thawed: when it was last set going again.
        going: the attempts that go on in it, and whether they look at their cancel token.
    """

    def __init__(self, world: World, name: str) -> None:
        self.world = world
        self.name = name
        self.engine = None
        self.frozen = False
        self.thawed = ZERO
        self.going: dict[object, bool] = {}
        self._missed = ZERO
        self._late: list[object] = []

    # --- the clock -------------------------------------------------------------------------------

    def now(self) -> datetime:
        return self.world.now

    def monotonic(self) -> float:
        return self.world.elapsed.total_seconds()

    def wait(self, seconds, wake) -> bool:
        raise NotImplementedError("nobody waits in a simulation")

    def attach(self, engine) -> None:
        self.engine = engine

    def detach(self, engine) -> None:
        self.engine = None

    def executor(self, real):
        return SimExecutor(self, real.status()["slots"])

    def run_until(self, done, timeout) -> bool:
        raise NotImplementedError("nobody waits in a simulation")

    # --- fate ------------------------------------------------------------------------------------

    def clock_stepped(self, delta: timedelta) -> None:
        """A process that is frozen notices when it wakes."""
        if self.frozen:
            self._missed += delta
        elif self.engine is not None:
            self.engine.clock_stepped(delta)

    def freeze(self) -> None:
        self.frozen = True

    def thaw(self) -> None:
        self.frozen, self.thawed = False, self.world.elapsed
        missed, self._missed = self._missed, ZERO
        if missed and self.engine is not None:
            self.engine.clock_stepped(missed)
        late, self._late = self._late, []
        for happen in late:
            happen()

    def crash(self) -> None:
        if self.engine is not None:
            self.engine.crash()
        self.going.clear()
        self._late.clear()
        self.frozen, self._missed = False, ZERO

    def soon(self, delay: timedelta, happen) -> None:
        """Have something happen in this process; not while it is frozen."""
        self.world.at(delay, lambda: self._late.append(happen) if self.frozen else happen())


class SimExecutor:
    """Attempts whose length and end derive from the seed, the run and the attempt.

    Attributes:
        prompt: whether an outcome is written, and the next run started, where it is reported.
    """

    kills = False

    def __init__(self, host: Host, slots: int) -> None:
        self.prompt = host.world.prompt
        self._host = host
        self._slots = slots
        self._busy: set[object] = set()
        self._report = None

    def start(self, report) -> None:
        self._report = report

    def free(self) -> int:
        return self._slots - len(self._busy)

    def submit(self, attempt) -> None:
        host, world = self._host, self._host.world
        fate = Random(f"{world.seed} {attempt.run_id} {attempt.taken.attempt}")
        length = timedelta(seconds=fate.choice((0, 0, 1, fate.randrange(1, 90))))
        error = fate.choice((None, None, None, ValueError("chance"), SystemExit(1)))
        self._busy.add(attempt)
        host.going[attempt] = fate.random() < 0.5
        world.say(host.name, "start", attempt.run_id, attempt.taken.attempt)
        world.watch.started(host, attempt)
        host.soon(length, lambda: self._end(attempt, error))

    def stop(self, attempt) -> None:
        """Half of the attempts look at their cancel token."""
        if not self._host.going.get(attempt):
            return
        reason = attempt.token.reason
        timeout = attempt.job.timeout
        if reason == "timeout" and timeout is not None:
            error = RunTimeoutError(attempt.run_id, timeout.total_seconds())
        else:
            error = RunCancelledError(attempt.run_id, str(reason))
        self._host.soon(timedelta(milliseconds=100), lambda: self._end(attempt, error))

    def _end(self, attempt, error) -> None:
        if self._host.going.pop(attempt, None) is None:
            return  # it has ended already, or its process has died
        self._busy.discard(attempt)
        self._host.world.say(self._host.name, "end", attempt.run_id, type(error).__name__)
        if self._report is not None:
            self._report(attempt, None, error)

    def abandon(self, attempt) -> None:
        self._busy.discard(attempt)

    def shutdown(self, timeout) -> bool:
        self._report = None
        return not self._busy

    def status(self):
        return {"slots": self._slots, "busy": len(self._busy), "abandoned": 0}
