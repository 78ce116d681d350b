"""One try of a run, as it goes to an executor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cronkit._cancel import CancelToken
from cronkit._context import ACTIVE, RunContext
from cronkit._failure import text_of
from cronkit.jobs import NOTHING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from cronkit.abc import Clock
    from cronkit.jobs import Job, Taken

    Sleep = Callable[[float, CancelToken], None]


class Attempt(CancelToken):
    """One try of a run on its way to an executor: what to call, with what, in which context.

    It is its own cancel token: most attempts are never asked to stop, and an object more a run
    would be made for nothing.

    Attributes:
        taken: the row that was taken.
        job: the job.
        run_id: the id of the run.
        clock: the scheduler's clock.
        sleeper: how a sleep waits on a driven clock; ``None``: by the clock's ``wait``.
        facts: what the job has recorded so far; ``None``: nothing. `notes` is a copy to keep.
    """

    __slots__ = ("_context", "_told", "clock", "facts", "job", "run_id", "sleeper", "taken")

    def __init__(self, taken: Taken, job: Job, clock: Clock) -> None:
        self.reason = self._event = None  # as `CancelToken` would: a call costs as much as the rest
        self.wakers = ()
        self.taken = taken
        self.job = job
        self.run_id = taken.run_id
        self.clock = clock
        self.sleeper: Sleep | None = None
        self.facts: dict[str, object] | None = None
        self._told: tuple[int, str] | None = None
        self._context: RunContext | None = None

    @property
    def token(self) -> CancelToken:
        """The cancel token; the scheduler and the executor set it."""
        return self

    @property
    def context(self) -> RunContext:
        """The run as its job sees it; made when somebody asks, as most jobs never do."""
        if self._context is None:
            self._context = RunContext(self)
        return self._context

    @property
    def deadline(self) -> datetime | None:
        """When the attempt's timeout ends, in UTC; ``None`` without one."""
        timeout = self.job.timeout
        return None if timeout is None else self.taken.started_at + timeout

    @property
    def notes(self) -> Mapping[str, object]:
        """What the job has recorded so far."""
        return dict(self.facts) if self.facts else NOTHING

    @property
    def progress(self) -> tuple[float | None, float | None]:
        """How far the job has come, and what the whole takes, as far as it has said."""
        said = None if self._context is None else self._context.progress_now
        return (None, None) if said is None else said

    def tell(self, error: BaseException) -> None:
        """Read the text of what the job raised, in the job's own thread.

        The text of a hostile exception may take its time, or never end; nobody waits for it here.
        """
        # Its identity, not the exception: that has frames which have this attempt, a cycle.
        self._told = id(error), text_of(error)

    def text_of(self, error: BaseException) -> str:
        """Return what was raised as text, as `tell` has read it."""
        told = self._told
        return told[1] if told is not None and told[0] == id(error) else text_of(error)

    def call(self) -> object:
        """Call the job's function in its context and return what it returns.

        A caller runs this inside a copy of its own ``contextvars`` context, so that nothing a job
        sets there reaches the next one.
        """
        ACTIVE.set(self)
        taken, job = self.taken, self.job
        args = job.args if taken.args is None else taken.args
        kwargs = job.kwargs if taken.kwargs is None else taken.kwargs
        # To unpack a mapping that is no dict takes as long as ten calls of a function.
        return job.func(*args, **kwargs) if kwargs else job.func(*args)
