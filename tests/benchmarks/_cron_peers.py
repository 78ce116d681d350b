"""The cron libraries that cronkit is measured beside, each behind the same four questions.

Each adapter asks its library the way its documentation says to, and gives it what it can reuse: a
library that separates reading from searching is timed on the search alone.
"""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Sequence

PARIS = ZoneInfo("Europe/Paris")
_ANY_START = datetime(2024, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)


class Peer:
    """What a row asks a library; a question that a library cannot answer raises `Unanswered`."""

    distribution: ClassVar[str]
    module: ClassVar[str]
    """What a program imports to use it, for the cost of the import."""

    def parse(self, text: str) -> Any:
        raise Unanswered

    def next(self, parsed: Any, start: datetime) -> datetime:
        raise Unanswered

    def many(self, parsed: Any, start: datetime, count: int) -> Sequence[datetime]:
        """Give `count` instants in a row: by an iterator if there is one, else by repeated next."""
        found = []
        for _ in range(count):
            start = self.next(parsed, start)
            found.append(start)
        return found

    def matches(self, parsed: Any, moment: datetime) -> bool:
        raise Unanswered


class Unanswered(Exception):  # noqa: N818 -- not an error: the row leaves the peer out
    """The library has no such question."""


class Cronkit(Peer):
    distribution, module = "cronkit", "cronkit.cron"

    def __init__(self) -> None:
        from cronkit.cron import CronExpression

        self.parse = CronExpression.parse

    def next(self, parsed, start):
        return parsed.next(start)

    def many(self, parsed, start, count):
        return list(itertools.islice(parsed.iter(start), count))

    def matches(self, parsed, moment):
        return parsed.matches(moment)


class Croniter(Peer):
    distribution, module = "croniter", "croniter"

    def __init__(self) -> None:
        from croniter import croniter

        self.croniter = croniter

    def parse(self, text):
        return text, self.croniter.expand(text)

    def next(self, parsed, start):
        return self.croniter(parsed[0], start).get_next(datetime)

    def many(self, parsed, start, count):
        iterator = self.croniter(parsed[0], start)
        return [iterator.get_next(datetime) for _ in range(count)]

    def matches(self, parsed, moment):
        return self.croniter.match(parsed[0], moment)


class Cronsim(Peer):
    distribution, module = "cronsim", "cronsim"

    def __init__(self) -> None:
        from cronsim import CronSim

        self.cronsim = CronSim

    def parse(self, text):
        self.cronsim(text, _ANY_START)  # it reads the text together with a start
        return text

    def next(self, parsed, start):
        return next(self.cronsim(parsed, start))

    def many(self, parsed, start, count):
        return list(itertools.islice(self.cronsim(parsed, start), count))

    def matches(self, parsed, moment):
        return next(self.cronsim(parsed, moment - _SECOND)) == moment


class APScheduler(Peer):
    distribution, module = "apscheduler", "apscheduler.triggers.cron"

    def __init__(self) -> None:
        from apscheduler.triggers.cron import CronTrigger

        self.from_crontab = CronTrigger.from_crontab
        self.in_paris: dict[int, Any] = {}

    def parse(self, text):
        return self.from_crontab(text, timezone=UTC), text

    def _trigger(self, parsed, start):
        """Return the trigger of the start's zone: a zone is part of a trigger, made once."""
        trigger, text = parsed
        if start.tzinfo is not PARIS:
            return trigger
        if id(trigger) not in self.in_paris:
            self.in_paris[id(trigger)] = self.from_crontab(text, timezone=PARIS)
        return self.in_paris[id(trigger)]

    def next(self, parsed, start):
        return self._trigger(parsed, start).get_next_fire_time(None, start + _SECOND)

    def many(self, parsed, start, count):
        trigger, previous, found = self._trigger(parsed, start), None, []
        start += _SECOND
        for _ in range(count):
            previous = start = trigger.get_next_fire_time(previous, start)
            found.append(start)
        return found


class Celery(Peer):
    distribution, module = "celery", "celery.schedules"

    def __init__(self) -> None:
        from celery import Celery as App
        from celery.schedules import crontab

        self.crontab, self.app = crontab, App(set_as_current=False)
        self.app.conf.timezone = "UTC"

    def parse(self, text):
        minute, hour, day, month, weekday = text.split()
        return self.crontab(
            minute=minute,
            hour=hour,
            day_of_month=day,
            month_of_year=month,
            day_of_week=weekday,
            app=self.app,
        )

    def next(self, parsed, start):
        parsed.tz, parsed.nowfun = start.tzinfo, lambda: start
        after, delta, _now = parsed.remaining_delta(start, tz=start.tzinfo)
        return after + delta


class CronConverter(Peer):
    distribution, module = "cron-converter", "cron_converter"

    def __init__(self) -> None:
        from cron_converter import Cron

        self.parse = Cron

    def next(self, parsed, start):
        return parsed.schedule(start_date=start).next()

    def many(self, parsed, start, count):
        schedule = parsed.schedule(start_date=start)
        return [schedule.next() for _ in range(count)]

    def matches(self, parsed, moment):
        return parsed.validate(moment)


ALL: tuple[type[Peer], ...] = (Cronkit, Croniter, Cronsim, APScheduler, Celery, CronConverter)
