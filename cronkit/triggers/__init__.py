"""When a job fires: triggers, each a frozen value that answers ``next(after)``.

Built in are `Cron`, `Every`, `At`, `Rule`, `AnyOf` and `Except`; any object with the shape of
`Trigger` serves as well. A trigger without a zone of its own answers in the zone of the question;
`bind` gives it the scheduler's.
"""

from cronkit._lazy import lazy
from cronkit.triggers._at import At
from cronkit.triggers._binding import bound_trigger
from cronkit.triggers._combine import AnyOf, Bounded, Except
from cronkit.triggers._cron import Cron
from cronkit.triggers._every import Every
from cronkit.triggers._jitter import jitter_delay, jittered
from cronkit.triggers._protocol import (
    BindableTrigger,
    ReversibleTrigger,
    Trigger,
    as_trigger,
    bind,
    reversible,
    text_of,
)
from cronkit.triggers._rule import Rule
from cronkit.triggers._steps import CalendarSteps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cronkit.triggers._stored import dump_trigger, load_trigger

__all__ = [
    "AnyOf",
    "At",
    "BindableTrigger",
    "Bounded",
    "CalendarSteps",
    "Cron",
    "Every",
    "Except",
    "ReversibleTrigger",
    "Rule",
    "Trigger",
    "as_trigger",
    "bind",
    "bound_trigger",
    "dump_trigger",
    "jitter_delay",
    "jittered",
    "load_trigger",
    "reversible",
    "text_of",
]

# json costs 6 ms that only a shared store needs.
__getattr__ = lazy(
    "cronkit.triggers", {"cronkit.triggers._stored": ("dump_trigger", "load_trigger")}
)
