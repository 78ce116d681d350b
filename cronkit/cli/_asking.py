"""What ``next``, ``explain`` and ``compare`` share: an expression, a zone, and a moment."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from itertools import islice
from typing import TYPE_CHECKING

import attrs

from cronkit import _convert
from cronkit._clock import SystemClock
from cronkit.cli._printing import add_json
from cronkit.cron import CronExpression
from cronkit.errors import PolicyError
from cronkit.triggers import Cron

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

_MOST = 1_000


@attrs.frozen(kw_only=True)
class Question:
    """An expression and the moment it is asked at.

    Attributes:
        expression: the expression, in its zone.
        zone: the zone.
        after: the moment, in that zone.
        count: how many fire times are wanted.
    """

    expression: CronExpression
    zone: tzinfo
    after: datetime
    count: int

    def fire_times(self) -> list[datetime]:
        """Return the fire times that are wanted."""
        return list(islice(self.expression.iter(self.after), self.count))


def add_arguments(parser: argparse.ArgumentParser, *, usual: int) -> None:
    """Add the arguments that `question` reads.

    Args:
        parser: the parser of a subcommand.
        usual: how many fire times are shown unless ``-n`` says otherwise.
    """
    parser.add_argument("expr", metavar="EXPR", help="a cron expression, in quotes")
    parser.add_argument("--tz", metavar="ZONE", help="a zone, e.g. Europe/Paris (default: UTC)")
    parser.add_argument(
        "-n", "--count", type=int, default=usual, help=f"how many (default: {usual})"
    )
    parser.add_argument("--after", metavar="TIME", help="an ISO 8601 time instead of now")
    parser.add_argument("--seed", metavar="TEXT", help="what H is derived from, e.g. the job's id")
    add_json(parser)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of an expression, as `CronExpression.parse` takes them."""
    parser.add_argument("--dialect", default="cronkit", help="cronkit (default) or croniter")
    parser.add_argument("--day-rule", metavar="RULE", help="and, or (default: as Vixie)")
    parser.add_argument("--gap", help="run or skip")
    parser.add_argument("--fold", help="first, second or both")


def question(arguments: argparse.Namespace) -> Question:
    """Return what was asked.

    Raises:
        CronkitError: an argument that cannot be.
    """
    options = vars(arguments)
    trigger = Cron(
        arguments.expr,
        tz=arguments.tz,
        seed=arguments.seed,
        dialect=options.get("dialect", "cronkit"),
        day_rule=options.get("day_rule"),
        gap=options.get("gap"),
        fold=options.get("fold"),
    )
    if trigger.expression is None:
        raise PolicyError("seed", None, "text that decides H, e.g. --seed and the id of the job")
    zone = trigger.tz or UTC
    return Question(
        expression=trigger.expression,
        zone=zone,
        after=moment(arguments.after, zone),
        count=count(arguments.count),
    )


def count(given: int) -> int:
    """Return how many fire times are wanted.

    Raises:
        PolicyError: fewer than one, or more than a thousand.
    """
    return _convert.integer(given, "count", least=1, most=_MOST)


def moment(given: str | None, zone: tzinfo) -> datetime:
    """Return the moment given as text, read in `zone` where it has no offset; ``None`` is now.

    Raises:
        PolicyError: it is no ISO 8601 text, or lies at the very end of the calendar.
    """
    if given is None:
        return SystemClock().now().astimezone(zone)
    return _convert.in_zone(_convert.moment(given, "after"), zone, "after").astimezone(zone)


def shown(fire_times: Iterable[datetime]) -> list[str]:
    """Return a line for each fire time."""
    return [f"{each.isoformat()}  {each:%A}" for each in fire_times] or ["no fire time"]
