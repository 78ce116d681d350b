"""Functions by name: ``module:qualname``, for workers in other processes."""

from __future__ import annotations

import sys
from functools import partial
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, cast

from cronkit.errors import NotCallableError

if TYPE_CHECKING:
    from collections.abc import Callable


def check_name(func: Callable[..., object]) -> None:
    """Refuse a function that another process cannot find by its name.

    For the time when a job is added: a decorator runs before the module holds what it decorates.

    Raises:
        NotCallableError: a lambda, a closure, a bound method, a partial, a function of an
            interactive session.
    """
    module, name = getattr(func, "__module__", None), getattr(func, "__qualname__", None)
    if isinstance(func, partial) or not (isinstance(module, str) and isinstance(name, str)):
        raise NotCallableError(func, "another process finds functions by name; this has none")
    if "<lambda>" in name or "<locals>" in name:
        raise NotCallableError(func, "another process cannot find a lambda or an inner function")
    if not isinstance(getattr(func, "__self__", None), ModuleType | None):
        raise NotCallableError(func, "another process cannot find a bound method; use a function")


def reference_of(func: Callable[..., object]) -> str:
    """Return the name under which another process finds a function.

    Raises:
        NotCallableError: it cannot be found by a name, or its module holds something else there.

    Example:
        >>> from textwrap import dedent
        >>> reference_of(dedent)
        'textwrap:dedent'
    """
    check_name(func)
    found: object = sys.modules.get(func.__module__)
    for part in func.__qualname__.split("."):
        found = getattr(found, part, None)
    if found is not func:
        raise NotCallableError(
            func, f"{func.__module__} holds something else under the name {func.__qualname__}"
        )
    return f"{func.__module__}:{func.__qualname__}"


def resolve(reference: str) -> Callable[..., object]:
    """Return the function of a reference.

    Raises:
        ImportError: its module cannot be imported here.
        AttributeError: the module does not hold it.
    """
    module, _, name = reference.partition(":")
    found: object = import_module(module)
    for part in name.split("."):
        found = getattr(found, part)
    return cast("Callable[..., object]", found)
