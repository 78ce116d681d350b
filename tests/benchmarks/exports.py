"""The rows of exports: rows written in each format, and memory at many and few of them.

The peers are the standard library's, written as one would by hand. They sync nothing, hash nothing,
keep no manifest and show half a file after a crash; cronkit's figures hold all of that.
"""

from __future__ import annotations

import csv
import json
import tempfile
import time
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING

from cronkit.exporters import ExportDirectory, Keep
from tests.benchmarks._measure import Row, Target, at_most

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.benchmarks._measure import Sizes

_folders: list[tempfile.TemporaryDirectory[str]] = []
_LIMITS = {"csv": 1.2, "jsonl": 1.3, "json": 1.4, "md": 0.7}


def rows(sizes: Sizes) -> list[Row]:
    """Return the rows; the peers need nothing but the standard library."""
    count = sizes.pick(100_000, 200)
    return [
        *(_written(name, limit, count) for name, limit in _LIMITS.items()),
        _memory(sizes.pick(1_000_000, 5_000), sizes.pick(10_000, 2_500)),
    ]


def _folder() -> Path:
    folder = tempfile.TemporaryDirectory(prefix="cronkit-benchmark-")
    _folders.append(folder)
    return Path(folder.name)


def _films(count: int) -> Iterator[dict[str, object]]:
    for number in range(count):
        yield {
            "id": number,
            "title": f"The film with the number {number}",
            "year": 1950 + number % 75,
            "rating": number % 100 / 10,
            "genre": "drama, crime" if number % 9 == 0 else "comedy",
            "watched": f"2026-03-{number % 28 + 1:02}",
        }


def _written(name: str, limit: float, count: int) -> Row:
    films = list(_films(count))
    target = ExportDirectory(_folder(), keep=Keep(last=1)).rotating("films", name)
    path = _folder() / "films"

    def writer() -> None:
        with path.open("w", newline="") as file:
            write = csv.writer(file).writerow
            write(films[0])
            for film in films:
                write(film.values())

    def dict_writer() -> None:
        with path.open("w", newline="") as file:
            table = csv.DictWriter(file, list(films[0]))
            table.writeheader()
            table.writerows(films)

    def dumps() -> None:
        with path.open("w") as file:
            file.writelines(json.dumps(film) + "\n" for film in films)

    contenders = {
        "cronkit": lambda: target.write(films),
        "csv.writer": writer,
        "csv.DictWriter": dict_writer,
        "json.dumps a line": dumps,
    }
    return Row(
        f"{name}, {count:,} rows",
        "µs a row",
        {contender: _microseconds(call, count) for contender, call in contenders.items()},
        [at_most(limit, "csv.writer")],
    )


def _microseconds(call: Callable[[], object], count: int) -> Callable[[], float]:
    def once() -> float:
        begin = time.perf_counter()
        call()
        return 1e6 * (time.perf_counter() - begin) / count

    return once


def _memory(many: int, few: int) -> Row:
    target = ExportDirectory(_folder(), keep=Keep(last=1)).rotating("films", "json")

    def peak(count: int) -> Callable[[], float]:
        def once() -> float:
            target.write(_films(1))  # imports what is imported late
            tracemalloc.start()
            target.write(_films(count))
            _, most = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            return most / 1024

        return once

    return Row(
        f"memory of {many:,} rows",
        "KiB",
        {"cronkit": peak(many), "a hundredth of them": peak(few)},
        [Target("at most 1.05 x", lambda medians, row: 1.05 * medians[row]["a hundredth of them"])],
        most_rounds=1,
    )
