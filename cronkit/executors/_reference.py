"""Functions by name: ``module:qualname``, for workers in other processes."""

from __future__ import annotations

import sys
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, cast

from cronkit.errors import NotCallableError

if TYPE_CHECKING:
    from collections.abc import Callable


def reference_of(func: Callable[..., object]) -> str:
    """Return the name under which another process finds a function.

    Raises:
        NotCallableError: a lambda, a closure, a bound method, a partial, or what its module does
            not hold under its name.

    Example:
        >>> from textwrap import dedent
        >>> reference_of(dedent)
        'textwrap:dedent'
    """
    module, name = getattr(func, "__module__", None), getattr(func, "__qualname__", None)
    if isinstance(func, partial) or not (isinstance(module, str) and isinstance(name, str)):
        raise NotCallableError(func, "another process finds functions by name; this has none")
    if "<lambda>" in name or "<locals>" in name:
        raise NotCallableError(func, "another process cannot find a lambda or an inner function")
    if getattr(func, "__self__", None) is not None:
        raise NotCallableError(func, "another process cannot find a bound method; use a function")
    found: object = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    if found is not func:
        raise NotCallableError(func, f"{module} holds something else under the name {name}")
    return f"{module}:{name}"


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
