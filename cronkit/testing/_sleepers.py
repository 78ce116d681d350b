"""Whether a job's function may sleep in its run: a look at the names in its code.

A function that never sleeps can run in the thread that drives a fake clock. One that sleeps beyond
the end of an ``advance`` needs a thread of its own, or ``advance`` could not return.
"""

from __future__ import annotations

from functools import lru_cache, partial
from inspect import CO_COROUTINE
from types import CellType, CodeType, FunctionType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_MOST_FUNCTIONS = 64


def may_sleep(func: Callable[..., object]) -> bool:
    """Return whether the code of `func`, or of a function it names, names ``sleep`` or can await."""
    try:
        return _may_sleep(func)
    except TypeError:  # an unhashable callable cannot be looked up in the cache
        return _may_sleep.__wrapped__(func)


@lru_cache(maxsize=1024)
def _may_sleep(func: Callable[..., object]) -> bool:
    seen: set[FunctionType] = set()
    todo = [_function_of(func)]
    while todo and len(seen) < _MOST_FUNCTIONS:
        each = todo.pop()
        if each is None or each in seen:
            continue
        seen.add(each)
        names = set(_names(each.__code__))
        if "sleep" in names or each.__code__.co_flags & CO_COROUTINE:
            return True
        closed_over = (cell.cell_contents for cell in each.__closure__ or () if _filled(cell))
        named = (each.__globals__.get(name) for name in names)
        todo += [_function_of(found) for found in (*closed_over, *named) if callable(found)]
    return False


def _function_of(func: object) -> FunctionType | None:
    while isinstance(func, partial):
        func = func.func
    func = getattr(func, "__func__", func)
    func = getattr(func, "__wrapped__", func)
    if isinstance(func, FunctionType):
        return func
    called = vars(type(func)).get("__call__")
    return called if isinstance(called, FunctionType) else None


def _names(code: CodeType) -> list[str]:
    names = [*code.co_names]
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            names += _names(constant)
    return names


def _filled(cell: CellType) -> bool:
    try:
        cell.cell_contents  # noqa: B018 -- reading is the test
    except ValueError:
        return False
    return True
