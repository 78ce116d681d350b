"""Jobs that every executor can run: found by name in a child process, plain and ``async def``."""

from __future__ import annotations

from cronkit import current_run

LONG = 600


class FacelessError(Exception):
    @property
    def __class__(self):
        raise ZeroDivisionError


class Plain:
    @staticmethod
    def give_back(value=None):
        return value

    @staticmethod
    def fail():
        raise ValueError("boom")

    @staticmethod
    def leave():
        raise SystemExit(3)

    @staticmethod
    def hide():
        raise FacelessError

    @staticmethod
    def describe():
        run = current_run()
        run.note(seen=run.attempt)
        return run.id, run.job_id, run.fire_time, run.tags

    @staticmethod
    def nap():
        current_run().sleep(0.05)
        return "rested"

    @staticmethod
    def wait():
        current_run().sleep(LONG)


class Async:
    @staticmethod
    async def give_back(value=None):
        return value

    @staticmethod
    async def fail():
        raise ValueError("boom")

    @staticmethod
    async def leave():
        raise SystemExit(3)

    @staticmethod
    async def hide():
        raise FacelessError

    @staticmethod
    async def describe():
        return Plain.describe()

    @staticmethod
    async def nap():
        await current_run().asleep(0.05)
        return "rested"

    @staticmethod
    async def wait():
        await current_run().asleep(LONG)
