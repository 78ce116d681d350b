"""Stores by URL."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cronkit.errors import PolicyError
from cronkit.stores import MemoryStore, SQLiteStore, open_store

if TYPE_CHECKING:
    from pathlib import Path


def test_memory_is_a_new_store_each_time() -> None:
    first, second = open_store("memory:"), open_store("memory:")
    assert isinstance(first, MemoryStore)
    assert first is not second


def test_an_absolute_path_has_four_slashes(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/a%20state.db")
    assert isinstance(store, SQLiteStore)
    assert str(store.path) == str(tmp_path / "a state.db")


def test_a_relative_path_has_three(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    store = open_store("sqlite:///state.db")
    assert isinstance(store, SQLiteStore)
    assert str(store.path) == str(tmp_path / "state.db")


@pytest.mark.parametrize("url", ["sqlite://host/state.db", "sqlite:", "sqlite:///"])
def test_a_sqlite_url_needs_a_path_and_no_host(url: str) -> None:
    with pytest.raises(PolicyError, match="sqlite:///relative/path"):
        open_store(url)


@pytest.mark.parametrize("url", ["", "state.db", None, 5, "mongodb://host", "://"])
def test_another_scheme_is_refused_with_those_there_are(url: object) -> None:
    with pytest.raises(PolicyError, match=r"memory:, .*sqlite:"):
        open_store(url)  # type: ignore[arg-type]


def test_a_slip_is_told_the_likely_scheme() -> None:
    with pytest.raises(PolicyError, match="did you mean 'sqlite'"):
        open_store("sqllite:///state.db")
