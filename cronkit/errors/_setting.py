"""The surroundings: configuration, missing extras, the platform, the state of an object."""

from __future__ import annotations

from cronkit.errors._base import CronkitError, shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime


class ConfigError(CronkitError, ValueError):
    """A configuration that cannot be used; one error lists all that is wrong in a file.

    Attributes:
        path: the file, or ``None`` for a mapping.
        key: the path of the first wrong key (``"scheduler.jobs[2].schedule"``).
        line: its line, counted from 1, or ``None``.
        problems: every problem found, one line each.
    """

    def __init__(
        self,
        problems: Sequence[str],
        *,
        path: str | None = None,
        key: str | None = None,
        line: int | None = None,
    ) -> None:
        self.problems = tuple(problems)
        self.path = path
        self.key = key
        self.line = line
        where = path or "configuration"
        super().__init__("\n".join([f"{where}: {len(self.problems)} problem(s)", *self.problems]))


class TriggerSearchError(CronkitError, RuntimeError):
    """A trigger looked at too many candidates without finding a fire time.

    Attributes:
        trigger: the trigger, as text.
        steps: how many candidates it looked at.
    """

    def __init__(self, trigger: object, steps: int) -> None:
        self.trigger = str(trigger)
        self.steps = steps
        super().__init__(
            f"{shown(self.trigger)}: no fire time among {steps:,} candidates; "
            "the exclusions leave nothing over"
        )


class TriggerAnswerError(CronkitError, ValueError):
    """A trigger gave something else than an aware datetime on the side of time it was asked for.

    Attributes:
        trigger: the trigger, as text.
        question: what it was asked (``"next(2026-01-01T00:00:00+00:00)"``).
        answer: what it gave, as text.
    """

    def __init__(self, trigger: str, question: str, answer: object) -> None:
        self.trigger = shown(trigger)[1:-1]
        self.question = question
        self.answer = shown(answer)
        side = "earlier" if question.startswith("previous") else "later"
        super().__init__(
            f"{self.trigger}: {question} gave {self.answer}; "
            f"allowed: an aware datetime {side} than that, or None"
        )


class MissingExtraError(CronkitError, ImportError):
    """A feature needs a package that only an extra brings.

    Attributes:
        feature: what was asked for.
        extra: the extra to install.
    """

    def __init__(self, feature: str, extra: str) -> None:
        self.feature = feature
        self.extra = extra
        super().__init__(f"{feature} needs an extra; run: pip install 'cronkit[{extra}]'")


class UnsupportedPlatformError(CronkitError, NotImplementedError):
    """A feature that this operating system or file system cannot carry.

    Attributes:
        feature: what was asked for.
        reason: why it cannot work here.
    """

    def __init__(self, feature: str, reason: str) -> None:
        self.feature = feature
        self.reason = reason
        super().__init__(f"{feature} is not supported here: {reason}")


class StateError(CronkitError, RuntimeError):
    """The call does not fit the state the object is in (start twice, use after shutdown).

    Attributes:
        what: what was called.
        state: the state that forbids it, and what to do.
    """

    def __init__(self, what: str, state: str) -> None:
        self.what = what
        self.state = state
        super().__init__(f"{what}: {state}")


class AlreadyRunningError(StateError):
    """Another scheduler of this host holds the lock.

    Attributes:
        pid: the holder's process id, ``None`` where it is not known.
        host: the holder's host name.
        since: when it took the lock, aware; ``None`` where it is not known.
    """

    def __init__(self, pid: int | None, host: str, since: datetime | None) -> None:
        self.pid = pid
        self.host = host
        self.since = since
        moment = f" since {since.isoformat()}" if since else ""
        super().__init__("start", f"process {pid} on {host} runs this scheduler{moment}")


class FakeClockStalled(StateError):  # noqa: N818 -- names a state of the clock, as the API fixes it
    """Fake time cannot go on: something outside the clock has not answered.

    Attributes:
        waiting_for: what the clock waits for.
    """

    def __init__(self, waiting_for: str) -> None:
        self.waiting_for = waiting_for
        super().__init__("advance", f"fake time stands still; waiting for {waiting_for}")
