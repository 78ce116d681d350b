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
    from cronkit.executors._process import ProcessExecutor

__all__ = [
    "AsyncioExecutor",
    "FutureExecutor",
    "InlineExecutor",
    "ProcessExecutor",
    "ThreadExecutor",
]

__getattr__ = lazy(
    "cronkit.executors",
    {
        "cronkit.executors._future": ("FutureExecutor",),
        "cronkit.executors._process": ("ProcessExecutor",),
    },
)
