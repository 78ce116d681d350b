"""The base of the built-in triggers: frozen values that show themselves by their text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cronkit.triggers._protocol import as_trigger, bind

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import tzinfo

    from cronkit.triggers._protocol import Trigger


class TriggerValue:
    """A trigger that can be bound, and whose ``repr`` is its class and its text."""

    __slots__ = ()

    if TYPE_CHECKING:
        # attrs makes it for a class with an __init__ of its own; only mypy has a plugin that knows.
        __attrs_init__: Callable[..., None]

        def bind(self, zone: tzinfo, seed: str, /) -> Trigger:
            """Return the trigger bound to a zone and a seed; see `BindableTrigger`."""
            ...

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self}>"


def bound_trigger(value: object, zone: tzinfo, seed: str) -> Trigger:
    """Return `value` bound as by `bind`, if it has the shape of a trigger.

    Raises:
        PolicyError: as `as_trigger`.
    """
    if isinstance(value, TriggerValue):  # most are: that it has the shape is known
        return value.bind(zone, seed)
    return bind(as_trigger(value), zone, seed)
