"""`H`: a value that the seed decides, the same on every host and in every process.

It rewrites the words of an expression before they are read and knows nothing else of the grammar.
The hash is SHA-256, because Python's own differs from process to process.
"""

from __future__ import annotations

from hashlib import sha256

from cronkit.cron._fields import DAY, FIELDS, YEAR, number
from cronkit.cron._refusal import Refusal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cronkit.cron._fields import Field

LAST_SAFE_DAY = 28
"""Every month has it, so a job with ``H`` for its day never misses a month."""


def resolve(words: list[str], seed: str | None) -> list[str]:
    """Return `words` with each ``H`` replaced by what `seed` decides.

    ``H`` becomes one value of the field, ``H(0-29)`` one of the range, ``H/15`` every 15th value
    from a first one below 15, ``H(0-29)/10`` the same within the range.

    Raises:
        Refusal: there is an ``H`` and no seed, or its range or step cannot be read.
    """
    fields = FIELDS[1:6] if len(words) == 5 else FIELDS  # noqa: PLR2004 -- no seconds field
    digest = sha256((seed or "").encode()).digest()
    result = []
    for word, of in zip(words, fields, strict=False):
        at = 4 * FIELDS.index(of)
        drawn = int.from_bytes(digest[at : at + 4], "big")
        result.append(
            ",".join(
                _item(item, of, drawn, seed) if item.startswith("H") else item
                for item in word.split(",")
            )
        )
    return result + words[len(fields) :]


def _item(text: str, of: Field, drawn: int, seed: str | None) -> str:
    """Read ``"H" ["(" low "-" high ")"] ["/" step]``."""
    if seed is None or of is YEAR:
        raise Refusal(of, text)
    base, slash, count = text.partition("/")
    low, high = _bounds(base, of, text)
    if not slash:
        return str(low + drawn % (high - low + 1))
    step = number(count)
    if not step:
        raise Refusal(of, text)
    return f"{low + drawn % min(step, high - low + 1)}-{high}/{step}"


def _bounds(base: str, of: Field, text: str) -> tuple[int, int]:
    most = LAST_SAFE_DAY if of is DAY else of.low + of.size - 1
    if base == "H":
        return of.low, most
    if base.startswith("H(") and base.endswith(")"):
        first, dash, last = base[2:-1].partition("-")
        low, high = of.value(first), of.value(last)
        if dash and low is not None and high is not None and low <= min(high, most):
            return low, min(high, most)
    raise Refusal(of, text)
