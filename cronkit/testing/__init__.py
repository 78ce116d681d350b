"""What tests of an application need: a clock that moves by hand, checkpoints without a disk."""

from cronkit.testing._checkpoints import MemoryCheckpoints
from cronkit.testing._clock import FakeClock

__all__ = ["FakeClock", "MemoryCheckpoints"]
