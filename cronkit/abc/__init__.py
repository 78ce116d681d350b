"""The Protocols that an application may implement: clocks, executors, stores, hooks.

They are structural: a class needs no base, only the methods. Each has a contract suite in
``tests/contract`` that every implementation passes, the fakes included.
"""

from __future__ import annotations

from cronkit._lazy import lazy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cronkit.abc._clocks import Clock, DrivenClock, Engine
    from cronkit.abc._runs import Executor, Hook, Report
    from cronkit.abc._stores import BriefStore, Judge, Plan, PromptStore, SharedStore, Store

__all__ = [
    "BriefStore",
    "Clock",
    "DrivenClock",
    "Engine",
    "Executor",
    "Hook",
    "Judge",
    "Plan",
    "PromptStore",
    "Report",
    "SharedStore",
    "Store",
]

__getattr__ = lazy(
    "cronkit.abc",
    {
        "cronkit.abc._clocks": ("Clock", "DrivenClock", "Engine"),
        "cronkit.abc._runs": ("Executor", "Hook", "Report"),
        "cronkit.abc._stores": (
            "BriefStore",
            "Judge",
            "Plan",
            "PromptStore",
            "SharedStore",
            "Store",
        ),
    },
)
