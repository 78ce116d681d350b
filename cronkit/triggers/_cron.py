"""A cron expression as a trigger: the expression, and the zone it is read in."""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

import attrs

from cronkit.cron import CronExpression
from cronkit.cron._pace import pace_from
from cronkit.cron._shared import shared
from cronkit.errors import CronSyntaxError, PolicyError
from cronkit.triggers import _local, _text
from cronkit.triggers._value import TriggerValue

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cronkit.cron._pace import Pace

_WITHOUT_SECONDS = 5


@attrs.frozen(kw_only=True)
class _Draft:
    """What a text with ``H`` says, kept until a seed decides it."""

    text: str
    dialect: str
    day_rule: str | None
    gap: str | None
    fold: str | None

    def read(self, seed: str) -> CronExpression:
        """Return the expression that `seed` decides.

        Raises:
            CronSyntaxError: the text cannot be read with any seed.
        """
        return shared(
            self.text,
            dialect=self.dialect,
            day_rule=self.day_rule,
            gap=self.gap,
            fold=self.fold,
            seed=seed,
        )

    def __str__(self) -> str:
        options = {"dialect": self.dialect, "day_rule": self.day_rule}
        options |= {"gap": self.gap, "fold": self.fold}
        said = [
            f"{name}={value}" for name, value in options.items() if value and value != "cronkit"
        ]
        return " ".join([*self.text.upper().split(), *said])


class _Remembering(TriggerValue):
    """What a trigger has answered last: no part of its value, nor of its pickle.

    Each is a fact that stays true, and is written as one object: threads may overwrite it freely.
    """

    __slots__ = ("_answer", "_pace")


@attrs.frozen(init=False, repr=False)
class Cron(_Remembering):
    """Fires as a cron expression says, on the wall clock of a zone.

    Args:
        expr: the text of an expression, or a `CronExpression`, which brings its own options.
        tz: the zone to match in; default: that of a ``TZ=`` prefix, else the zone the trigger is
            bound to.
        day_rule: as in `CronExpression.parse`; likewise the following.
        gap: ``"run"`` or ``"skip"``.
        fold: ``"first"``, ``"second"`` or ``"both"``.
        dialect: ``"cronkit"`` or ``"croniter"``.
        seed: what ``H`` is derived from; default: the seed the trigger is bound with, the job's id.

    Attributes:
        expression: the expression; ``None`` while its ``H`` wait for a seed.
        tz: the zone; ``None``: that of the question.

    Raises:
        CronSyntaxError: the text cannot be read, or it can never fire.
        PolicyError: an option is out of range, or `tz` differs from a ``TZ=`` prefix.
        UnknownZoneError: the zone database does not know `tz`.

    Example:
        >>> weekly = Cron("0 9 * * mon", tz="Europe/Paris")
        >>> print(weekly)
        cron 0 9 * * MON [Europe/Paris]
        >>> weekly.next(datetime.fromisoformat("2026-03-28T12:00Z")).isoformat()
        '2026-03-30T09:00:00+02:00'
    """

    expression: CronExpression | None
    tz: tzinfo | None = attrs.field(eq=_text.zone_name)
    _draft: _Draft | None
    # As read, without the zone: while a job holds it, the same text is not parsed again.
    _source: CronExpression | None = attrs.field(eq=False)

    def __init__(
        self,
        expr: str | CronExpression,
        tz: tzinfo | str | None = None,
        *,
        day_rule: str | None = None,
        gap: str | None = None,
        fold: str | None = None,
        dialect: str = "cronkit",
        seed: str | None = None,
    ) -> None:
        options = (("day_rule", day_rule), ("gap", gap), ("fold", fold), ("seed", seed))
        zone, draft = _local.optional_zone(tz), None
        if isinstance(expr, CronExpression):
            _refuse_beside_expression(
                (*options, ("dialect", dialect if dialect != "cronkit" else None))
            )
            expression: CronExpression | None = expr
        else:
            for name, value in (*options, ("dialect", dialect)):
                if value is not None and not isinstance(value, str):
                    raise PolicyError(name, value, "text")
            try:
                expression = shared(
                    expr, dialect=dialect, day_rule=day_rule, seed=seed, gap=gap, fold=fold
                )
            except CronSyntaxError:
                draft = _Draft(text=expr, dialect=dialect, day_rule=day_rule, gap=gap, fold=fold)
                draft.read(seed or "")  # raises if it is not only a seed that is missing
                expression = None
        source = expression
        if expression is not None:
            expression = _in_zone(expression, zone)
            zone = expression.zone
        self.__attrs_init__(expression=expression, tz=zone, draft=draft, source=source)

    def next(self, after: datetime) -> datetime | None:
        """Return the first fire time strictly later than `after`; ``None`` if there is none.

        Raises:
            NaiveDatetimeError: `after` has no time zone.
            PolicyError: the expression has an ``H`` and no seed yet.
        """
        pace: Pace | tuple[()] | None = getattr(self, "_pace", None)
        if pace and type(after) is datetime:
            # A job that fires asks for what follows the answer; its neighbours ask the same again.
            asked, utc, answer, step, limit = pace
            if after == utc and utc < limit:
                answer += step
                _put_pace(self, (utc, utc + step, answer, step, limit))
                return answer
            if after == asked:
                return answer
        expression = self.expression
        if expression is None:
            return self._seeded(None).next(after)
        found = expression.next(after)
        known: datetime | None = getattr(self, "_answer", None)
        if found is None or known is None:
            _put_answer(self, found)
            return found
        # Of the many jobs of a trigger most wait for one fire time: they need not have it twice.
        if known == found and known.fold == found.fold and known.tzinfo is found.tzinfo:
            return known
        # Only a trigger that fires is asked for what follows its own answer.
        if pace != () and type(after) is datetime and known == after:
            usual = type(expression) is CronExpression  # else it may fire as it likes
            _put_pace(self, pace_from(expression.fields, self.tz, after, found) if usual else ())
        _put_answer(self, found)
        return found

    def previous(self, before: datetime) -> datetime | None:
        """Return the last fire time strictly earlier than `before`; ``None`` if there is none.

        Raises:
            NaiveDatetimeError: `before` has no time zone.
            PolicyError: the expression has an ``H`` and no seed yet.
        """
        if self.expression is None:
            return self._seeded(None).previous(before)
        return self.expression.previous(before)

    def bind(self, zone: tzinfo, seed: str) -> Cron:
        """Return the trigger with each ``H`` decided and a zone, its own if it has one.

        Equal expressions in one zone give one object, which lives as long as a job holds it.
        """
        expression = self.expression or _in_zone(self._seeded(seed), self.tz)
        own = expression.zone or zone
        fields = expression.fields
        # The text leaves open how the day fields join; a zone lives as long as what is found by it.
        key = (
            type(expression), fields.text, fields.either, expression.gap, expression.fold, id(own),
        )  # fmt: skip
        found = _BOUND.get(key)
        if found is None:
            found = object.__new__(Cron)
            found.__attrs_init__(
                expression=_in_zone(expression, own),
                tz=own,
                draft=None,
                source=self._source or expression,
            )
            _BOUND[key] = found
        return found

    @property
    def unread(self) -> Mapping[str, str | None]:
        """The words of an expression that waits for a seed, as the constructor takes them."""
        draft = self._draft
        if draft is None:
            return {}
        options = {"day_rule": draft.day_rule, "gap": draft.gap, "fold": draft.fold}
        return {"expr": draft.text, "dialect": draft.dialect, **options}

    def _seeded(self, seed: str | None) -> CronExpression:
        if self._draft is None or seed is None:
            raise PolicyError(
                "seed", seed, "text that decides H, such as the id of the job", hint=str(self)
            )
        return self._draft.read(seed)

    def __str__(self) -> str:
        words = str(self._draft)
        if self.expression is not None:
            words = f"{self.expression.fields.text}{_options(self.expression)}"
        return f"cron {words}{_text.zone_suffix(self.tz)}"


_put_answer, _put_pace = (vars(_Remembering)[name].__set__ for name in _Remembering.__slots__)

_BOUND: WeakValueDictionary[tuple[type, str, bool, str, str, int], Cron] = WeakValueDictionary()


def _in_zone(expression: CronExpression, zone: tzinfo | None) -> CronExpression:
    """Return the expression with a zone of its own; a prefix wins over none, not over another."""
    own = expression.zone
    if zone is None or zone is own:
        return expression
    if own is not None:
        if _text.zone_name(own) == _text.zone_name(zone):
            return expression
        raise PolicyError("tz", str(zone), f"{own}, the zone that the expression names")
    return type(expression)(expression.fields, zone, expression.gap, expression.fold)


def _refuse_beside_expression(options: Iterable[tuple[str, str | None]]) -> None:
    for name, value in options:
        if value is not None:
            raise PolicyError(name, value, "None beside a CronExpression, which has its own")


def _options(expression: CronExpression) -> str:
    """Return what the text of an expression leaves unsaid: each option that is not the default."""
    fields = expression.fields
    words = fields.text.split()
    day, weekday = (words[2], words[4]) if len(words) == _WITHOUT_SECONDS else (words[3], words[5])
    either = day[0] not in "*?" and weekday[0] not in "*?"
    gap, fold = ("skip", "both") if fields.interval else ("run", "first")
    said = []
    if fields.either != either:
        said.append(f" day_rule={'or' if fields.either else 'and'}")
    if expression.gap != gap:
        said.append(f" gap={expression.gap}")
    if expression.fold != fold:
        said.append(f" fold={expression.fold}")
    return "".join(said)
