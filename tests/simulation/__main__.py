"""``python -m tests.simulation FROM TO``: run seeds; one that breaks a promise is shown and ends it.

With one seed its whole trace is printed.
"""

from __future__ import annotations

import logging
import sys
import time
import traceback

from tests.simulation.scenario import Simulation


def main(arguments: list[str]) -> int:
    logging.disable(logging.CRITICAL)
    first = int(arguments[0])
    last = int(arguments[1]) if len(arguments) > 1 else first + 1
    began, starts, steps, failed = time.process_time(), 0, 0, 0
    for seed in range(first, last):
        simulation = Simulation(seed)
        try:
            steps += len(simulation.run())
        except Exception:  # noqa: BLE001 -- whatever it is, it is shown with its seed
            failed += 1
            print(f"--- seed {seed}")
            traceback.print_exc(file=sys.stdout)
            if failed >= 5:
                break
        starts += simulation.checks.starts
    if last - first == 1:
        print("\n".join(simulation.world.trace))
    print(
        f"{last - first} seeds, {starts} attempts, {steps} lines of trace, {failed} failed, "
        f"{time.process_time() - began:.1f} s of CPU"
    )
    return failed > 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
