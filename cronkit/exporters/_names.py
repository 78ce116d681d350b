"""The names of exports: a grammar that sorts by time, read and written. Pure.

A pattern such as ``{name}-{stamp:%Y%m%d-%H%M%S}{seq}.{ext}`` makes names whose order as text is the
order in which they were made: the stamp goes from the year down, and of names with one stamp the
later has the higher number behind it. ``_`` sorts after ``.``, so ``x_001.json`` follows ``x.json``.
"""

from __future__ import annotations

import re
from string import Formatter
from typing import TYPE_CHECKING

import attrs

from cronkit import _convert
from cronkit.errors import PolicyError

if TYPE_CHECKING:
    from datetime import datetime

PATTERN = "{name}-{stamp:%Y%m%d-%H%M%S}{seq}.{ext}"

_FORM = "text with {name}, {stamp:%Y...} and, at its end, {seq}.{ext}, each once"
_WIDTHS = {"%Y": 4, "%m": 2, "%d": 2, "%H": 2, "%M": 2, "%S": 2}
_DIRECTIVE = re.compile("%.?")
_LITERAL = re.compile(r"[A-Za-z0-9._ -]*", re.ASCII)
_SUFFIX = r"(?:\.gz|\.zst)?"
_MOST = 999


@attrs.frozen(order=True)
class Stamp:
    """Where a name stands among others of its grammar; a later one is greater.

    Attributes:
        text: the time, as it stands in the name.
        seq: which name of that time it is, from 0.
    """

    text: str
    seq: int


class Grammar:
    """The names of one export.

    Args:
        name: the export's own name.
        extension: of its files, without compression (``"json"``).
        pattern: how a name is built.

    Attributes:
        key: name and extension: what tells this export from the others of its folder. Files of one
            name in two formats are two exports, of which each keeps its newest files.

    Raises:
        PolicyError: a name would not sort by time, or could leave the folder.

    Example:
        >>> from datetime import UTC, datetime
        >>> grammar = Grammar("report", "csv")
        >>> noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
        >>> first = grammar.next(None, noon)
        >>> grammar.write(first, ""), grammar.write(grammar.next(first, noon), ".gz")
        ('report-20260301-120000.csv', 'report-20260301-120000_001.csv.gz')
    """

    __slots__ = ("_extension", "_form", "_stamp_format", "key", "name", "pattern")

    def __init__(self, name: str, extension: str, pattern: str = PATTERN) -> None:
        self.name = _convert.name(name, "name")
        if name.startswith("."):
            raise PolicyError("name", name, "a name that does not begin with '.'")
        self._extension = _convert.name(extension, "extension")
        self.key = f"{name}.{extension}"
        self.pattern = pattern
        self._stamp_format, form = self._read_pattern()
        self._form = re.compile(form, re.ASCII)

    def _read_pattern(self) -> tuple[str, str]:
        """Return the format of the stamp, and the grammar of names as a regular expression."""
        pattern = self.pattern
        if not isinstance(pattern, str) or not pattern.endswith("{seq}.{ext}"):
            raise PolicyError("pattern", pattern, _FORM)
        form, stamp_format, seen = "", "", []
        try:
            parsed = list(Formatter().parse(pattern))
        except ValueError:
            raise PolicyError("pattern", pattern, _FORM) from None
        for literal, field, spec, conversion in parsed:
            if not _LITERAL.fullmatch(literal) or (not form and literal.startswith(".")):
                raise PolicyError("pattern", pattern, "letters, digits, blanks, '.', '_' and '-'")
            form += re.escape(literal)
            seen.append(field)
            if field == "stamp":
                stamp_format = spec or ""
                form += f"(?P<stamp>{self._stamp_form(stamp_format)})"
            elif spec or conversion:
                raise PolicyError("pattern", pattern, _FORM)
            form += {
                "name": re.escape(self.name),
                "seq": r"(?P<seq>(?:_999)*(?:_\d{3})?)",
                "ext": re.escape(self._extension) + _SUFFIX,
            }.get(field or "", "")
        if sorted(map(str, seen)) != ["ext", "name", "seq", "stamp"]:
            raise PolicyError("pattern", pattern, _FORM)
        return stamp_format, form

    def _stamp_form(self, stamp_format: str) -> str:
        directives = _DIRECTIVE.findall(stamp_format)
        if not directives or directives != list(_WIDTHS)[: len(directives)]:
            raise PolicyError("pattern", self.pattern, "a stamp from the year down: %Y%m%d%H%M%S")
        if not _LITERAL.fullmatch(_DIRECTIVE.sub("", stamp_format)):
            raise PolicyError("pattern", self.pattern, "letters, digits, blanks, '.', '_' and '-'")
        return _DIRECTIVE.sub(
            lambda match: rf"\d{{{_WIDTHS[match[0]]}}}", re.escape(stamp_format).replace(r"\%", "%")
        )

    def read(self, file_name: str) -> Stamp | None:
        """Return where a file's name stands; ``None``: it is no name of this export."""
        match = self._form.fullmatch(file_name)
        if match is None:
            return None
        return Stamp(match["stamp"], sum(map(int, match["seq"].split("_")[1:])))

    def next(self, newest: Stamp | None, now: datetime) -> Stamp:
        """Return the place of a new name, always after the newest one.

        Where the clock stands at or before the newest stamp (within one second, after it was set
        back, in a repeated hour), that stamp is kept and its number raised.
        """
        text = format(now, self._stamp_format)
        if newest is None or text > newest.text:
            return Stamp(text, 0)
        return Stamp(newest.text, newest.seq + 1)

    def write(self, stamp: Stamp, suffix: str) -> str:
        """Return the file name of a place, with the suffix of a compression."""
        full, rest = divmod(stamp.seq, _MOST)
        seq = f"_{_MOST}" * full + (f"_{rest:03}" if rest else "")
        return Formatter().vformat(
            re.sub(r"\{stamp:[^}]*\}", "{stamp}", self.pattern),
            (),
            {
                "name": self.name,
                "stamp": stamp.text,
                "seq": seq,
                "ext": self._extension + suffix,
            },
        )
