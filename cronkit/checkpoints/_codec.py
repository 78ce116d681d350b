"""A state as bytes and back: JSON, tagged only where plain JSON would lose a type.

Most states are plain, and large ones nearly always; they go to the C encoder as they are, after a
look at the types of all their values that costs half of the encoding. Everything else is first
written as tagged JSON.
"""

from __future__ import annotations

import json
import math
from itertools import chain
from typing import TYPE_CHECKING, Any, cast

from cronkit._files._framing import DamagedError
from cronkit.checkpoints._tagged import DEEPEST, Tags
from cronkit.errors import StateNotSerializableError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cronkit.checkpoints._records import JSON

    Encode = Callable[[object], bytes]

_PLAIN = frozenset({str, int, float, bool, type(None), dict, list})
_CONTAINERS = frozenset({dict, list})
_TEXT = {str}
_DICT = {dict}
_CHUNK = 512  # what lies together in a chunk is still in the processor's cache at its next use
_LONGEST_KEY = 1024


class Codec:
    """Turns states into bytes and back.

    Args:
        classes: the attrs classes that a state may hold, by name.
        limit: bytes; a larger state is refused.
    """

    __slots__ = ("_encode", "_tags", "limit")

    def __init__(self, classes: Mapping[str, type[object]], limit: int) -> None:
        self._tags = Tags(classes)
        self._encode = _encoder()
        self.limit = limit

    def dump(self, state: dict[str, Any]) -> bytes:
        """Return `state` as bytes.

        Raises:
            StateNotSerializableError: a value has no safe form, or the whole is too large.

        Example:
            >>> Codec({}, 1000).dump({"ids": [1, 2], "seen": {3}})
            b'{"ids":[1,2],"seen":{"$set":[3]}}'
        """
        data = self._dump_plain(state) if _is_plain(state) else None
        if data is None:
            data = _json(self._tags.write(state, "state"))
        if len(data) > self.limit:
            raise StateNotSerializableError(
                "state", "dict", f"it has {len(data)} bytes, more than max_state_bytes={self.limit}"
            )
        return data

    def _dump_plain(self, state: dict[str, Any]) -> bytes | None:
        try:
            return self._encode(state)
        except (ValueError, TypeError, RecursionError):
            # Out of the encoder's range: the tagged way names the path, or finds another form.
            return None

    def load(self, data: bytes, *, plain: bool = False) -> dict[str, Any]:
        """Return the state that `dump` wrote.

        Args:
            data: what was written.
            plain: give instances of registered classes as the dicts of their fields.

        Raises:
            DamagedError: it is not what `dump` writes.
        """
        # Only a tag has a quote and a dollar sign in a row; without one no hook need be called.
        hook = (self._tags.read_plain if plain else self._tags.read) if b'"$' in data else None
        try:
            state = json.loads(data, object_hook=hook, parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            reason = error.reason if isinstance(error, DamagedError) else "is not JSON"
            raise DamagedError(f"its state {reason}") from None
        if not isinstance(state, dict):
            raise DamagedError("its state is no dict")
        return state

    def write_key(self, value: object, name: str = "key") -> JSON:
        """Return the key of an item as tagged JSON.

        Args:
            value: the key.
            name: what an error calls it.

        Raises:
            StateNotSerializableError: it has no safe form, or is longer than 1,024 characters.
        """
        node = self._tags.write(value, name)
        if len(json.dumps(node)) > _LONGEST_KEY:
            raise StateNotSerializableError(
                name, type(value).__name__, f"it has more than {_LONGEST_KEY} characters"
            )
        return node

    def read_key(self, node: JSON) -> object:
        """Return the key that `write_key` wrote.

        Raises:
            DamagedError: it is not what `write_key` writes.
        """
        return json.loads(json.dumps(node), object_hook=self._tags.read)


def _is_plain(state: dict[str, Any]) -> bool:
    """Return whether JSON holds `state` without a loss: exact types, text keys, finite floats.

    It looks at many values with each call into C and keeps no order, as none is needed.
    """
    todo: list[tuple[list[object], int]] = [([state], 0)]
    while todo:
        values, depth = todo.pop()
        kinds = set(map(type, values))
        if depth > DEEPEST or not kinds <= _PLAIN:
            return False
        if float in kinds and not _are_finite(values):
            return False
        if kinds.isdisjoint(_CONTAINERS):
            continue
        if kinds == _DICT:
            dicts = cast("list[dict[object, object]]", values)
        else:
            dicts = [each for each in values if type(each) is dict]
        for start in range(0, len(dicts), _CHUNK):
            chunk = dicts[start : start + _CHUNK]
            if not _have_plain_keys(chunk):
                return False
            todo.append(([*chain.from_iterable(map(dict.values, chunk))], depth + 1))
        if list in kinds:
            lists = (each for each in values if type(each) is list)
            todo.append(([*chain.from_iterable(lists)], depth + 1))
    return True


def _are_finite(values: list[object]) -> bool:
    # A sum is finite only if every part is; one that overflows takes the careful way.
    return math.isfinite(sum(each for each in values if type(each) is float))


def _have_plain_keys(dicts: list[dict[object, object]]) -> bool:
    keys = set().union(*dicts)
    if not keys:
        return True
    if set(map(type, keys)) != _TEXT:
        return False
    return not any(key.startswith("$") for key in keys if isinstance(key, str))


def _json(node: object) -> bytes:
    return json.dumps(node, separators=(",", ":"), allow_nan=False).encode()


def _encoder() -> Encode:
    """Return orjson's encoder where the extra is installed: ten times as fast, the same JSON."""
    try:
        import orjson  # noqa: PLC0415 -- an extra
    except ImportError:
        return _c_encoder() or _json
    return orjson.dumps


def _c_encoder() -> Encode | None:
    """Return the standard library's encoder without its search for circles, a sixth of its time.

    What is given to it was looked through before, and no deeper than it may be: there is none.
    """
    make = getattr(json.encoder, "c_make_encoder", None)
    if make is None:
        return None
    quote = json.encoder.encode_basestring_ascii
    encode = make(None, None, quote, None, ":", ",", False, False, False)
    return lambda state: "".join(encode(state, 0)).encode()


def _refuse_constant(name: str) -> object:
    raise DamagedError(f"holds {name}, which is no JSON")
