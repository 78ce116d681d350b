"""Fixtures for tests of scheduled code, registered with pytest when cronkit is installed.

``fake_clock`` is a `FakeClock`; ``fake_scheduler`` is a `Scheduler` on it, not started, and shut
down after the test.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cronkit import Scheduler
    from cronkit.testing import FakeClock


@pytest.fixture
def fake_clock() -> FakeClock:
    """A clock that stands at 2026-01-01 00:00 UTC until the test advances it.

    Example:
        >>> def test_it_waits(fake_clock):
        ...     fake_clock.advance("1h")
        ...     assert fake_clock.now().hour == 1
    """
    from cronkit.testing import FakeClock  # noqa: PLC0415 -- a session without it pays nothing

    return FakeClock()


@pytest.fixture
def fake_scheduler(fake_clock: FakeClock) -> Iterator[Scheduler]:
    """A scheduler in UTC on ``fake_clock``; the test starts it.

    Example:
        >>> def test_it_fires(fake_clock, fake_scheduler):
        ...     seen = []
        ...     fake_scheduler.every("1m", id="tick")(lambda: seen.append(fake_clock.now()))
        ...     with fake_scheduler:
        ...         fake_clock.advance("3m")
        ...     assert len(seen) == 3
    """
    from cronkit import Scheduler  # noqa: PLC0415 -- a session without it pays nothing

    scheduler = Scheduler(clock=fake_clock)
    yield scheduler
    scheduler.shutdown(wait=False)
