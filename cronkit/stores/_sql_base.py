"""What the parts of `SqlStore` stand on: three kinds of transactions, the lease, the history."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from cronkit import _convert
from cronkit.stores._sql_history import Pruner

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from datetime import timedelta

    from cronkit.stores._sql_session import Session

LEASE_SECONDS = 30.0


class SqlBase(ABC):
    """One database, in transactions that a store of that database opens.

    Args:
        lease: how long an owner that gives no sign of life is believed to be alive.

    Attributes:
        name: which store, without secrets; stands in errors and logs.
        lease_seconds: the lease.
    """

    name: str

    def __init__(self, lease: timedelta | float | str = LEASE_SECONDS) -> None:
        self.lease_seconds = _convert.duration(
            lease, "lease", least=_convert.duration("1s", "lease")
        ).total_seconds()
        self._prune = Pruner()

    @abstractmethod
    def _writing(self) -> AbstractContextManager[Session]:
        """Open a transaction that writes; driver errors come out as `StoreError`."""

    @abstractmethod
    def _reading(self) -> AbstractContextManager[Session]:
        """Open a transaction that only reads; driver errors come out as `StoreError`."""

    @abstractmethod
    def _beating(self, *, write: bool) -> AbstractContextManager[Session]:
        """Open a transaction on a connection that no other thread uses: that of beats."""
