"""Whether what an application gave has the shape of a Protocol, seen before it is used."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from cronkit._clock import SystemClock
from cronkit.errors import PolicyError

if TYPE_CHECKING:
    from cronkit.abc import Clock

_T = TypeVar("_T")


def shaped(value: _T, argument: str, *methods: str) -> _T:
    """Return `value` if it is an object with these methods; a class in its place is a common slip.

    Raises:
        PolicyError: a method is missing, or it is a class.
    """
    missing = [each for each in methods if not callable(getattr(value, each, None))]
    if missing or isinstance(value, type):
        raise PolicyError(argument, value, f"an object with {', '.join(methods)}")
    return value


def clock(value: Clock | None) -> Clock:
    """Return `value` if it can be a clock; ``None`` stands for the real one.

    Raises:
        PolicyError: it cannot.
    """
    return SystemClock() if value is None else shaped(value, "clock", "now", "monotonic", "wait")
