"""The baton: which thread lets fake time pass. Exactly one has it, the base or a helper.

Ctrl-C comes to the base. Where it waits for a thread that does not come back it leaves without the
baton: whoever has it then drives no further, and puts it down when it comes to that.
"""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING

from cronkit.testing._agenda import Gate

if TYPE_CHECKING:
    from collections.abc import Callable

    from cronkit.testing._agenda import Sleeper

MOMENT = 1.0
"""For how many seconds the base waits for the baton once Ctrl-C has come."""

_LOOK_SECONDS = 0.2
"""How often the base looks up from its wait: a signal that came just before it does not end it."""


class Baton:
    """Passes between the base, which had it first, and helpers.

    Attributes:
        back: open while the base has the baton.
        sleeper: the base's own, while it sleeps inside a run.
        failure: what the base raises when it has the baton back; who drives meanwhile stops at it.
        at_work: what its holder is at, for messages.
    """

    __slots__ = ("_gate", "at_work", "back", "failure", "sleeper")

    def __init__(self) -> None:
        self.back = Gate()
        self.back.open()
        self.sleeper: Sleeper | None = None
        self.failure: BaseException | None = None
        self.at_work = ""
        self._gate: Gate | None = None

    def lend_to_helper(self, work: Callable[[], None], sleeper: Sleeper | None = None) -> None:
        """The base gives the baton to a new thread, and waits until it comes back.

        Args:
            work: what the thread does.
            sleeper: the base's own: it has the baton back when that wakes.
        """
        claim = threading.Lock()
        hand_over = partial(self.help, work, claim)
        self._lend(hand_over, lambda: not claim.acquire(blocking=False), sleeper)

    def lend_to_sleeper(self, sleeper: Sleeper) -> None:
        """The base wakes the thread of a run, and waits until it comes back."""
        self._lend(sleeper.open, lambda: sleeper.is_open)

    def _lend(
        self,
        hand_over: Callable[[], object],
        taken: Callable[[], bool],
        sleeper: Sleeper | None = None,
    ) -> None:
        gate = sleeper or Gate()
        try:
            self._gate, self.sleeper = None if sleeper else gate, sleeper
            self.back = gate
            hand_over()
            while not gate.wait(_LOOK_SECONDS):
                pass
        except BaseException as error:
            if taken():
                self.failure = error
                gate.wait(MOMENT)
            else:
                self._gate = self.sleeper = None
                gate.open()
            raise

    def help(self, work: Callable[[], None], claim: threading.Lock) -> None:
        """Start a helper that has the baton once it has `claim`; without it, it ends."""

        def serve() -> None:
            if not claim.acquire(blocking=False):
                return  # the base has it back: Ctrl-C came before this began
            try:
                work()
            except BaseException as error:  # noqa: BLE001 -- raised again where time is driven
                self.failure = error
                if not self.give_to_base():
                    self.rouse_base()

        threading.Thread(target=serve, name="cronkit-fake", daemon=True).start()

    def give_to_base(self) -> bool:
        """Give the baton to the base if it waits for it; return whether it did."""
        gate, self._gate = self._gate, None
        if gate is None:
            return False
        gate.open()
        return True

    def rouse_base(self) -> None:
        """Give the baton to the base if it sleeps, however long it wanted to."""
        sleeper, self.sleeper = self.sleeper, None
        if sleeper is not None:
            sleeper.open()
