"""SIGTERM in a process whose application has a handler for it: that handler always hears of it."""

from __future__ import annotations

import signal
import threading

import pytest

from cronkit.checkpoints._stopping import StopSignal


@pytest.fixture
def heard():
    """What the application's handler has heard."""
    calls = []
    before = signal.signal(signal.SIGTERM, lambda number, _: calls.append(number))
    yield calls
    signal.signal(signal.SIGTERM, before)


def test_inside_the_block_it_is_remembered_too(heard):
    with StopSignal() as stop:
        signal.raise_signal(signal.SIGTERM)
        assert stop.requested
        stop.pass_on()
        assert not stop.requested
    signal.raise_signal(signal.SIGTERM)
    assert heard == [signal.SIGTERM] * 2
    assert not stop.requested


def test_of_two_blocks_each_remembers_it(heard):
    with StopSignal() as outer, StopSignal() as inner:
        signal.raise_signal(signal.SIGTERM)
        assert outer.requested
        assert inner.requested
    assert heard == [signal.SIGTERM]


def test_blocks_that_end_in_another_order_keep_nothing_back(heard):
    first, second = StopSignal(), StopSignal()
    first.__enter__()
    second.__enter__()
    first.end()
    signal.raise_signal(signal.SIGTERM)
    assert (first.requested, second.requested) == (False, True)
    second.end()
    signal.raise_signal(signal.SIGTERM)
    assert heard == [signal.SIGTERM] * 2
    assert (first.requested, second.requested) == (False, False)


def test_whoever_takes_the_signal_inside_the_block_keeps_it(heard):
    with StopSignal():
        mine = signal.getsignal(signal.SIGTERM)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
    assert mine is not signal.SIG_IGN


def test_a_signal_that_is_ignored_stays_ignored(heard):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with StopSignal() as stop:
        signal.raise_signal(signal.SIGTERM)
    assert not stop.requested
    assert heard == []


def test_in_another_thread_it_does_nothing(heard):
    before = signal.getsignal(signal.SIGTERM)
    during = []

    def work():
        with StopSignal():
            during.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert during == [before]
