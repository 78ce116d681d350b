"""From what a user gives to a trigger that a job can keep."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from cronkit.triggers._at import At
from cronkit.triggers._combine import AnyOf, Bounded, Except
from cronkit.triggers._cron import Cron
from cronkit.triggers._every import Every
from cronkit.triggers._protocol import as_trigger, bind
from cronkit.triggers._rule import Rule
from cronkit.triggers._steps import CalendarSteps

if TYPE_CHECKING:
    from datetime import tzinfo

    from cronkit.triggers._protocol import BindableTrigger, Trigger

_BUILT_IN = frozenset({At, AnyOf, Bounded, CalendarSteps, Cron, Every, Except, Rule})


def bound_trigger(value: object, zone: tzinfo, seed: str) -> Trigger:
    """Return `value` bound as by `bind`, if it has the shape of a trigger.

    Raises:
        PolicyError: as `as_trigger`.
    """
    if value.__class__ in _BUILT_IN:  # most are, and that these have the shape is known
        return cast("BindableTrigger", value).bind(zone, seed)
    return bind(as_trigger(value), zone, seed)
