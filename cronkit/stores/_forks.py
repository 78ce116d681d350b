"""What stores do when their process forks: a child must not use the connections of its parent."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Protocol
from weakref import WeakSet

if TYPE_CHECKING:
    from collections.abc import Sequence


class Forks(Protocol):
    """What is told of each fork."""

    def before_fork(self) -> None:
        """Wait for the calls that go on, and let no other begin."""
        ...

    def after_fork_in_parent(self) -> None:
        """Go on."""
        ...

    def after_fork_in_child(self) -> None:
        """Begin anew: the owners, the threads and the connections are the parent's."""
        ...


def follow_forks(store: Forks) -> None:
    """Tell `store` of each fork from now on, for as long as it is used."""
    _STORES.add(store)


_STORES: WeakSet[Forks] = WeakSet()


class _Fork(threading.local):
    """The fork that a thread is at: which stores it holds up."""

    held: Sequence[Forks] = ()


_FORK = _Fork()


def _before() -> None:
    # In one order, so that of two threads that fork at once none waits for the other for ever.
    _FORK.held = sorted(_STORES, key=id)
    for store in _FORK.held:
        store.before_fork()


def _in_parent() -> None:
    held, _FORK.held = _FORK.held, ()  # a store that another thread has made since is not held up
    for store in held:
        store.after_fork_in_parent()


def _in_child() -> None:
    _FORK.held = ()
    for store in list(_STORES):
        store.after_fork_in_child()


if hasattr(os, "register_at_fork"):  # Windows does not fork
    os.register_at_fork(before=_before, after_in_parent=_in_parent, after_in_child=_in_child)
