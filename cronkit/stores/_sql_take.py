"""Which waiting rows may start now, in SQL: order, limits, fences."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, cast

from cronkit.jobs import Taken
from cronkit.stores import _sql_rows as codec
from cronkit.stores import _sql_text as sql
from cronkit.stores import _sql_values as values

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import datetime

    from cronkit.jobs import Limits, Origin
    from cronkit.stores._sql_session import Session

_PAGE = 32
"""How many rows are looked at together, at least."""

_MOST = 2**31


class _Room:
    """How many more runs of each job, and of each tag, the limits allow, over all schedulers.

    Args:
        session: the transaction.
        limits: the limits.
        job_ids: the jobs that are asked for.
    """

    __slots__ = ("_jobs", "_limited", "_limits", "_tags")

    def __init__(self, session: Session, limits: Limits, job_ids: Iterable[str]) -> None:
        self._limits = limits
        self._jobs: defaultdict[str, int] = defaultdict(int)
        self._tags: defaultdict[str, int] = defaultdict(int)
        # Asked of these jobs only: to look through the limits of thousands takes longer than all
        # the rest.
        self._limited = any(self._is_limited(each) for each in job_ids)
        if self._limited:
            for job_id, tags in session.rows(sql.RUNNING):
                self._add(cast("str", job_id), values.load_tags(tags))

    def _is_limited(self, job_id: str) -> bool:
        limits = self._limits
        if limits.jobs.get(job_id) is not None:
            return True
        return any(tag in limits.tags for tag in limits.tags_of.get(job_id, ()))

    def _add(self, job_id: str, tags: Iterable[str]) -> None:
        self._jobs[job_id] += 1
        for tag in tags:
            self._tags[tag] += 1

    def take(self, job_id: str, *, forced: bool) -> bool:
        """Count one more run of a job if it may start; return whether it may."""
        if not self._limited:
            return True
        tags = self._limits.tags_of.get(job_id, ())
        if not forced and not self._free(job_id, tags):
            return False
        self._add(job_id, tags)
        return True

    def _free(self, job_id: str, tags: Collection[str]) -> bool:
        limits = self._limits
        most = limits.jobs.get(job_id)
        if most is not None and self._jobs[job_id] >= most:
            return False
        return not tags or all(
            self._tags[tag] < limits.tags[tag] for tag in tags if tag in limits.tags
        )


class Sweep:
    """One transaction that makes waiting rows running; see `cronkit.abc.Store.take`."""

    __slots__ = (
        "_closed", "_fences", "_full", "_job_ids", "_limits", "_now", "_owner", "_session",
    )  # fmt: skip

    def __init__(
        self, session: Session, owner: str, job_ids: Collection[str], limits: Limits, now: datetime
    ) -> None:
        self._session = session
        self._owner = owner
        self._job_ids = job_ids
        self._limits = limits
        self._now = now
        self._fences: dict[str, int] = {}
        self._closed: set[str] = set()
        self._full: set[str] = set()

    def take(self, free: int) -> list[Taken]:
        """Take up to `free` rows, in order."""
        session, taken = self._session, list[Taken]()
        size = free  # mostly nothing holds the first of them back
        while len(taken) < free:
            page = session.rows(
                sql.READY,
                values.to_micros(self._now),
                session.listed(self._closed),
                session.listed(self._full),
                size,
            )
            self._lock(page)
            chosen = self._choose(page, free - len(taken))
            taken += self._start(chosen)
            if len(page) < size:
                break
            size = max(_PAGE, free - len(taken))
        if taken:
            jobs = {each.job_id for each in taken}
            session.many(sql.RAISE_FENCE, [(self._fences[each], each) for each in jobs])
        return taken

    def _lock(self, page: Sequence[codec.Row]) -> None:
        """Lock the jobs of these rows; jobs of others, or held by others, are closed to us."""
        seen = {cast("str", row[2]) for row in page} - self._fences.keys()
        mine = [each for each in seen if each in self._job_ids]
        if mine:
            rows = self._session.rows(sql.FENCES, self._session.listed(mine))
            self._fences |= {cast("str", row[0]): cast("int", row[1]) for row in rows}
        self._closed |= seen - self._fences.keys()
        tags, tags_of = self._limits.tags, self._limits.tags_of
        if tags and any(tags.keys() & tags_of.get(each, ()) for each in mine):
            self._session.exclusive()

    def _choose(self, page: Sequence[codec.Row], most: int) -> list[codec.Row]:
        job_ids = {cast("str", row[2]) for row in page}
        room, chosen = _Room(self._session, self._limits, job_ids), list[codec.Row]()
        for row in page:
            job_id = cast("str", row[2])
            if len(chosen) == most:
                break
            if job_id in self._closed:
                continue
            if room.take(job_id, forced=bool(row[7])):
                chosen.append(row)
            else:
                self._full.add(job_id)
        return chosen

    def _start(self, rows: Sequence[codec.Row]) -> list[Taken]:
        at, owner, fences = values.to_micros(self._now), self._owner, self._fences
        tags_of = self._limits.tags_of
        parameters, started = list[codec.Row](), list[Taken]()
        for row in rows:
            serial, job_id, first = row[0], cast("str", row[2]), row[6]
            fences[job_id] = fence = fences[job_id] + 1
            attempt = cast("int", row[5]) + 1
            first = at if first is None else first
            tags = values.dump_tags(tags_of[job_id]) if job_id in tags_of else None
            parameters.append((owner, fence, attempt, at, first, tags, serial, row[5]))
            started.append(self._taken(row, attempt, first, fence))
        if not rows:
            return []
        counts = self._session.each(sql.TAKE_RUN, parameters)
        return [each for each, count in zip(started, counts, strict=True) if count]

    def _taken(self, row: codec.Row, attempt: int, first: object, fence: int) -> Taken:
        return Taken(
            run_id=cast("str", row[1]),
            job_id=cast("str", row[2]),
            fire_time=values.from_micros(row[3]),
            due=values.from_micros(row[4]),
            attempt=attempt,
            started_at=self._now,
            first_started_at=values.from_micros(first),
            fence=fence,
            origin=cast("Origin", row[8]),
            args=values.load_args(row[9]),
            kwargs=values.load_kwargs(row[10]),
        )


def any_ready(session: Session, job_ids: Collection[str], now: datetime) -> bool:
    """Return whether a waiting row of these jobs is ready, as far as a first look shows."""
    rows = session.rows(sql.READY_JOBS, values.to_micros(now), _PAGE)
    return any(row[0] in job_ids for row in rows) or len(rows) == _PAGE


def any_waiting(session: Session) -> bool:
    """Return whether a row waits, ready or not, of whatever job."""
    return bool(session.rows(sql.ANY_WAITING))


def next_waiting(session: Session, job_ids: Collection[str], now: datetime) -> datetime | None:
    """Return when a row can start or gives up; see `cronkit.abc.Store.next_waiting`."""
    at = values.to_micros(now)
    first = session.rows(sql.READY_JOBS, at, _PAGE)
    if any(row[0] in job_ids for row in first):
        return now
    found = [_soonest(session, each, job_ids) for each in (sql.NEXT_START, sql.NEXT_END)]
    soonest = min((each for each in found if each is not None), default=None)
    return None if soonest is None else max(values.from_micros(soonest), now)


def _soonest(session: Session, statement: str, job_ids: Collection[str]) -> int | None:
    """Return the first instant of a row of these jobs; mostly it is on the first page."""
    for size in (_PAGE, _MOST):
        rows = session.rows(statement, size)
        mine = (cast("int", instant) for job_id, instant in rows if job_id in job_ids)
        soonest = next(mine, None)
        if soonest is not None or len(rows) < size:
            return soonest
    return None
