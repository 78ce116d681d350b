"""The implementations that each contract suite runs over: one line here adds another."""

from __future__ import annotations

import pytest

from cronkit.stores import MemoryStore, SQLiteStore


def _memory(request):
    store = MemoryStore()
    return lambda: store


def _sqlite(request):
    path = request.getfixturevalue("tmp_path") / "state.db"
    return lambda: SQLiteStore(path)


def _postgres(request):
    dsn = request.getfixturevalue("postgres").schema()
    from cronkit.integrations.postgres import PostgresStore

    def connect():
        store = PostgresStore(dsn)
        # A test may leave owners in, as a process that dies does: their connections end here.
        request.addfinalizer(lambda: [store.abandon(owner) for owner in list(store._owners)])
        return store

    return connect


STORES = {
    # name: gives, from a test's request, a function that opens the same store
    "memory": _memory,
    "sqlite": _sqlite,
    "postgres": _postgres,
}


@pytest.fixture(params=STORES.values(), ids=STORES.keys())
def connect(request):
    """Open the same, at first empty, store: each call is another process's way to it."""
    return request.param(request)


@pytest.fixture(params=(_memory,), ids=("memory",))
def connect_brief(request):
    """As `connect`, for the stores that have a `register_one`."""
    return request.param(request)


@pytest.fixture(params=(_sqlite, _postgres), ids=("sqlite", "postgres"))
def connect_shared(request):
    """As `connect`, for the stores that processes share."""
    return request.param(request)
