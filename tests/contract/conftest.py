"""The implementations that each contract suite runs over: one line here adds another."""

from __future__ import annotations

import pytest

from cronkit.stores import MemoryStore, SQLiteStore


def _memory(folder):
    store = MemoryStore()
    return lambda: store


STORES = {
    # name: a function of an empty folder that gives a function that opens the same store
    "memory": _memory,
    "sqlite": lambda folder: lambda: SQLiteStore(folder / "state.db"),
}


@pytest.fixture(params=STORES.values(), ids=STORES.keys())
def connect(request, tmp_path):
    """Open the same, at first empty, store: each call is another process's way to it."""
    return request.param(tmp_path)
