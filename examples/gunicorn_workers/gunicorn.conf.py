"""Start the scheduler in each worker, after the fork: with and without ``--preload``."""

from __future__ import annotations

workers = 4


def post_worker_init(worker: object) -> None:
    """Start; this worker has loaded the application."""
    del worker
    from app import scheduler  # noqa: PLC0415 -- only a worker has the application

    scheduler.start()


def worker_exit(server: object, worker: object) -> None:
    """Stop; runs that go on end first."""
    del server, worker
    from app import scheduler  # noqa: PLC0415 -- as above

    scheduler.shutdown(timeout="10s")
