"""What an import costs a program: fresh interpreters, wall time over an interpreter that does nothing."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
import time
from functools import cache
from typing import TYPE_CHECKING

from tests.benchmarks._measure import Row

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tests.benchmarks._measure import Target


def import_row(name: str, programs: Mapping[str, str], targets: Sequence[Target]) -> Row:
    """Return a row of milliseconds: each program less ``pass``, both started in every round."""
    return Row(
        name,
        "ms",
        {contender: _over_nothing(program) for contender, program in programs.items()},
        targets,
    )


def _over_nothing(program: str) -> Callable[[], float]:
    _start(program)  # writes the bytecode that every later start reads
    return lambda: 1_000 * (_start(program) - _start("pass"))


@cache
def _compiled() -> str:
    """Return where bytecode is kept: an installed package has it, a checkout may not."""
    folder = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, folder)
    return folder


def _start(program: str) -> float:
    begin = time.perf_counter()
    environment = os.environ | {"PYTHONPYCACHEPREFIX": _compiled()}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    subprocess.run([sys.executable, "-c", program], check=True, env=environment)
    return time.perf_counter() - begin
