"""Pickles of what jobs take and give: the code of their classes runs in it, and may raise anything."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any


class BrokenPickleError(Exception):
    """A value that cannot be pickled, or a pickle that cannot be read.

    Attributes:
        raised: what pickle, or the code of a class, has raised.
    """

    def __init__(self, raised: BaseException) -> None:
        super().__init__(raised)
        self.raised = raised


def pickled(value: object) -> bytes:
    """Return `value` as a pickle.

    Raises:
        BrokenPickleError: it has none.
    """
    try:
        return pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)
    except BaseException as raised:
        raise BrokenPickleError(raised) from raised


def unpickled(body: bytes) -> Any:
    """Return what a pickle of our own child or worker holds.

    Raises:
        BrokenPickleError: it cannot be read here.
    """
    try:
        return pickle.loads(body)  # noqa: S301 -- from our own child, by a pipe or by its engine
    except BaseException as raised:
        raise BrokenPickleError(raised) from raised
