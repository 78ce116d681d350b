"""Every example in README and docs is executed; a block that no rule covers fails.

The rules, by the word after the fence:

- ``python``: runs, in order, in one namespace a document; a ``test_`` function is called. A block
  inside an HTML comment that begins with ``python`` runs too: it sets up what the reader is told
  in words. A program that ends in ``run_forever()`` gets a real SIGTERM as soon as it has started.
- ``pycon``: runs in the same namespace and gives the output shown.
- ``console``: each ``$ command`` of cronkit runs and gives the output shown; each installation
  names the package and extras that exist; every other command is one that ``.ci/run`` runs.
- ``toml``, ``json``: can be read.
- ``text``: a drawing or an output, nothing to run.
"""

from __future__ import annotations

import ast
import doctest
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import tomllib
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from markdown_it import MarkdownIt
from packaging.requirements import Requirement

from cronkit.errors import MissingExtraError
from tests.benchmarks.__main__ import SUITES

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(
    [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *ROOT.glob("examples/**/*.md")]
)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
CI = (ROOT / ".ci" / "run").read_text("utf-8")
# .ci/run takes the commands of the README that name .venv from the README itself.
SET_UP = re.findall(r"^\$ (.*\.venv.*)", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE)

# Examples run in a folder of their own, and find what this run of the tests finds.
PATH = [str(Path(each).absolute()) for each in sys.path]
# Directives of MyST; what they pull in (docstrings, the changelog) is tested where it stands.
DIRECTIVES = {"{eval-rst}", "{include}", "{toctree}"}


class Block(NamedTuple):
    document: Path
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.document.relative_to(ROOT)}:{self.line}"


def blocks(document: Path) -> Iterator[Block]:
    """Give the blocks of a document in order; an indented block has the language ``indented``."""
    for token in MarkdownIt().parse(document.read_text("utf-8")):
        line = token.map[0] + 1 if token.map else 0
        if token.type == "fence":
            yield Block(document, line, token.info.strip().split(" ")[0], token.content)
        elif token.type == "code_block":
            yield Block(document, line, "indented", token.content)
        elif token.type == "html_block" and token.content.startswith("<!-- python\n"):
            code = token.content.removeprefix("<!-- python\n").rsplit("-->", 1)[0]
            yield Block(document, line, "python", code)


def run_python(block: Block, namespace: dict[str, object]) -> None:
    """Run the block as if it were its document, so that a traceback names the line."""
    tree = ast.parse(block.text, filename=str(block.document))
    ast.increment_lineno(tree, block.line)
    for statement in tree.body:
        code = compile(ast.Module([statement], []), str(block.document), "exec", dont_inherit=True)
        if ast.unparse(statement).endswith(".run_forever()"):
            with told_to_stop_when_started(namespace):
                exec(code, namespace)
        else:
            exec(code, namespace)
        if isinstance(statement, ast.FunctionDef) and statement.name.startswith("test_"):
            exec(f"{statement.name}()", namespace)


@contextmanager
def told_to_stop_when_started(namespace: dict[str, object]) -> Iterator[None]:
    """Send the process a SIGTERM, as a service manager would, once a scheduler has started."""
    from cronkit import Scheduler
    from cronkit.jobs import SchedulerStarted

    def stop(_event: object) -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    schedulers = [each for each in namespace.values() if isinstance(each, Scheduler)]
    for scheduler in schedulers:
        scheduler.on(SchedulerStarted)(stop)
    yield
    for scheduler in schedulers:
        scheduler.hooks.remove(stop)


def run_pycon(block: Block, namespace: dict[str, object]) -> None:
    name = str(block.document)
    test = doctest.DocTestParser().get_doctest(block.text, namespace, name, name, block.line)
    report: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    runner.run(test, out=report.append, clear_globs=False)
    namespace.update(test.globs)
    assert test.examples, f"{block}: a pycon block needs >>>"
    assert not runner.failures, "".join(report)


def run_console(block: Block) -> None:
    """Run each command; its output is what stands below it, `...` for what may differ."""
    commands = re.split(r"^\$ ", block.text, flags=re.MULTILINE)
    assert not commands[0], f"{block}: a console block begins with a command ($ ...)"
    for entry in commands[1:]:
        command, _, expected = entry.partition("\n")
        words = shlex.split(command)
        if words[:3] == ["python", "-m", "cronkit"] or words[:1] == ["cronkit"]:
            arguments = words[3:] if words[0] == "python" else words[1:]
            check_output(block, arguments, expected)
        elif words[:3] == ["python", "-m", "tests.benchmarks"]:
            assert words[3] in SUITES, f"{block}: {command}"  # tests/benchmarks runs each of them
        elif words[:3] == ["python", "-m", "tests.benchmarks.durability"]:
            assert set(words[3:]) <= {"--scale", "full"}, f"{block}: {command}"  # tests/system does
        elif words[:2] == ["pip", "install"]:
            check_requirement(block, words[-1])
        else:
            known = any(command in each for each in ("bash .ci/run", CI, *SET_UP))
            assert known, f"{block}: {command!r} is not a command that .ci/run runs"


def check_output(block: Block, arguments: list[str], expected: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "cronkit", *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(PATH)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    got = done.stdout + done.stderr
    same = doctest.OutputChecker().check_output(
        expected, got, doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    )
    assert same or not expected, f"{block}: cronkit {arguments} printed\n{got}"
    assert done.returncode == 0 or expected, f"{block}: exit code {done.returncode}\n{got}"


def check_requirement(block: Block, text: str) -> None:
    requirement = Requirement(text)
    assert requirement.name == PROJECT["name"], f"{block}: {text}"
    assert requirement.extras <= PROJECT["optional-dependencies"].keys(), f"{block}: {text}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_example_of_the_document_runs(document, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, object] = {"__name__": "__main__"}
    for block in blocks(document):
        match block.language:
            case "python":
                try:
                    run_python(block, namespace)
                except MissingExtraError as missing:
                    pytest.skip(f"from {block} on it needs the extra {missing.extra}")
            case "pycon":
                run_pycon(block, namespace)
            case "console":
                run_console(block)
            case "toml":
                assert tomllib.loads(block.text), str(block)
            case "json":
                assert json.loads(block.text), str(block)
            case language if language not in {"text", *DIRECTIVES}:
                pytest.fail(f"{block}: no rule says how to check a {language!r} block")


def links(document: Path) -> Iterator[tuple[str, str]]:
    """Give (text, target) of the links to files of this repository."""
    for text, target in re.findall(r"(?<!!)\[([^\]]+)\]\(([^)\s]+)\)", document.read_text("utf-8")):
        if not re.match(r"[a-z]+:|#", target):
            yield text, target.partition("#")[0]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_to_a_file_leads_to_it_and_a_linked_test_exists(document):
    for text, target in links(document):
        path = document.parent / target
        assert path.exists(), f"{document.name}: {target}"
        if target.endswith(".py") and text.startswith("`test_"):
            assert f"def {text.strip('`')}(" in path.read_text("utf-8"), (
                f"{text} is not in {target}"
            )


def test_the_rules_refuse_a_block_that_they_do_not_know(tmp_path):
    document = tmp_path / "page.md"
    document.write_text(
        "text\n\n    indented\n\n```yaml\na: 1\n```\n\n<!-- python\nx = 1\n-->\n", "utf-8"
    )
    assert [block.language for block in blocks(document)] == ["indented", "yaml", "python"]


def test_code_comes_within_the_first_15_lines_of_the_readme():
    first = next(block for block in blocks(ROOT / "README.md") if block.language == "python")
    assert first.line <= 15
