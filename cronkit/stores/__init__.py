"""Where runs, marks and pauses are kept."""

from cronkit.stores._memory import MemoryStore

__all__ = ["MemoryStore"]
