"""JSON, with an envelope around the rows, and JSON Lines; both one row a line, streamed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import attrs

from cronkit.errors import ExportError, PolicyError
from cronkit.exporters._formats import encoded, plain, text_encoder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cronkit.exporters._formats import JSON

Envelope = Mapping[str, Any] | Callable[[], Mapping[str, Any]]


def _checked_envelope(value: Envelope | None) -> Envelope | None:
    if value is None or isinstance(value, Mapping) or callable(value):
        return value
    raise PolicyError("envelope", value, "a dict, or a function that returns one")


def _checked_key(value: str | None) -> str | None:
    if value is None or isinstance(value, str):
        return value
    raise PolicyError("items_key", value, "text")


@attrs.frozen(kw_only=True)
class Json:
    """One JSON document: a list of rows, alone or in an envelope.

    Args:
        envelope: what stands beside the rows, or a function that is asked for it at the start of
            each file.
        items_key: the key of the rows in the envelope; with an envelope, ``"items"`` unless given.

    Example:
        >>> writer = Json(envelope={"total_albums": 1}, items_key="albums").writer()
        >>> document = writer.head() + writer.rows([{"title": "Blue"}]) + writer.tail()
        >>> json.loads(document)
        {'total_albums': 1, 'albums': [{'title': 'Blue'}]}
    """

    extension = "json"
    resumable = True

    envelope: Envelope | None = attrs.field(default=None, converter=_checked_envelope)
    items_key: str | None = attrs.field(default=None, converter=_checked_key)

    def writer(self, state: Mapping[str, JSON] | None = None) -> JsonWriter:
        """Return the writer of a file."""
        return JsonWriter(self, has_rows=bool(state and state.get("has_rows")))


class JsonWriter:
    """Writes one JSON document."""

    __slots__ = ("_encode", "_format", "_has_rows")

    def __init__(self, format_: Json, *, has_rows: bool) -> None:
        self._encode = text_encoder()
        self._format = format_
        self._has_rows = has_rows

    def head(self) -> bytes:
        """Return the envelope, up to the rows."""
        envelope, key = self._format.envelope, self._format.items_key
        if envelope is None and key is None:
            return b"["
        beside = dict(envelope() if callable(envelope) else envelope or {})
        key = "items" if key is None else key
        if key in beside:
            raise ExportError("envelope", f"holds {key!r} itself, which is the key of the rows")
        try:
            opening = json.dumps({**beside, key: []}, default=plain, allow_nan=False, indent=2)
        except (TypeError, ValueError, RecursionError) as error:
            raise ExportError("envelope", f"has no form in JSON: {error}") from None
        return opening.removesuffix("]\n}").encode()

    def rows(self, batch: Sequence[object]) -> bytes:
        """Return the rows, each on a line of its own."""
        first = ",\n" if self._has_rows else "\n"
        self._has_rows = True
        return (first + ",\n".join(encoded(self._encode, batch))).encode(errors="backslashreplace")

    def tail(self) -> bytes:
        """Return what closes the document."""
        closing = "\n]" if self._has_rows else "]"
        bare = self._format.envelope is None and self._format.items_key is None
        return f"{closing}\n".encode() if bare else f"{closing}\n}}\n".encode()

    def state(self) -> Mapping[str, JSON]:
        """Return whether a comma comes before the next row."""
        return {"has_rows": self._has_rows}


@attrs.frozen(kw_only=True)
class JsonLines:
    r"""One JSON value a line, as ``jsonlines.org`` has it.

    Example:
        >>> JsonLines().writer().rows([{"a": 1}, {"a": 2}])
        b'{"a":1}\n{"a":2}\n'
    """

    extension = "jsonl"
    resumable = True

    def writer(self, state: Mapping[str, JSON] | None = None) -> JsonLinesWriter:  # noqa: ARG002 -- nothing to go on from
        """Return the writer of a file."""
        return JsonLinesWriter()


class JsonLinesWriter:
    """Writes one file of JSON Lines."""

    __slots__ = ("_encode",)

    def __init__(self) -> None:
        self._encode = text_encoder()

    def head(self) -> bytes:
        """Return nothing: the first row is the first line."""
        return b""

    def rows(self, batch: Sequence[object]) -> bytes:
        """Return the rows, each on a line of its own."""
        lines = encoded(self._encode, batch)
        lines.append("")
        return "\n".join(lines).encode(errors="backslashreplace")

    def tail(self) -> bytes:
        """Return nothing: the last row is the last line."""
        return b""

    def state(self) -> Mapping[str, JSON]:
        """Return nothing: each line stands for itself."""
        return {}
