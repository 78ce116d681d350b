"""An export of an operation: after any number of interruptions each item stands in it once."""

from __future__ import annotations

import contextlib
import csv
import errno
import gzip
import io
import json
import os

import pytest

from cronkit.checkpoints import CheckpointManager
from cronkit.errors import (
    ExportError,
    ExportWriteError,
    OperationLostError,
    PolicyError,
    StateError,
)
from cronkit.exporters import ExportDirectory, Keep
from cronkit.testing import FakeClock, MemoryCheckpoints

ITEMS = [{"id": number, "title": f"Album {number}"} for number in range(23)]


class CrashError(Exception):
    pass


@pytest.fixture
def clock():
    return FakeClock("2026-03-01T12:00+00:00")


@pytest.fixture
def backend():
    return MemoryCheckpoints()


@pytest.fixture
def manager(backend, clock):
    return CheckpointManager(backend, every=5, every_seconds=None, clock=clock)


@pytest.fixture(params=[None, "gzip"])
def compression(request):
    return request.param


@pytest.fixture
def path(tmp_path):
    return tmp_path / "out"


@pytest.fixture
def exports(path, clock, compression):
    return ExportDirectory(path, keep=Keep(last=3), compression=compression, clock=clock)


def read(path):
    data = path.read_bytes()
    if path.suffix == ".gz":
        data = gzip.decompress(data)
    text = data.decode()
    kind = path.name.split(".")[1]
    if kind == "json":
        return [row["id"] for row in json.loads(text)["albums"]]
    if kind == "jsonl":
        return [json.loads(line)["id"] for line in text.splitlines()]
    if kind == "csv":
        return [int(row["id"]) for row in csv.DictReader(io.StringIO(text, newline=""))]
    return [int(line.split("|")[1]) for line in text.splitlines()[2:]]


def exporter(exports, format_="json"):
    options = {"envelope": {"total": 23}, "items_key": "albums"} if format_ == "json" else {}
    return exports.rotating("albums", format_, **options)


def visible(exports):
    return sorted(each.name for each in exports.path.iterdir() if each.name[0] != ".")


def parts(exports):
    return sorted(each.name for each in exports.path.iterdir() if each.name.endswith(".part"))


def both(manager, first, second, stop_at):
    with (
        manager.operation("albums") as operation,
        first.open(operation=operation) as one,
        second.open(operation=operation) as two,
    ):
        for item in operation.track(ITEMS, key=lambda item: item["id"]):
            one.write(item)
            if item["id"] == stop_at:
                raise CrashError
            two.write(item)


def collect(manager, target, items=ITEMS, *, fail_at=None, before_write=False, stop_at=None):
    """Write each item once; at `fail_at` raise, before or after its rows were written."""
    with manager.operation("albums") as operation, target.open(operation=operation) as out:
        for item in operation.track(items, key=lambda item: item["id"]):
            if before_write and item["id"] == fail_at:
                raise CrashError
            out.write(item)
            if item["id"] == fail_at:
                raise CrashError
            if item["id"] == stop_at:
                break
    return out.result


@pytest.mark.parametrize("format_", ["json", "jsonl", "csv", "md"])
@pytest.mark.parametrize("before_write", [True, False])
def test_an_exception_at_any_item_leaves_each_item_once_in_the_end(
    manager, exports, format_, before_write
):
    target = exporter(exports, format_)
    for fail_at in range(len(ITEMS)):
        with pytest.raises(CrashError):
            collect(manager, target, fail_at=fail_at, before_write=before_write)
        assert len(visible(exports)) == 0
    result = collect(manager, target)
    assert read(result.path) == list(range(23))
    assert result.rows == 23
    assert parts(exports) == []
    assert manager.get_interrupted_operations() == []


@pytest.mark.parametrize("format_", ["json", "jsonl", "csv", "md"])
def test_a_crash_at_any_item_leaves_each_item_once_in_the_end(manager, backend, exports, format_):
    target = exporter(exports, format_)
    for crash_at in range(1, len(ITEMS)):
        operation = manager.operation("albums")
        out = target.open(operation=operation).__enter__()
        for item in operation.track(ITEMS, key=lambda item: item["id"]):
            if item["id"] == crash_at:
                break
            out.write(item)
        backend.crash()
        out.close()
    result = collect(manager, target)
    assert read(result.path) == list(range(23))
    assert parts(exports) == []


def test_items_with_many_rows_or_none_are_cut_between_items(manager, exports):
    target = exports.rotating("rows", "jsonl")
    failures = iter([2, 3, 5, 7])

    def work(fail_at):
        with manager.operation("rows") as operation, target.open(operation=operation) as out:
            for number in operation.track(range(9)):
                for row in range(number % 4 * 400):
                    out.write([number, row])
                    if number == fail_at and row == 300:
                        raise CrashError
        return out.result

    for fail_at in failures:
        with pytest.raises(CrashError):
            work(fail_at)
    data = work(None).path.read_bytes()
    lines = (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).splitlines()
    expected = [[number, row] for number in range(9) for row in range(number % 4 * 400)]
    assert [json.loads(line) for line in lines] == expected


def test_an_item_larger_than_the_buffer_is_taken_back_when_it_fails(manager, exports):
    target = exports.rotating("large", "jsonl")

    def work(*, fail):
        with manager.operation("large") as operation, target.open(operation=operation) as out:
            for number in operation.track(range(12)):
                for _ in range(30):
                    out.write({"number": number, "pad": "x" * 60_000})
                if fail and number == 7:
                    raise CrashError
        return out.result

    with pytest.raises(CrashError):
        work(fail=True)
    (found,) = manager.get_interrupted_operations()
    # Compressed bytes cannot be taken back inside a member: the last checkpoint counts.
    assert found.progress.processed == (7 if exports.compression is None else 5)
    data = work(fail=False).path.read_bytes()
    lines = (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).splitlines()
    assert [json.loads(line)["number"] for line in lines] == [
        number for number in range(12) for _ in range(30)
    ]


def test_a_break_ends_the_export_with_what_was_written(manager, exports):
    result = collect(manager, exporter(exports), stop_at=7)
    assert read(result.path) == list(range(8))


class TestAroundPublishing:
    """A process may die after its last row, and before or after the file has appeared."""

    def test_dead_before_the_file_appears(self, manager, exports, monkeypatch):
        target = exporter(exports)

        def failing(*_, **__):
            raise OSError(errno.EIO, os.strerror(errno.EIO))

        with monkeypatch.context() as patch:
            patch.setattr(os, "link", failing)
            with pytest.raises(ExportWriteError):
                collect(manager, target)
        assert visible(exports) == []
        assert len(parts(exports)) == 1
        # New items have come meanwhile: they are for the next operation.
        more = [*ITEMS, {"id": 23, "title": "late"}]
        assert read(collect(manager, target, more).path) == list(range(23))
        assert parts(exports) == []
        assert read(collect(manager, target, more).path) == list(range(24))

    @pytest.mark.parametrize("stop_at", [None, 7])
    def test_dead_after_the_file_appeared(self, manager, backend, exports, stop_at):
        target = exporter(exports)
        operation = manager.operation("albums")
        with target.open(operation=operation) as out:
            for item in operation.track(ITEMS, key=lambda item: item["id"]):
                out.write(item)
                if item["id"] == stop_at:
                    break
        first = out.result
        backend.crash()
        again = collect(manager, target, [*ITEMS, {"id": 23, "title": "late"}])
        assert (again.path, again.sha256) == (first.path, first.sha256)
        assert len(visible(exports)) == 1
        assert manager.get_interrupted_operations() == []

    def test_one_name_in_two_formats_is_two_exports_of_one_operation(self, manager, exports):
        as_json, as_csv = exporter(exports, "json"), exporter(exports, "csv")
        exports.keep = Keep(last=1)
        for stop_at in (7, 15, None):
            with contextlib.suppress(CrashError):
                both(manager, as_json, as_csv, stop_at)
        assert len(visible(exports)) == 2
        for name in visible(exports):
            assert read(exports.path / name) == list(range(23))
        assert parts(exports) == []

    def test_two_exports_of_one_operation_are_each_complete(self, manager, path, clock):
        exports = ExportDirectory(path, latest=True, clock=clock)
        as_json, as_csv = exporter(exports), exports.rotating("table", "csv")

        def work():
            with (
                manager.operation("both") as operation,
                as_json.open(operation=operation) as first,
                as_csv.open(operation=operation) as second,
            ):
                for item in operation.track(ITEMS, key=lambda item: item["id"]):
                    first.write(item)
                    second.write(item)
            return first.result, second.result

        path.mkdir()
        in_the_way = path / "albums-latest.json"
        in_the_way.touch()
        with pytest.raises(ExportError, match="is no link"):
            work()
        assert [each.export for each in exports.exports()] == ["table"]
        in_the_way.unlink()
        first, second = work()
        assert read(first.path) == read(second.path) == list(range(23))
        assert [each.export for each in exports.exports()] == ["table", "albums"]


class TestOwners:
    def test_an_owner_that_wakes_up_neither_writes_into_nor_publishes_the_file(
        self, manager, exports
    ):
        target = exporter(exports, "jsonl")
        frozen = manager.operation("albums")
        late = target.open(operation=frozen).__enter__()
        loop = frozen.track(ITEMS, key=lambda item: item["id"])
        for _ in range(12):
            late.write(next(loop))
        with (
            manager.operation("albums", force=True) as mine,
            target.open(operation=mine) as out,
        ):
            for number, item in enumerate(mine.track(ITEMS, key=lambda item: item["id"])):
                if number == 3:
                    late.write({"id": 999})
                    with pytest.raises(OperationLostError):
                        list(loop)
                    with pytest.raises(OperationLostError):
                        late.__exit__(None, None, None)
                    frozen.release()
                out.write(item)
        assert read(out.result.path) == list(range(23))
        assert parts(exports) == []

    def test_the_hidden_file_has_its_name_for_good_before_a_checkpoint_tells_of_it(
        self, manager, exports, synced
    ):
        exports.path.mkdir()
        with manager.operation("albums") as operation:
            out = exporter(exports).open(operation=operation)
            with out:
                assert exports.path.stat().st_ino in synced()

    def test_one_operation_writes_an_export_once_at_a_time(self, manager, exports):
        target = exporter(exports)
        with manager.operation("albums") as operation, target.open(operation=operation):
            second = target.open(operation=operation)
            with pytest.raises(StateError, match="already"):
                second.__enter__()

    def test_an_operation_that_ended_opens_nothing(self, manager, exports):
        operation = manager.operation("albums")
        operation.complete()
        with pytest.raises(StateError):
            exporter(exports).open(operation=operation).__enter__()

    def test_rows_are_taken_inside_the_block_only(self, manager, exports):
        operation = manager.operation("albums")
        out = exporter(exports).open(operation=operation)
        with pytest.raises(StateError):
            out.write({"id": 1})
        with out:
            pass
        with pytest.raises(StateError):
            out.write({"id": 1})


class TestRefusals:
    def test_a_compression_that_cannot_be_cut_is_refused_at_open(self, manager, tmp_path, clock):
        pytest.importorskip("zstandard", reason="the extra 'zstd' is not installed")
        exports = ExportDirectory(tmp_path / "out", compression="zstd", clock=clock)
        operation = manager.operation("albums")
        with pytest.raises(PolicyError, match="'gzip'"):
            exporter(exports).open(operation=operation)

    def test_a_format_that_cannot_be_cut_is_refused_at_open(self, manager, exports):
        class Whole:
            extension = "bin"
            resumable = False

            def writer(self, state=None):
                raise AssertionError

        target = exports.rotating("whole", Whole())
        with pytest.raises(PolicyError, match="resumable"):
            target.open(operation=manager.operation("albums"))

    def test_without_a_manifest_nobody_could_tell_what_was_published(
        self, manager, tmp_path, clock
    ):
        exports = ExportDirectory(tmp_path / "out", manifest=False, clock=clock)
        with pytest.raises(PolicyError, match="manifest"):
            exporter(exports).open(operation=manager.operation("albums"))

    def interrupted(self, manager, exports):
        with pytest.raises(CrashError):
            collect(manager, exporter(exports), fail_at=12)

    def test_a_hidden_file_that_is_gone_is_told_and_a_new_start_works(self, manager, exports):
        self.interrupted(manager, exports)
        (exports.path / parts(exports)[0]).unlink()
        with pytest.raises(ExportError, match="start it anew"):
            collect(manager, exporter(exports))
        with (
            manager.start_operation("albums") as operation,
            exporter(exports).open(operation=operation) as out,
        ):
            for item in operation.track(ITEMS, key=lambda item: item["id"]):
                out.write(item)
        assert read(out.result.path) == list(range(23))

    @pytest.mark.parametrize("damage", ["shorter", "flipped"])
    def test_a_hidden_file_that_was_damaged_is_refused(self, manager, exports, damage):
        self.interrupted(manager, exports)
        part = exports.path / parts(exports)[0]
        data = part.read_bytes()
        part.write_bytes(data[:-9] if damage == "shorter" else bytes([data[0] ^ 1]) + data[1:])
        with pytest.raises(ExportError, match=r"shorter than|does not hold"):
            collect(manager, exporter(exports))
        assert visible(exports) == []

    def test_a_link_in_the_place_of_the_hidden_file_is_not_followed(
        self, manager, exports, tmp_path
    ):
        self.interrupted(manager, exports)
        part = exports.path / parts(exports)[0]
        part.rename(tmp_path / "moved")
        part.symlink_to(tmp_path / "moved")
        before = (tmp_path / "moved").read_bytes()
        with pytest.raises(ExportWriteError):
            collect(manager, exporter(exports))
        assert (tmp_path / "moved").read_bytes() == before

    @pytest.mark.parametrize(
        "saved",
        [
            {}, {"file": "../../precious"}, {"file": 7}, {"offset": -1}, {"offset": "x"},
            {"rows": True}, {"sha256": 7}, {"state": []}, {"done": 1}, {"fence": None},
            {"surprise": 1},
        ],
    )  # fmt: skip
    def test_a_position_made_by_hand_is_refused(self, manager, exports, saved):
        good = {
            "file": ".albums.0123456789abcdef.1.part", "fence": 1, "offset": 0, "sha256": None,
            "rows": 0, "state": {}, "done": False,
        }  # fmt: skip
        operation = manager.operation("albums")
        operation.parts._saved["export:albums.json"] = {**good, **saved} if saved else {}
        with pytest.raises(ExportError):
            exporter(exports).open(operation=operation).__enter__()

    def test_an_operation_that_went_on_without_the_export_cannot_add_it(self, manager, exports):
        operation = manager.operation("albums")
        for item in operation.track(ITEMS, key=lambda item: item["id"]):
            if item["id"] == 5:
                break
        with pytest.raises(ExportError, match="has done 5 items without albums"):
            exporter(exports).open(operation=operation).__enter__()

    def test_what_an_earlier_start_left_hidden_is_not_taken_for_ones_own(self, manager, exports):
        operation = manager.operation("albums")
        out = exporter(exports, "jsonl").open(operation=operation)
        with out:
            out.write({"id": 1})
            first = parts(exports)
            out.close()
            fresh = exporter(exports, "jsonl").open(operation=operation)
            operation.parts.detach("export:albums.jsonl")
            with fresh:
                fresh.write({"id": 0})
                assert parts(exports) == first
        assert read(fresh.result.path) == [0]

    def test_a_row_without_a_form_is_named_and_the_operation_goes_on_there(self, manager, exports):
        items = [{"id": number, "title": "x"} for number in range(9)]
        items[6] = {"id": 6, "title": object()}
        with pytest.raises(ExportError, match="row 7: "):
            collect(manager, exporter(exports), items)
        items[6] = {"id": 6, "title": "mended"}
        assert read(collect(manager, exporter(exports), items).path) == list(range(9))

    def test_a_full_disk_stops_the_operation_and_it_goes_on_later(
        self, manager, exports, monkeypatch
    ):
        real = os.write

        def full(descriptor, data):
            real(descriptor, bytes(data)[: len(data) // 2])
            raise OSError(28, "No space left on device")

        def work():
            with (
                manager.operation("albums") as operation,
                exporter(exports).open(operation=operation) as out,
            ):
                for item in operation.track(ITEMS, key=lambda item: item["id"]):
                    if item["id"] == 11 and failing:
                        monkeypatch.setattr(os, "write", full)
                    out.write(item)
            return out.result

        failing = True
        with pytest.raises(ExportWriteError, match="No space left on device"):
            work()
        failing = False
        monkeypatch.setattr(os, "write", real)
        assert read(work().path) == list(range(23))
