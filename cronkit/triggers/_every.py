"""A fixed length of real time: every five minutes, every ninety seconds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING

import attrs

from cronkit import _convert
from cronkit.triggers import _local, _text
from cronkit.triggers._value import TriggerValue

if TYPE_CHECKING:
    from collections.abc import Mapping

_SHORTEST = timedelta(milliseconds=1)


@attrs.frozen(init=False, repr=False)
class Every(TriggerValue):
    """Fire times ``anchor + n * interval`` in real time, for every whole number n.

    Nothing drifts and nothing depends on when a process started: replicas that were started at
    different moments agree. Daylight saving does not touch it; a day of 23 hours holds 23 fire
    times of ``Every("1h")``. The anchor is a phase, not a start: give a job ``start=`` for that.

    Attributes:
        interval: the length of time, at least one millisecond.
        anchor: any one of the fire times, in UTC; naive while it waits for a zone.
        tz: the zone that fire times are shown in; ``None``: that of the question.

    Raises:
        DurationError: the interval cannot be read or is shorter than a millisecond.
        NaiveDatetimeError: the anchor is a datetime without a zone.
        PolicyError: the anchor is neither a datetime nor ISO 8601 text.
        UnknownZoneError: the zone database does not know `tz`.

    Example:
        >>> Every("90m").next(datetime(2026, 3, 29, tzinfo=UTC)).isoformat()
        '2026-03-29T01:30:00+00:00'
        >>> print(Every("5m", anchor="2026-01-01T00:00:30Z"))
        every 5m anchor 2026-01-01T00:00:30Z
    """

    interval: timedelta
    anchor: datetime
    tz: tzinfo | None = attrs.field(eq=_text.zone_name)
    _newest: datetime = attrs.field(init=False, eq=False)
    """The fire time that `next` gave last, or the anchor. Jobs with equal intervals share a trigger
    and mostly ask for the same one; a job that asks alone asks for the one after it."""

    def __init__(
        self,
        interval: timedelta | float | str,
        *,
        anchor: datetime | str = _convert.EPOCH,
        tz: tzinfo | str | None = None,
    ) -> None:
        zone = None if tz is None else _local.optional_zone(tz)
        if anchor is not _convert.EPOCH:
            anchor = _local.wall(anchor, "anchor")
            if anchor.tzinfo is not None or zone is not None:
                anchor = _local.bound_moment(anchor, zone or UTC, "anchor")
        given, length = _newest_read[0]
        if given is not interval:
            length = _convert.duration(interval, "interval", least=_SHORTEST)
            _newest_read[0] = interval, length
        _put_interval(self, length)
        _put_anchor(self, anchor)
        _put_tz(self, zone)
        _put_newest(self, anchor)

    def next(self, after: datetime) -> datetime | None:
        """Return the first fire time strictly later than `after`, in constant time.

        Raises:
            NaiveDatetimeError: `after` has no time zone.
        """
        zone, newest = self.tz, self._newest
        if (
            zone is not None
            and after.__class__ is datetime
            and after.tzinfo is UTC
            and _convert.ZERO < newest - after <= self.interval
        ):
            return newest if zone is UTC else newest.astimezone(zone)
        utc = _local.as_utc(after, "after")
        if zone is None:
            zone = _local.own_zone(zone, after, "after")
            found = self._first(utc, self._anchor_in(zone))
        else:
            found = self._first(utc, newest)
            if found is not None:
                _put_newest(self, found)
        return found if found is None or zone is UTC else found.astimezone(zone)

    def _first(self, utc: datetime, known: datetime) -> datetime | None:
        """Return the first fire time after `utc`; `known` is any one, best the one before."""
        interval, past = self.interval, utc - known
        try:
            found = known + ((past // interval + 1) * interval if past else interval)
        except OverflowError:
            return None
        return found if found <= _convert.LAST else None

    def previous(self, before: datetime) -> datetime | None:
        """Return the last fire time strictly earlier than `before`, in constant time.

        Raises:
            NaiveDatetimeError: `before` has no time zone.
        """
        zone = _local.own_zone(self.tz, before, "before")
        utc, anchor = _local.as_utc(before, "before"), self._anchor_in(zone)
        return self._at(anchor, -((anchor - utc) // self.interval) - 1, zone)

    def _anchor_in(self, zone: tzinfo) -> datetime:
        if self.anchor.tzinfo is not None:
            return self.anchor
        return _local.bound_moment(self.anchor, zone, "anchor")

    def _at(self, anchor: datetime, count: int, zone: tzinfo) -> datetime | None:
        try:
            utc = anchor + count * self.interval
        except OverflowError:
            return None
        if not _local.in_calendar(utc):
            return None
        return utc if zone is UTC else utc.astimezone(zone)

    def bind(self, zone: tzinfo, seed: str) -> Every:  # noqa: ARG002 -- the shape of bind
        """Return the trigger with its fire times shown in `zone`, where it has no zone yet."""
        if self.tz is not None:
            return self
        anchor, interval, newest = self.anchor, self.interval, _newest_bound[0]
        if anchor.tzinfo is None:
            anchor = _local.bound_moment(anchor, zone, "anchor")
        if (
            newest is not None
            and newest.tz is zone
            and (newest.interval is interval or newest.interval == interval)
            and (newest.anchor is anchor or newest.anchor == anchor)
        ):
            return newest
        bound = Every.__new__(Every)  # the values are read already
        _put_interval(bound, interval)
        _put_anchor(bound, anchor)
        _put_tz(bound, zone)
        _put_newest(bound, anchor)
        _newest_bound[0] = bound
        return bound

    def __getstate__(self) -> dict[str, object]:
        return {"interval": self.interval, "anchor": self.anchor, "tz": self.tz}

    def __setstate__(self, state: Mapping[str, object]) -> None:
        _put_interval(self, state["interval"])
        _put_anchor(self, state["anchor"])
        _put_tz(self, state["tz"])
        _put_newest(self, state["anchor"])

    def __str__(self) -> str:
        start = "" if self.anchor == _convert.EPOCH else f" anchor {_text.moment_text(self.anchor)}"
        return f"every {_text.duration_text(self.interval)}{start}"


_put_interval, _put_anchor, _put_tz, _put_newest = (
    vars(Every)[each.name].__set__ for each in attrs.fields(Every)
)
"""To write a frozen field by these takes half of what it takes through attrs."""

_newest_read: list[tuple[object, timedelta]] = [(_SHORTEST, _SHORTEST)]
"""The newest interval as it was given, and as it was read: of many jobs, neighbours often give one."""

_newest_bound: list[Every | None] = [None]
"""The newest trigger that was bound: of many jobs, neighbours often have the same interval."""
