"""Ctrl-C at a chosen line of a function."""

from __future__ import annotations

import sys
from contextlib import contextmanager


def lines_of(code):
    """Return the lines of a function's body at which Ctrl-C may come."""
    return sorted({line for _, _, line in code.co_lines() if line} - {code.co_firstlineno})


@contextmanager
def interrupted_at(code, line, *, time=1):
    """Have Ctrl-C come when a line is reached for the first time, or a later one, and go on."""
    passed = []

    def trace(frame, event, _argument):
        if event == "line" and frame.f_lineno == line:
            passed.append(line)
            if len(passed) == time:
                raise KeyboardInterrupt
        return trace

    sys.settrace(lambda frame, _event, _argument: trace if frame.f_code is code else None)
    try:
        yield
    except KeyboardInterrupt:
        pass
    finally:
        sys.settrace(None)
