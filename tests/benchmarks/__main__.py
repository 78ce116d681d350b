"""``python -m tests.benchmarks SUITE``: measure, print, and keep the figures where asked."""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import warnings
from pathlib import Path

from tests.benchmarks import _measure, _report

SUITES = ("cron", "scheduler", "stores", "files", "exports")


def main() -> int:
    """Run one suite; exit with 1 if `--strict` was given and a target is not reached."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("suite", choices=SUITES)
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the table there")
    parser.add_argument("--only", metavar="WORD", help="only rows whose name holds this word")
    parser.add_argument("--small", action="store_true", help="small sizes: only whether it runs")
    parser.add_argument("--strict", action="store_true", help="fail if a target is not reached")
    arguments = parser.parse_args()

    warnings.simplefilter("ignore")  # the peers' own, which are theirs to solve
    suite = importlib.import_module(f"tests.benchmarks.{arguments.suite}")
    rows = [
        row
        for row in suite.rows(_measure.Sizes(arguments.small))
        if (arguments.only or "") in row.name
    ]
    results = _measure.measure(rows, arguments.rounds, lambda text: print(text, file=sys.stderr))
    print(_report.as_table(results, arguments.rounds))
    if arguments.json:
        arguments.json.write_text(
            json.dumps(_report.as_json(results, arguments.rounds), indent=1), "utf-8"
        )
    if arguments.markdown:
        arguments.markdown.write_text(_report.as_markdown(results, arguments.rounds), "utf-8")
    missed = [each for row in rows for each in results.verdicts(row) if not each.reached]
    return 1 if arguments.strict and missed else 0


if __name__ == "__main__":
    sys.exit(main())
