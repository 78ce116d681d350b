"""A store that hands on to a memory store what it does not do itself."""

from __future__ import annotations

from cronkit.stores import MemoryStore


class Around:
    def __init__(self):
        self.asked = []
        self._store = MemoryStore()

    def __getattr__(self, name):
        return getattr(self._store, name)
