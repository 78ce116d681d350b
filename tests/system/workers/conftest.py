"""Workers in other processes find the functions of these tests by name."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from types import ModuleType

HERE = str(Path(__file__).parent)


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module of the functions, importable here and in every process started from here."""
    monkeypatch.syspath_prepend(HERE)
    paths = [HERE, *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(each for each in paths if each))
    import cronkit_worker_jobs

    assert "cronkit_worker_jobs" in sys.modules
    return cronkit_worker_jobs
