"""Whether what an application gave has the shape of a Protocol, seen before it is used."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from cronkit._clock import SystemClock
from cronkit.errors import PolicyError

if TYPE_CHECKING:
    from cronkit.abc import Clock

_T = TypeVar("_T")


def shaped(value: _T, argument: str, methods: tuple[str, ...], allowed: str) -> _T:
    """Return `value` if it is an object with these methods.

    Args:
        value: what was given.
        argument: the name to use in the error.
        methods: what it is asked for.
        allowed: what to give instead, for the error.

    Raises:
        PolicyError: a method is missing, or it is a class.
    """
    if isinstance(value, type):
        raise PolicyError(argument, value, allowed, hint="it is a class; call it")
    missing = [each for each in methods if not callable(getattr(value, each, None))]
    if missing:
        raise PolicyError(argument, value, allowed, hint=f"it has no {', '.join(missing)}")
    return value


def clock(value: Clock | None) -> Clock:
    """Return `value` if it can be a clock; ``None`` stands for the real one.

    Raises:
        PolicyError: it cannot.
    """
    if value is None:
        return SystemClock()
    return shaped(value, "clock", ("now", "monotonic", "wait"), "a clock, e.g. FakeClock()")
