"""What the decorators of a scheduler return: functions that take a job or a hook in."""

from __future__ import annotations

from typing import TYPE_CHECKING, ParamSpec, TypeVar

from cronkit import _convert
from cronkit.errors import NotCallableError
from cronkit.triggers import as_trigger

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cronkit._app._registry import Registry
    from cronkit._engine._hooks import Hooks
    from cronkit.abc import Hook
    from cronkit.jobs import After, Event
    from cronkit.triggers import Trigger

_P = ParamSpec("_P")
_R = TypeVar("_R")
_H = TypeVar("_H", bound="Hook")


def job_decorator(
    registry: Registry, trigger: Trigger | None, policies: Mapping[str, object]
) -> Callable[[Callable[_P, _R]], Callable[_P, _R]]:
    """Return a decorator that adds a function as a job and gives the plain function back.

    Raises:
        PolicyError: `trigger` is none; most likely the decorator was written without parentheses.
    """
    if trigger is not None:
        as_trigger(trigger)

    def decorate(func: Callable[_P, _R]) -> Callable[_P, _R]:
        registry.add(func, trigger, policies)
        return func

    return decorate


def follower_decorator(
    registry: Registry, parent: str, on: After, policies: Mapping[str, object]
) -> Callable[[Callable[_P, _R]], Callable[_P, _R]]:
    """Return a decorator that adds a function to run after another job.

    Raises:
        JobNotFoundError: there is no such job.
        PolicyError: `on` is no outcome to follow.
    """
    _convert.choice(on, "on", ("succeeded", "failed", "any"))
    registry.get(parent)

    def decorate(func: Callable[_P, _R]) -> Callable[_P, _R]:
        registry.add(func, None, policies, parent=parent, on=on)
        return func

    return decorate


def hook_decorator(hooks: Hooks, events: tuple[type[Event], ...]) -> Callable[[_H], _H]:
    """Return a decorator that adds a hook.

    Raises:
        NotCallableError: a class is no event.
    """
    for each in events:
        if not isinstance(each, type):
            raise NotCallableError(each, "write @scheduler.on() with parentheses")

    def decorate(hook: _H) -> _H:
        hooks.add(hook, *events)
        return hook

    return decorate
