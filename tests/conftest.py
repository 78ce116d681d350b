"""What every kind of test shares: the scale of a run, and the profile of Hypothesis that goes with it."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeVar

import pytest
from hypothesis import settings

T = TypeVar("T")


class Scale(StrEnum):
    """How much a run of the suite does: `quick` on every change, `full` before a release."""

    QUICK = "quick"
    FULL = "full"

    def pick(self, quick: T, full: T) -> T:
        """Return the value for this scale, so that a test names both side by side."""
        return full if self is Scale.FULL else quick


# Derandomised: the same tree gives the same verdict. The full scale looks further afield.
settings.register_profile(
    Scale.QUICK, derandomize=True, deadline=None, database=None, max_examples=100
)
settings.register_profile(
    Scale.FULL, derandomize=True, deadline=None, database=None, max_examples=2_000
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--scale",
        choices=[scale.value for scale in Scale],
        default=Scale.QUICK.value,
        help="quick: minutes in all; full: every seed, kill and year that the promises name",
    )


def pytest_configure(config: pytest.Config) -> None:
    settings.load_profile(config.getoption("--scale"))


@pytest.fixture(scope="session")
def scale(request: pytest.FixtureRequest) -> Scale:
    """The scale of this run; `scale.pick(quick, full)` chooses a size."""
    return Scale(request.config.getoption("--scale"))
