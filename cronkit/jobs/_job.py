"""A job: a named function with a trigger and the rules by which it runs.

`Job` is a plain value; changing a policy makes another one. `build_job` is the border where the
words of a user become one.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from datetime import UTC, tzinfo
from functools import lru_cache, partial
from types import FunctionType
from typing import TYPE_CHECKING

import attrs

from cronkit import _convert
from cronkit.errors import NotCallableError
from cronkit.jobs._policies import After, convert_policies
from cronkit.jobs._rules import NO_RULES, WORDS, Ruled, Rules, rules_of
from cronkit.jobs._runs import NOTHING
from cronkit.triggers import Trigger, bound_trigger

if TYPE_CHECKING:
    from typing import Any

ASYNCIO = "asyncio"
"""The name of the executor for ``async def`` functions; every scheduler has one."""

_NO_TAGS: frozenset[str] = frozenset()


@attrs.frozen(kw_only=True, eq=False, repr=False, weakref_slot=False)
class Job(Ruled):
    """A named function with a trigger and policies.

    Attributes:
        id: its name, unique in the scheduler and, with a shared store, in the store.
        func: the function as decorated.
        trigger: when it fires, bound to a zone; ``None``: by hand or after another job only.
        zone: the zone in which its fire times are shown.
        parent: the job it follows, ``None`` for most.
        on: with `parent`: after which outcome.
        description: a sentence for people.
        tags: names for limits and filters.
        args: positional arguments of the function.
        kwargs: keyword arguments of the function.
        rules: the policies by which it runs; each is an attribute of the job too.
    """

    id: str
    func: Callable[..., object]
    trigger: Trigger | None
    zone: tzinfo = UTC
    parent: str | None = None
    on: After = "succeeded"
    description: str = ""
    tags: frozenset[str] = frozenset()
    args: tuple[object, ...] = ()
    kwargs: Mapping[str, object] = NOTHING
    rules: Rules = NO_RULES

    def changed(self, words: Mapping[str, object]) -> Job:
        """Return the job with other values of these fields and rules."""
        fields, rules = _parted(words)
        if rules:
            fields["rules"] = attrs.evolve(self.rules, **rules)  # type: ignore[arg-type]
        return attrs.evolve(self, **fields)  # type: ignore[arg-type]  # converted by name

    @property
    def concurrency(self) -> int | None:
        """How many runs may go on at once; one, unless they may overlap."""
        rules = self.rules
        return rules.max_concurrent if rules.overlap == "allow" else 1

    @property
    def runs_on(self) -> str | None:
        """The name of its executor, that of asyncio for an ``async def`` function left without."""
        name = self.rules.executor
        return ASYNCIO if name is None and is_async(self.func) else name

    def __repr__(self) -> str:
        return f"Job({self.id!r}, {self.trigger})"


class _Draft(Ruled):
    """A job that is being written: its fields, and nothing that refuses.

    To fill a frozen one costs a call a field: 1.8 µs, where this takes 0.2.
    """

    __slots__ = tuple(each.name for each in attrs.fields(Job))


def is_async(func: Callable[..., object]) -> bool:
    """Return whether calling `func` gives a coroutine, also for an object and a ``partial``."""
    try:
        return _is_async(func)
    except TypeError:  # an unhashable callable cannot be looked up in the cache
        return _is_async.__wrapped__(func)


@lru_cache(maxsize=1024)
def _is_async(func: Callable[..., object]) -> bool:
    if inspect.iscoroutinefunction(func):
        return True
    if inspect.isfunction(func):
        return False
    while isinstance(func, partial):
        func = func.func
    return inspect.iscoroutinefunction(getattr(type(func), "__call__", None))  # noqa: B004 -- its code


def _own_id(func: Callable[..., object]) -> str:
    """Return the id for a function of which none was given: its ``__name__``.

    Raises:
        NotCallableError: it has none.
        PolicyError: its name cannot be an id.
    """
    own = getattr(func, "__name__", None)
    if own == "<lambda>":
        raise NotCallableError(func, "a lambda has no name; give it one with id=")
    if not isinstance(own, str):
        raise NotCallableError(func, f"a {type(func).__name__} has no name; give it one with id=")
    return _convert.name(own, "id")


@lru_cache(maxsize=1024)
def _misfit(func: Callable[..., object], count: int, names: tuple[str, ...]) -> str | None:
    """Return why `func` cannot be called with so many arguments and these names."""
    if inspect.isgeneratorfunction(func) or inspect.isasyncgenfunction(func):
        return "calling a generator function runs nothing"
    try:
        inspect.signature(func).bind(*(None,) * count, **dict.fromkeys(names))
    except TypeError as error:
        return str(error)
    except ValueError:  # a builtin without a signature: only the call itself can tell
        return None
    return None


def check_call(
    func: Callable[..., object], args: tuple[object, ...], kwargs: Mapping[str, object]
) -> None:
    """Refuse arguments that the function cannot take now, not at three in the morning.

    Raises:
        NotCallableError: `func` takes other arguments, or is a generator function.
    """
    names = tuple(kwargs) if kwargs else ()
    try:
        why = _misfit(func, len(args), names)
    except TypeError:  # an unhashable callable cannot be looked up in the cache
        why = _misfit.__wrapped__(func, len(args), names)
    if why is not None:
        raise NotCallableError(func, why)


def build_job(  # noqa: PLR0917 -- keywords cost a fiftieth of an add
    func: Callable[..., object],
    trigger: Trigger | None,
    zone: tzinfo,
    policies: Mapping[str, object],
    defaults: Mapping[str, object],
    parent: str | None = None,
    on: After = "succeeded",
) -> Job:
    """Return the job that these words describe.

    Args:
        func: the function.
        trigger: when it fires; ``None``: by hand or after `parent`.
        zone: where naive text is read, and what an unbound trigger is bound to.
        policies: what the user wrote for this job.
        defaults: converted defaults of the scheduler; the job's own win.
        parent: the job it follows.
        on: after which outcome of `parent`.

    Raises:
        NotCallableError: `func` cannot be a job, or takes other arguments.
        PolicyError: a policy out of range, or a trigger that is none.
        DurationError: a duration that cannot be read.
        TypeError: a name that is no policy.
    """
    if not callable(func):
        raise NotCallableError(func, "it is not callable; decorate a function")
    given = policies.get("id")
    job_id = _own_id(func) if given is None else _convert.name(given, "id")
    draft: Any = _Draft()
    draft.id = job_id
    draft.func = func
    draft.parent = parent
    draft.on = on
    draft.description = ""
    draft.tags = _NO_TAGS
    draft.args = ()
    draft.kwargs = NOTHING
    draft.rules = NO_RULES
    if defaults or len(policies) > (given is not None):
        fields, rules = _parted({**defaults, **convert_policies(policies, zone)})
        draft.rules = rules_of(rules) if rules else NO_RULES
        for word, value in fields.items():
            setattr(draft, word, value)
    if draft.args or draft.kwargs:
        check_call(func, draft.args, draft.kwargs)
    elif func is not _newest_bare[0] and (trigger is not None or parent is not None):
        check_call(func, (), NOTHING)
        if type(func) is FunctionType:  # what else can be called may change from call to call
            _newest_bare[0] = func
    if trigger is not None:
        trigger = bound_trigger(trigger, zone, job_id)
        zone = getattr(trigger, "tz", None) or zone
    draft.trigger = trigger
    draft.zone = zone
    draft.__class__ = Job
    job: Job = draft
    return job


def _parted(words: Mapping[str, object]) -> tuple[dict[str, object], dict[str, object]]:
    """Return the words that are fields of a job, and those that are rules."""
    fields, rules = dict[str, object](), dict[str, object]()
    for word, value in words.items():
        (rules if word in WORDS else fields)[word] = value
    return fields, rules


_newest_bare: list[FunctionType | None] = [None]
"""The newest function found to take a call without arguments: many jobs often share one."""
