"""What an add must not take from the one before."""

from __future__ import annotations

import gc
import inspect
from weakref import ref

import pytest

from cronkit import AnyOf, Cron, Every
from cronkit.errors import NotCallableError, PolicyError
from cronkit.stores import MemoryStore


def work():
    """A job that does nothing."""


async def later_on():
    """A job for the executor of asyncio."""


class Unhashable:
    """A callable that compares by value, as a dataclass does."""

    __hash__ = None

    def __eq__(self, other):
        return self is other

    def __call__(self, *args):
        pass


class CronWithoutNext(Cron):
    """A trigger that says it is none."""

    next = None


class EveryWithoutNext(Every):
    """A trigger that says it is none."""

    next = None


class CronAsItIs(Cron):
    """A trigger that is not to be bound."""

    bind = None


class EveryAsItIs(Every):
    """A trigger that is not to be bound."""

    bind = None


@pytest.mark.parametrize("trigger", [CronWithoutNext("* * * * *"), EveryWithoutNext("1h")])
def test_a_kind_of_built_in_trigger_without_next_is_refused(scheduler, trigger):
    with pytest.raises(PolicyError, match="an object with next"):
        scheduler.add(work, trigger)
    scheduler.add(work, Every("1h"))
    with pytest.raises(PolicyError, match="an object with next"):
        scheduler.reschedule("work", trigger)


@pytest.mark.parametrize(
    "trigger", [CronAsItIs("* * * * *"), EveryAsItIs("1h")], ids=["cron", "every"]
)
def test_a_kind_of_built_in_trigger_without_bind_is_taken_as_it_is(scheduler, trigger):
    assert scheduler.add(work, trigger).trigger is trigger
    assert scheduler.reschedule("work", trigger).trigger is trigger
    assert AnyOf(trigger).bind(scheduler["work"].zone, "x").triggers == (trigger,)


def test_a_store_is_asked_by_what_was_put_in_the_place_of_its_register(make):
    store, asked = MemoryStore(), []
    register = store.register

    def spy(jobs, now):
        asked.extend(job.id for job in jobs)
        return register(jobs, now)

    store.register = spy
    with make(store=store) as scheduler:
        scheduler.add(work, Every("1h"), id="late")
    assert asked == ["late"]


def test_what_cannot_be_looked_up_is_looked_at_each_time(scheduler):
    func = Unhashable()
    scheduler.add(func, Every("1h"), id="a")
    func.__signature__ = inspect.signature(lambda path: None)
    with pytest.raises(NotCallableError, match="path"):
        scheduler.add(func, Every("1h"), id="b")


def test_a_job_on_asyncio_is_counted_there_whatever_it_was_before(scheduler):
    class Changing(Unhashable):
        pass

    async def later(self):
        pass

    func = Changing()
    scheduler.add(func, Every("1h"), id="a")
    scheduler.remove("a")
    Changing.__call__ = later
    scheduler.add(later_on, Every("1h"), id="other", executor="asyncio")
    scheduler.add(func, Every("1h"), id="b")
    assert scheduler["b"].runs_on == "asyncio"
    assert "b" in scheduler._app.engine.attempts.groups["asyncio"]


def test_what_cannot_be_looked_up_is_let_go_with_its_job(make):
    func = Unhashable()
    known, scheduler = ref(func), make()
    scheduler.add(func, Every("1h"), id="a")
    scheduler.remove("a")
    del func
    gc.collect()
    assert known() is None


def test_a_fake_clock_lets_go_of_what_jobs_ran_that_are_gone(scheduler, clock):
    known = []
    with scheduler:
        for number in range(20):
            func = Unhashable()
            known.append(ref(func))
            scheduler.add(func, Every("1s"), id=f"j{number}")
            clock.advance("1s")
            scheduler.remove(f"j{number}")
            del func
        scheduler.add(work, Every("1s"), id="last")
        clock.advance("1s")
        gc.collect()
    assert sum(each() is not None for each in known) <= 1


class Refusing(MemoryStore):
    """A store that may raise what no store should."""

    down = False

    def register(self, jobs, now):
        if self.down:
            raise RuntimeError("down")
        return super().register(jobs, now)


def test_an_add_that_raises_has_added_nothing(make, clock):
    store, ran = Refusing(), []
    scheduler = make(store=store)
    with scheduler:
        store.down = True
        with pytest.raises(RuntimeError, match="down"):
            scheduler.add(lambda: ran.append(1), Every("1h"), id="a")
        store.down = False
        assert list(scheduler.jobs) == []
        scheduler.add(lambda: ran.append(1), Every("1h"), id="a")
        clock.advance("1h")
    assert ran == [1]
