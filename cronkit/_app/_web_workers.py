"""Whether this process is one of several workers of a web server, each with a schedule of its own.

Four workers that import one application make four schedulers, and without a shared store each of
them runs every job. Neither server is imported: who runs under it has it loaded.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from typing import TYPE_CHECKING

from cronkit._engine._hooks import complain

if TYPE_CHECKING:
    from types import FrameType


_warned: set[int] = set()
"""This process, once it has."""


def warn_of_company() -> None:
    """Warn if this is the first of several web workers; the others stay silent: one is enough."""
    if os.getpid() in _warned:
        return
    for server, find in (("gunicorn", _gunicorn), ("uwsgi", _uwsgi)):
        number, count = find()
        if number == 1 and count > 1:
            _warned.add(os.getpid())
            complain(
                "this is one of %d %s workers, and each of them runs every job: give the scheduler "
                "a store that they share (SQLiteStore, PostgresStore), or single=, or start it in "
                "one process only",
                count,
                server,
                level=logging.WARNING,
                event="scheduler.web_workers",
            )


def _gunicorn() -> tuple[int, int]:
    """Return which worker of how many this process is; ``(0, 0)``: none.

    A worker is forked inside of the arbiter's loop: at the bottom of its main thread's stack stands
    for its whole life the call that made it.
    """
    if "gunicorn.arbiter" not in sys.modules:
        return 0, 0
    main = threading.main_thread().ident
    frame: FrameType | None = sys._current_frames().get(main) if main is not None else None  # noqa: SLF001 -- documented
    while frame is not None:
        if frame.f_globals.get("__name__") == "gunicorn.arbiter":
            worker = frame.f_locals.get("worker")
            if worker is not None:
                return _number(worker, "age"), _number(getattr(worker, "cfg", None), "workers")
        frame = frame.f_back
    return 0, 0


def _uwsgi() -> tuple[int, int]:
    """Return which worker of how many this process is; ``(0, 0)``: none."""
    server = sys.modules.get("uwsgi")
    worker_id = getattr(server, "worker_id", None)
    if not callable(worker_id):
        return 0, 0
    number = worker_id()
    return (number if isinstance(number, int) else 0), _number(server, "numproc")


def _number(holder: object, name: str) -> int:
    value = getattr(holder, name, 0)
    return value if isinstance(value, int) else 0
