"""`CronExpression`: a text, read once, that answers when it fires.

Its parts know nothing of each other: the parser turns text into field sets, the search finds
wall-clock times in them, and `_instants` makes instants of those.
"""

from __future__ import annotations

from cronkit._convert import choice, instant
from cronkit._convert import zone as to_zone
from cronkit._zones import is_plain
from cronkit.cron._instants import PASSES, between, is_fire_time, iterate, nearest
from cronkit.cron._parser import read
from cronkit.cron._refusal import LONGEST, moved, never, unfit, unknown_zone
from cronkit.cron._search import SAFE_DAYS, fires
from cronkit.errors import CronSyntaxError, NaiveDatetimeError, PolicyError, UnknownZoneError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime, tzinfo
    from typing import NoReturn

    from cronkit.cron._fields import FieldSets

_DIALECTS = ("cronkit", "croniter")
_DAY_RULES = ("and", "or")
_GAPS = ("run", "skip")
_FOLDS = tuple(PASSES)
_ZONE_PREFIXES = ("TZ=", "CRON_TZ=")


class CronExpression:
    """A cron expression: an immutable value that knows when it fires.

    Build it with `CronExpression.parse`. It is hashable, it pickles, and it may be shared by any
    number of jobs and threads.

    Attributes:
        fields: what each field allows, as sets of numbers; ``fields.interval`` is whether second,
            minute or hour begins with ``*`` or ``?``, so that it follows elapsed time.
        zone: the zone of the ``TZ=`` prefix; ``None`` if it matches in the zone of the datetime
            that it is asked with.
        gap: ``"run"`` or ``"skip"``: what a time that the clock leaves out does.
        fold: ``"first"``, ``"second"`` or ``"both"``: which passes of a repeated time run.

    Two expressions are equal when they fire alike; their texts may differ.

    Example:
        >>> from datetime import datetime
        >>> from zoneinfo import ZoneInfo
        >>> weekly = CronExpression.parse("0 9 * * MON")
        >>> weekly.next(datetime(2026, 3, 28, tzinfo=ZoneInfo("Europe/Paris"))).isoformat()
        '2026-03-30T09:00:00+02:00'
    """

    __slots__ = ("__weakref__", "fields", "fold", "gap", "zone")

    fields: FieldSets
    zone: tzinfo | None
    gap: str
    fold: str

    def __init__(self, fields: FieldSets, zone: tzinfo | None, gap: str, fold: str) -> None:
        _put_fields(self, fields)
        _put_zone(self, zone)
        _put_gap(self, gap)
        _put_fold(self, fold)

    @classmethod
    def parse(
        cls,
        text: str,
        *,
        dialect: str = "cronkit",
        day_rule: str | None = None,
        seed: str | None = None,
        gap: str | None = None,
        fold: str | None = None,
    ) -> CronExpression:
        """Read an expression.

        Args:
            text: 5 fields (minute, hour, day-of-month, month, day-of-week), 6 with seconds first,
                7 with the year last, or a macro; in front of it, if wanted, ``TZ=Europe/Paris``.
            dialect: ``"cronkit"``, or ``"croniter"`` for an expression written for that package.
            day_rule: how the two day fields join: ``"and"``, ``"or"``, or ``None`` for Vixie's
                rule (and if one of them begins with ``*`` or ``?``, otherwise or).
            seed: what decides the values of ``H``, such as the id of a job.
            gap: what a time that the clock leaves out does: ``"run"`` at the first instant after
                the gap, or ``"skip"``. ``None``: run a fixed expression, skip an interval one.
            fold: which passes of a repeated time run: ``"first"``, ``"second"`` or ``"both"``.
                ``None``: the first of a fixed expression, both of an interval one.

        Raises:
            CronSyntaxError: the text cannot be read, or it can never fire.
            PolicyError: an option has another value than these.

        Example:
            >>> str(CronExpression.parse("@daily"))
            '0 0 * * *'
        """
        if not isinstance(text, str) or len(text) > LONGEST or not text.isascii():
            raise unfit(text)
        zone, start = _prefix(text) if "=" in text else (None, 0)
        read_text = read if dialect == "cronkit" else _reader(dialect)
        if day_rule is not None:
            choice(day_rule, "day_rule", _DAY_RULES)
        if seed is not None and not isinstance(seed, str):
            raise PolicyError("seed", seed, "text, such as the id of a job")
        try:
            fields = read_text(text[start:], day_rule=day_rule, seed=seed)
            if not (
                fields.year is None and fields.weekday and fields.day & SAFE_DAYS
            ) and not fires(fields):
                raise never(text[start:], fields)
        except CronSyntaxError as error:
            raise (moved(error, text, start) if start else error) from None
        if gap is None:
            gap = "skip" if fields.interval else "run"
        elif gap not in _GAPS:
            choice(gap, "gap", _GAPS)
        if fold is None:
            fold = "both" if fields.interval else "first"
        elif fold not in _FOLDS:
            choice(fold, "fold", _FOLDS)
        return cls(fields, zone, gap, fold)

    def next(self, after: datetime) -> datetime | None:
        """Return the first fire time strictly after `after`, as an instant.

        Args:
            after: an aware datetime. Its zone is the one to match in and that of the result,
                unless the expression has a zone of its own.

        Returns:
            An aware datetime that exists, with the right ``fold``; ``None`` if there is no fire
            time until 9999-12-30.

        Raises:
            NaiveDatetimeError: `after` has no time zone.

        Example:
            >>> from datetime import UTC, datetime
            >>> CronExpression.parse("*/15 * * * *").next(datetime(2026, 1, 1, 9, 7, tzinfo=UTC))
            datetime.datetime(2026, 1, 1, 9, 15, tzinfo=datetime.timezone.utc)
        """
        return nearest(self, after, _zone_for(self, after, "after"), True)

    def previous(self, before: datetime) -> datetime | None:
        """Return the last fire time strictly before `before`: the mirror of `next`.

        Raises:
            NaiveDatetimeError: `before` has no time zone.

        Example:
            >>> from datetime import UTC, datetime
            >>> CronExpression.parse("*/15 * * * *").previous(datetime(2026, 1, 1, 9, tzinfo=UTC))
            datetime.datetime(2026, 1, 1, 8, 45, tzinfo=datetime.timezone.utc)
        """
        return nearest(self, before, _zone_for(self, before, "before"), False)

    def iter(self, after: datetime, until: datetime | None = None) -> Iterator[datetime]:
        """Yield the fire times strictly after `after` and before `until`.

        It gives what repeated calls of `next` would give, and is the fast way to many of them.

        Raises:
            NaiveDatetimeError: `after` or `until` has no time zone.

        Example:
            >>> from datetime import UTC, datetime
            >>> days = CronExpression.parse("@daily").iter(datetime(2026, 1, 1, tzinfo=UTC))
            >>> next(days).day, next(days).day
            (2, 3)
        """
        zone = _zone_for(self, after, "after")
        return iterate(self, after, zone, None if until is None else instant(until, "until"))

    def between(self, start: datetime, end: datetime) -> Iterator[datetime]:
        """Yield the fire times from `start` on (included) to `end` (excluded).

        Raises:
            NaiveDatetimeError: `start` or `end` has no time zone.

        Example:
            >>> from datetime import UTC, datetime
            >>> start, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 3, tzinfo=UTC)
            >>> [each.day for each in CronExpression.parse("@daily").between(start, end)]
            [1, 2]
        """
        zone = _zone_for(self, start, "start")
        return between(self, start, zone, instant(end, "end"))

    def matches(self, moment: datetime) -> bool:
        """Return whether `moment` is a fire time.

        An instant that stands for times left out by the clock is one; the second pass of a fixed
        expression is not, nor is a moment with a fraction of a second.

        Raises:
            NaiveDatetimeError: `moment` has no time zone.

        Example:
            >>> from datetime import UTC, datetime
            >>> CronExpression.parse("0 9 * * *").matches(datetime(2026, 1, 1, 9, tzinfo=UTC))
            True
        """
        return is_fire_time(self, moment, _zone_for(self, moment, "moment"))

    def describe(self, lang: str = "en") -> str:
        """Return a sentence that says when it fires, in ``"en"`` or ``"fr"``.

        Raises:
            PolicyError: the language is not known.

        Example:
            >>> CronExpression.parse("0 9 * * MON").describe()
            'at 09:00 on Monday'
        """
        from cronkit.cron._sentence import sentence_of  # noqa: PLC0415 -- few want its tables

        return sentence_of(self.fields, self.zone, lang)

    def __eq__(self, other: object) -> bool:
        return _key(self) == _key(other) if isinstance(other, CronExpression) else NotImplemented

    def __hash__(self) -> int:
        return hash(_key(self))

    def __str__(self) -> str:
        return self.fields.text if self.zone is None else f"TZ={self.zone} {self.fields.text}"

    def __repr__(self) -> str:
        return f"<CronExpression {self} gap={self.gap} fold={self.fold}>"

    def __reduce__(self) -> tuple[type[CronExpression], tuple[FieldSets, tzinfo | None, str, str]]:
        return CronExpression, (self.fields, self.zone, self.gap, self.fold)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"a CronExpression is immutable; parse another one to change {name}")

    def __delattr__(self, name: str) -> NoReturn:
        self.__setattr__(name, None)


# The slots themselves get past `__setattr__`, for a third less than object.__setattr__.
_put_fields, _put_zone, _put_gap, _put_fold = (
    CronExpression.__dict__[slot].__set__ for slot in ("fields", "zone", "gap", "fold")
)


def _key(expression: CronExpression) -> tuple[FieldSets, str, str, str]:
    """Return what decides when it fires; a zone counts by its name."""
    return expression.fields, str(expression.zone), expression.gap, expression.fold


def _prefix(text: str) -> tuple[tzinfo | None, int]:
    """Read ``("TZ=" | "CRON_TZ=") name`` and return the zone and where the fields begin."""
    word = text.split(maxsplit=1)[0]
    if not word.startswith(_ZONE_PREFIXES):
        return None, 0
    name = word.partition("=")[2]
    end = text.index(word) + len(word)
    try:
        return to_zone(name, "zone"), end
    except UnknownZoneError as error:
        raise unknown_zone(text, name, end - len(name), error.hint) from None


def _reader(dialect: str) -> Callable[..., FieldSets]:
    choice(dialect, "dialect", _DIALECTS)
    from cronkit.cron._croniter import (  # noqa: PLC0415 -- croniter costs 28 ms of import
        read as read_croniter,
    )

    return read_croniter


def _zone_for(expression: CronExpression, moment: datetime, argument: str) -> tzinfo:
    """Return the zone to match in: the expression's own, or else that of `moment`."""
    try:
        own = moment.tzinfo
    except AttributeError:
        own = instant(moment, argument).tzinfo
    if own is None or (not is_plain(own) and moment.utcoffset() is None):
        raise NaiveDatetimeError(argument, moment)
    return expression.zone or own
