"""What an add looks at of each job, and what it may take from the one before; how it asks a store."""

from __future__ import annotations

import pytest

from cronkit import Every
from cronkit.errors import NotCallableError, PolicyError
from cronkit.executors import ThreadExecutor
from cronkit.stores import MemoryStore
from tests.unit.around import Around


def work():
    """A job that does nothing."""


def needs(path):
    """A job that takes an argument."""


async def later():
    """A job for the executor of asyncio."""


class Choosy(ThreadExecutor):
    """An executor that has a say in each job."""

    def __init__(self):
        super().__init__()
        self.asked = []

    def accepts(self, job):
        self.asked.append(job.id)
        if job.id == "bad":
            raise NotCallableError(job.func, "not by this name")


def test_a_function_that_is_added_again_is_looked_at_again_where_its_job_is_another_one(make):
    scheduler = make(executors={"mine": ThreadExecutor(), "choosy": Choosy()})
    assert scheduler.add(work, Every("1h"), id="a").runs_on is None
    for words, error in (
        ({"args": [1]}, NotCallableError),
        ({"kwargs": {"b": 1}}, NotCallableError),
        ({"executor": "nobody"}, PolicyError),
        ({"executor": "choosy", "id": "bad"}, NotCallableError),
    ):
        with pytest.raises(error):
            scheduler.add(work, Every("1h"), **{"id": "b", **words})
    assert list(scheduler.jobs) == ["a"]
    assert scheduler.add(work, Every("1h"), id="b", executor="mine").runs_on == "mine"
    assert scheduler.add(work, Every("1h"), id="c").runs_on is None


def test_each_function_is_looked_at_whatever_was_added_before(scheduler):
    for job_id in ("a", "b"):
        scheduler.add(work, Every("1h"), id=job_id)
        with pytest.raises(NotCallableError, match="path"):
            scheduler.add(needs, Every("1h"))
        assert scheduler.add(later, Every("1h"), id=f"later-{job_id}").runs_on == "asyncio"


def test_a_function_that_was_added_for_runs_by_hand_is_looked_at_with_a_trigger(scheduler):
    scheduler.add(needs, id="by-hand")
    with pytest.raises(NotCallableError, match="path"):
        scheduler.add(needs, Every("1h"))
    with pytest.raises(NotCallableError, match="path"):
        scheduler.after("by-hand")(needs)


def test_an_executor_that_has_a_say_is_asked_of_every_job(make):
    executor = Choosy()
    scheduler = make(executor=executor)
    for job_id in ("a", "b"):
        scheduler.add(work, Every("1h"), id=job_id)
    with pytest.raises(NotCallableError, match="not by this name"):
        scheduler.add(work, Every("1h"), id="bad")
    assert executor.asked == ["a", "b", "bad"]


class Overridden(MemoryStore):
    """A store with a `register` of its own."""

    def __init__(self):
        super().__init__()
        self.asked = []

    def register(self, jobs, now):
        self.asked += [job.id for job in jobs]
        return super().register(jobs, now)


class AroundRegister(Around):
    def register(self, jobs, now):
        self.asked += [job.id for job in jobs]
        return self._store.register(jobs, now)


class Brief(Overridden):
    """A store that makes one job known in a way of its own."""

    def register_one(self, job, now):
        self.asked.append(f"only {job.id}")
        return super().register_one(job, now)


@pytest.mark.parametrize(
    ("kind", "asked"),
    [(Overridden, "late"), (AroundRegister, "late"), (Brief, "only late")],
    ids=["overridden", "around", "brief"],
)
def test_a_store_is_asked_by_the_method_that_is_its_own(make, clock, kind, asked):
    store = kind()
    scheduler = make(store=store)
    with scheduler:
        scheduler.add(work, Every("1h"), id="late")
        clock.advance("1h")
    assert store.asked == [asked]
    assert [run.outcome for run in scheduler.runs()] == ["succeeded"]
