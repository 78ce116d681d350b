"""The text of a trigger that is kept outside of the program, and read back as an equal trigger.

``str(trigger)`` is for people: it cuts long lists. This text is JSON and says all that decides the
fire times. It names no class and no code: each kind of built-in trigger has a word, and what is read
goes through the same constructors as what a user writes.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from cronkit import _convert
from cronkit.errors import CronkitError, PolicyError
from cronkit.triggers import _text
from cronkit.triggers._at import At
from cronkit.triggers._combine import AnyOf, Bounded, Except
from cronkit.triggers._cron import Cron
from cronkit.triggers._every import Every
from cronkit.triggers._protocol import text_of
from cronkit.triggers._rule import Rule
from cronkit.triggers._steps import CalendarSteps

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cronkit.triggers._protocol import Trigger

    Facts = Mapping[str, Any]

_MOST_CHARACTERS = 1_000_000
_DEEPEST = 32
_ALLOWED = "a trigger of cronkit.triggers, in zones that have a name"


def dump_trigger(trigger: Trigger) -> str:
    """Return a trigger as text from which `load_trigger` makes an equal one.

    Raises:
        PolicyError: it is, or is made of, a trigger of the application's own, or its zone is known
            by no name: no other process could tell what it is.

    Example:
        >>> print(dump_trigger(Every("5m", tz="Europe/Paris")))
        {"kind": "every", "interval": "5m", "anchor": "1970-01-01T00:00:00Z", "tz": "Europe/Paris"}
    """
    text = json.dumps(_facts(trigger))
    try:
        same = load_trigger(text) == trigger
    except CronkitError:
        same = False
    if not same:
        raise PolicyError("trigger", text_of(trigger), _ALLOWED)
    return text


def load_trigger(text: str) -> Trigger:
    """Return the trigger that `dump_trigger` has written down.

    Raises:
        PolicyError: the text is not of that form, or says what its kind of trigger refuses.
        CronSyntaxError: likewise, of a cron expression.
        DurationError: likewise, of an interval.
        UnknownZoneError: the zone database of this host does not know its zone.

    Example:
        >>> print(load_trigger('{"kind": "cron", "expr": "0 9 * * MON", "tz": "Europe/Paris"}'))
        cron 0 9 * * MON [Europe/Paris]
    """
    if not isinstance(text, str) or len(text) > _MOST_CHARACTERS:
        raise PolicyError("trigger", text, f"text of at most {_MOST_CHARACTERS:,} characters")
    try:
        facts = json.loads(text)
    except (ValueError, RecursionError):
        raise PolicyError("trigger", text, "what dump_trigger has written") from None
    return _trigger(facts, 0)


# --- writing -------------------------------------------------------------------------------------


def _facts(trigger: object) -> Facts:
    write = _WRITE.get(type(trigger))
    if write is None:
        raise PolicyError("trigger", text_of(cast("Trigger", trigger)), _ALLOWED)
    facts: Facts = write(trigger)
    return {name: value for name, value in facts.items() if value is not None}


def _zone_text(zone: tzinfo | None) -> str | None:
    if isinstance(zone, timezone) and zone is not UTC:
        return str(timezone(zone.utcoffset(None)))  # without a name of its own: UTC+02:00
    return _text.zone_name(zone)


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else _text.moment_text(moment)


def _write_cron(trigger: Cron) -> Facts:
    expression = trigger.expression
    if expression is None:
        return {"kind": "cron", **trigger.unread, "tz": _zone_text(trigger.tz)}
    return {
        "kind": "cron",
        "expr": expression.fields.text,
        "day_rule": "or" if expression.fields.either else "and",
        "gap": expression.gap,
        "fold": expression.fold,
        "tz": _zone_text(trigger.tz),
    }


_WRITE: Mapping[type, Callable[[Any], Facts]] = {
    Cron: _write_cron,
    Every: lambda trigger: {
        "kind": "every",
        "interval": _text.duration_text(trigger.interval),
        "anchor": _moment(trigger.anchor),
        "tz": _zone_text(trigger.tz),
    },
    At: lambda trigger: {
        "kind": "at",
        "instants": [_moment(each) for each in trigger.instants],
        "tz": _zone_text(trigger.tz),
    },
    Rule: lambda trigger: {
        "kind": "rule",
        "rule": trigger.parts.text,
        "start": _moment(trigger.start),
        "tz": _zone_text(trigger.tz),
    },
    CalendarSteps: lambda trigger: {
        "kind": "steps",
        "months": trigger.months,
        "days": trigger.days,
        "anchor": _moment(trigger.anchor),
        "tz": _zone_text(trigger.tz),
    },
    AnyOf: lambda trigger: {"kind": "any", "of": [_facts(each) for each in trigger.triggers]},
    Except: lambda trigger: {
        "kind": "except",
        "of": _facts(trigger.trigger),
        "dates": [each.isoformat() for each in sorted(trigger.dates)],
    },
    Bounded: lambda trigger: {
        "kind": "between",
        "of": _facts(trigger.trigger),
        "start": _moment(trigger.start),
        "end": _moment(trigger.end),
    },
}


# --- reading -------------------------------------------------------------------------------------


def _trigger(facts: object, depth: int) -> Trigger:
    if not isinstance(facts, dict) or depth > _DEEPEST:
        raise PolicyError("trigger", facts, f"a mapping, at most {_DEEPEST} deep")
    words = dict(facts)
    kind = words.pop("kind", None)
    read = _READ.get(kind) if isinstance(kind, str) else None
    if read is None:
        raise PolicyError("kind", kind, f"one of {', '.join(_READ)}")
    if "tz" in words:
        words["tz"] = _zone(words["tz"])
    if "of" in words:
        of = words["of"]
        made = [_trigger(each, depth + 1) for each in (of if isinstance(of, list) else [of])]
        words["of"] = made if isinstance(of, list) else made[0]
    try:
        return read(**words)
    except TypeError:  # words that this kind of trigger does not have, or of another type
        raise PolicyError("trigger", facts, f"the words of {kind!r}, and their types") from None


def _zone(name: object) -> tzinfo:
    """Return the zone of a name; ``UTC+02:00`` is one that needs no database."""
    if isinstance(name, str) and name.startswith(("UTC+", "UTC-")):
        try:
            sign = -1 if name[3] == "-" else 1
            hours, minutes, *seconds = (float(each) for each in name[4:].split(":"))
            offset = timedelta(hours=hours, minutes=minutes, seconds=sum(seconds))
            return timezone(sign * offset)
        except ValueError:
            raise PolicyError("tz", name, "an offset like UTC+02:00") from None
    return _convert.zone(cast("str", name), "tz")


_READ: Mapping[str, Callable[..., Trigger]] = {
    "cron": Cron,
    "every": Every,
    "at": lambda instants, tz=None: At(*instants, tz=tz),
    "rule": Rule,
    "steps": partial(CalendarSteps.of, years=0, weeks=0, tz=None),
    "any": lambda of: AnyOf(*of),
    "except": lambda of, dates: Except(of, dates=dates),
    "between": lambda of, start=None, end=None: Bounded(of, start=start, end=end),
}
