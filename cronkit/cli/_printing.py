"""What is printed of names that others chose: one line, and nothing that a terminal obeys."""

from __future__ import annotations


def printable(text: str) -> str:
    r"""Return `text` with line ends and control characters shown as escapes.

    Example:
        >>> printable("été\n\x1b[2J")
        'été\\n\\x1b[2J'
    """
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)
