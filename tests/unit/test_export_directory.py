"""Exports in a real folder: what appears, what goes, what is never touched."""

from __future__ import annotations

import errno
import gzip
import hashlib
import json
import logging
import os
import shutil
import stat
import tracemalloc
from pathlib import Path

import attrs
import pytest

from cronkit.errors import (
    ExportError,
    ExportWriteError,
    LockTimeoutError,
    MissingExtraError,
    PolicyError,
    StateError,
    UnknownZoneError,
)
from cronkit.exporters import ExportDirectory, ExportProgress, JsonLines, Keep
from cronkit.exporters._manifest import MANIFEST
from cronkit.exporters._shelf import locked
from cronkit.testing import FakeClock

ROWS = [{"id": 1, "title": "Heat"}, {"id": 2, "title": "Alien"}]


@pytest.fixture
def clock():
    return FakeClock("2026-03-01T12:00+00:00")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "out"


@pytest.fixture
def exports(path, clock):
    return ExportDirectory(path, keep=Keep(last=3), clock=clock)


def visible(path):
    return sorted(each.name for each in path.iterdir() if not each.name.startswith("."))


def hidden(path):
    return sorted(
        each.name
        for each in path.iterdir()
        if each.name.startswith(".") and not each.name.startswith(".exports.")
    )


class TestWrite:
    @pytest.mark.parametrize("format_", ["json", "jsonl", "csv", "md"])
    def test_a_file_appears_under_its_name_and_is_what_the_result_says(self, exports, format_):
        result = exports.rotating("films", format_).write(ROWS)
        data = result.path.read_bytes()
        assert result.path.name == f"films-20260301-120000.{format_}"
        assert (result.rows, result.bytes, result.deleted) == (2, len(data), [])
        assert result.sha256 == hashlib.sha256(data).hexdigest()
        assert hidden(exports.path) == []

    def test_the_folder_is_made_with_the_first_export(self, tmp_path, clock):
        exports = ExportDirectory(tmp_path / "a" / "b", clock=clock)
        assert exports.exports() == exports.prune() == []
        assert not exports.path.exists()
        assert exports.rotating("x").write([]).path.parent == exports.path

    def test_the_umask_decides_who_may_read(self, exports):
        before = os.umask(0o027)
        try:
            result = exports.rotating("x").write(ROWS)
        finally:
            os.umask(before)
        assert stat.S_IMODE(result.path.stat().st_mode) == 0o640

    def test_a_second_one_in_the_same_second_comes_after(self, exports):
        films = exports.rotating("films", "csv")
        names = [films.write(ROWS).path.name for _ in range(3)]
        assert names == sorted(set(names))
        assert names[1] == "films-20260301-120000_001.csv"

    def test_names_rise_after_the_clock_went_back(self, exports):
        names = []
        for now in ("12:00:00", "11:00:00", "11:00:01", "12:00:00", "12:00:01", "09:00:00"):
            clock = FakeClock(f"2026-03-01T{now}+00:00")
            restarted = ExportDirectory(exports.path, keep=exports.keep, clock=clock)
            names.append(restarted.rotating("films", "csv").write(ROWS).path.name)
        assert names == sorted(set(names))
        assert visible(exports.path) == names[-3:]

    def test_the_stamp_is_in_the_zone_of_the_folder(self, path, clock):
        exports = ExportDirectory(path, timezone="Asia/Tokyo", clock=clock)
        assert exports.rotating("x").write([]).path.name == "x-20260301-210000.json"

    def test_a_name_that_was_deleted_by_hand_is_not_given_again(self, exports):
        films = exports.rotating("films", "csv")
        first = films.write(ROWS).path
        first.unlink()
        assert films.write(ROWS).path.name > first.name

    def test_a_file_of_that_name_that_was_put_there_is_not_overwritten(self, exports):
        exports.path.mkdir()
        theirs = exports.path / "films-20260301-120000.csv"
        theirs.write_text("theirs")
        result = exports.rotating("films", "csv").write(ROWS)
        assert result.path.name == "films-20260301-120000_001.csv"
        assert theirs.read_text() == "theirs"

    def test_a_name_taken_at_the_last_moment_is_not_overwritten(self, exports, monkeypatch):
        real, taken = os.link, []

        def link(source, target, **kwargs):
            if not taken:
                taken.append(target)
                (exports.path / target).write_text("theirs")
            real(source, target, **kwargs)

        monkeypatch.setattr(os, "link", link)
        result = exports.rotating("films", "csv").write(ROWS)
        assert (exports.path / taken[0]).read_text() == "theirs"
        assert result.path.name > taken[0]
        (info,) = exports.exports()
        assert info.path == result.path

    def test_a_file_system_without_hard_links_is_served_by_a_rename(self, exports, monkeypatch):
        def link(*_, **__):
            raise OSError(errno.EPERM, "Operation not permitted")

        monkeypatch.setattr(os, "link", link)
        films = exports.rotating("films", "csv")
        names = [films.write(ROWS).path.name for _ in range(2)]
        assert visible(exports.path) == names
        assert hidden(exports.path) == []

    def test_rows_may_come_from_a_generator_and_are_told_of(self, exports):
        seen: list[ExportProgress] = []
        rows = ({"n": number} for number in range(2_500))
        result = exports.rotating("n", "jsonl").write(rows, total=2_500, progress=seen.append)
        assert [each.rows for each in seen] == [1000, 2000, 2500]
        assert {each.total for each in seen} == {2_500}
        assert seen[-1].bytes == result.bytes
        lines = result.path.read_text().splitlines()
        assert [json.loads(line)["n"] for line in lines] == list(range(2_500))

    @pytest.mark.parametrize("compression", [None, "gzip"])
    @pytest.mark.parametrize("format_", ["json", "jsonl", "csv", "md"])
    def test_many_rows_need_no_more_memory_than_few(self, path, clock, format_, compression):
        exports = ExportDirectory(path, compression=compression, clock=clock)
        films = exports.rotating("films", format_)

        def peak(count):
            tracemalloc.start()
            films.write({"id": number, "title": f"film {number:07}"} for number in range(count))
            _, most = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            return most

        peak(1_000)  # what is made once
        assert peak(9_000) < 1.2 * peak(3_000)

    def test_the_total_of_a_list_is_known(self, exports):
        seen: list[ExportProgress] = []
        exports.rotating("n", "jsonl").write(ROWS, progress=seen.append)
        assert seen[-1].total == 2

    @pytest.mark.parametrize(("compression", "suffix"), [("gzip", ".gz"), ("zstd", ".zst")])
    def test_a_compressed_file_says_so_and_holds_the_same(self, path, clock, compression, suffix):
        if compression == "zstd":
            zstandard = pytest.importorskip("zstandard", reason="the extra 'zstd' is missing")
        exports = ExportDirectory(path, compression=compression, clock=clock)
        for rows in ([], ROWS, [{"n": n} for n in range(30_000)]):
            result = exports.rotating("films", "jsonl").write(rows)
            data = result.path.read_bytes()
            assert result.path.name.endswith(f".jsonl{suffix}")
            assert result.sha256 == hashlib.sha256(data).hexdigest()
            plain = (
                gzip.decompress(data)
                if compression == "gzip"
                else zstandard.ZstdDecompressor().decompressobj().decompress(data)
            )
            assert [json.loads(line) for line in plain.splitlines()] == rows

    def test_the_link_to_the_newest_follows_it(self, path, clock):
        exports = ExportDirectory(path, latest=True, clock=clock)
        films = exports.rotating("films", "csv")
        for _ in range(3):
            result = films.write(ROWS)
            link = path / "films-latest.csv"
            assert link.readlink().name == str(link.readlink()) == result.path.name
            assert link.read_bytes() == result.path.read_bytes()

    def test_a_link_whose_maker_died_goes_with_the_next_export(self, path, clock):
        films = ExportDirectory(path, latest=True, clock=clock).rotating("films", "csv")
        films.write(ROWS)
        (path / ".films-latest.csv.0badcafe.tmp").symlink_to("films-20260301-120000.csv")
        (path / ".films-latest.csv.notes.tmp").write_text("mine")
        films.write(ROWS)
        assert hidden(path) == [".films-latest.csv.notes.tmp"]

    def test_a_file_in_the_place_of_that_link_is_left_alone(self, path, clock):
        exports = ExportDirectory(path, latest=True, clock=clock)
        path.mkdir()
        (path / "films-latest.csv").write_text("mine")
        with pytest.raises(ExportError, match="is no link, and is left alone"):
            exports.rotating("films", "csv").write(ROWS)
        assert visible(path) == ["films-latest.csv"]
        assert (path / "films-latest.csv").read_text() == "mine"

    def test_a_format_of_ones_own_is_a_small_class(self, exports):
        class Lines:
            extension = "txt"
            resumable = True

            def writer(self, state=None):
                return self

            def head(self):
                return b"begin\n"

            def rows(self, batch):
                return b"".join(b"%d\n" % row for row in batch)

            def tail(self):
                return b"end\n"

            def state(self):
                return {}

        result = exports.rotating("own", Lines()).write([1, 2])
        assert result.path.read_bytes() == b"begin\n1\n2\nend\n"
        assert result.path.suffix == ".txt"
        with pytest.raises(ExportError, match="rows 1 to 2: "):
            exports.rotating("own", Lines()).write([1, "x"])

    def test_what_happens_is_logged(self, exports, clock, caplog):
        caplog.set_level(logging.INFO, logger="cronkit.exporters")
        films = exports.rotating("films", "csv")
        for _ in range(4):
            films.write(ROWS)
            clock.advance(1)
        assert caplog.messages == ["export.published"] * 4 + ["export.deleted"]
        assert caplog.records[0].rows == 2
        assert caplog.records[-1].path.endswith("films-20260301-120000.csv")
        assert caplog.records[-1].reason == "not among what is kept: the last 3"


class TestRefusals:
    @pytest.mark.parametrize("rows", ["text", b"bytes", {"a": 1}, None, 7])
    def test_what_is_no_iterable_of_rows_is_refused(self, exports, rows):
        with pytest.raises(PolicyError, match="rows"):
            exports.rotating("x").write(rows)

    @pytest.mark.parametrize("argument", ["total", "progress"])
    def test_what_is_no_count_or_no_function_is_refused(self, exports, argument):
        with pytest.raises(PolicyError, match=argument):
            exports.rotating("x").write(ROWS, **{argument: "7"})
        assert not exports.path.exists()

    @pytest.mark.parametrize("operation", [7, Path("folder"), "export"])
    def test_what_is_no_operation_is_refused(self, exports, operation):
        with pytest.raises(PolicyError, match="operation"):
            exports.rotating("x").open(operation=operation)

    @pytest.mark.parametrize("text", [7, None, b"bytes", {"title": "Heat"}])
    def test_a_text_export_takes_text(self, exports, text):
        with exports.rotating("x").open() as out:
            with pytest.raises(PolicyError, match="text: "):
                out.write(text)
            out.write("the end")
        assert out.result.bytes == 7

    def test_a_dry_run_is_one_or_is_none(self, exports):
        with pytest.raises(PolicyError, match="dry_run"):
            exports.prune(dry_run=0)

    @pytest.mark.parametrize("path", [7, None, "", "a\0b", "\ud800"])
    def test_what_is_no_path_is_refused(self, path):
        with pytest.raises(PolicyError, match="path"):
            ExportDirectory(path)

    def test_a_row_without_a_form_is_named_by_its_number_and_nothing_appears(self, exports):
        rows = [{"n": number} for number in range(1_500)] + [{"n": float("nan")}]
        with pytest.raises(ExportError, match="row 1501: "):
            exports.rotating("x", "jsonl").write(rows)
        assert visible(exports.path) == hidden(exports.path) == []

    def test_an_error_of_the_source_passes_through_and_nothing_appears(self, exports):
        def rows():
            yield {"a": 1}
            raise OSError("the source broke")

        with pytest.raises(OSError, match="the source broke") as caught:
            exports.rotating("x").write(rows())
        assert not isinstance(caught.value, ExportError)
        assert visible(exports.path) == hidden(exports.path) == []

    @pytest.mark.parametrize(
        ("options", "error", "name"),
        [
            ({"keep": 5}, PolicyError, "keep"),
            ({"keep": Keep(), "manifest": False}, PolicyError, "keep"),
            ({"compression": "bzip2"}, PolicyError, "compression"),
            ({"latest": "yes"}, PolicyError, "latest"),
            ({"manifest": 0}, PolicyError, "manifest"),
            ({"timezone": "Nowhere/At_All"}, UnknownZoneError, "Nowhere"),
            ({"clock": 5}, PolicyError, "clock"),
            ({"clock": FakeClock}, PolicyError, "clock"),
        ],
    )
    def test_a_folder_names_the_argument_that_is_out_of_range(self, path, options, error, name):
        with pytest.raises(error, match=name):
            ExportDirectory(path, **options)

    @pytest.mark.parametrize(
        ("arguments", "options", "name"),
        [
            (("../x",), {}, "name"),
            (("x", "xml"), {}, "format"),
            (("x", 7), {}, "format"),
            (("x", JsonLines()), {"columns": ["a"]}, "format"),
            (("x", "json"), {"columns": ["a"]}, "columns"),
            (("x", "jsonl"), {"envelope": {}}, "envelope"),
            (("x", "csv"), {"colums": ["a"]}, "colums"),
            (("x", "md"), {"group": len}, "group"),
            (("x", "json"), {"pattern": "{name}.{ext}"}, "pattern"),
        ],
    )
    def test_an_export_names_the_argument_that_is_out_of_range(
        self, exports, arguments, options, name
    ):
        with pytest.raises(PolicyError) as caught:
            exports.rotating(*arguments, **options)
        assert caught.value.argument == name

    def test_zstd_without_its_extra_says_what_to_install(self, path, monkeypatch):
        import sys

        monkeypatch.setitem(sys.modules, "zstandard", None)
        with pytest.raises(MissingExtraError, match=r"cronkit\[zstd\]"):
            ExportDirectory(path, compression="zstd")

    @pytest.mark.parametrize("call", ["open", "write", "fsync", "link"])
    @pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC])
    def test_a_failing_call_leaves_the_previous_exports_and_nothing_else(
        self, exports, monkeypatch, call, number
    ):
        films = exports.rotating("films", "csv")
        before = films.write(ROWS)
        data = before.path.read_bytes()

        def failing(*_, **__):
            raise OSError(number, os.strerror(number))

        with monkeypatch.context() as patch:
            patch.setattr(os, call, failing)
            with pytest.raises(ExportWriteError) as caught:
                films.write(ROWS)
        assert caught.value.errno == number
        assert visible(exports.path) == [before.path.name]
        assert before.path.read_bytes() == data
        after = films.write(ROWS)
        assert visible(exports.path) == [before.path.name, after.path.name]
        assert hidden(exports.path) == []

    def test_a_folder_that_cannot_be_made_is_refused(self, tmp_path, clock):
        (tmp_path / "file").touch()
        with pytest.raises(ExportWriteError, match="Not a directory"):
            ExportDirectory(tmp_path / "file" / "out", clock=clock).rotating("x").write([])

    def test_a_folder_whose_lock_is_held_is_waited_for_and_then_given_up(self, exports):
        exports.rotating("films").write(ROWS)
        with locked(exports.path, manifest=True):
            other = locked(exports.path, manifest=True, patience_seconds=0.05)
            with pytest.raises(LockTimeoutError, match=str(exports.path)), other:
                pass
        assert hidden(exports.path) == []


class TestPrune:
    def fill(self, exports, count, clock, name="films"):
        films = exports.rotating(name, "csv")
        for _ in range(count):
            films.write(ROWS)
            clock.advance("1d")
        return films

    def test_only_the_newest_of_each_export_stay(self, exports, clock):
        self.fill(exports, 5, clock)
        self.fill(exports, 4, clock, "albums")
        assert [name[:6] for name in visible(exports.path)] == ["albums"] * 3 + ["films-"] * 3

    def test_one_name_in_two_formats_is_two_exports(self, exports, clock):
        exports.keep = Keep(last=1)
        for format_ in ("json", "csv", "csv", "json"):
            exports.rotating("films", format_).write(ROWS)
            clock.advance("1d")
        assert visible(exports.path) == ["films-20260303-120000.csv", "films-20260304-120000.json"]
        assert exports.prune() == []

    def test_the_result_says_what_went(self, exports, clock):
        films = self.fill(exports, 3, clock)
        (deletion,) = films.write(ROWS).deleted
        assert deletion.path.name == "films-20260301-120000.csv"
        assert not deletion.path.exists()

    def test_the_rule_can_be_changed_and_tried(self, exports, clock):
        exports.keep = Keep(last=20)
        self.fill(exports, 6, clock)
        exports.keep = Keep(last=2)
        planned = exports.prune(dry_run=True)
        assert [each.path.name[6:14] for each in planned] == [
            "20260301", "20260302", "20260303", "20260304",
        ]  # fmt: skip
        assert len(visible(exports.path)) == 6
        assert exports.prune() == planned
        assert len(visible(exports.path)) == 2
        assert exports.prune() == []
        exports.keep = None
        assert exports.prune() == []
        with pytest.raises(PolicyError, match="keep"):
            exports.keep = 5

    def test_rules_by_age_and_size_hold(self, exports, clock):
        exports.keep = Keep(last=0, within="2d12h")
        self.fill(exports, 5, clock)
        assert len(visible(exports.path)) == 3
        exports.keep = Keep(total_size=1)
        exports.prune()
        assert len(visible(exports.path)) == 1

    def test_a_file_that_was_not_written_here_is_never_touched(self, exports, clock):
        self.fill(exports, 3, clock)
        theirs = {
            "films-20200101-000000.csv": "a name like ours",
            "films.csv": "another name",
            "readme.txt": "x",
            ".hidden": "x",
        }
        for name, text in theirs.items():
            (exports.path / name).write_text(text)
        exports.keep = Keep(last=1)
        assert len(exports.prune()) == 2
        assert {name: (exports.path / name).read_text() for name in theirs} == theirs

    def test_a_file_that_was_changed_or_replaced_is_left_alone(self, exports, clock):
        exports.keep = Keep(last=9)
        self.fill(exports, 4, clock)
        changed, replaced, linked, _ = [exports.path / name for name in visible(exports.path)]
        changed.write_text("x" * len(changed.read_bytes()))
        replaced.unlink()
        replaced.write_text("x" * len(linked.read_bytes()))
        linked.rename(exports.path / "elsewhere")
        linked.symlink_to("elsewhere")
        exports.keep = Keep(last=1)
        assert [info.present for info in exports.exports()] == [False, False, False, True]
        assert exports.prune() == []
        assert changed.exists()
        assert replaced.exists()
        assert linked.is_symlink()

    def test_a_copied_folder_is_pruned_by_the_bytes_of_its_files(self, exports, clock, tmp_path):
        exports.keep = Keep(last=9)
        self.fill(exports, 4, clock)
        shutil.copytree(exports.path, tmp_path / "copy", copy_function=shutil.copy)
        copy = ExportDirectory(tmp_path / "copy", keep=Keep(last=1), clock=clock)
        assert len(copy.prune()) == 3
        assert len(visible(tmp_path / "copy")) == 1

    def test_the_newest_is_the_last_one_made_whatever_its_file_time_says(self, exports, clock):
        exports.keep = Keep(last=9)
        films = self.fill(exports, 3, clock)
        newest = films.write(ROWS).path
        os.utime(newest, (0, 0))
        exports.keep = Keep(last=0)
        exports.prune()
        assert visible(exports.path) == [newest.name]

    @pytest.mark.parametrize(
        "line",
        [
            b'{"serial": 1',  # cut off by a crash
            b"rubbish\n",
            b"[]\n",
            b'{"deleted": "x"}\n',
            b'{"serial": 99, "name": "../../precious"}\n',
            b"\xff\xfe\n",
            b"[" * 50_000 + b"\n",
        ],
    )
    def test_a_damaged_line_is_passed_over(self, exports, clock, line):
        self.fill(exports, 3, clock)
        with (exports.path / MANIFEST).open("ab") as manifest:
            manifest.write(line)
        self.fill(exports, 2, clock)
        assert len(visible(exports.path)) == 3
        assert len(exports.exports()) == 3

    def test_a_manifest_made_by_hand_deletes_nothing_outside(self, exports, clock, tmp_path):
        self.fill(exports, 1, clock)
        precious = tmp_path / "precious-20200101-000000.csv"
        precious.write_text("mine")
        good = json.loads((exports.path / MANIFEST).read_text())
        evil = {
            **good, "serial": 0, "name": "../precious-20200101-000000.csv", "bytes": 4,
            "sha256": hashlib.sha256(b"mine").hexdigest(), "inode": precious.stat().st_ino,
        }  # fmt: skip
        other = {**evil, "name": "other.txt", "export": "films", "serial": 0}
        (exports.path / "other.txt").write_text("mine")
        lines = [json.dumps(each) for each in (evil, other, {**other, "pattern": "x"}, good)]
        (exports.path / MANIFEST).write_text("\n".join([*lines, ""]))
        exports.keep = Keep(last=0)
        assert exports.prune() == []
        assert precious.exists()
        assert (exports.path / "other.txt").exists()

    def test_a_lost_manifest_makes_old_files_strangers_and_names_still_rise(self, exports, clock):
        self.fill(exports, 3, clock)
        (exports.path / MANIFEST).unlink()
        earlier = FakeClock("2026-01-01T00:00+00:00")
        restarted = ExportDirectory(exports.path, keep=Keep(last=3), clock=earlier)
        newest = restarted.rotating("films", "csv").write(ROWS).path.name
        assert visible(exports.path)[-1] == newest
        assert len(visible(exports.path)) == 4

    def test_the_manifest_does_not_grow_with_what_is_gone(self, exports, clock):
        exports.keep = Keep(last=1)
        exports.path.mkdir()
        left = exports.path / f".{MANIFEST}.0badcafe.tmp"
        left.write_text("half of what a writer that died was to leave")
        self.fill(exports, 260, clock)
        assert not left.exists()
        assert len((exports.path / MANIFEST).read_text().splitlines()) < 250
        (info,) = exports.exports()
        assert info.serial == 260

    def test_without_a_manifest_nothing_goes_and_names_rise(self, path, clock):
        exports = ExportDirectory(path, manifest=False, clock=clock)
        films = exports.rotating("films", "csv")
        names = [films.write(ROWS).path.name for _ in range(7)]
        assert visible(path) == names
        assert not (path / MANIFEST).exists()
        assert exports.exports() == exports.prune() == []

    def test_hidden_files_of_writers_that_are_gone_go_with_the_next_export(self, exports):
        films = exports.rotating("films", "csv")
        films.write(ROWS)
        (exports.path / ".films-0badcafe.part").write_text("left by a crash")
        (exports.path / ".albums-0badcafe.part").write_text("of another export")
        films.write(ROWS)
        assert hidden(exports.path) == [".albums-0badcafe.part"]

    def test_the_hidden_file_of_a_writer_at_work_stays(self, exports):
        films = exports.rotating("films", "csv")

        def rows():
            yield ROWS[0]
            films.write(ROWS)
            yield ROWS[1]

        assert films.write(rows()).rows == 2
        assert len(visible(exports.path)) == 2

    def test_hidden_files_of_operations_go_when_nobody_touched_them_for_a_month(
        self, exports, clock
    ):
        exports.rotating("films").write(ROWS)
        old, new = (exports.path / f".films.{'0' * 15}{digit}.1.part" for digit in "12")
        for part in (old, new):
            part.write_text("x")
        days = 86_400
        os.utime(old, (0, clock.now().timestamp() - 31 * days))
        os.utime(new, (0, clock.now().timestamp() - 29 * days))
        exports.prune(dry_run=True)
        assert len(hidden(exports.path)) == 2
        exports.prune()
        assert hidden(exports.path) == [new.name]

    def test_a_listing_says_what_is_there(self, exports, clock):
        self.fill(exports, 2, clock)
        first, second = exports.exports()
        assert (first.serial, second.serial) == (1, 2)
        assert first.export == "films"
        assert first.rows == 2
        assert first.made_at.isoformat() == "2026-03-01T12:00:00+00:00"
        first.path.unlink()
        assert [info.present for info in exports.exports()] == [False, True]

    def test_a_failing_deletion_does_not_take_the_new_export_back(
        self, exports, clock, monkeypatch, caplog
    ):
        films = self.fill(exports, 3, clock)
        real = os.unlink

        def failing(name, **kwargs):
            if str(name).startswith("films-"):
                raise OSError(errno.EIO, "Input/output error")
            real(name, **kwargs)

        monkeypatch.setattr(os, "unlink", failing)
        result = films.write(ROWS)
        assert result.path.exists()
        assert result.deleted == []
        assert "export.prune_failed" in caplog.messages


class TestText:
    def test_free_text_appears_when_the_block_is_left(self, exports):
        poem = exports.rotating("haiku", "md")
        with poem.open() as out:
            out.write("An old silent pond…\n")
            assert visible(exports.path) == []
            out.write("A frog jumps in\n")
        assert out.result.path.read_text() == "An old silent pond…\nA frog jumps in\n"
        assert out.result.rows is None

    def test_an_exception_leaves_nothing(self, exports):
        def write():
            with exports.rotating("haiku", "md").open() as out:
                out.write("An old")
                raise KeyError

        with pytest.raises(KeyError):
            write()
        assert visible(exports.path) == hidden(exports.path) == []

    def test_only_inside_the_block_text_is_taken(self, exports):
        opened = exports.rotating("haiku", "md").open()
        with pytest.raises(StateError):
            opened.write("x")
        with opened:
            pass
        for call in (lambda: opened.write("x"), opened.__enter__):
            with pytest.raises(StateError):
                call()


def test_a_result_is_a_value(exports):
    result = exports.rotating("x").write(ROWS)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        result.rows = 3
    assert repr(exports.rotating("x")).startswith("<RotatingExporter x in")
    assert repr(exports) == f"ExportDirectory({str(exports.path)!r})"
