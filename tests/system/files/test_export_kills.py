"""Exports killed at any moment: no partial file is seen, no foreign one touched, names rise."""

from __future__ import annotations

import gzip
import hashlib
import json
import random

import pytest

from cronkit.exporters import ExportDirectory, Keep

pytestmark = pytest.mark.system

FOREIGN = {"films-20200101-000000.jsonl": "theirs", "notes.txt": "mine", ".hidden": "x"}
TOTAL = 120


@pytest.fixture
def exporting(start_worker, tmp_path):
    return lambda *arguments: start_worker("export_worker.py", tmp_path, *arguments)


def visible(folder, name):
    return sorted(
        path
        for path in folder.glob(f"{name}-2*")
        if path.name not in FOREIGN and not path.is_symlink()
    )


def is_whole(path):
    return [json.loads(line)["n"] for line in path.read_text().splitlines()] == list(range(2_000))


def test_killed_at_random_the_folder_shows_whole_files_under_rising_names(
    exporting, tmp_path, scale
):
    folder, chance, newest, hashes = tmp_path / "out", random.Random(9), "", {}
    folder.mkdir()
    for name, text in FOREIGN.items():
        (folder / name).write_text(text)
    for _ in range(scale.pick(20, 200)):
        process = exporting("for_ever", "films")
        for _ in range(chance.randrange(1, 6)):
            _, name, digest = process.read()
            assert name > newest
            newest, hashes[name] = name, digest
        process.kill()
        for _, name, digest in process.read_all():
            assert name > newest
            newest, hashes[name] = name, digest
        found = visible(folder, "films")
        # The last one told of is there, or one that died before it could be told of came after.
        assert found[-1].name >= newest
        newest = max(newest, found[-1].name)
        for path in found:
            assert is_whole(path)
            if path.name in hashes:
                assert hashlib.sha256(path.read_bytes()).hexdigest() == hashes[path.name]
        assert {name: (folder / name).read_text() for name in FOREIGN} == FOREIGN
    last = ExportDirectory(folder, keep=Keep(last=3)).rotating("films", "jsonl").write([])
    assert last.path.name > newest
    assert len(visible(folder, "films")) == 3
    assert sorted(path.name for path in folder.glob(".*")) == [
        ".exports.jsonl", ".exports.lock", ".hidden",
    ]  # fmt: skip


def numbers(path):
    """The numbers of the rows in a file of any format."""
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode()
    kind = path.name.split(".")[1]
    if kind == "json":
        return [row["n"] for row in json.loads(text)]
    if kind == "jsonl":
        return [json.loads(line)["n"] for line in text.splitlines()]
    if kind == "csv":
        return [int(line) for line in text.splitlines()[1:]]
    return [int(line.split("|")[1]) for line in text.splitlines()[2:]]


@pytest.mark.parametrize(
    ("format_", "compression"), [("json", []), ("json", ["gzip"]), ("csv", ["gzip"]), ("md", [])]
)
def test_an_operation_killed_at_random_has_each_item_once_in_its_file(
    exporting, tmp_path, scale, format_, compression
):
    kills, chance, killed, published = scale.pick(5, 50), random.Random(10), 0, set()
    while killed < kills:
        process, ended = exporting("operation", TOTAL, format_, *compression), False
        for _ in range(chance.randrange(1, 50)):
            if process.read() == ["done"]:
                ended = True
                break
        process.kill()
        killed += not ended
        for path in visible(tmp_path / "out", "items"):
            assert numbers(path) == list(range(TOTAL))
            published.add(path.name)
    process = exporting("operation", TOTAL, format_, *compression)
    assert process.read_all()[-1] == ["done"]
    assert process.wait() == 0
    (*_, newest) = visible(tmp_path / "out", "items")
    assert numbers(newest) == list(range(TOTAL))
    assert not list((tmp_path / "out").glob(".items*"))


@pytest.mark.parametrize("fault", ["signal=KILL", "error=EIO", "error=ENOSPC"])
def test_a_fault_at_every_system_call_leaves_whole_files_only(
    start_worker, traced, tmp_path, scale, fault
):
    def ready(root):
        process = start_worker("export_worker.py", root, "step")
        assert process.read() == ["ready"]
        return process

    process = ready(tmp_path / "whole")
    with traced(process.pid) as tracing:
        process.go()
        assert process.read()[0] == "ok"
    process.kill()
    aside = {"recvfrom", "sendto", "getpid", "getrandom", "mmap", "munmap", "brk", "futex"}
    calls = [call for call in tracing.calls() if call[0] not in aside]
    assert len(calls) > 20
    for number, (name, nth) in enumerate(calls):
        if number % scale.pick(len(calls) // 8, 1):
            continue
        root = tmp_path / str(number)
        process = ready(root)
        with traced(process.pid, "-e", f"inject={name}:{fault}:when={nth}"):
            process.go()
            told = process.read()
        process.kill()
        found = visible(root / "out", "films")
        assert [json.loads(path.read_text())["n"] for path in found] in ([0], [0, 1])
        if told[:1] == ["ok"]:
            assert found[-1].name == told[1]
        after = ExportDirectory(root / "out", keep=Keep(last=3)).rotating("films", "jsonl")
        assert after.write([{"n": 2}]).path.name > found[-1].name
        assert not list((root / "out").glob(".films-*.part"))


def test_exports_of_several_processes_into_one_folder_lose_nothing(exporting, tmp_path, scale):
    workers = [exporting("for_ever", name) for name in ("films", "films", "albums")]
    told = [[worker.read()[1] for _ in range(scale.pick(6, 40))] for worker in workers]
    for worker in workers:
        worker.kill()
    assert len(set(told[0]) | set(told[1])) == len(told[0]) + len(told[1])
    for name in ("films", "albums"):
        found = visible(tmp_path / "out", name)
        assert found
        assert all(map(is_whole, found))
