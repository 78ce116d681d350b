"""The bar in the terminal: what it shows of an export and of an operation, drawn into a text."""

from __future__ import annotations

import io
import subprocess
import sys

import pytest

from cronkit.checkpoints import CheckpointManager
from cronkit.errors import PolicyError
from cronkit.exporters import ExportDirectory
from cronkit.testing import MemoryCheckpoints

rich_console = pytest.importorskip("rich.console", reason="the extra cli is not installed")

from cronkit.integrations.rich import ProgressBar  # noqa: E402 -- after the skip


@pytest.fixture
def console():
    return rich_console.Console(file=io.StringIO(), width=100)


@pytest.fixture
def films(tmp_path):
    return ExportDirectory(tmp_path).rotating("films", "jsonl")


def shown(console):
    return console.file.getvalue().strip()


def test_an_export_is_shown_to_its_end(films, console):
    with ProgressBar("films", console=console) as bar:
        films.write(range(2_500), progress=bar)
    assert shown(console).startswith("films ━")
    assert "2500/2500 100%" in shown(console)
    assert "\n" not in shown(console)


def test_rows_without_a_known_end_are_counted(films, console):
    with ProgressBar("films", console=console) as bar:
        films.write(iter(range(2_500)), progress=bar)
    assert "2500/?" in shown(console)


def test_a_terminal_sees_the_bar_move(films):
    console = rich_console.Console(file=io.StringIO(), width=100, force_terminal=True)
    with ProgressBar("films", console=console) as bar:
        films.write(range(2_500), progress=bar)
    assert "1000/2500" in shown(console)
    assert "2500/2500" in shown(console)


def test_a_resumed_operation_starts_where_it_was(console):
    manager = CheckpointManager(MemoryCheckpoints(), every=1)
    items = list(range(10))
    operation = manager.operation("export")
    for item in operation.track(items):
        if item == 8:
            break
    operation.release()
    told = []
    with manager.operation("export") as operation, ProgressBar("export", console=console) as bar:
        for item in operation.track(items, progress=lambda each: (told.append(each), bar(each))):
            assert item == 8
            break
        operation.release()
    assert [(each.processed, each.total) for each in told] == [(8, 10)]
    assert "8/10  80%" in shown(console)


def test_what_fails_leaves_the_bar_where_it_was(films, console):
    def rows():
        yield from range(1_000)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), ProgressBar("films", console=console) as bar:
        films.write(rows(), total=4_000, progress=bar)
    assert "1000/4000  25%" in shown(console)


def test_a_description_is_no_markup(films, console):
    with ProgressBar("[red]films[/]", console=console) as bar:
        films.write([1], progress=bar)
    assert shown(console).startswith("[red]films[/] ")


def test_a_description_that_is_no_text_is_refused():
    with pytest.raises(PolicyError, match="description"):
        ProgressBar(7)


def test_without_rich_the_import_says_what_to_install():
    program = (
        "import sys; sys.modules['rich'] = None\n"
        "from cronkit.errors import MissingExtraError\n"
        "try:\n    import cronkit.integrations.rich\n"
        "except MissingExtraError as missing:\n    print(missing)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "ProgressBar needs an extra; run: pip install 'cronkit[cli]'\n"
