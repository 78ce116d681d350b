"""What runs attempts, and what hears of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cronkit._attempt import Attempt

Report: TypeAlias = "Callable[[Attempt, object, BaseException | None], None]"
"""What an executor calls with an attempt that has ended, its result, and what it raised."""


class Executor(Protocol):
    """Where attempts run.

    An executor calls its `report` exactly once for each attempt submitted, from any thread, with
    the attempt, its result, and what it raised. It judges nothing.

    Five methods are optional. ``accepts(job)`` raises `NotCallableError` for a job that cannot run
    here; it is asked when a job is added. ``meet(store)`` is given the scheduler's store before
    each start. ``adopt(loop)`` is given the event loop of a host that starts the scheduler with
    ``async with``. ``holds_caller()`` says whether the calling thread is
    the one that the attempts need, so that nobody waits for them there. ``after_fork()`` begins
    anew in a forked child, where none of the executor's threads are.

    ``prompt = True`` says that it reports from threads of its own that have nothing else to do: with
    a store in this process the scheduler writes the outcome and starts the next run right there.
    ``in_turn = True`` says beside it that no two attempts ever report at the same time.

    Attributes:
        kills: whether `stop` really ends an attempt. Where it does not (threads), the scheduler
            writes the outcome at once and calls the attempt abandoned until it reports.
    """

    kills: bool

    def start(self, report: Report) -> None:
        """Get ready; called once before the first `submit` of each start of the scheduler."""
        ...

    def free(self) -> int:
        """Return how many attempts could start now."""
        ...

    def submit(self, attempt: Attempt) -> None:
        """Start an attempt; returns at once."""
        ...

    def stop(self, attempt: Attempt) -> None:
        """Ask an attempt to end; its cancel token is set already."""
        ...

    def abandon(self, attempt: Attempt) -> None:
        """Count on this attempt no more: its slot goes to others."""
        ...

    def shutdown(self, timeout: float | None) -> bool:
        """Take no more; wait up to `timeout` seconds for what goes on; return whether all ended."""
        ...

    def status(self) -> Mapping[str, int]:
        """Return counts to show: ``slots``, ``busy``, ``abandoned``."""
        ...


class Hook(Protocol):
    """A callable that gets events; it may be ``async def``.

    It is typed by what it was added for: a hook for `RunFailed` takes a `RunFailed`.
    """

    def __call__(self, event: Any, /) -> object:
        """Take one event; what is returned counts for nothing, what is raised is logged."""
        ...
