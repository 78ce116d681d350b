"""Triggers made of triggers: any of several, all but some days, only between two instants."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta, tzinfo

import attrs

from cronkit.errors import PolicyError, TriggerSearchError
from cronkit.triggers import _local, _text
from cronkit.triggers._protocol import ReversibleTrigger, Trigger, as_trigger, bind, text_of
from cronkit.triggers._value import TriggerValue

_DAY = timedelta(days=1)


@attrs.frozen(init=False, repr=False)
class AnyOf(TriggerValue):
    """Fires when any of several triggers does; where two agree on an instant, once.

    A fire time carries the zone of the trigger that gave it, the first of those that agree.

    Attributes:
        triggers: the triggers.

    Raises:
        PolicyError: no trigger at all, or something that is none.

    Example:
        >>> from cronkit.triggers import Every
        >>> AnyOf(Every("4h"), Every("6h")).next(datetime(2026, 1, 1, 4, tzinfo=UTC)).hour
        6
    """

    triggers: tuple[Trigger, ...]

    def __init__(self, *triggers: Trigger) -> None:
        if not triggers:
            raise PolicyError("triggers", triggers, "one trigger or more")
        self.__attrs_init__(triggers=tuple(as_trigger(each, "triggers") for each in triggers))

    def next(self, after: datetime) -> datetime | None:
        """Return the earliest of the triggers' next fire times.

        Raises:
            NaiveDatetimeError: `after` has no time zone.
        """
        _local.as_utc(after, "after")
        found = [time for each in self.triggers if (time := each.next(after)) is not None]
        return min(found, key=_utc, default=None)

    def previous(self, before: datetime) -> datetime | None:
        """Return the latest of the triggers' previous fire times.

        Raises:
            NaiveDatetimeError: `before` has no time zone.
            PolicyError: one of the triggers cannot look back.
        """
        _local.as_utc(before, "before")
        found = [
            time for each in self.triggers if (time := _backward(each).previous(before)) is not None
        ]
        return max(found, key=_utc, default=None)

    def bind(self, zone: tzinfo, seed: str) -> AnyOf:
        """Return the trigger with each of its triggers bound."""
        return AnyOf(*(bind(each, zone, seed) for each in self.triggers))

    def __str__(self) -> str:
        return f"any of ({'; '.join(map(text_of, self.triggers))})"


@attrs.frozen(init=False, repr=False)
class Except(TriggerValue):
    """Fires as another trigger does, but not on the given days.

    A day is one of the calendar in the zone of the fire time, from its first instant to its last.

    Args:
        trigger: the trigger.
        dates: the days: dates, or ISO text like ``"2026-12-25"``.

    Attributes:
        trigger: the trigger.
        dates: the days.

    Raises:
        PolicyError: `trigger` is none, or `dates` is no collection of days.

    Example:
        >>> from cronkit.triggers import Every
        >>> weekly = Except(Every("7d", anchor="2026-12-25T09:00Z"), dates=["2026-12-25"])
        >>> weekly.next(datetime(2026, 12, 20, tzinfo=UTC)).date().isoformat()
        '2027-01-01'
    """

    trigger: Trigger
    dates: frozenset[date]

    def __init__(self, trigger: Trigger, *, dates: Iterable[date | str]) -> None:
        if isinstance(dates, str) or not isinstance(dates, Iterable):
            raise PolicyError("dates", dates, "a list of dates, or of ISO text like '2026-12-25'")
        days = frozenset(_local.day(each, "dates") for each in dates)
        self.__attrs_init__(trigger=as_trigger(trigger), dates=days)

    @property
    def triggers(self) -> tuple[Trigger, ...]:
        """The trigger it is made of, in a row."""
        return (self.trigger,)

    def next(self, after: datetime) -> datetime | None:
        """Return the first fire time later than `after` that lies on none of the days.

        Raises:
            NaiveDatetimeError: `after` has no time zone.
            TriggerSearchError: 10,000 candidates in a row lay on one of the days.
        """
        cursor = after
        for _ in range(_local.MOST_STEPS):
            found = self.trigger.next(cursor)
            if found is None or found.date() not in self.dates:
                return found
            cursor = found if _is_repeated(found) else _day_end(found)
        raise TriggerSearchError(self, _local.MOST_STEPS)

    def previous(self, before: datetime) -> datetime | None:
        """Return the last fire time earlier than `before` that lies on none of the days.

        Raises:
            NaiveDatetimeError: `before` has no time zone.
            PolicyError: the trigger cannot look back.
            TriggerSearchError: 10,000 candidates in a row lay on one of the days.
        """
        trigger, cursor = _backward(self.trigger), before
        for _ in range(_local.MOST_STEPS):
            found = trigger.previous(cursor)
            if found is None or found.date() not in self.dates:
                return found
            cursor = found if _is_repeated(found) else _day_start(found)
        raise TriggerSearchError(self, _local.MOST_STEPS)

    def bind(self, zone: tzinfo, seed: str) -> Except:
        """Return the trigger with what it is made of bound."""
        return Except(bind(self.trigger, zone, seed), dates=self.dates)

    def __str__(self) -> str:
        days = _text.listed([each.isoformat() for each in sorted(self.dates)])
        return f"{text_of(self.trigger)} except {days}"


@attrs.frozen(init=False, repr=False)
class Bounded(TriggerValue):
    """Fires as another trigger does, from `start` on and before `end`.

    The start is included and the end is not, as in `CronExpression.between`.

    Args:
        trigger: the trigger.
        start: an aware datetime, or ISO 8601 text, which is read in the trigger's zone where it
            has no offset; ``None``: no bound.
        end: likewise.

    Attributes:
        trigger: the trigger.
        start: the first instant that counts, in UTC; naive while it waits for a zone.
        end: the first instant that does not.

    Raises:
        PolicyError: `trigger` is none, a bound cannot be read, or the end is not later.
        NaiveDatetimeError: a bound is a datetime without a zone.
    """

    trigger: Trigger
    start: datetime | None
    end: datetime | None

    def __init__(
        self,
        trigger: Trigger,
        *,
        start: datetime | str | None = None,
        end: datetime | str | None = None,
    ) -> None:
        first = (
            None if start is None else _local.wall_in(_local.wall(start, "start"), None, "start")
        )
        last = None if end is None else _local.wall_in(_local.wall(end, "end"), None, "end")
        if first and last and bool(first.tzinfo) == bool(last.tzinfo) and last <= first:
            raise PolicyError("end", last.isoformat(), f"later than start, {first.isoformat()}")
        self.__attrs_init__(trigger=as_trigger(trigger), start=first, end=last)

    @property
    def triggers(self) -> tuple[Trigger, ...]:
        """The trigger it is made of, in a row."""
        return (self.trigger,)

    def next(self, after: datetime) -> datetime | None:
        """Return the first fire time later than `after` that lies between the bounds.

        Raises:
            NaiveDatetimeError: `after` has no time zone.
        """
        utc, (start, end) = _local.as_utc(after, "after"), self._bounds(after.tzinfo)
        if start is not None and utc < start:
            after = (start - _local.MICROSECOND).astimezone(after.tzinfo)
        found = self.trigger.next(after)
        return None if found is not None and end is not None and _utc(found) >= end else found

    def previous(self, before: datetime) -> datetime | None:
        """Return the last fire time earlier than `before` that lies between the bounds.

        Raises:
            NaiveDatetimeError: `before` has no time zone.
            PolicyError: the trigger cannot look back.
        """
        utc, (start, end) = _local.as_utc(before, "before"), self._bounds(before.tzinfo)
        if end is not None and utc > end:
            before = end.astimezone(before.tzinfo)
        found = _backward(self.trigger).previous(before)
        return None if found is not None and start is not None and _utc(found) < start else found

    def _bounds(self, zone: tzinfo | None) -> tuple[datetime | None, datetime | None]:
        read_in = zone or UTC
        return (
            None if self.start is None else _local.bound_moment(self.start, read_in, "start"),
            None if self.end is None else _local.bound_moment(self.end, read_in, "end"),
        )

    def bind(self, zone: tzinfo, seed: str) -> Bounded:
        """Return the trigger with what it is made of bound and its bounds read in `zone`."""
        start, end = self._bounds(zone)
        return Bounded(bind(self.trigger, zone, seed), start=start, end=end)

    def __str__(self) -> str:
        start = f" from {_text.moment_text(self.start)}" if self.start else ""
        end = f" until {_text.moment_text(self.end)}" if self.end else ""
        return f"{text_of(self.trigger)}{start}{end}"


def _utc(moment: datetime) -> datetime:
    # Two datetimes of one zone compare by their wall clocks, which a fold shows twice.
    return moment.astimezone(UTC)


def _is_repeated(moment: datetime) -> bool:
    """Return whether the zone shows this wall-clock time twice.

    A fold across midnight shows the end of one day again after the beginning of the next, so what
    lies on the far side of such a time need not be of the same day: one may not jump from there.
    """
    return moment.replace(fold=1 - moment.fold).utcoffset() != moment.utcoffset()


def _day_end(moment: datetime) -> datetime:
    """Return the last microsecond before the next day begins for the first time."""
    zone = moment.tzinfo or UTC
    following = datetime.combine(moment.date() + _DAY, time())
    return (_local.resolve(following, zone) - _local.MICROSECOND).astimezone(zone)


def _day_start(moment: datetime) -> datetime:
    """Return the instant at which the day of `moment` begins for the last time."""
    zone = moment.tzinfo or UTC
    midnight = datetime.combine(moment.date(), time())
    return _local.resolve(midnight, zone, later=True).astimezone(zone)


def _backward(trigger: Trigger) -> ReversibleTrigger:
    if callable(getattr(trigger, "previous", None)):
        return trigger  # type: ignore[return-value] # the shape is what counts
    raise PolicyError("trigger", text_of(trigger), "a trigger with previous(before)")
