"""What travels to a worker of another process or host, and the function that opens it there.

One picklable value goes out and one comes back. The function travels by name, the store by
reference: neither code nor a password is in an envelope.
"""

from __future__ import annotations

import os
import pickle
import socket
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import cast

import attrs

from cronkit import _convert
from cronkit._attempt import Attempt
from cronkit._clock import SystemClock
from cronkit._failure import name_of, text_of
from cronkit.errors import ConfigError, RunFailedError, shown
from cronkit.executors._call import call
from cronkit.executors._pickling import BrokenPickleError, pickled
from cronkit.executors._reference import resolve
from cronkit.jobs import Job, Origin, Rules, Taken

_REFERENCE = "env:"
_LONGEST_NAME = 100  # in a message


@attrs.frozen(kw_only=True)
class Envelope:
    """One attempt on its way to a worker.

    Attributes:
        function: ``module:qualname``.
        args: positional arguments.
        kwargs: keyword arguments.
        run_id: the run.
        job_id: its job.
        fire_time: its fire time.
        due: the fire time with its jitter.
        started_at: when the scheduler took the run.
        first_started_at: when it took the run's first attempt.
        attempt: the attempt, counted from 1.
        fence: the fence under which it was taken.
        origin: what asked for the run.
        zone: the name of the zone of the fire time.
        tags: the job's tags.
        timeout: the job's timeout.
        store: where to ask whether the attempt may begin: ``env:VARIABLE``, or ``None``.
    """

    function: str
    args: tuple[object, ...]
    kwargs: Mapping[str, object]
    run_id: str
    job_id: str
    fire_time: datetime
    due: datetime
    started_at: datetime
    first_started_at: datetime
    attempt: int
    fence: int | None
    origin: Origin
    zone: str
    tags: frozenset[str]
    timeout: timedelta | None
    store: str | None


@attrs.frozen(kw_only=True)
class Reply:
    """What came of an attempt in a worker.

    Attributes:
        begun: whether the function was called; ``False``: another worker had begun the attempt,
            or its fence was overtaken.
        content: the pickled result and error.
        started_at: when the worker began, by its own clock.
        ended_at: when it ended.
        worker: host and process id.
        notes: what the job recorded.
    """

    begun: bool
    content: bytes
    started_at: datetime
    ended_at: datetime
    worker: str
    notes: Mapping[str, object]


def pack(attempt: Attempt, function: str, store: str | None) -> Envelope:
    """Return the envelope of an attempt."""
    taken, job = attempt.taken, attempt.job
    return Envelope(
        function=function,
        args=job.args if taken.args is None else taken.args,
        kwargs=dict(job.kwargs if taken.kwargs is None else taken.kwargs),
        run_id=taken.run_id,
        job_id=taken.job_id,
        fire_time=taken.fire_time,
        due=taken.due,
        started_at=taken.started_at,
        first_started_at=taken.first_started_at,
        attempt=taken.attempt,
        fence=taken.fence,
        origin=taken.origin,
        zone=str(job.zone),
        tags=job.tags,
        timeout=job.timeout,
        store=store,
    )


def open_envelope(envelope: Envelope) -> Reply:
    """Run an attempt in this worker; the one function that is submitted to an executor.

    A worker that lacks the module, the variable or the way to the store fails the attempt: nobody
    died, so it is not interrupted, and the job's `Backoff` says whether to try again.
    """
    clock = SystemClock()
    started = clock.now()
    begun, value, notes = True, None, {}
    error: BaseException | None = None
    attempt: Attempt | None = None
    try:
        begun = envelope.store is None or _begin(envelope)
        if begun:
            attempt = Attempt(_taken(envelope), _job(envelope), clock)
    except BaseException as unready:  # noqa: BLE001 -- the job boundary: its module is imported here
        error = unready
    if attempt is not None:
        value, error = call(attempt)
        notes = dict(attempt.notes)
    return Reply(
        begun=begun,
        content=_content(envelope, value, error),
        started_at=started,
        ended_at=clock.now(),
        worker=f"{socket.gethostname()}:{os.getpid()}",
        notes=notes,
    )


def _taken(envelope: Envelope) -> Taken:
    return Taken(
        run_id=envelope.run_id,
        job_id=envelope.job_id,
        fire_time=envelope.fire_time,
        due=envelope.due,
        attempt=envelope.attempt,
        started_at=envelope.started_at,
        first_started_at=envelope.first_started_at,
        fence=envelope.fence,
        origin=envelope.origin,
        args=envelope.args,
        kwargs=envelope.kwargs,
    )


def _job(envelope: Envelope) -> Job:
    return Job(
        id=envelope.job_id,
        func=resolve(envelope.function),
        trigger=None,
        zone=_convert.zone(envelope.zone),
        tags=envelope.tags,
        rules=Rules(timeout=envelope.timeout),
    )


def _begin(envelope: Envelope) -> bool:
    """Ask the store whether this attempt may begin: once, and only under its own fence."""
    from cronkit.stores import open_store  # noqa: PLC0415 -- a worker without a store needs none

    url = store_url(cast("str", envelope.store))
    begin = getattr(open_store(url), "begin", None)
    if begin is None:
        raise ConfigError(
            ["store: only a store on a database can be asked by workers"], key="store"
        )
    return bool(begin(envelope.run_id, envelope.fence, envelope.attempt))


def variable_of(reference: str) -> str:
    """Return the variable that a reference ``env:VARIABLE`` names.

    Raises:
        ConfigError: it is no such reference.
    """
    if isinstance(reference, str) and reference.startswith(_REFERENCE):
        variable = reference.removeprefix(_REFERENCE)
        if variable:
            return variable
    told = f"store: {shown(reference)} is no reference; write 'env:VARIABLE'"
    raise ConfigError([told], key="store")


def store_url(reference: str) -> str:
    """Return the URL that a reference ``env:VARIABLE`` stands for in this process.

    Raises:
        ConfigError: it is no such reference, or the variable is not set here.
    """
    variable = variable_of(reference)
    url = os.environ.get(variable)
    if not url:
        told = f"store: the variable {variable[:_LONGEST_NAME]} is not set in this worker"
        raise ConfigError([told], key="store")
    return url


def _content(envelope: Envelope, value: object, error: BaseException | None) -> bytes:
    """Return result and error pickled; what does not pickle is told, not lost."""
    try:
        return pickled((value, error))
    except BrokenPickleError as broken:
        what = f"the result, a {type(value).__name__},"
        if error is not None:
            what = f"{name_of(error)}: {text_of(error)}: this exception"
        told = f"{what} cannot be sent back: {name_of(broken.raised)}: {text_of(broken.raised)}"
        return pickle.dumps((None, RunFailedError(envelope.run_id, told)))
