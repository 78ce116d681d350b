"""What a seed makes of the world: jobs with random policies, and what befalls their schedulers."""

from __future__ import annotations

from datetime import timedelta

from cronkit import Backoff, Cron, Every, Scheduler
from cronkit.errors import RunTimeoutError
from cronkit.executors import ThreadExecutor
from cronkit.stores import MemoryStore
from tests.simulation.checks import Checks
from tests.simulation.store import SharedMemoryStore
from tests.simulation.watched import Watched
from tests.simulation.world import Host, World

HOSTS = 3
LENGTH = timedelta(minutes=30)
QUIET = timedelta(minutes=10)
"""Longer than any attempt, its delay, and the lease of a process that died."""

MOST_QUIETS = 100
"""What waits for slots at the end is a few hundred runs at most."""


def laid_over(store: type, fault: type | None, *, at_once: bool = True) -> type:
    """Return a kind of store that is watched, and has a fault, if one is given.

    Args:
        store: the kind of store.
        fault: lies over it.
        at_once: whether it decides and hands out rows in one call.
    """
    over = (Watched, store) if fault is None else (fault, Watched, store)
    return type("Laid", over, {} if at_once else {"decide_and_take": None})


class Simulation:
    """The world of one seed.

    Args:
        seed: decides everything.
        fault: what is laid over the store, see `tests.simulation.faults`.

    Attributes:
        digest: what has happened, as a line each.
    """

    def __init__(self, seed: int, *, fault: type | None = None) -> None:
        self.world = world = World(seed)
        chance = world.chance
        self.shared = chance.random() < 0.6
        self.steps_back = chance.random() < 0.3
        self.store = (
            laid_over(SharedMemoryStore, fault, at_once=chance.random() < 0.5)(
                tells_deaths=chance.random() < 0.5
            )
            if self.shared
            else laid_over(MemoryStore, fault)()
        )
        self.limits = {"x": chance.choice((1, 2))} if chance.random() < 0.5 else {}
        self.most = chance.choice((None, 1, 3))
        self.slots = chance.choice((1, 2, 5))
        self.jobs = [self._job(number) for number in range(chance.randrange(2, 6))]
        self.store.policies = {policies["id"]: policies for _, policies in self.jobs}
        self.store.steps_back = self.steps_back
        self.followed = chance.random() < 0.5
        self.schedulers: dict[str, Scheduler] = {}
        world.hosts = [Host(world, f"host{number}") for number in range(HOSTS)]
        world.watch = self.checks = Checks(self)
        world.after_each = self.checks.look

    def _job(self, number: int) -> tuple[object, dict[str, object]]:
        chance = self.world.chance
        trigger = chance.choice(
            (
                Every(timedelta(seconds=chance.randrange(5, 120))),
                Cron(f"*/{chance.choice((1, 2, 5))} * * * *"),
                Cron(f"{chance.randrange(60)} {chance.randrange(0, 60, 3)} * * * *"),
            )
        )
        timed_out_too = (Exception, RunTimeoutError)
        policies = {
            "id": f"job{number}",
            "overlap": chance.choice(("skip", "queue", "allow", "cancel")),
            "queue_limit": chance.randrange(4),
            "coalesce": chance.choice(("latest", "earliest", "all")),
            "max_catch_up": chance.randrange(1, 6),
            "misfire_grace": chance.choice((None, "5s", "60s")),
            "jitter": chance.choice((None, None, "4s")),
            "timeout": chance.choice((None, f"{chance.randrange(2, 40)}s")),
            "retry": Backoff(
                attempts=chance.randrange(1, 4),
                base=f"{chance.randrange(1, 10)}s",
                retry_on=chance.choice(((Exception,), timed_out_too)),
            ),
            "max_concurrent": chance.choice((None, 1, 2)),
            "priority": chance.randrange(-1, 2),
            "on_interrupted": chance.choice(("record", "rerun")),
            "max_runs": chance.choice((None, None, 12)),
            "tags": chance.choice(((), ("x",))),
            "keep_runs": 100_000,
        }
        return trigger, policies

    # --- fate ------------------------------------------------------------------------------------

    def run(self) -> list[str]:
        """Let everything happen; return the trace.

        Raises:
            AssertionError: a promise was broken.
        """
        for host in self.world.hosts:
            self.up(host)
        for _ in range(self.world.chance.randrange(12)):
            delay = LENGTH * self.world.chance.random()
            self.world.at(delay, self._befall)
        self.world.run(LENGTH)
        for host in self.world.hosts:
            if host.frozen:
                host.thaw()
            if host.engine is None:
                self.up(host)
        self.schedulers["host0"].pause()
        for _ in range(MOST_QUIETS):
            self.world.run(QUIET)
            if not self.store._table.live():
                break
        self.checks.at_the_end()
        return self.world.trace

    def up(self, host: Host) -> None:
        """Start a process, with a scheduler of its own."""
        self.world.say(host.name, "up")
        scheduler = self.schedulers[host.name] = Scheduler(
            clock=host,
            store=self.store,
            executor=ThreadExecutor(self.slots),
            max_concurrent_runs=self.most,
            limits=self.limits,
        )
        for trigger, policies in self.jobs:
            scheduler.add(_never_called, trigger, **policies)
        if self.followed:
            scheduler.after("job0", on="any", id="follower", keep_runs=100_000)(_never_called)
        scheduler.start()

    def _befall(self) -> None:
        chance, world = self.world.chance, self.world
        host = chance.choice(world.hosts)
        deed = chance.choice(
            (self.crash, self.crash, self.freeze, self.stop, self.pause, self.by_hand, self.cancel)
            + ((self.set_clock,) if self.steps_back or chance.random() < 0.5 else ())
        )
        if host.engine is not None and not host.frozen:
            world.say(host.name, deed.__name__)
            deed(host)

    def crash(self, host: Host) -> None:
        host.crash()
        self.world.at(self._soon(300), lambda: host.engine is None and self.up(host))

    def stop(self, host: Host) -> None:
        self.schedulers[host.name].shutdown(wait=False)
        host.going.clear()
        self.world.at(self._soon(300), lambda: host.engine is None and self.up(host))

    def freeze(self, host: Host) -> None:
        host.freeze()
        self.world.at(self._soon(120), lambda: host.frozen and host.thaw())

    def pause(self, host: Host) -> None:
        job_id = self.world.chance.choice(self.jobs)[1]["id"]
        scheduler = self.schedulers[host.name]
        if self.world.chance.random() < 0.5:
            until = self.world.now + self._soon(200) + timedelta(seconds=1)
            scheduler.pause(job_id, until=until)
        else:
            scheduler.pause(job_id)
            self.world.at(self._soon(200), lambda: self._unpause(job_id))

    def _unpause(self, job_id: str) -> None:
        for host in self.world.hosts:
            if host.engine is not None and not host.frozen:
                self.schedulers[host.name].unpause(job_id)
                return

    def by_hand(self, host: Host) -> None:
        job_id = self.world.chance.choice(self.jobs)[1]["id"]
        self.schedulers[host.name].run_now(job_id, force=self.world.chance.random() < 0.3)

    def cancel(self, host: Host) -> None:
        live = [run.id for run in self.store.runs() if run.outcome is None]
        if live:
            run_id = self.world.chance.choice(live)
            self.schedulers[host.name]._app.by_hand.cancel(run_id)

    def set_clock(self, host: Host) -> None:
        chance = self.world.chance
        seconds = chance.choice((chance.randrange(1, 90), 3_600))
        delta = timedelta(seconds=-seconds if self.steps_back else seconds)
        self.world.wall += delta
        self.world.say("clock", delta.total_seconds())
        for each in self.world.hosts:
            each.clock_stepped(delta)

    def _soon(self, seconds: int) -> timedelta:
        return timedelta(seconds=self.world.chance.randrange(1, seconds))


def _never_called() -> None:
    raise AssertionError("the executor of the simulation calls no job")
