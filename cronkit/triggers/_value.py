"""The base of the built-in triggers: frozen values that show themselves by their text."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class TriggerValue:
    """A trigger whose ``repr`` is its class and its text."""

    __slots__ = ()

    if TYPE_CHECKING:
        # attrs makes it for a class with an __init__ of its own; only mypy has a plugin that knows.
        __attrs_init__: Callable[..., None]

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self}>"
