"""The cron rows: next, iterate, match, parse, memory, import."""

from __future__ import annotations

import gc
import random
import tracemalloc
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tests.benchmarks._cron_peers import ALL, PARIS, Peer, Unanswered
from tests.benchmarks._imports import import_row
from tests.benchmarks._measure import Row, Target, at_most, per_call

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tests.benchmarks._measure import Medians, Sizes

    Installed = Mapping[str, Peer]

MIXED = (
    "*/15 * * * *",
    "30 2 * * *",
    "0 9-17 * * 1-5",
    "0 0 1 * *",
    "5,35 3,15 1,15 */2 *",
    "0 0 * * 0",
)
PLAIN, PARSE = "next, UTC", "parse"

_random = random.Random(1)
_FIVE_YEARS = 5 * 365 * 24 * 60
STARTS = [
    datetime(2020, 1, 1, tzinfo=UTC) + timedelta(minutes=_random.randrange(_FIVE_YEARS))
    for _ in range(25)
]
STARTS_IN_PARIS = [start.astimezone(PARIS) for start in STARTS]


def rows(sizes: Sizes) -> list[Row]:
    """Return the rows, with the peers that are installed."""
    installed = {}
    for peer in ALL:
        try:
            installed[peer.distribution] = peer()
        except ImportError:
            continue
    many = sizes.pick(1_000, 50)
    fast = [
        Target("at most 1/4 of cronsim less its parse", _quarter_of_cronsims_search),
        at_most(1 / 20, "croniter", "at most 1/20 of croniter"),
    ]
    tenth = [at_most(0.1, "cronsim", "at most 1/10 of cronsim")]
    sparse = [
        Target("at most 2 x the plain next", lambda medians, _row: 2 * medians[PLAIN]["cronkit"])
    ]
    return [
        _next(PLAIN, installed, MIXED, STARTS, fast),
        _next("next, Paris", installed, MIXED, STARTS_IN_PARIS, fast),
        _many("iterate */15, Paris, each", installed, "*/15 * * * *", many, tenth),
        _many("iterate 30 2, Paris, each", installed, "30 2 * * *", many, tenth),
        _next("next of 0 0 29 2 *", installed, ["0 0 29 2 *"], STARTS[:6], sparse),
        _next("next of 0 0 13 * 5", installed, ["0 0 13 * 5"], STARTS[:6], sparse),
        _matches("matches", installed, [at_most(1.5, "cron-converter")]),
        _parse(PARSE, installed, [at_most(0.7, "cronsim")]),
        _memory("memory of an expression", installed, sizes.pick(300, 60)),
        import_row(
            "import, over bare Python",
            {name: f"import {peer.module}" for name, peer in installed.items()}
            | {"datetime, zoneinfo": "import datetime, zoneinfo"},
            [Target("at most datetime, zoneinfo + 5 ms", _five_ms_over_zoneinfo)],
        ),
    ]


def _quarter_of_cronsims_search(medians: Medians, row: str) -> float:
    # cronsim reads its text anew for every start; that part is not the search.
    return (medians[row]["cronsim"] - medians[PARSE]["cronsim"]) / 4


def _five_ms_over_zoneinfo(medians: Medians, row: str) -> float:
    return medians[row]["datetime, zoneinfo"] + 5


def _row(
    name: str,
    installed: Installed,
    task: Callable[[Peer], tuple[Callable[[], object], int]],
    targets: Sequence[Target],
) -> Row:
    """Return a row of microseconds a call; a peer that cannot do the task is left out."""
    contenders = {}
    for contender, peer in installed.items():
        call, calls = task(peer)
        try:
            call()
        except Unanswered:
            continue
        contenders[contender] = per_call(call, calls)
    return Row(name, "µs", contenders, targets)


def _next(
    name: str,
    installed: Installed,
    texts: Sequence[str],
    starts: Sequence[datetime],
    targets: Sequence[Target],
) -> Row:
    def task(peer: Peer) -> tuple[Callable[[], object], int]:
        expressions, find = [peer.parse(text) for text in texts], peer.next
        return (
            lambda: [find(expression, start) for expression in expressions for start in starts],
            len(expressions) * len(starts),
        )

    return _row(name, installed, task, targets)


def _many(name: str, installed: Installed, text: str, count: int, targets: Sequence[Target]) -> Row:
    def task(peer: Peer) -> tuple[Callable[[], object], int]:
        expression = peer.parse(text)
        return lambda: peer.many(expression, STARTS_IN_PARIS[0], count), count

    return _row(name, installed, task, targets)


def _matches(name: str, installed: Installed, targets: Sequence[Target]) -> Row:
    def task(peer: Peer) -> tuple[Callable[[], object], int]:
        expressions, matches = [peer.parse(text) for text in MIXED], peer.matches
        return (
            lambda: [matches(expression, start) for expression in expressions for start in STARTS],
            len(expressions) * len(STARTS),
        )

    return _row(name, installed, task, targets)


def _parse(name: str, installed: Installed, targets: Sequence[Target]) -> Row:
    def task(peer: Peer) -> tuple[Callable[[], object], int]:
        parse = peer.parse
        return lambda: [parse(text) for text in MIXED], len(MIXED)

    return _row(name, installed, task, targets)


def _memory(name: str, installed: Installed, count: int) -> Row:
    """Return a row of bytes, as tracemalloc counts them, of one of `count` parsed expressions.

    Every expression is another text, so that a library's cache of texts is counted too.
    """
    texts = [f"{number % 60} {number // 60 % 24} * * 1-5" for number in range(count)]

    def bytes_of(peer: Peer) -> Callable[[], float]:
        def once() -> float:
            peer.parse(texts[0])
            gc.collect()
            tracemalloc.start()
            kept = [peer.parse(text) for text in texts]
            gc.collect()
            size = tracemalloc.get_traced_memory()[0]
            tracemalloc.stop()
            return size / len(kept)

        return once

    return Row(
        name,
        "bytes",
        {
            contender: bytes_of(peer)
            for contender, peer in installed.items()
            if contender != "cronsim"
        },
        [Target("at most 1,024", lambda _medians, _row: 1024)],
        most_rounds=3,
    )
