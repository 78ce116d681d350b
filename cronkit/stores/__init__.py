"""Where runs, marks and pauses are kept.

`SQLiteStore` is imported when it is asked for: sqlite3 costs 5 ms that a `MemoryStore` need not pay.
"""

from typing import TYPE_CHECKING

from cronkit.stores._memory import MemoryStore

if TYPE_CHECKING:
    from cronkit.stores._sqlite import SQLiteStore

__all__ = ["MemoryStore", "SQLiteStore"]


def __getattr__(name: str) -> object:
    if name != "SQLiteStore":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from cronkit.stores import _sqlite  # noqa: PLC0415 -- lazy, see above

    globals()[name] = _sqlite.SQLiteStore
    return _sqlite.SQLiteStore
