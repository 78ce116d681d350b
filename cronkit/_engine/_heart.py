"""Beats for one scheduler, and looks at the others, once a second.

In real time it has a thread and a connection of its own, so that a long transaction, or a job that
holds everything up, stops no beat. On a driven clock the engine calls `round` by a timer.
"""

from __future__ import annotations

from collections import deque
from datetime import timedelta
from threading import Thread
from typing import TYPE_CHECKING, TypeAlias

from cronkit._engine._hooks import complain
from cronkit._engine._leases import Leases
from cronkit._engine._wake import Wake
from cronkit.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cronkit._engine._peers import Peers
    from cronkit.abc import Clock, SharedStore
    from cronkit.jobs import Pulse

Look: TypeAlias = "tuple[Pulse, Mapping[str, int | None]]"

LOOK_SECONDS = 1.0
"""How often the store is looked at: for rows of others, requests to stop, lost owners.

Under a lease of less than three seconds as often as it beats: who looks less often than twice a lease
sees nobody long enough to tell that he is lost.
"""

BEATS_A_LEASE = 3

_MOST_LOOKS = 100


class Heart:
    """The sign of life of one scheduler.

    Args:
        store: the store.
        clock: where the time is read.
        owner: the scheduler.
        wake: called when there is something to act on.
        peers: compares what the schedulers tell of themselves; ``None``: this one tells nothing.

    Attributes:
        looks: what the engine has to act on, oldest first: a pulse with the owners that are lost,
            or why the store could not be looked at.
        trouble: why the last look was none.
        peers: as given.
    """

    def __init__(
        self,
        store: SharedStore,
        clock: Clock,
        owner: str,
        wake: Callable[[], None],
        peers: Peers | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._owner = owner
        self._wake = wake
        self._leases = Leases(store.lease_seconds)
        self._next_beat = clock.monotonic()
        self._look_seconds = min(LOOK_SECONDS, self.beat_interval.total_seconds())
        self._stop = Wake()
        self._thread: Thread | None = None
        self._changes: int | None = None
        self.looks: deque[Look | StoreError] = deque(maxlen=_MOST_LOOKS)
        self.trouble: StoreError | None = None
        self.peers = peers

    @property
    def beat_interval(self) -> timedelta:
        """How often it beats."""
        return timedelta(seconds=self._store.lease_seconds / BEATS_A_LEASE)

    def start(self) -> None:
        """Begin, in a thread."""
        thread = Thread(target=self._serve, name="cronkit-heart", daemon=True)
        thread.start()
        self._thread = thread

    def stop(self) -> None:
        """End; the scheduler's runs are still its own until a lease has passed."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(self._store.lease_seconds)

    def round(self) -> None:
        """Beat if it is time, and look at the others."""
        at = self._clock.monotonic()
        try:
            beats = at >= self._next_beat
            if beats:
                self._store.beat(self._owner, self._clock.now())
                self._next_beat = at + self.beat_interval.total_seconds()
            pulse = self._store.pulse(self._owner, self._clock.now())
            lost = self._leases.look(pulse, at)
            if self.peers is not None:
                self.peers.look(pulse, self._leases.alive, publish=beats)
        except StoreError as error:
            self._leases.restart()
            self.trouble = error
            self._show(error)
            return
        self.trouble = None
        if pulse.ready or pulse.cancelled or lost or pulse.changes != self._changes:
            self._changes = pulse.changes
            self._show((pulse, lost))

    def _show(self, look: Look | StoreError) -> None:
        self.looks.append(look)
        self._wake()

    def _serve(self) -> None:
        while not self._stop.is_set():
            try:
                self.round()
                self._store.watch(self._look_seconds, self._stop)
            except StoreError:
                self._stop.wait(self._look_seconds)
            except BaseException as error:  # noqa: BLE001 -- without beats the runs are lost
                complain("the scheduler's heart failed: %r", error, error=error)
                self._stop.wait(self._look_seconds)
