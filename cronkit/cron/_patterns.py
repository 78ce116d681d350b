"""What rising numbers are: evenly spaced, a whole round of every n-th, or one run.

The numbers of a field in, a fact about them out; no words and no dates.
"""

from __future__ import annotations

from itertools import pairwise

SHORTEST_RUN = 3
"""Fewer numbers than this are named one by one."""


def step_of(numbers: tuple[int, ...]) -> int:
    """Return the distance of evenly spaced numbers, at least three; 0 if they are not."""
    distances = {later - number for number, later in pairwise(numbers)}
    return distances.pop() if len(numbers) >= SHORTEST_RUN and len(distances) == 1 else 0


def spread_of(numbers: tuple[int, ...], size: int) -> int:
    """Return n if the numbers are every n-th of a whole round that begins at 0; else 0.

    One of a kind is no round: 0 alone gives 0.
    """
    step = step_of(numbers) or (numbers[1] if len(numbers) == 2 and not numbers[0] else 0)  # noqa: PLR2004 -- 0 and one more
    return step if step and numbers[0] == 0 and len(numbers) * step == size else 0


def run_of(
    numbers: tuple[int, ...], size: int, least: int = SHORTEST_RUN
) -> tuple[int, int] | None:
    """Return the ends of numbers that follow one another, around the end of the field too."""
    starts = [number for number in numbers if (number - 1) % size not in numbers]
    if len(starts) != 1 or len(numbers) < least:
        return None
    return starts[0], (starts[0] + len(numbers) - 1) % size
