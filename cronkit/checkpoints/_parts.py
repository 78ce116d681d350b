"""What others keep in the checkpoints of an operation: the position of an export in its file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from cronkit.errors import StateError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cronkit.checkpoints._records import JSON


class Part(Protocol):
    """Something that moves forward with the items and has to be saved with them."""

    def mark(self) -> object:
        """Return a mark of the present position, to which it may have to go back."""
        ...

    def capture(self, mark: object = None) -> Mapping[str, JSON] | None:
        """Make everything durable and return the position.

        Args:
            mark: the position at this mark, not the present one.

        Returns:
            ``None`` if it cannot go back to the mark.
        """
        ...

    def close(self) -> None:
        """Let go of what is open; the operation is owned no more."""
        ...


class Parts:
    """The parts of one operation, by name; an unattached one keeps what was saved of it.

    Attributes:
        check: raises `OperationLostError` if another process has taken the operation.
        forced: the fence of the last owner that took it from one that still held it. What was
            written under a lower fence, a process that sleeps may still write to.
        complete: whether a part has all that it will ever have: there is nothing left to do but
            to end the operation.
    """

    __slots__ = ("_attached", "_first", "_saved", "check", "complete", "forced")

    def __init__(
        self, saved: Mapping[str, Mapping[str, JSON]], forced: int, check: Callable[[], None]
    ) -> None:
        self._saved = dict(saved)
        self._attached: dict[str, Part] = {}
        self._first: dict[str, object] = {}
        self.check = check
        self.complete = False
        self.forced = forced

    def saved(self, name: str) -> Mapping[str, JSON] | None:
        """Return what the last checkpoint holds of a part; ``None``: nothing."""
        return self._saved.get(name)

    def attach(self, name: str, part: Part) -> None:
        """Save `part` with every checkpoint from now on.

        Raises:
            StateError: a part of this name is attached.
        """
        if name in self._attached:
            raise StateError("open", f"the operation has a part {name!r} already")
        self._first[name] = part.mark()
        self._attached[name] = part

    def detach(self, name: str) -> None:
        """Save the part no more; what was saved of it stays."""
        self._attached.pop(name, None)

    def marks(self) -> dict[str, object]:
        """Return a mark of each part: an item has just ended here."""
        return {name: part.mark() for name, part in self._attached.items()}

    def capture(
        self, marks: Mapping[str, object] | None = None
    ) -> dict[str, Mapping[str, JSON]] | None:
        """Return the positions of all parts; ``None`` if one cannot go back to its mark.

        Args:
            marks: the positions at these marks, and of a part that came later at its first one;
                ``None``: the present positions.
        """
        captured: dict[str, Mapping[str, JSON]] = {}
        for name, part in self._attached.items():
            position = part.capture(None if marks is None else marks.get(name, self._first[name]))
            if position is None:
                return None
            captured[name] = position
        self._saved |= captured
        return dict(self._saved)

    def close(self) -> None:
        """Close every part."""
        for part in self._attached.values():
            part.close()
        self._attached.clear()
