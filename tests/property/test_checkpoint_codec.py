"""Law: what the codec accepts comes back equal and of the same types; what it reads never runs code."""

from __future__ import annotations

import contextlib
import json
from datetime import timedelta, timezone
from zoneinfo import ZoneInfo

import attrs
from hypothesis import given
from hypothesis import strategies as st

from cronkit._files._framing import DamagedError
from cronkit.checkpoints._codec import Codec
from cronkit.checkpoints._tagged import register


@attrs.frozen
class Pair:
    left: object
    right: object


CODEC = Codec(register((Pair,)), limit=10_000_000)

ZONES = st.none() | st.sampled_from(
    [ZoneInfo("UTC"), ZoneInfo("Europe/Paris"), ZoneInfo("Australia/Lord_Howe")]
) | st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))  # fmt: skip
ATOMS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec=None))
    | st.binary()
    | st.dates()
    | st.times()
    | st.timedeltas()
    | st.datetimes(timezones=ZONES, allow_imaginary=True)
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.uuids()
)
HASHABLE = st.recursive(
    ATOMS, lambda inner: st.frozensets(inner, max_size=3) | st.tuples(inner, inner), max_leaves=4
)
VALUES = st.recursive(
    ATOMS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=5), inner, max_size=4)
        | st.dictionaries(HASHABLE, inner, max_size=4)
        | st.sets(HASHABLE, max_size=4)
        | st.builds(Pair, inner, inner)
    ),
    max_leaves=20,
)
STATES = st.dictionaries(st.text(), VALUES, max_size=5)


def shape(value: object) -> object:
    """The value with every type written out, so that 1, True and 1.0 differ."""
    kind = type(value).__name__
    if isinstance(value, dict):
        return kind, [(shape(key), shape(each)) for key, each in value.items()]
    if isinstance(value, (list, tuple)):
        return kind, [shape(each) for each in value]
    if isinstance(value, (set, frozenset)):
        return kind, sorted((shape(each) for each in value), key=repr)
    if isinstance(value, Pair):
        return kind, shape(value.left), shape(value.right)
    return kind, repr(value)


@given(STATES)
def test_every_state_comes_back_with_all_its_types(state):
    assert shape(CODEC.load(CODEC.dump(state))) == shape(state)


@given(STATES)
def test_a_state_is_written_as_json_that_any_reader_can_read(state):
    json.loads(CODEC.dump(state).decode())


JSONS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.text(max_size=5)
            | st.sampled_from(
                ["$class", "$date", "$datetime", "$decimal", "$dict", "$set", "$tuple", "$uuid"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=15,
)


@given(st.dictionaries(st.text(max_size=3), JSONS, max_size=3))
def test_any_json_is_either_read_or_refused(document):
    with contextlib.suppress(DamagedError):
        CODEC.load(json.dumps(document).encode())


@given(st.binary(max_size=200))
def test_any_bytes_are_either_read_or_refused(data):
    with contextlib.suppress(DamagedError):
        CODEC.load(data)
