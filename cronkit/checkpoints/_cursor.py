"""Where in a source of items an operation stands, and the way back to that place.

An item is known by its key. A place holds the last key and a checksum over all keys, so that a
source that lost, gained or moved an item before that place is found out. Nothing is saved here.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple, TypeVar
from zlib import crc32

from cronkit.errors import ResumeMismatchError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cronkit.checkpoints._codec import Codec
    from cronkit.checkpoints._records import JSON, Record

T = TypeVar("T")
MOST_ITEMS = 1 << 62
"""More than anybody counts; a number beyond it is a mistake."""

_SHORT = 512


class Place(NamedTuple):
    """Behind which item an operation stands.

    Attributes:
        processed: how many items are done.
        last_item: the key of the last of them, as typed JSON.
        digest: a checksum over all their keys.
    """

    processed: int
    last_item: JSON
    digest: int

    def after(self, key: JSON) -> Place:
        """Return the place behind the item of this key."""
        return Place(self.processed + 1, key, _added(self.digest, key))


class Cursor:
    """The place of an operation in its source.

    Attributes:
        place: it is replaced in one step, so that an interrupt finds the old one or the new one.
    """

    __slots__ = ("_codec", "place")

    def __init__(self, record: Record, codec: Codec) -> None:
        self._codec = codec
        self.place = Place(record.processed, record.last_item, record.digest)

    def key(self, value: object, name: str = "key") -> JSON:
        """Return the key of an item as typed JSON.

        Raises:
            StateNotSerializableError: it has no safe form, or is too long.
        """
        if type(value) is str and len(value) < _SHORT:
            return value
        if type(value) is int and value.bit_length() < _SHORT:
            return value
        return self._codec.write_key(value, name)

    def skip(self, items: Iterator[T], key: Callable[[T], object], operation: str) -> None:
        """Move `items` past what is done.

        Raises:
            ResumeMismatchError: they are not the items that were done.
        """
        digest, last = 0, None
        processed, last_item, saved_digest = self.place
        for number in range(processed):
            try:
                last = self.key(key(next(items)))
            except StopIteration:
                raise ResumeMismatchError(
                    operation, f"{processed} items or more", f"{number} items"
                ) from None
            digest = _added(digest, last)
        if last != last_item:
            raise ResumeMismatchError(operation, last_item, last)
        if digest != saved_digest:
            raise ResumeMismatchError(
                operation,
                f"the keys of the first {processed} items as they were",
                "another key among them",
            )


def _added(digest: int, key: JSON) -> int:
    if type(key) is int:
        return crc32(b"i%d;" % key, digest)
    if type(key) is str:
        return crc32(b"s%b;" % key.encode("utf-8", "surrogatepass"), digest)
    return crc32(json.dumps(key).encode(), digest)
