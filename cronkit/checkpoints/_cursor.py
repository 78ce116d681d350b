"""Where in a source of items an operation stands, and the way back to that place.

An item is known by its key. The cursor keeps the last key and a checksum over all keys, so that a
source that lost, gained or moved an item before that place is found out. It saves nothing.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, TypeVar
from zlib import crc32

from cronkit.errors import ResumeMismatchError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cronkit.checkpoints._codec import Codec
    from cronkit.checkpoints._records import JSON, Record

T = TypeVar("T")
_SHORT = 512


class Cursor:
    """The place of an operation in its source.

    Attributes:
        processed: how many items are done.
        last_item: the key of the last of them, as typed JSON.
        digest: a checksum over all their keys.
    """

    __slots__ = ("_codec", "digest", "last_item", "processed")

    def __init__(self, record: Record, codec: Codec) -> None:
        self._codec = codec
        self.processed = record.processed
        self.last_item: JSON = record.last_item
        self.digest = record.digest

    def key(self, value: object) -> JSON:
        """Return the key of an item as typed JSON.

        Raises:
            StateNotSerializableError: it has no safe form, or is too long.
        """
        if type(value) is int or (type(value) is str and len(value) < _SHORT):
            return value
        return self._codec.write_key(value)

    def advance(self, key: JSON) -> None:
        """Count the item of this key as done."""
        self.processed += 1
        self.last_item = key
        self.digest = _added(self.digest, key)

    def skip(self, items: Iterator[T], key: Callable[[T], object], operation: str) -> None:
        """Move `items` past what is done.

        Raises:
            ResumeMismatchError: they are not the items that were done.
        """
        digest, last = 0, None
        for number in range(self.processed):
            try:
                last = self.key(key(next(items)))
            except StopIteration:
                raise ResumeMismatchError(
                    operation, f"{self.processed} items or more", f"{number} items"
                ) from None
            digest = _added(digest, last)
        if last != self.last_item:
            raise ResumeMismatchError(operation, self.last_item, last)
        if digest != self.digest:
            raise ResumeMismatchError(
                operation,
                f"the keys of the first {self.processed} items as they were",
                "another key among them",
            )


def _added(digest: int, key: JSON) -> int:
    if type(key) is int:
        return crc32(b"i%d;" % key, digest)
    if type(key) is str:
        return crc32(b"s%b;" % key.encode("utf-8", "surrogatepass"), digest)
    return crc32(json.dumps(key).encode(), digest)
