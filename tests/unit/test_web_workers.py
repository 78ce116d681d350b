"""The warning to web workers that share no store: uwsgi's module is stood in for by one like it.

How it is under a real gunicorn is in `tests/system/test_gunicorn.py`.
"""

from __future__ import annotations

import logging
import sys
from types import SimpleNamespace

import pytest

from cronkit._app import _web_workers
from cronkit.stores import SQLiteStore


@pytest.fixture
def warnings_of(make, caplog, monkeypatch):
    """Start a scheduler as worker `number` of `count`; give the warnings."""
    _web_workers._warned.clear()

    def start(number, count, **options):
        server = SimpleNamespace(worker_id=lambda: number, numproc=count)
        monkeypatch.setitem(sys.modules, "uwsgi", server)
        with caplog.at_level(logging.WARNING, logger="cronkit"), make(**options):
            pass
        return [each.getMessage() for each in caplog.records]

    return start


def test_the_first_of_several_workers_is_warned(warnings_of):
    (told,) = warnings_of(1, 4)
    assert told.startswith("this is one of 4 uwsgi workers, and each of them runs every job")


@pytest.mark.parametrize(
    ("number", "count"),
    [
        (2, 4),  # the first one has been warned
        (0, 4),  # the master, before the fork: its workers have no scheduler at work
        (1, 1),
        ("first", "all"),  # another module of that name
    ],
)
def test_nobody_else_is(warnings_of, number, count):
    assert warnings_of(number, count) == []


def test_one_process_is_warned_once(warnings_of):
    assert len(warnings_of(1, 4)) == 1
    assert len(warnings_of(1, 4)) == 1


def test_who_shares_a_store_is_not_warned(warnings_of, tmp_path):
    assert warnings_of(1, 4, store=SQLiteStore(tmp_path / "state.db")) == []


def test_one_scheduler_a_host_is_not_warned_of(warnings_of, tmp_path):
    assert warnings_of(1, 4, single=tmp_path / "lock") == []
