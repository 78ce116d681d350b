"""What tests of an application need: a clock that moves by hand."""

from cronkit.testing._clock import FakeClock

__all__ = ["FakeClock"]
