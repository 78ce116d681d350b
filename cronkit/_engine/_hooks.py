"""From events to the log and to hooks: a bounded queue and its delivery.

An event is built only when a hook or the log level wants it. Delivery is one broad boundary: what
a hook or a log handler raises is counted and logged, and firing goes on.
"""

from __future__ import annotations

import inspect
import logging
import threading
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING

from cronkit._engine._wake import Wake
from cronkit._failure import name_of
from cronkit.errors import NotCallableError
from cronkit.jobs import ERROR, INFO, Event, HookFailed, JobEvent, RunEvent

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from cronkit.abc import Clock, Hook

    RunCoroutine = Callable[[Coroutine[object, object, object]], object]

LOGGER = logging.getLogger("cronkit")
MOST_QUEUED = 10_000


class Hooks:
    """The hooks of a scheduler, and the queue between the engine and them.

    Attributes:
        run_coroutine: runs what an ``async def`` hook returns to its end.
        queue: events that wait for delivery.
        quiet: whether nobody wanted events of level INFO when `listen` was last called.
        failed: how many deliveries raised.
        dropped: how many events the full queue has refused.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._hooks: list[tuple[Hook, tuple[type[Event], ...]]] = []
        self.queue: deque[Event] = deque()
        self.quiet = False
        self._wake = Wake()
        self._thread: threading.Thread | None = None
        self._delivering: int | None = None
        self.run_coroutine: RunCoroutine = run_alone
        self.failed = 0
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._hooks)

    def add(self, hook: Hook, *classes: type[Event]) -> None:
        """Give `hook` the events of these classes and their subclasses; without a class, all.

        Raises:
            NotCallableError: `hook` is not callable, or a class is no event class.
        """
        if not callable(hook):
            raise NotCallableError(hook, "a hook is a callable that takes one event")
        for each in classes:
            if not (isinstance(each, type) and issubclass(each, Event)):
                raise NotCallableError(each, "a hook is added for classes of cronkit events")
        # A new list, not an append: a delivery may be reading the old one.
        self._hooks = [*self._hooks, (hook, classes or (Event,))]
        self.quiet = False

    def remove(self, hook: Hook) -> None:
        """Give `hook` no more events; an unknown one is no error."""
        self._hooks = [each for each in self._hooks if each[0] != hook]

    def listen(self) -> None:
        """Look whether anybody wants events of level INFO: once a step, not once an event."""
        self.quiet = not self._hooks and not LOGGER.isEnabledFor(INFO)

    def wants(self, kind: type[Event]) -> bool:
        """Return whether an event of this class would reach a hook or the log."""
        if LOGGER.isEnabledFor(kind.level):
            return True
        if not self._hooks:
            return False
        return any(issubclass(kind, classes) for _, classes in self._hooks)

    def emit(self, event: Event) -> None:
        """Queue an event for delivery."""
        if len(self.queue) >= MOST_QUEUED:
            self.dropped += 1
            return
        self.queue.append(event)
        if self._thread is not None:
            self._wake.set()

    def deliver(self) -> None:
        """Deliver what is queued, in the calling thread; in a hook, after the event it has got."""
        here = threading.get_ident()
        if self._delivering == here:
            return
        self._delivering = here
        try:
            while self.queue and self._may_deliver():
                event = self.queue.popleft()
                self._guarded(_log, event)
                for hook, classes in self._hooks:
                    if isinstance(event, classes):
                        self._guarded(hook, event)
        finally:
            if self._delivering == here:
                self._delivering = None

    def _may_deliver(self) -> bool:
        """Return whether no other thread delivers: one that outlived a stop must not go on."""
        return self._thread is None or self._thread is threading.current_thread()

    def start(self) -> None:
        """Deliver from a thread of its own from now on."""
        thread = threading.Thread(target=self._serve, name="cronkit-hooks", daemon=True)
        self._thread = thread  # first: a thread that is not the one ends
        try:
            thread.start()
        except RuntimeError:
            self._thread = None
            raise
        self._wake.set()  # events may have been queued before there was a thread

    def stop(self, seconds: float) -> None:
        """End the thread; deliver what is queued, for `seconds` at most; the rest is dropped."""
        thread, self._thread = self._thread, None
        self._wake.set()
        if thread is None:
            self.deliver()
        elif thread is not threading.current_thread():  # else the hook that stops it goes on here
            thread.join(seconds)
            if thread.is_alive():
                self.dropped += len(self.queue)
                self.queue.clear()

    def after_fork(self) -> None:
        """Begin with an empty queue and no thread in a forked child."""
        self.queue.clear()
        self._wake = Wake()
        self._thread = self._delivering = None

    def _serve(self) -> None:
        me = threading.current_thread()
        while True:
            self._wake.wait()
            self._wake.clear()
            self.deliver()
            if self._thread is not me:
                return

    def _guarded(self, call: Callable[[Event], object], event: Event) -> None:
        try:
            answer = call(event)
            if inspect.iscoroutine(answer):
                self.run_coroutine(answer)
        except BaseException as error:  # noqa: BLE001 -- the hook boundary
            self.failed += 1
            # A hook is free to have a name that raises, too.
            with suppress(BaseException):
                self._report(call, event, error)

    def _report(self, call: Callable[[Event], object], event: Event, error: BaseException) -> None:
        name = getattr(call, "__qualname__", type(call).__name__)
        kind = name_of(error)
        facts = {"event": HookFailed.log_name, "hook": name}
        text, level = "hook %s failed on %s: %s", logging.WARNING
        if not complain(text, name, event.log_name, kind, error=error, level=level, **facts):
            self.failed += 1
        if call is not _log and not isinstance(event, HookFailed):
            self.emit(HookFailed(at=self._clock.now(), hook=name, error=kind))


def complain(
    text: str,
    *args: object,
    error: BaseException | None = None,
    level: int = ERROR,
    **facts: object,
) -> bool:
    """Write to the log what is no event; return whether no log handler raised.

    What a handler raises cannot be logged, and must not end what is at work.
    """
    try:
        LOGGER.log(level, text, *args, exc_info=error, extra=facts)
    except BaseException:  # noqa: BLE001 -- the hook boundary
        return False
    return True


def run_alone(coroutine: Coroutine[object, object, object]) -> object:
    """Run a coroutine to its end on a loop of its own; the scheduler is not started."""
    from cronkit._coroutines import run  # noqa: PLC0415 -- imports asyncio

    return run(coroutine)


def _log(event: Event) -> None:
    """Write an event to the log, its facts as ``extra`` fields."""
    if not LOGGER.isEnabledFor(event.level):
        return
    extra: dict[str, object] = {"event": event.log_name}
    if isinstance(event, RunEvent):
        run = event.run
        extra |= {
            "job_id": run.job_id,
            "run_id": run.id,
            "fire_time": run.fire_time.isoformat(),
            "attempt": run.attempt,
            "outcome": None if run.outcome is None else str(run.outcome),
            "reason": run.reason,
            "owner": run.owner,
            "duration_seconds": None if run.duration is None else run.duration.total_seconds(),
            "lateness_seconds": None if run.lateness is None else run.lateness.total_seconds(),
        }
        trace = event.error if event.level >= ERROR else None
        LOGGER.log(event.level, "%s %s", event.log_name, _line(event), extra=extra, exc_info=trace)
    elif isinstance(event, JobEvent):
        extra["job_id"] = event.job_id
        LOGGER.log(event.level, "%s %s", event.log_name, event.job_id, extra=extra)
    else:
        reason = getattr(event, "reason", "")
        LOGGER.log(event.level, "%s", f"{event.log_name} {reason}".rstrip(), extra=extra)


def _line(event: RunEvent) -> str:
    run = event.run
    parts = [run.id]
    if run.reason:
        parts.append(f"reason={run.reason}")
    if run.blocked_by:
        parts.append(f"blocked_by={run.blocked_by}")
    if run.count > 1:
        parts.append(f"count={run.count}{'+' if run.at_least else ''}")
    if run.error:
        parts.append(f"error={run.error[:200]!a}")
    return " ".join(parts)
