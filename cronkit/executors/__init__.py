"""Where a run runs.

`ThreadExecutor` is the default. The executors of other processes are loaded on first use.
"""

from cronkit._lazy import lazy
from cronkit.executors._asyncio import AsyncioExecutor
from cronkit.executors._inline import InlineExecutor
from cronkit.executors._thread import ThreadExecutor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cronkit.executors._future import FutureExecutor

__all__ = ["AsyncioExecutor", "FutureExecutor", "InlineExecutor", "ThreadExecutor"]

__getattr__ = lazy("cronkit.executors", {"cronkit.executors._future": ("FutureExecutor",)})
