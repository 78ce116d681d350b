"""The root of the tree, and how a value looks in a message."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Reduced = tuple[
        Callable[..., "CronkitError"],
        tuple[type["CronkitError"], tuple[object, ...], dict[str, object]],
    ]

_SHOWN = 60
"""Longest form of a user's value inside a message; a hostile input must not flood a log."""


def shown(value: object, limit: int = _SHOWN) -> str:
    """Return `value` as it appears in a message: its repr, escaped to ASCII and clipped.

    Example:
        >>> shown("75")
        "'75'"
        >>> shown("x" * 100, limit=10)
        "'xxxxxx..."
    """
    try:
        text = ascii(value[: limit + 1] if isinstance(value, str) else value)
    except ValueError:  # an int of more digits than Python writes
        text = f"<{type(value).__name__}>"
    return text if len(text) <= limit else f"{text[: limit - 3]}..."


def _restore(
    cls: type[CronkitError], args: tuple[object, ...], attributes: dict[str, object]
) -> CronkitError:
    error = cls.__new__(cls)
    error.args = args
    for name, value in attributes.items():
        setattr(error, name, value)
    return error


def with_errno(reduced: Reduced, errno: int | None) -> Reduced:
    """Add the number that an `OSError` keeps outside of its ``__dict__``."""
    make, (cls, args, attributes) = reduced
    return make, (cls, args, {**attributes, "errno": errno})


class CronkitError(Exception):
    """Root of all errors that cronkit raises on purpose."""

    def __reduce__(self) -> Reduced:
        return _restore, (type(self), self.args, self.__dict__.copy())
