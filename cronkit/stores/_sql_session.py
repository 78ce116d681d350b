"""What the statements of a store run on: one transaction of one database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from cronkit.stores._sql_rows import Row


class Session(Protocol):
    """A transaction that is open.

    Statements are those of ``cronkit.stores._sql_text``; a session adapts them by its `Dialect`.
    It ends with the block that opened it: committed, or rolled back if that raises.
    """

    def rows(self, statement: str, *parameters: object) -> Sequence[Row]:
        """Return what a SELECT gives."""
        ...

    def run(self, statement: str, *parameters: object) -> int:
        """Run a statement; return how many rows it changed."""
        ...

    def each(self, statement: str, rows: Sequence[Row]) -> Sequence[int]:
        """Run a statement for each row of parameters; return how many rows each changed."""
        ...

    def many(self, statement: str, rows: Sequence[Row]) -> None:
        """Run a statement for each row of parameters; cheaper than `each`, which counts."""
        ...

    def listed(self, names: Collection[str]) -> object:
        """Return names as the parameter of ``among(?)``."""
        ...

    def exclusive(self) -> None:
        """Wait until no other transaction of this store has called this."""
        ...

    def tell(self) -> None:
        """Have other schedulers look at the store once this is committed."""
        ...
