"""Where runs, marks and pauses are kept.

`SQLiteStore` is imported when it is asked for: sqlite3 costs 5 ms that a `MemoryStore` need not pay.
"""

from cronkit._lazy import lazy
from cronkit.stores._memory import MemoryStore

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cronkit.stores._open import open_store
    from cronkit.stores._sqlite import SQLiteStore

__all__ = ["MemoryStore", "SQLiteStore", "open_store"]

__getattr__ = lazy(
    "cronkit.stores",
    {"cronkit.stores._open": ("open_store",), "cronkit.stores._sqlite": ("SQLiteStore",)},
)
