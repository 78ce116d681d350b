"""A logger whose records say which run they belong to."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping

_LOGGER = logging.getLogger("cronkit.run")


class RunLog(logging.LoggerAdapter[logging.Logger]):
    """The logger ``cronkit.run``, with the facts of a run beside the caller's own ``extra``."""

    def __init__(self, facts: Mapping[str, object]) -> None:
        super().__init__(_LOGGER, facts)

    def process(
        self, msg: object, kwargs: MutableMapping[str, object]
    ) -> tuple[object, MutableMapping[str, object]]:
        """Add the facts to a record; a field that the caller names himself is his."""
        own = kwargs.get("extra")
        kwargs["extra"] = {**(self.extra or {}), **(own if isinstance(own, dict) else {})}
        return msg, kwargs
