"""The front door and the public faces of the folders: sorted, complete, and loaded on first use."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
from importlib import metadata
from pathlib import Path

import pytest

import cronkit

# A folder of `integrations` may need a package that is not here.
FACES = [
    module.name
    for module in pkgutil.walk_packages(cronkit.__path__, "cronkit.")
    if module.ispkg
    and not any(part.startswith("_") for part in module.name.split("."))
    and not module.name.startswith("cronkit.integrations")
]


def names_for_the_type_checker() -> dict[str, str]:
    """Return name -> module of the imports below `if TYPE_CHECKING:` of the front door."""
    tree = ast.parse(inspect.getsource(cronkit))
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    return {
        alias.name: node.module or ""
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def test_the_front_door_lists_its_names_in_order():
    assert cronkit.__all__ == sorted(cronkit.__all__)


def test_the_type_checker_sees_the_names_that_the_program_gets():
    for_checker = names_for_the_type_checker()
    assert sorted(for_checker) == cronkit.__all__
    for name, module in for_checker.items():
        assert getattr(cronkit, name) is getattr(importlib.import_module(module), name), name


@pytest.mark.parametrize("name", cronkit.__all__)
def test_each_name_of_the_front_door_has_a_docstring_of_its_own(name):
    assert inspect.getdoc(getattr(cronkit, name))


def test_an_unknown_name_is_an_attribute_error_as_everywhere():
    with pytest.raises(AttributeError, match="module 'cronkit' has no attribute 'Sheduler'"):
        _ = cronkit.Sheduler


def test_dir_shows_the_names_before_they_are_loaded():
    assert set(cronkit.__all__) <= set(dir(cronkit))


def test_the_version_is_that_of_the_installed_distribution():
    try:
        installed = metadata.version("cronkit")
    except metadata.PackageNotFoundError:
        with pytest.raises(metadata.PackageNotFoundError):
            _ = cronkit.__version__
    else:
        assert cronkit.__version__ == installed


def constants_classes_functions(name: str) -> tuple[bool, bool, str]:
    """The order that the linter keeps in every list of names."""
    return not name.isupper(), not name[0].isupper(), name


@pytest.mark.parametrize("name", FACES)
def test_a_folder_lists_its_names_in_order_and_has_each_of_them(name):
    module = importlib.import_module(name)
    assert module.__doc__
    assert module.__all__ == sorted(module.__all__, key=constants_classes_functions)
    assert [each for each in module.__all__ if not hasattr(module, each)] == []


def imported_modules(path: Path) -> set[str]:
    tree = ast.parse(path.read_text("utf-8"))
    plain = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    return plain | {
        node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)
    }


@pytest.mark.parametrize(
    "path",
    sorted(Path(cronkit.__path__[0], "integrations").rglob("*.py")),
    ids=lambda path: path.stem,
)
def test_an_integration_uses_only_public_modules(path):
    ours = {name for name in imported_modules(path) if name.startswith("cronkit.")}
    inside = "cronkit.integrations."
    private = {
        name
        for name in ours
        if not name.startswith(inside) and any(part.startswith("_") for part in name.split("."))
    }
    assert private == set()
