"""``python -m tests.benchmarks.durability``: what is left of a state, whatever happens.

Seven trials, the same for each peer: kill, contend, takeover, disk full, EIO, bit rot, power cut.
In each a fresh process looks for the last acknowledged state. A trial that this machine does not
allow (no strace, no root for a disk of its own) says so in its place.
"""

from __future__ import annotations

import argparse
import platform
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.benchmarks._durable_peers import PEERS, STORED_AS, installed, versions
from tests.benchmarks._durable_trials import OF_OWNERS, TRIALS, FailedError, Trial
from tests.system.files.processes import CannotError

if TYPE_CHECKING:
    from collections.abc import Callable


class Verdict(NamedTuple):
    """What came of a trial; `passed` is ``None`` where it could not be made."""

    passed: bool | None
    reason: str = ""

    def __str__(self) -> str:
        return {True: "yes", False: f"**no**: {self.reason}", None: f"- ({self.reason})"}[
            self.passed
        ]


def tried(peer: str, trial: str, scale: str) -> Verdict:
    """Put a peer through a trial."""
    with tempfile.TemporaryDirectory(prefix="cronkit-trial-") as folder:
        made = Trial(peer, Path(folder) / "state", scale)
        try:
            TRIALS[trial](made)
        except FailedError as failed:
            return Verdict(passed=False, reason=str(failed))
        except CannotError as cannot:
            return Verdict(passed=None, reason=str(cannot))
        finally:
            made.close()
    return Verdict(passed=True)


def all_tried(
    peers: list[str], trials: list[str], scale: str, tell: Callable[[str], None]
) -> dict[str, dict[str, Verdict]]:
    """Put every peer through every trial."""
    results: dict[str, dict[str, Verdict]] = {peer: {} for peer in peers}
    for trial in trials:
        for peer in peers:
            stored_as = STORED_AS.get(peer, peer)
            if trial not in OF_OWNERS and trial in results.get(stored_as, {}):
                results[peer][trial] = results[stored_as][trial]
            else:
                results[peer][trial] = tried(peer, trial, scale)
            tell(f"{trial}, {peer}: {results[peer][trial]}")
    return results


def table(results: dict[str, dict[str, Verdict]], scale: str) -> str:
    """Return the verdicts as Markdown."""
    trials = list(next(iter(results.values())))
    command = "python -m tests.benchmarks.durability" + " --scale full" * (scale == "full")
    lines = [
        f"Tried {datetime.now(UTC).date()} by `{command}`.",
        f"Python {platform.python_version()}, {platform.system()}; {versions()}.",
        "",
        f"| | {' | '.join(trials)} |",
        "|---" * (len(trials) + 1) + "|",
        *(
            f"| {peer} | {' | '.join(str(verdicts[trial]) for trial in trials)} |"
            for peer, verdicts in results.items()
        ),
    ]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Print the table; exit with 1 if cronkit has failed a trial."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.durability")
    parser.add_argument("--scale", choices=["quick", "full"], default="quick")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the table there")
    parser.add_argument("--peer", action="append", choices=list(PEERS))
    parser.add_argument("--trial", action="append", choices=list(TRIALS))
    arguments = parser.parse_args()

    peers, trials = arguments.peer or installed(), arguments.trial or list(TRIALS)
    results = all_tried(
        peers, trials, arguments.scale, lambda text: print(text, file=sys.stderr, flush=True)
    )
    text = table(results, arguments.scale)
    print(text)
    if arguments.markdown:
        arguments.markdown.write_text(text, "utf-8")
    return int(any(each.passed is False for each in results.get("cronkit", {}).values()))


if __name__ == "__main__":
    sys.exit(main())
