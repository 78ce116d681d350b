"""Where a run runs."""

from cronkit.executors._asyncio import AsyncioExecutor
from cronkit.executors._inline import InlineExecutor
from cronkit.executors._thread import ThreadExecutor

__all__ = ["AsyncioExecutor", "InlineExecutor", "ThreadExecutor"]
