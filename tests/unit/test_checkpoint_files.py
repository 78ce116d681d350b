"""The file backend on a real folder: layout, rights, damage, links, failing calls."""

from __future__ import annotations

import errno
import gc
import gzip
import json
import os
import shutil
from datetime import UTC, datetime

import attrs
import pytest

from cronkit._files._framing import pack
from cronkit.checkpoints import CheckpointManager, FileBackend, Record
from cronkit.checkpoints._headers import header
from cronkit.checkpoints._layout import MAGIC
from cronkit.errors import (
    CheckpointWriteError,
    CorruptCheckpointError,
    OperationNotFoundError,
    PolicyError,
    UnsupportedPlatformError,
)

START = datetime(2026, 3, 1, 9, tzinfo=UTC)


@pytest.fixture
def root(tmp_path):
    return tmp_path / "checkpoints"


@pytest.fixture
def backend(root):
    return FileBackend(root)


def record(operation="export-1", **facts) -> Record:
    return Record(operation=operation, type="export", created_at=START, saved_at=START, **facts)


def started(backend, saves=0, **facts):
    owned = backend.begin(record(**facts), resume=True)
    for number in range(1, saves + 1):
        payload = b'{"n":%d}' % number
        owned.save(attrs.evolve(owned.record, payload=payload, size=len(payload), processed=number))
    return owned


def checkpoints(folder):
    return sorted(path.name for path in folder.glob("*.ckpt"))


class TestLayout:
    def test_an_operation_is_a_folder_of_small_files(self, backend, root):
        started(backend, saves=1)
        names = sorted(path.name for path in (root / "running/export-1").iterdir())
        assert names == ["000000000000.ckpt", "000000000001.ckpt", "lock", "op.json"]
        about = json.loads((root / "running/export-1/op.json").read_text())
        assert about["type"] == "export"
        assert about["created_at"] == "2026-03-01T09:00:00+00:00"

    def test_only_the_owner_of_the_files_may_see_them(self, backend, root):
        started(backend, saves=2)
        for path in [root, *root.rglob("*")]:
            assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path

    def test_a_folder_that_was_there_keeps_its_rights(self, tmp_path):
        (tmp_path / "mine").mkdir(0o750)
        FileBackend(tmp_path / "mine")
        assert (tmp_path / "mine").stat().st_mode & 0o777 == 0o750

    @pytest.mark.parametrize("keep", [2, 3, 7])
    def test_the_newest_checkpoints_stay(self, root, keep):
        backend = FileBackend(root, max_checkpoints=keep)
        started(backend, saves=20)
        newest = [f"{number:012}.ckpt" for number in range(21 - keep, 21)]
        assert checkpoints(root / "running/export-1") == newest

    def test_what_ended_moves_to_its_month_with_its_last_checkpoint(self, backend, root):
        owned = started(backend, saves=5)
        owned.finish(attrs.evolve(owned.record, status="completed"))
        assert list((root / "running").iterdir()) == []
        assert checkpoints(root / "done/2026-03/export-1") == ["000000000006.ckpt"]

    def test_the_frame_holds_what_is_promised(self, backend, root):
        started(backend, saves=1)
        frame = (root / "running/export-1/000000000001.ckpt").read_bytes()
        line, rest = frame.split(b"\n", 1)
        magic, digest, header_length, payload_length = line.split(b" ")
        assert (magic, len(digest), int(payload_length)) == (b"CKPT1", 64, 7)
        facts = json.loads(rest[: int(header_length)])
        assert {
            "operation", "type", "seq", "fence", "processed", "total", "progress", "last_item",
            "saved_at", "codec", "compression", "state_version",
        } <= facts.keys()  # fmt: skip
        assert rest[int(header_length) :] == b'{"n":1}'

    def test_pruning_keeps_files_that_were_not_written_here(self, backend, root):
        owned = started(backend)
        owned.finish(attrs.evolve(owned.record, status="completed"))
        (root / "done/2026-03/export-1/notes.txt").write_text("mine")
        (root / "done/2026-03/readme").write_text("mine")
        assert len(backend.prune(datetime(2027, 1, 1, tzinfo=UTC), dry_run=False)) == 1
        assert sorted(path.name for path in (root / "done").rglob("*") if path.is_file()) == [
            "notes.txt",
            "readme",
        ]

    def test_pruning_removes_a_folder_that_a_crash_left_half_made(self, backend, root):
        (root / "running/.new-0badcafe").mkdir()
        (root / "running/.new-0badcafe/op.json").write_text("{")
        (left,) = backend.prune(None, dry_run=True)
        assert left.where.endswith(".new-0badcafe")
        assert backend.running() == []
        assert backend.prune(None, dry_run=False) == [left]
        assert list((root / "running").iterdir()) == []

    def test_an_owner_that_died_between_the_last_checkpoint_and_the_move_has_ended(
        self, backend, root
    ):
        owned = started(backend)
        owned.save(attrs.evolve(owned.record, status="completed"))
        owned.release()
        assert backend.running() == []
        assert [found.operation for found in backend.finished()] == ["export-1"]
        with pytest.raises(OperationNotFoundError, match="has ended"):
            backend.own("export-1")
        assert [found.operation for found in backend.finished()] == ["export-1"]

    def test_pruning_moves_what_ended_without_being_moved(self, backend, root):
        owned = started(backend)
        owned.save(attrs.evolve(owned.record, status="failed"))
        owned.release()
        backend.prune(None, dry_run=False)
        assert [found.operation for found in backend.finished()] == ["export-1"]

    def test_a_root_that_is_a_link_is_the_folder_it_leads_to(self, tmp_path):
        (tmp_path / "real").mkdir()
        (tmp_path / "link").symlink_to("real")
        started(FileBackend(tmp_path / "link"))
        assert (tmp_path / "real/running/export-1/op.json").exists()


class TestDamage:
    def test_a_damaged_newest_checkpoint_falls_back_to_the_one_before(self, backend, root):
        started(backend, saves=3).release()
        (root / "running/export-1/000000000003.ckpt").write_bytes(b"CKPT1 rubbish")
        (found,) = backend.running()
        assert found.record.payload == b'{"n":2}'
        assert [damage.where for damage in found.damaged] == [
            f"{root}/running/export-1/000000000003.ckpt"
        ]
        owned = backend.own("export-1")
        assert owned.record.payload == b'{"n":2}'
        assert owned.record.seq > 3
        assert [damage.reason for damage in owned.damaged] == ["does not begin with a CKPT1 line"]
        assert (root / "running/export-1/000000000003.ckpt.damaged").read_bytes() == (
            b"CKPT1 rubbish"
        )

    def test_two_good_checkpoints_stay_beside_damaged_ones(self, root):
        backend = FileBackend(root, max_checkpoints=2)
        owned = started(backend, saves=5)
        owned.release()
        (root / "running/export-1/000000000005.ckpt").write_bytes(b"")
        owned = backend.own("export-1")
        owned.save(owned.record)
        assert len(checkpoints(root / "running/export-1")) == 2
        assert (root / "running/export-1/000000000005.ckpt.damaged").exists()

    def test_every_truncation_and_every_flipped_byte_falls_back(self, backend, root):
        started(backend, saves=2).release()
        newest = root / "running/export-1/000000000002.ckpt"
        whole = newest.read_bytes()
        cases = [whole[:length] for length in range(len(whole))]
        for index in range(len(whole)):
            for mask in (0x01, 0x80, 0xFF):
                damaged = bytearray(whole)
                damaged[index] ^= mask
                cases.append(bytes(damaged))
        for case in cases:
            newest.write_bytes(case)
            (found,) = backend.running()
            assert found.record.payload == b'{"n":1}'
            assert len(found.damaged) == 1
        newest.write_bytes(whole)
        assert backend.running()[0].record.payload == b'{"n":2}'

    def test_an_operation_without_a_good_checkpoint_is_reported_and_not_taken(self, backend, root):
        started(backend, saves=4).release()
        for path in (root / "running/export-1").glob("*.ckpt"):
            path.write_bytes(b"")
        (found,) = backend.running()
        assert found.record is None
        assert len(found.damaged) == 3
        (info,) = CheckpointManager(root).get_interrupted_operations()
        assert (info.id, info.status, info.type) == ("export-1", "damaged", "")
        with pytest.raises(CorruptCheckpointError, match="none of its 3 checkpoints"):
            backend.own("export-1")
        with pytest.raises(CorruptCheckpointError):
            backend.begin(record("export-2"), resume=True)
        with pytest.raises(CorruptCheckpointError):
            CheckpointManager(root).get_last_checkpoint("export-1")
        assert not backend.find("export-1").owned

    def test_a_damaged_operation_can_be_superseded(self, backend, root):
        started(backend, saves=1).release()
        for path in (root / "running/export-1").glob("*.ckpt"):
            path.write_bytes(b"")
        fresh = backend.begin(record("export-2"), resume=False)
        assert fresh.record.operation == "export-2"
        (old,) = backend.finished()
        assert (old.operation, old.record) == ("export-1", None)

    def test_an_operation_whose_description_is_gone_is_found_by_its_checkpoints(
        self, backend, root
    ):
        started(backend, saves=1).release()
        for damage in (b"{", b"[]", None):
            about = root / "running/export-1/op.json"
            about.unlink() if damage is None else about.write_bytes(damage)
            owned = backend.begin(record("export-2"), resume=True)
            assert owned.record.operation == "export-1"
            owned.release()

    def test_a_flipped_bit_in_its_description_makes_it_no_other_operation(self, backend, root):
        started(backend, saves=1).release()
        about = root / "running/export-1/op.json"
        whole = about.read_bytes()
        for place in range(8 * len(whole)):
            damaged = bytearray(whole)
            damaged[place // 8] ^= 1 << place % 8
            about.write_bytes(damaged)
            assert backend._archive.with_identity("export", "") == ["export-1"], damaged
        assert [damage.where for damage in backend.verify()] == [str(about)]

    def test_verify_names_every_file_that_is_not_as_it_was_written(self, backend, root):
        started(backend, saves=3).release()
        ended = backend.begin(attrs.evolve(record("export-2"), key="b"), resume=True)
        ended.finish(attrs.evolve(ended.record, status="completed"))
        folder = root / "running/export-1"
        (folder / "000000000002.ckpt").write_bytes(b"")
        (folder / "000000000009.ckpt.damaged").write_bytes(b"")
        (folder / "op.json").write_bytes(b"{")
        (folder / "stray").write_bytes(b"")
        (root / "done/2026-03/export-2/000000000001.ckpt").unlink()
        (root / "running/empty-op").mkdir()
        found = {
            damage.where.removeprefix(f"{root}/"): damage.reason for damage in backend.verify()
        }
        assert found == {
            "running/empty-op": "holds no checkpoint",
            "running/empty-op/op.json": "does not hold what was written",
            "running/export-1/000000000002.ckpt": "does not begin with a CKPT1 line",
            "running/export-1/000000000009.ckpt.damaged": "was set aside as damaged",
            "running/export-1/op.json": "does not hold what was written",
            "running/export-1/stray": "was not written here",
            "done/2026-03/export-2": "holds no checkpoint",
        }

    def test_a_checkpoint_of_another_operation_is_not_taken_for_ones_own(self, backend, root):
        started(backend, saves=1).release()
        other = backend.begin(attrs.evolve(record("export-2"), key="b"), resume=True)
        payload = b'{"n":"theirs"}'
        other.save(attrs.evolve(other.record, payload=payload, size=len(payload)))
        shutil.copy(
            root / "running/export-2/000000000001.ckpt", root / "running/export-1/000000000009.ckpt"
        )
        (found, _) = backend.running()
        assert found.record.payload == b'{"n":1}'
        assert "put in another's place" in found.damaged[0].reason

    def test_an_old_checkpoint_under_a_new_name_is_not_the_newest(self, backend, root):
        started(backend, saves=2).release()
        folder = root / "running/export-1"
        shutil.copy(folder / "000000000001.ckpt", folder / "000000000009.ckpt")
        (found,) = backend.running()
        assert found.record.payload == b'{"n":2}'

    def test_a_checkpoint_made_to_unpack_to_more_than_the_limit_is_refused(self, root):
        started(FileBackend(root), saves=1).release()
        bomb = gzip.compress(bytes(1_000_000), mtime=0)
        facts = header(attrs.evolve(record(), seq=9, size=7, compression="gzip"))
        path = root / "running/export-1/000000000009.ckpt"
        path.write_bytes(b"".join(pack(MAGIC, facts, bomb)))
        manager = CheckpointManager(root, max_state_bytes=10_000)
        with pytest.raises(CorruptCheckpointError, match="unpacks to more than the allowed 10000"):
            manager.get_last_checkpoint("export-1")

    def test_a_state_of_more_than_the_limit_is_damage(self, root):
        started(FileBackend(root), saves=1).release()
        (found,) = FileBackend(root, max_state_bytes=6).running()
        assert found.record.seq == 0
        assert "more than the allowed 6 bytes" in found.damaged[0].reason

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("format", 2), ("operation", 7), ("type", None), ("status", "sleeping"), ("seq", -1),
            ("seq", True), ("seq", "1"), ("fence", 1.5), ("created_at", "soon"),
            ("saved_at", "2026-03-01T09:00:00"), ("saved_at", "0001-01-01T00:00:00+14:00"),
            ("processed", None), ("total", -1), ("parts", []), ("parts", {"a": 1}),
            ("codec", "pickle"), ("compression", "bzip2"), ("compression", ["gzip"]),
            ("size", None), ("run_fence", "x"), ("run_job", 7), ("digest", -1),
        ],
    )  # fmt: skip
    def test_a_header_made_by_hand_is_checked_field_by_field(self, backend, root, field, value):
        started(backend, saves=1).release()
        facts = json.loads(header(attrs.evolve(record(), seq=9, size=7)))
        for missing in (False, True):
            changed = dict(facts)
            if missing:
                del changed[field]
            else:
                changed[field] = value
            frame = pack(MAGIC, json.dumps(changed).encode(), b'{"n":9}')
            (root / "running/export-1/000000000009.ckpt").write_bytes(b"".join(frame))
            (found,) = backend.running()
            assert found.record.payload == b'{"n":1}'
            assert found.damaged[0].reason.startswith("its header")

    @pytest.mark.parametrize("head", [b"", b"[]", b"{", b"[" * 100_000, b"\xff"])
    def test_a_header_that_is_no_json_object_is_damage(self, backend, root, head):
        started(backend, saves=1).release()
        frame = pack(MAGIC, head, b"")
        (root / "running/export-1/000000000009.ckpt").write_bytes(b"".join(frame))
        assert backend.running()[0].damaged


class TestLinks:
    def test_a_checkpoint_that_is_a_link_is_damage(self, backend, root, tmp_path):
        started(backend, saves=1).release()
        whole = root / "running/export-1/000000000001.ckpt"
        shutil.copy(whole, tmp_path / "elsewhere")
        whole.unlink()
        whole.symlink_to(tmp_path / "elsewhere")
        (found,) = backend.running()
        assert found.record.seq == 0
        assert found.damaged[0].reason == "is a link"

    def test_a_fifo_in_the_place_of_a_checkpoint_does_not_block(self, backend, root):
        started(backend, saves=1).release()
        os.mkfifo(root / "running/export-1/000000000009.ckpt")
        assert backend.running()[0].damaged[0].reason == "is not a regular file"

    def test_an_operation_that_is_a_link_is_never_entered(self, backend, root, tmp_path):
        started(backend, saves=1).release()
        (root / "running/export-1").rename(tmp_path / "moved")
        (root / "running/export-1").symlink_to(tmp_path / "moved")
        (found,) = backend.running()
        assert found.record is None
        assert found.damaged[0].reason == "is no folder, or is a link"
        with pytest.raises(CorruptCheckpointError, match="is a link"):
            backend.own("export-1")
        assert backend.verify()[0].reason == "is no folder, or is a link"

    def test_a_folder_of_operations_that_is_a_link_is_never_entered(self, backend, root, tmp_path):
        started(backend).release()
        (root / "running").rename(tmp_path / "moved")
        (root / "running").symlink_to(tmp_path / "moved")
        with pytest.raises(OSError):
            backend.running()

    def test_pruning_does_not_follow_a_link_out_of_the_folder(self, backend, root, tmp_path):
        (tmp_path / "precious").mkdir()
        (tmp_path / "precious/000000000001.ckpt").write_text("mine")
        (root / "done/2020-01").mkdir()
        (root / "done/2020-01/evil").symlink_to(tmp_path / "precious")
        (root / "done/2020-02").symlink_to(tmp_path)
        with pytest.raises(OSError):
            backend.prune(datetime(2027, 1, 1, tzinfo=UTC), dry_run=False)
        (root / "done/2020-02").unlink()
        backend.prune(datetime(2027, 1, 1, tzinfo=UTC), dry_run=False)
        assert (tmp_path / "precious/000000000001.ckpt").read_text() == "mine"

    @pytest.mark.parametrize("name", ["../../etc", "..", ".new-00000000", "a/../b", "", "-" * 200])
    def test_an_id_from_outside_never_reaches_a_path(self, backend, root, name):
        manager = CheckpointManager(root)
        for call in (manager.resume, manager.get_last_checkpoint, backend.find):
            with pytest.raises(OperationNotFoundError):
                call(name)


class TestFailures:
    @pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC, errno.EROFS])
    @pytest.mark.parametrize("call", ["open", "write", "fsync", "rename", "close"])
    def test_a_failing_call_is_raised_acknowledges_nothing_and_the_next_save_works(
        self, backend, root, monkeypatch, call, number
    ):
        owned = started(backend, saves=2)
        before = owned.record
        real = getattr(os, call)

        def failing(*args, **kwargs):
            if call == "close":
                real(*args, **kwargs)
            raise OSError(number, os.strerror(number))

        with monkeypatch.context() as patch:
            patch.setattr(os, call, failing)
            with pytest.raises(CheckpointWriteError) as caught:
                owned.save(attrs.evolve(before, processed=3))
        assert caught.value.errno == number
        assert owned.record == before
        after = owned.save(attrs.evolve(before, processed=4))
        assert after.seq > before.seq + 1
        assert backend.find("export-1").record == after
        assert not list((root / "running/export-1").glob(".*"))

    def test_a_failing_resume_closes_what_it_opened_once(self, backend, monkeypatch):
        started(backend, saves=1).release()

        def failing(*_):
            raise OSError(errno.ENOSPC, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", failing)
            with pytest.raises(CheckpointWriteError, match="No space left"):
                backend.own("export-1")
        # Whoever gets the number of a closed file next must not lose it.
        mine = [os.open("/", os.O_RDONLY) for _ in range(8)]
        gc.collect()
        for descriptor in mine:
            os.close(descriptor)
        assert backend.own("export-1").record.payload == b'{"n":1}'

    def test_a_failing_end_leaves_the_operation_owned_and_can_be_repeated(
        self, backend, root, monkeypatch
    ):
        owned = started(backend, saves=1)
        real = os.rename
        calls = []

        def failing(source, target, **kwargs):
            calls.append(target)
            if target == "export-1":
                raise OSError(errno.EIO, "Input/output error")
            real(source, target, **kwargs)

        with monkeypatch.context() as patch:
            patch.setattr(os, "rename", failing)
            with pytest.raises(CheckpointWriteError, match="Input/output error"):
                owned.finish(attrs.evolve(owned.record, status="completed"))
        assert backend.find("export-1").owned
        owned.finish(attrs.evolve(owned.record, status="completed"))
        assert [found.operation for found in backend.finished()] == ["export-1"]

    def test_a_start_that_fails_leaves_nothing_that_counts(self, backend, root, monkeypatch):
        def failing(*_, **__):
            raise OSError(errno.ENOSPC, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", failing)
            with pytest.raises(CheckpointWriteError, match="No space left"):
                backend.begin(record(), resume=True)
        assert backend.running() == []
        backend.prune(None, dry_run=False)
        assert list((root / "running").iterdir()) == []
        started(backend)

    def test_a_folder_that_cannot_be_made_is_refused(self, tmp_path):
        (tmp_path / "file").write_text("")
        with pytest.raises(CheckpointWriteError, match="Not a directory"):
            FileBackend(tmp_path / "file" / "checkpoints")

    def test_a_network_file_system_is_refused_with_its_reason(self, share):
        with pytest.raises(UnsupportedPlatformError, match="network file system \\(nfs4\\)"):
            CheckpointManager(share / "checkpoints")
        assert list(share.iterdir()) == []

    @pytest.mark.parametrize("keep", [1, 0, True, 2.5])
    def test_fewer_than_two_checkpoints_are_refused(self, root, keep):
        with pytest.raises(PolicyError, match="max_checkpoints"):
            FileBackend(root, max_checkpoints=keep)
