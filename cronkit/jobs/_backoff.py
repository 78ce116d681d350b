"""How long to wait before the next attempt, and whether there is one.

A pure value: the same run and attempt give the same delay on every host and in every replay. It
knows nothing of threads, clocks or stores.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import timedelta
from typing import cast

import attrs

from cronkit._convert import ZERO, choice, duration, integer
from cronkit.errors import PolicyError, RunTimeoutError, shown

RetryOn = tuple[type[BaseException], ...] | Callable[[BaseException], bool]

_UNIT = 2.0**64


def _retry_on(value: object) -> RetryOn:
    if isinstance(value, type) and issubclass(value, BaseException):
        return (value,)
    if isinstance(value, (tuple, list)) and all(
        isinstance(each, type) and issubclass(each, BaseException) for each in value
    ):
        return tuple(value)
    if callable(value) and not isinstance(value, type):
        return cast("Callable[[BaseException], bool]", value)
    raise PolicyError("retry_on", value, "exception classes, or a function of the exception")


def _factor(value: float) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 1 <= value < math.inf:
        return float(value)
    raise PolicyError("factor", value, "a number, 1 or more")


def _attempts(value: int) -> int:
    return integer(value, "attempts", least=1, most=1_000_000_000)


def _base(value: timedelta | float | str) -> timedelta:
    return duration(value, "base")


def _max(value: timedelta | float | str) -> timedelta:
    return duration(value, "max")


def _jitter(value: str) -> str:
    return choice(value, "jitter", ("full", "none"))


def _give_up_after(value: timedelta | float | str | None) -> timedelta | None:
    return None if value is None else duration(value, "give_up_after")


@attrs.frozen(kw_only=True)
class Backoff:
    """The rule for further attempts of a run: ``base * factor ** (attempt - 1)``, at most `max`.

    Args:
        attempts: how many attempts a run has in all; 1 means no retry.
        base: the delay after the first attempt (a timedelta, seconds, or text like ``"1s"``).
        factor: by what each further delay grows.
        max: the longest delay.
        jitter: ``"full"`` draws the delay evenly from zero to the computed one, so that many
            failing jobs do not come back together; ``"none"`` takes it as computed. The draw
            derives from the run's id and the attempt.
        retry_on: exception classes, or a function that is given the exception.
        give_up_after: no attempt starts later than this after the first; ``None``: no limit.

    An exception with an attribute ``retry_after`` (a timedelta or seconds, as HTTP clients set
    it) sets the least delay itself.

    Raises:
        PolicyError: an argument out of range.
        DurationError: a duration that cannot be read.

    Example:
        >>> Backoff(attempts=5, jitter="none").delay("report@2026-01-01T00:00:00Z", 3)
        datetime.timedelta(seconds=4)
    """

    attempts: int = attrs.field(default=1, converter=_attempts)
    base: timedelta = attrs.field(default=timedelta(seconds=1), converter=_base)
    factor: float = attrs.field(default=2.0, converter=_factor)
    max: timedelta = attrs.field(default=timedelta(minutes=5), converter=_max)
    jitter: str = attrs.field(default="full", converter=_jitter)
    retry_on: RetryOn = attrs.field(default=(Exception,), converter=_retry_on)
    give_up_after: timedelta | None = attrs.field(default=None, converter=_give_up_after)

    def delay(self, run_id: str, attempt: int, error: BaseException | None = None) -> timedelta:
        """Return how long to wait after `attempt` (counted from 1) has failed.

        Whether the delay has reached `max` is decided on logarithms: an attempt number in the
        thousands must not overflow a float.
        """
        base, most = self.base.total_seconds(), self.max.total_seconds()
        seconds = min(base, most)
        if 0 < base < most and self.factor > 1:
            steps = math.log(most / base) / math.log(self.factor)
            seconds = most if attempt - 1 >= steps else base * self.factor ** (attempt - 1)
        if self.jitter == "full":
            from hashlib import sha256  # noqa: PLC0415 -- costs 3 ms of import

            digest = sha256(f"{run_id}:{attempt}".encode()).digest()
            seconds *= int.from_bytes(digest[:8]) / _UNIT
        return max(timedelta(seconds=seconds), _asked_for(error))

    def wants(self, error: BaseException, *, ended: bool = False) -> bool:
        """Return whether this error is one to retry.

        A timed-out attempt counts only where it has really `ended`, where `retry_on` names
        `RunTimeoutError` itself, or where a function was given: a thread may still be at work.
        """
        if not isinstance(self.retry_on, tuple):
            return bool(self.retry_on(error))
        if isinstance(error, RunTimeoutError) and not ended:
            return any(issubclass(each, RunTimeoutError) for each in self.retry_on)
        return isinstance(error, self.retry_on)

    def __str__(self) -> str:
        return (
            f"{self.attempts} attempts, {self.base.total_seconds():g} s"
            f" x {self.factor:g}, at most {self.max.total_seconds():g} s"
        )


def _asked_for(error: BaseException | None) -> timedelta:
    """Return the delay that the exception asks for; nonsense in it counts for nothing."""
    wish = getattr(error, "retry_after", None)
    if isinstance(wish, timedelta):
        return max(wish, ZERO)
    if isinstance(wish, (int, float)) and 0 <= wish < timedelta.max.total_seconds():
        return timedelta(seconds=wish)
    return ZERO


NO_RETRY = Backoff()


def as_backoff(value: object) -> Backoff:
    """Return `value` if it is a `Backoff`, an int as that many attempts.

    Raises:
        PolicyError: anything else.
    """
    if isinstance(value, Backoff):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return Backoff(attempts=value)
    raise PolicyError("retry", shown(value), "a Backoff, or a number of attempts")
