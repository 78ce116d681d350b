"""Every example in a docstring of the package is executed."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import cronkit
from cronkit.errors import MissingExtraError

# Importing a `__main__` runs the program.
MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(cronkit.__path__, "cronkit.")
    if not module.name.endswith("__main__")
)


@pytest.mark.parametrize("name", ["cronkit", *MODULES])
def test_every_example_in_the_docstrings_of_the_module_runs(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    try:
        module = importlib.import_module(name)
    except MissingExtraError as missing:
        pytest.skip(f"{name} needs the extra {missing.extra}")
    report: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    for test in doctest.DocTestFinder().find(module, globs=vars(module).copy()):
        runner.run(test, out=report.append)
    assert not runner.failures, "".join(report)
