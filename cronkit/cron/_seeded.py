"""`H`: a value that the seed decides, the same on every host and in every process.

It rewrites the words of an expression before they are read and knows nothing else of the grammar.
The hash is SHA-256, because Python's own differs from process to process.
"""

from __future__ import annotations

from hashlib import sha256

from cronkit.cron._fields import FIELDS, number
from cronkit.cron._refusal import Refusal, span

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cronkit.cron._fields import Field


def resolve(words: list[str], seed: str | None) -> list[str]:
    """Return `words` with each ``H`` replaced by what `seed` decides.

    ``H`` becomes one value of the field, ``H(0-29)`` one of the range, ``H/15`` every 15th value
    from a first one below 15, ``H(0-29)/10`` the same within the range.

    Raises:
        Refusal: there is an ``H`` and no seed, or its range or step cannot be read.
    """
    fields = FIELDS[1:6] if len(words) == 5 else FIELDS  # noqa: PLR2004 -- no seconds field
    digest = sha256((seed or "").encode(errors="surrogatepass")).digest()
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
    """Read ``"H" ["(" value "-" value ")"] ["/" step]``."""
    base, slash, count = text.partition("/")
    bounds = span(base, of)
    step = number(count) if slash else 1
    if seed is None or bounds is None or not step:
        raise Refusal(of, text)
    low, high = bounds
    if not slash:
        return str(low + drawn % (high - low + 1))
    return f"{low + drawn % min(step, high - low + 1)}-{high}/{step}"
