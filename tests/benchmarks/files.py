"""The rows of checkpoints: durable saves, and the scan after a crash.

The floor of a save is what durability itself costs: write beside, fsync, rename, fsync the folder.
"""

from __future__ import annotations

import json
import os
import random
import sqlite3
import sys
import tempfile
import time
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cronkit.checkpoints import CheckpointManager
from tests.benchmarks._measure import Row, Target, at_most

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tests.benchmarks._measure import Sizes

State = dict[str, Any]
_random = random.Random(1)
_folders: list[tempfile.TemporaryDirectory[str]] = []


def rows(sizes: Sizes) -> list[Row]:
    """Return the rows, with the peers that are installed."""
    saves = sizes.pick(20, 2)
    return [
        _save("durable save of 1 KB", _state(1), saves, at_most(1.3, "floor")),
        _save("durable save of 100 KB", _state(100), saves, at_most(2.5, "floor")),
        _save(
            "durable save of 10 MB",
            _state(sizes.pick(10_000, 100)),
            1,
            at_most(1.3, "json.dumps, floor"),
        ),
        _scan(sizes.pick(10_000, 20)),
    ]


def _folder() -> Path:
    """Return a new folder; it goes when the program ends."""
    folder = tempfile.TemporaryDirectory(prefix="cronkit-benchmark-")
    _folders.append(folder)
    return Path(folder.name)


def _state(kilobytes: int) -> State:
    """Return a state whose JSON has about this size: records as an export would keep them."""
    items = [
        {"id": number, "title": f"title {_random.random():.12f}", "seen": "2026-03-01T12:00:00Z"}
        for number in range(kilobytes * 1024 // 88)
    ]
    return {"last_id": len(items), "items": items}


def _save(name: str, state: State, saves: int, target: Target) -> Row:
    contenders = {
        "cronkit": _cronkit(state),
        "floor": _floor(json.dumps(state).encode()),
        "json.dumps, floor": _dumps_and_floor(state),
        "sqlite FULL": _sqlite(json.dumps(state)),
    }
    if find_spec("orjson"):
        contenders["cronkit, orjson"] = _cronkit(state, orjson=True)
    for peer in (_diskcache, _joblib):
        try:
            contenders[peer.__name__.removeprefix("_")] = peer(state)
        except ImportError:
            continue
    return Row(
        name,
        "ms",
        {contender: _milliseconds(save, saves) for contender, save in contenders.items()},
        [target],
    )


def _milliseconds(call: Callable[[], object], calls: int) -> Callable[[], float]:
    def once() -> float:
        begin = time.perf_counter()
        for _ in range(calls):
            call()
        return 1_000 * (time.perf_counter() - begin) / calls

    return once


def _cronkit(state: State, *, orjson: bool = False) -> Callable[[], object]:
    """As it is installed, or with the extra."""
    with _hidden(() if orjson else ("orjson",)):
        operation = CheckpointManager(_folder()).start_operation("benchmark")
    return lambda: operation.save_checkpoint(state)


@contextmanager
def _hidden(modules: Iterable[str]) -> Iterator[None]:
    """Let these modules be not installed inside the block."""
    before = {name: sys.modules.get(name) for name in modules}
    sys.modules.update(dict.fromkeys(before))  # type: ignore[arg-type]  # None: an import fails
    try:
        yield
    finally:
        for name, module in before.items():
            del sys.modules[name]
            if module is not None:
                sys.modules[name] = module


def _floor(data: bytes) -> Callable[[], object]:
    folder = _folder()

    def save() -> None:
        _write_beside(folder, data)

    return save


def _dumps_and_floor(state: State) -> Callable[[], object]:
    folder = _folder()

    def save() -> None:
        _write_beside(folder, json.dumps(state).encode())

    return save


def _write_beside(folder: Path, data: bytes) -> None:
    beside = folder / "beside"
    with beside.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    beside.rename(folder / "saved")
    descriptor = os.open(folder, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)


def _sqlite(text: str) -> Callable[[], object]:
    database = sqlite3.connect(_folder() / "state.db", isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    database.execute("CREATE TABLE state (id INTEGER PRIMARY KEY, value TEXT)")
    return lambda: database.execute("INSERT OR REPLACE INTO state VALUES (1, ?)", [text])


def _diskcache(state: State) -> Callable[[], object]:
    """Not durable: it syncs nothing to the disk."""
    import diskcache

    cache = diskcache.Cache(str(_folder()))
    return lambda: cache.set("state", state)


def _joblib(state: State) -> Callable[[], object]:
    """Not durable either, and a crash leaves half a file."""
    import joblib

    path = _folder() / "state"
    return lambda: joblib.dump(state, path)


def _scan(ended: int) -> Row:
    """Return a row: one interrupted operation is found beside many that have ended."""

    @cache  # minutes of fsync, and only if the row is measured
    def manager() -> CheckpointManager:
        found = CheckpointManager(_folder())
        for number in range(ended):
            found.start_operation("benchmark", key=str(number)).complete()
        found.start_operation("benchmark", key="interrupted").release()
        return found

    @cache
    def database() -> sqlite3.Connection:
        found = sqlite3.connect(_folder() / "operations.db", isolation_level=None)
        found.execute("CREATE TABLE operation (id INTEGER PRIMARY KEY, ended INTEGER)")
        values = [(1,)] * ended + [(0,)]
        found.executemany("INSERT INTO operation (ended) VALUES (?)", values)
        return found

    def scan() -> None:
        assert len(manager().get_interrupted_operations()) == 1

    def query() -> None:
        assert len(database().execute("SELECT * FROM operation WHERE NOT ended").fetchall()) == 1

    def measured(call: Callable[[], object]) -> Callable[[], float]:
        def once() -> float:
            call()  # makes what it looks through
            return _milliseconds(call, 5)()

        return once

    return Row(
        f"scan for interrupted, {ended:,} ended",
        "ms",
        {"cronkit": measured(scan), "sqlite query": measured(query)},
        [at_most(5, "sqlite query")],
    )
