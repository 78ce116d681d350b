"""A state comes back with every type it had, or is refused with the path before a byte is written."""

from __future__ import annotations

import enum
import json
import sys
from collections import OrderedDict
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import attrs
import pytest

from cronkit._files._framing import DamagedError
from cronkit.checkpoints._codec import Codec
from cronkit.checkpoints._tagged import DEEPEST, register
from cronkit.errors import PolicyError, StateNotSerializableError

PARIS = ZoneInfo("Europe/Paris")


@attrs.frozen
class Movie:
    title: str
    year: int = 1999
    _secret: tuple[int, ...] = ()


@attrs.define(kw_only=True)
class Shelf:
    movies: list[Movie]
    made: datetime


class Color(enum.Enum):
    RED = 1


class Level(enum.IntEnum):
    LOW = 1


class Word(str):
    __slots__ = ()


class OddZone(tzinfo):
    def utcoffset(self, when):
        return timedelta(hours=1)


class Point(NamedTuple):
    x: int


CODEC = Codec(register((Movie, Shelf)), limit=1_000_000)

VALUES = [
    None, True, False, 0, -1, 2**63, -(2**80), 1.5, -0.0, 5e-324, 1.7976931348623157e308,
    "", "é", "\ud800", '\x00\n"\\', "$", "$date", [], {}, [1, [2, [3]]], {"a": {"b": None}},
    (), (1, "a"), (1, (2, [3])), set(), {1, "a", None}, frozenset({(1, 2)}), b"", bytes(range(256)),
    {1: "a", 2: "b"}, {False: 1}, {None: 1, 1.5: 2, (1, 2): 3}, {"$date": "not a date"}, {"$dict": []},
    {"$": 1, "a": 2}, {datetime(2026, 1, 1, tzinfo=UTC): {1}},
    date(2026, 3, 29), time(2, 30, 0, 1), timedelta(days=-1, seconds=5, microseconds=7),
    datetime(2026, 3, 29, 2, 30), datetime(2026, 3, 29, 2, 30, tzinfo=UTC),
    datetime(2026, 10, 25, 2, 30, tzinfo=PARIS), datetime(2026, 10, 25, 2, 30, tzinfo=PARIS, fold=1),
    datetime(2026, 3, 29, 2, 30, tzinfo=PARIS, fold=1), datetime(9999, 12, 31, 23, 59, 59, 999_999), datetime(1, 1, 1),
    datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=-3, seconds=7))),
    Decimal("1.10"), Decimal("-0"), Decimal("1E+400"), UUID(int=7),
    Movie("Heat", 1995, (1, 2)), Shelf(movies=[Movie("Alien")], made=datetime(2026, 1, 1, tzinfo=UTC)),
]  # fmt: skip


def same(left: object, right: object) -> bool:
    """Equal, and of the same types all the way down; `1 == True == 1.0` would hide a loss."""
    if type(left) is not type(right):
        return False
    if isinstance(left, datetime):
        return (left, left.tzinfo, left.fold) == (right, right.tzinfo, right.fold)
    if isinstance(left, dict):
        return len(left) == len(right) and all(
            same(a, b) for a, b in zip(left.items(), right.items(), strict=True)
        )
    if isinstance(left, (list, tuple)):
        return len(left) == len(right) and all(map(same, left, right))
    return repr(left) == repr(right) if isinstance(left, float) else left == right


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_every_value_comes_back_with_its_type(value):
    state = {"value": value}
    assert same(CODEC.load(CODEC.dump(state)), state)


def test_plain_states_are_plain_json():
    state = {"rows": [{"id": 1, "title": "é", "rating": 7.5, "seen": None}]}
    assert json.loads(CODEC.dump(state)) == state


def test_equal_sets_give_equal_bytes():
    assert CODEC.dump({"s": set("abcdef")}) == CODEC.dump({"s": set("fedcba")})


@pytest.mark.parametrize(
    ("state", "path", "reason"),
    [
        ({"f": print}, "state['f']", "convert it"),
        ({"rows": [1, {"x": object()}]}, "state['rows'][1]['x']", "convert it"),
        ({"n": float("nan")}, "state['n']", "JSON has no nan"),
        ({"n": [1.0, float("-inf")]}, "state['n'][1]", "JSON has no -inf"),
        ({"n": (float("nan"),)}, "state['n'][0]", "JSON has no nan"),
        ({"d": Decimal("NaN")}, "state['d']", "does not equal itself"),
        ({"c": 1j}, "state['c']", "convert it"),
        ({"e": Color.RED}, "state['e']", "convert it"),
        ({"e": Level.LOW}, "state['e']", "come back as int"),
        ({"w": Word("x")}, "state['w']", "come back as str"),
        ({"p": Point(1)}, "state['p']", "come back as tuple"),
        ({"o": OrderedDict()}, "state['o']", "come back as dict"),
        ({"b": bytearray(b"x")}, "state['b']", "convert it"),
        ({"t": time(1, tzinfo=UTC)}, "state['t']", "no meaning without its day"),
        ({"z": datetime(2026, 1, 1, tzinfo=OddZone())}, "state['z']", "its zone"),
        ({Word("k"): 1}, "the key 'k' of state", "come back as str"),
        ({(print,): 1}, "the key", "convert it"),
        ({"big": 1 << 20_000}, "state['big']", "more than 14000 bits"),
        ({"big": {10**5000: 1}}, "the key <int> of state['big']", "more than 14000 bits"),
        ({"c": register}, "state['c']", "convert it"),
    ],
)
def test_a_value_without_a_safe_form_is_refused_with_its_path(state, path, reason):
    with pytest.raises(StateNotSerializableError, match=reason) as caught:
        CODEC.dump(state)
    assert caught.value.path.startswith(path)


def test_an_attrs_class_that_is_not_registered_is_refused_with_what_to_do():
    with pytest.raises(StateNotSerializableError, match=r"CheckpointManager\(classes="):
        Codec({}, 100).dump({"m": Movie("Heat")})


def test_a_state_that_holds_itself_is_refused():
    state: dict[str, object] = {}
    state["me"] = state
    with pytest.raises(StateNotSerializableError, match="deeper than 100"):
        CODEC.dump(state)


def test_containers_may_lie_as_deep_as_is_said_and_no_deeper():
    state: dict[str, object] = {}
    for _ in range(DEEPEST - 1):
        state = {"d": state}
    assert CODEC.load(CODEC.dump(state)) == state
    with pytest.raises(StateNotSerializableError, match="deeper than 100"):
        CODEC.dump({"d": {"d": state}})


def test_a_state_larger_than_allowed_is_refused_and_one_just_as_large_is_not():
    codec = Codec({}, limit=len(b'{"t":"12345"}'))
    assert codec.dump({"t": "12345"})
    with pytest.raises(StateNotSerializableError, match="max_state_bytes=13"):
        codec.dump({"t": "123456"})


def test_text_that_orjson_refuses_is_written_all_the_same():
    assert CODEC.load(CODEC.dump({"t": "\ud800", "n": 2**100})) == {"t": "\ud800", "n": 2**100}


@pytest.mark.parametrize("in_c", [True, False])
def test_without_orjson_the_same_state_comes_back(monkeypatch, in_c):
    monkeypatch.setitem(sys.modules, "orjson", None)
    if not in_c:
        monkeypatch.setattr(json.encoder, "c_make_encoder", None)
    codec = Codec(register((Movie, Shelf)), 1_000_000)
    for value in VALUES:
        assert same(codec.load(CODEC.dump({"v": value})), {"v": value})
        assert same(CODEC.load(codec.dump({"v": value})), {"v": value})


@pytest.mark.parametrize("state", [{"n": float("inf")}, {"n": [{"x": float("nan")}]}])
def test_without_orjson_too_a_number_that_json_has_not_is_refused(monkeypatch, state):
    monkeypatch.setitem(sys.modules, "orjson", None)
    with pytest.raises(StateNotSerializableError, match="JSON has no"):
        Codec({}, 1_000).dump(state)


def test_without_orjson_too_a_circle_is_refused(monkeypatch):
    monkeypatch.setitem(sys.modules, "orjson", None)
    circle = {"a": [1]}
    circle["a"].append(circle)
    with pytest.raises(StateNotSerializableError, match="deeper than 100"):
        Codec({}, 1_000).dump(circle)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "is not JSON"),
        (b"[1]", "is no dict"),
        (b'{"a": NaN}', "holds NaN"),
        (b'{"a": -Infinity}', "holds -Infinity"),
        (b'{"a": {"$object": "os.system"}}', "unknown tag '\\$object'"),
        (b'{"a": {"$class": ["os.system", {"command": "true"}]}}', "'os.system', which is not"),
        (b'{"a": {"$class": ["subprocess.Popen", {"args": []}]}}', "which is not registered"),
        (b'{"a": {"$class": ["Movie", {"nope": 1}]}}', "migration"),
        (b'{"a": {"$class": ["Movie"]}}', "\\$class that is none"),
        (b'{"a": {"$class": [["Movie"], {}]}}', "which is not registered"),
        (b'{"a": {"$date": "soon"}}', "holds a \\$date that is none"),
        (b'{"a": {"$date": 7}}', "holds a \\$date that is none"),
        (b'{"a": {"$set": [[1]]}}', "holds a \\$set that is none"),
        (b'{"a": {"$set": "abc"}}', "holds a \\$set that is none"),
        (b'{"a": {"$dict": [[1]]}}', "holds a \\$dict that is none"),
        (b'{"a": {"$decimal": "x"}}', "holds a \\$decimal that is none"),
        (b'{"a": {"$bytes": "%%%"}}', "holds a \\$bytes that is none"),
        (b'{"a": {"$timedelta": [999999999999, 0, 0]}}', "holds a \\$timedelta that is none"),
        (b'{"a": {"$datetime": ["2026-01-01T00:00:00", "Nowhere/At_All", 0]}}', "Nowhere/At_All"),
        (b'{"a": {"$datetime": ["2026-01-01T00:00:00", "../../etc/passwd", 0]}}', "passwd"),
        (b'{"a": {"$date": "2026-01-01", "b": 1}}', "tag beside other keys"),
        (b'{"$class": ["Movie", {"title": "x"}]}', "is no dict"),
        (b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "is not JSON"),
        (b'{"a": ' + b"9" * 5_000 + b"}", "is not JSON"),
        (b'{"a": "\xff"}', "is not JSON"),
    ],
)
def test_data_that_was_not_written_here_is_refused(data, reason):
    with pytest.raises(DamagedError, match=reason):
        CODEC.load(data)


def test_a_migration_reads_instances_as_the_dicts_of_their_fields():
    data = CODEC.dump({"m": Movie("Heat"), "when": date(2026, 1, 1)})
    assert CODEC.load(data, plain=True) == {
        "m": {"title": "Heat", "year": 1999, "secret": ()},
        "when": date(2026, 1, 1),
    }


@pytest.mark.parametrize(
    ("classes", "allowed"),
    [
        ((int,), "attrs classes"),
        (("Movie",), "attrs classes"),
        ({"a b": Movie}, "letters"),
        ((Movie, attrs.make_class("Movie", ["x"])), "one class a name"),
        ((attrs.make_class("Late", {"x": attrs.field(init=False)}),), "every field is an argument"),
    ],
)
def test_what_cannot_be_registered_is_refused(classes, allowed):
    with pytest.raises(PolicyError, match=allowed):
        register(classes)


@pytest.mark.parametrize("key", [1, "m17", ("a", 1), UUID(int=1), date(2026, 1, 1), None, b"x"])
def test_the_key_of_an_item_comes_back_with_its_type(key):
    assert same(CODEC.read_key(json.loads(json.dumps(CODEC.write_key(key)))), key)


@pytest.mark.parametrize("key", [print, 1.0 * float("inf"), "x" * 1_100])
def test_a_key_that_cannot_be_kept_is_refused(key):
    with pytest.raises(StateNotSerializableError, match="key"):
        CODEC.write_key(key)
