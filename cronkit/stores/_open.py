"""Stores by URL: ``sqlite:///state.db``, ``postgresql://...``, and those of other packages."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import TYPE_CHECKING, cast
from urllib.parse import unquote, urlsplit

from cronkit import _convert
from cronkit.errors import PolicyError
from cronkit.stores._memory import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Callable

    from cronkit.abc import Store

GROUP = "cronkit.stores"


def open_store(url: str) -> Store:
    """Return the store that a URL names.

    A package gives its own by an entry point of the group ``cronkit.stores``, named after the
    scheme: a function of the URL that returns the store.

    Args:
        url: ``memory:``, ``sqlite:///relative/path``, ``sqlite:////absolute/path``,
            ``postgresql://...``, or a scheme that an installed package provides.

    Raises:
        PolicyError: no installed package provides the scheme, or the URL has none.
        MissingExtraError: the store needs an extra.

    Example:
        >>> open_store("memory:").name
        'memory'
    """
    scheme = urlsplit(url).scheme if isinstance(url, str) else ""
    found = _BUILT_IN.get(scheme)
    if found is not None:
        return found(url)
    others = {each.name: each for each in entry_points(group=GROUP)}
    if scheme in others:
        make = cast("Callable[[str], Store]", others[scheme].load())
        return make(url)
    known = sorted({*_BUILT_IN, *others})
    near = _convert.nearest(scheme, known) if scheme else None
    raise PolicyError(
        "url",
        scheme or url,
        ", ".join(f"{name}:" for name in known),
        hint=f"did you mean {near!r}?" if near else None,
    )


def _memory(url: str) -> Store:
    """Return a new `MemoryStore`."""
    del url
    return MemoryStore()


def _sqlite(url: str) -> Store:
    """Return the `SQLiteStore` of ``sqlite:///path``.

    Raises:
        PolicyError: the URL names a host, or no path.
    """
    from cronkit.stores._sqlite import SQLiteStore  # noqa: PLC0415 -- sqlite3 costs 5 ms

    parts = urlsplit(url)
    path = unquote(parts.path).removeprefix("/")
    if parts.netloc or not path:
        raise PolicyError("url", url, "sqlite:///relative/path or sqlite:////absolute/path")
    return SQLiteStore(path)


_BUILT_IN: dict[str, Callable[[str], Store]] = {"memory": _memory, "sqlite": _sqlite}
