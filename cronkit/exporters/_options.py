"""The options of the formats, by name, as `ExportDirectory.rotating` takes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence  # noqa: TC003 -- asked for at run time
from typing import Any, TypedDict


class FormatOptions(TypedDict, total=False):
    """What a format can be told; each format takes some of these, see its own class."""

    envelope: Mapping[str, Any] | Callable[[], Mapping[str, Any]] | None
    items_key: str | None
    columns: Sequence[str] | None
    header: bool
    delimiter: str
    escape_formulas: bool
    title: str | None
    line: Callable[[Any], str] | None
    group: Callable[[Any], object] | None
