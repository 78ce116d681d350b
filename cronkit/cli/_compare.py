"""``cronkit compare``: where croniter and cronkit read one text differently, and why."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import islice, takewhile, zip_longest
from typing import TYPE_CHECKING

import attrs

from cronkit.cli import _asking
from cronkit.cli._printing import answer
from cronkit.cron import CronExpression, CronSyntaxError, describe, explain
from cronkit.cron._croniter import fire_times
from cronkit.cron._fields import FIELDS
from cronkit.triggers import Cron

if TYPE_CHECKING:
    import argparse

    from cronkit.cron import OffsetChange

_AROUND = timedelta(hours=3)
_MOST_SHOWN = 3
_USUAL = 5
_PREFIXES = ("TZ=", "CRON_TZ=")

_BOTH = "both day fields"
_STAR = (
    "two day fields join by and where one begins with a star, as in Vixie's cron; "
    "to croniter */2 is no star"
)
# The rule behind a difference: in which fields it shows (in any, if empty), by what in the text.
_WHY = (
    ((), r"^\S+( +\S+){5,6}$", "of six fields cronkit reads the seconds first, croniter last"),
    ((), r"\b(\w+)-\1\b", "a-a is a alone to cronkit and the whole field to croniter"),
    ((), r"\d-\d+/", "a step goes on across the end of a field; croniter makes it longer there"),
    (
        ("day-of-week",),
        r"\b[0-6]/\d+",
        "a step without an end goes up to 7, Sunday; in croniter to 6, Saturday",
    ),
    (
        ("day-of-month", "day-of-week"),
        r"#|\bL|\dL|\dW\b|\bW\d",
        "beside # or W croniter leaves the other day field out; to cronkit both count",
    ),
    (("day-of-month",), r"3[01]W|29W", "nW does not fire in a month that lacks the day"),
    ((_BOTH,), r"\*", _STAR),
)


@attrs.frozen(kw_only=True)
class Reading:
    """What one of the two makes of a text.

    Attributes:
        expression: the text as cronkit writes what was read; ``None`` if it is refused.
        refusal: why it is refused; empty if it is not.
        fire_times: the next fire times, as that library itself finds them.
    """

    expression: CronExpression | None
    refusal: str
    fire_times: list[datetime]

    @property
    def sentence(self) -> str:
        """The expression in words, or why there is none."""
        return f"refused: {self.refusal}" if self.expression is None else describe(self.expression)

    def as_mapping(self) -> dict[str, object]:
        """Return the reading as JSON has it."""
        return {
            "expression": None if self.expression is None else str(self.expression),
            "sentence": self.sentence,
            "fire_times": [each.isoformat() for each in self.fire_times],
        }


@attrs.frozen(kw_only=True)
class Asked:
    """A text, without its zone prefix, and when it is asked."""

    text: str
    zone: tzinfo
    after: datetime
    count: int
    seed: str | None


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to a parser."""
    parser = commands.add_parser("compare", help="where croniter and cronkit differ, and why")
    _asking.add_arguments(parser, usual=5)
    parser.set_defaults(command=run)


def run(arguments: argparse.Namespace) -> int:
    """Print both readings, the reasons and the fire times; return the exit code."""
    asked = _asked(arguments)
    ours, theirs = _read(asked, "cronkit"), _read(asked, "croniter")
    if ours.expression is None and not theirs.fire_times:
        _parse(asked, "cronkit")  # raises: neither can use it
    reasons = [*_reasons(asked.text, ours, theirs), *_at_changes(asked, theirs)]
    facts = {
        "text": asked.text,
        "zone": str(asked.zone),
        "after": asked.after.isoformat(),
        "same": not reasons and ours.fire_times == theirs.fire_times,
        "cronkit": ours.as_mapping(),
        "croniter": theirs.as_mapping(),
        "reasons": reasons,
    }
    answer(arguments, facts, _lines(ours, theirs, reasons))
    return 0


def _asked(arguments: argparse.Namespace) -> Asked:
    """Take the zone prefix off, which croniter does not know."""
    text, zone = arguments.expr.strip(), arguments.tz
    prefix, _, rest = text.partition(" ")
    if prefix.startswith(_PREFIXES):
        text, zone = rest, Cron(f"{prefix} * * * * *", tz=zone).tz
    zone = Cron("* * * * *", tz=zone).tz or UTC
    return Asked(
        text=text,
        zone=zone,
        after=_asking.moment(arguments.after, zone),
        count=_asking.count(arguments.count),
        seed=arguments.seed,
    )


def _parse(asked: Asked, dialect: str) -> CronExpression:
    return CronExpression.parse(asked.text, dialect=dialect, seed=asked.seed)


def _read(asked: Asked, dialect: str) -> Reading:
    try:
        expression, refusal = _parse(asked, dialect), ""
    except CronSyntaxError as error:
        expression, refusal = None, f"{error.field}: {error.reason}"
    found: list[datetime] = []
    if dialect == "croniter":
        with suppress(CronSyntaxError):  # croniter may read what we refuse, or refuse it too
            found += islice(fire_times(asked.text, asked.after, asked.seed), asked.count)
    elif expression is not None:
        found += islice(expression.iter(asked.after), asked.count)
    return Reading(expression=expression, refusal=refusal, fire_times=found)


def _reasons(text: str, ours: Reading, theirs: Reading) -> list[str]:
    """Say in which fields the two readings differ, and by which rule."""
    if ours.expression is None:
        return [f"cronkit does not read it: {ours.refusal}"]
    if theirs.expression is None:
        who = "dialect='croniter'" if theirs.fire_times else "croniter"
        return [f"{who} does not read it: {theirs.refusal}"]
    one, two = _words(ours.expression), _words(theirs.expression)
    differing = [
        name for name in one if _meaning(name, ours.expression) != _meaning(name, theirs.expression)
    ]
    reasons = [f"{name}: cronkit reads {one[name]}, croniter {two[name]}" for name in differing]
    either = ours.expression.fields.either
    if either != theirs.expression.fields.either:
        names = ("cronkit", "croniter") if either else ("croniter", "cronkit")
        differing.append(_BOTH)
        reasons.append(
            "{}: {} fires when either of them matches, {} when both do".format(_BOTH, *names)
        )
    return reasons + [
        why
        for fields, pattern, why in _WHY
        if set(fields or differing).intersection(differing) and re.search(pattern, text.upper())
    ]


def _words(expression: CronExpression) -> dict[str, str]:
    """Return the words of an expression by the names of their fields."""
    words = expression.fields.text.split()
    if len(words) == _USUAL:
        words.insert(0, "0")
    words += ["*"] * (len(FIELDS) - len(words))
    return {field.name: word for field, word in zip(FIELDS, words, strict=True)}


_SETS = {
    "second": ("second",),
    "minute": ("minute",),
    "hour": ("hour",),
    "day-of-month": ("day", "last_days", "workdays", "last_workdays"),
    "month": ("month",),
    "day-of-week": ("weekday", "nth_weekdays", "last_weekdays"),
    "year": ("year",),
}


def _meaning(name: str, expression: CronExpression) -> list[object]:
    return [getattr(expression.fields, each) for each in _SETS[name]]


def _at_changes(asked: Asked, theirs: Reading) -> list[str]:
    """Say what each does at the changes of the year's offset, where that differs.

    It is croniter's reading that both follow here, so that only the rules for gaps and folds tell.
    """
    if theirs.expression is None:
        return []
    found = []
    for change in explain(theirs.expression, asked.zone, year=asked.after.year):
        start, end = _surroundings(change, asked.zone)
        ours = {each.astimezone(UTC) for each in theirs.expression.between(start, end)}
        walk = takewhile(lambda each: each < end, fire_times(asked.text, start, asked.seed))  # noqa: B023 -- used up in this turn
        other = {each.astimezone(UTC) for each in walk} | (ours & {start.astimezone(UTC)})
        if ours != other:
            found.append(f"{change.sentence}; croniter {_difference(ours, other, asked.zone)}")
    return found


def _surroundings(change: OffsetChange, zone: tzinfo) -> tuple[datetime, datetime]:
    at, length = change.at.astimezone(UTC), abs(change.after - change.before)
    return (at - length - _AROUND).astimezone(zone), (at + length + _AROUND).astimezone(zone)


def _difference(ours: set[datetime], theirs: set[datetime], zone: tzinfo) -> str:
    said = []
    for word, more in (("runs also at", theirs - ours), ("does not run at", ours - theirs)):
        if more:
            times = [each.astimezone(zone).isoformat() for each in sorted(more)]
            rest = len(times) - _MOST_SHOWN
            shown = ", ".join(times[:_MOST_SHOWN])
            said.append(f"{word} {shown}" + (f" and {rest} more times" if rest > 0 else ""))
    return " and ".join(said)


def _lines(ours: Reading, theirs: Reading, reasons: list[str]) -> list[str]:
    same = not reasons and ours.fire_times == theirs.fire_times
    lines = [f"cronkit:   {ours.sentence}", f"croniter:  {theirs.sentence}", ""]
    lines += ["no difference"] if same else ["differences:", *(f"  {each}" for each in reasons)]
    lines += ["", f"{'next by cronkit':30}next by croniter"]
    for one, other in zip_longest(ours.fire_times, theirs.fire_times):
        left, right = (each.isoformat() if each else "-" for each in (one, other))
        lines.append(f"{left:28}{'  ' if one == other else '| '}{right}")
    return lines
