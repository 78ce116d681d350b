"""``cronkit checkpoints`` and ``cronkit exports``: what they print, and their exit codes."""

from __future__ import annotations

import json
from datetime import date

import pytest

from cronkit.checkpoints import CheckpointManager
from cronkit.cli import main
from cronkit.exporters import ExportDirectory
from cronkit.testing import FakeClock


@pytest.fixture
def root(tmp_path):
    return tmp_path / "checkpoints"


@pytest.fixture
def interrupted(root):
    operation = CheckpointManager(root).start_operation("export", 10, key="ann")
    operation.save_checkpoint({"since": date(2026, 3, 1), "n": 4}, processed=4, last_item="m4")
    operation.release()
    return operation


@pytest.fixture
def run(capsys):
    def call(*arguments):
        code = main([str(each) for each in arguments])
        return code, *capsys.readouterr()

    return call


def as_json(run, *arguments):
    code, out, _ = run(*arguments, "--json")
    return code, json.loads(out)


class TestCheckpoints:
    def test_ls_shows_what_was_interrupted(self, run, root, interrupted):
        code, out, _ = run("checkpoints", "ls", "--folder", root)
        assert code == 0
        assert out.startswith(f"{interrupted.id}  interrupted  4/10 (40 %)  ")
        _, (facts,) = as_json(run, "checkpoints", "ls", "--folder", root)
        assert (facts["status"], facts["processed"], facts["key"]) == ("interrupted", 4, "ann")
        assert facts["last_item"] == "m4"

    def test_ls_shows_what_has_ended_on_request(self, run, root):
        CheckpointManager(root).start_operation("export").complete()
        assert run("checkpoints", "ls", "--folder", root)[1] == "no operations\n"
        _, (facts,) = as_json(run, "checkpoints", "ls", "--all", "--folder", root)
        assert facts["status"] == "completed"

    def test_show_prints_the_last_state(self, run, root, interrupted):
        code, out, _ = run("checkpoints", "show", interrupted.id, "--folder", root)
        assert code == 0
        assert "processed: 4\n" in out
        assert "state['since'] = datetime.date(2026, 3, 1)\n" in out
        _, facts = as_json(run, "checkpoints", "show", interrupted.id, "--folder", root)
        assert facts["state"] == {"since": "2026-03-01", "n": 4}

    def test_verify_says_what_is_damaged_by_its_exit_code(self, run, root, interrupted):
        assert run("checkpoints", "verify", "--folder", root)[:2] == (0, "0 damaged\n")
        newest = max((root / "running" / interrupted.id).glob("*.ckpt"))
        newest.write_bytes(b"")
        code, out, _ = run("checkpoints", "verify", "--folder", root)
        assert code == 1
        assert out.endswith("does not begin with a CKPT1 line\n1 damaged\n")
        code, (facts,) = as_json(run, "checkpoints", "verify", "--folder", root)
        assert (code, facts["where"]) == (1, str(newest))

    def test_a_name_that_somebody_chose_stays_on_one_line(self, run, root, interrupted):
        (root / "running" / interrupted.id / "0 damaged\n\x1b[2J").write_bytes(b"")
        _, out, _ = run("checkpoints", "verify", "--folder", root)
        first, last = out.splitlines()
        assert first.endswith("/0 damaged\\n\\x1b[2J: was not written here")
        assert last == "1 damaged"

    def test_prune_removes_and_with_dry_run_only_says_so(self, run, root):
        clock = FakeClock("2020-01-01T00:00+00:00")
        CheckpointManager(root, clock=clock).start_operation("old").complete()
        code, out, _ = run("checkpoints", "prune", "--dry-run", "--folder", root)
        assert code == 0
        assert out.endswith("1 would go\n")
        code, (facts,) = as_json(run, "checkpoints", "prune", "--folder", root)
        assert facts["reason"] == "ended long enough ago"
        assert run("checkpoints", "prune", "--folder", root)[1] == "0 removed\n"

    @pytest.mark.parametrize(
        "arguments", [["ls"], ["verify"], ["prune"], ["show", "export-1"]], ids=lambda each: each[0]
    )
    def test_a_folder_that_is_not_there_is_not_made(self, run, root, arguments):
        code, out, err = run("checkpoints", *arguments, "--folder", root)
        assert (code, out) == (2, "")
        assert "a folder with checkpoints" in err
        assert not root.exists()

    def test_an_operation_that_is_not_there_is_told(self, run, root, interrupted):
        code, _, err = run("checkpoints", "show", "../../etc", "--folder", root)
        assert code == 2
        assert "no operation has this id" in err


class TestExports:
    @pytest.fixture
    def folder(self, tmp_path):
        clock = FakeClock("2026-03-01T12:00+00:00")
        exports = ExportDirectory(tmp_path / "out", keep=None, clock=clock)
        films = exports.rotating("films", "csv")
        for _ in range(4):
            films.write([{"id": 1}])
            clock.advance("1d")
        return tmp_path / "out"

    def test_ls_shows_what_is_there(self, run, folder):
        (folder / "films-20260302-120000.csv").unlink()
        code, out, _ = run("exports", "ls", folder)
        assert code == 0
        first, second, *_ = out.splitlines()
        assert first == "films-20260301-120000.csv  1 rows  7 bytes"
        assert second.endswith("(gone or changed)")
        _, facts = as_json(run, "exports", "ls", folder)
        assert [each["present"] for each in facts] == [True, False, True, True]

    def test_prune_deletes_and_with_dry_run_only_says_so(self, run, folder):
        code, out, _ = run("exports", "prune", folder, "--last", 2, "--dry-run")
        assert code == 0
        assert out.splitlines()[-1] == "2 would go"
        assert len(list(folder.glob("*.csv"))) == 4
        _, facts = as_json(run, "exports", "prune", folder, "--last", 2)
        assert [each["reason"] for each in facts] == ["not among what is kept: the last 2"] * 2
        assert run("exports", "prune", folder, "--last", 2)[1] == "0 deleted\n"

    def test_an_empty_folder_has_no_exports(self, run, tmp_path):
        assert run("exports", "ls", tmp_path)[:2] == (0, "no exports\n")

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [(["ls", "none"], "a folder with exports"), (["prune", ".", "--last", "-1"], "last")],
    )
    def test_a_wrong_call_ends_with_two(self, run, tmp_path, monkeypatch, arguments, message):
        monkeypatch.chdir(tmp_path)
        code, _, err = run("exports", *arguments)
        assert code == 2
        assert message in err
