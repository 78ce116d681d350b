"""What a trigger is: the Protocols, and the three questions asked of any trigger.

It knows no built-in trigger: a scheduler treats one that an application wrote the same way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from cronkit.errors import PolicyError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, tzinfo

    from typing_extensions import TypeIs


class Trigger(Protocol):
    """Says when: a pure function from an instant to the next one.

    An implementation is immutable and gives the same answer on every host and at every time of
    asking. It should have a ``str`` that says all that decides its fire times, because that text
    shows in listings and tells two hosts whether they run the same schedule.

    Example:
        >>> from datetime import timedelta
        >>> class OnTheHour:
        ...     def next(self, after):
        ...         return after.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    """

    def next(self, after: datetime, /) -> datetime | None:
        """Return the first fire time strictly later than `after`, or ``None`` if there is none.

        Args:
            after: an aware datetime; compared as an instant.

        Returns:
            An aware datetime.
        """


class ReversibleTrigger(Trigger, Protocol):
    """A trigger that can also look back; every built-in one can.

    A scheduler uses it to jump over a long downtime. A trigger without it is stepped forward.
    """

    def previous(self, before: datetime, /) -> datetime | None:
        """Return the last fire time strictly earlier than `before`, or ``None``."""


class BindableTrigger(Trigger, Protocol):
    """A trigger that reads wall-clock times in a zone it is given later."""

    def bind(self, zone: tzinfo, seed: str, /) -> Trigger:
        """Return the trigger for a job of a scheduler.

        Args:
            zone: the scheduler's zone; a trigger with a zone of its own keeps its own.
            seed: the job's id, from which ``H`` in a cron expression is derived.

        Returns:
            A trigger whose fire times carry its zone, whatever the zone of ``after``.
        """
        ...


def as_trigger(value: Any, argument: str = "trigger") -> Trigger:
    """Return `value` if it has the shape of a trigger.

    Raises:
        PolicyError: it has no ``next``, or it is a class and not an instance.
    """
    if isinstance(value, type) or not callable(getattr(value, "next", None)):
        raise PolicyError(argument, value, "an object with next(after), e.g. Cron('0 9 * * *')")
    trigger: Trigger = value
    return trigger


def bind(trigger: Trigger, zone: tzinfo, seed: str) -> Trigger:
    """Return `trigger` bound to a zone and a seed; one without ``bind`` is returned as it is.

    Args:
        trigger: any trigger.
        zone: where naive text and wall-clock times without a zone are read.
        seed: what ``H`` in a cron expression is derived from, usually the job's id.

    Example:
        >>> from zoneinfo import ZoneInfo
        >>> from cronkit.triggers import At
        >>> print(bind(At("2026-12-31T23:59"), ZoneInfo("Europe/Paris"), "fireworks"))
        at 2026-12-31T23:59:00+01:00 [Europe/Paris]
    """
    bound: Callable[[tzinfo, str], Trigger] | None = getattr(trigger, "bind", None)
    return bound(zone, seed) if callable(bound) else trigger


def reversible(trigger: Trigger) -> TypeIs[ReversibleTrigger]:
    """Return whether `trigger` can look back: it has ``previous``, and so has all it is made of."""
    if not callable(getattr(trigger, "previous", None)):
        return False
    made_of: tuple[Trigger, ...] = getattr(trigger, "triggers", ())
    return all(map(reversible, made_of))


def text_of(trigger: Trigger) -> str:
    """Return the text of a trigger; without a ``str`` of its own, the name of its class.

    The default ``str`` holds an address, which differs on every host.
    """
    kind = type(trigger)
    if kind.__str__ is object.__str__ and kind.__repr__ is object.__repr__:
        return f"{kind.__module__}.{kind.__qualname__}"
    return str(trigger)
