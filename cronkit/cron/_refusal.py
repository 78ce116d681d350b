"""What is wrong with a text, where, and what was likely meant: the error path of the parser.

Nothing here runs for a good expression. A `Refusal` carries the item that could not be read;
`refused` looks at it again, finds the part at fault, and builds the `CronSyntaxError`.
"""

from __future__ import annotations

from cronkit._convert import nearest
from cronkit.cron._fields import DAY, FIELDS, MACROS, WEEKDAY, YEAR, number
from cronkit.errors import CronSyntaxError, shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cronkit.cron._fields import Field, FieldSets

_COUNTS = "5 fields, 6 (seconds first), 7 (year last), or a macro such as @daily"
_INSTEAD = {
    "@EVERY": 'an interval is not a cron expression; use scheduler.every("90m")',
    "@REBOOT": "to run a job once at the start, call scheduler.run_now(id) after start",
}
_SHOWN = 24
_SHORT = 5
"""The number of fields without seconds."""

LAST_SAFE_DAY = 28
"""The last day that every month has."""

LONGEST = 256
"""The longest text that is looked at, in characters."""


class Refusal(Exception):  # noqa: N818 -- a message from the parser to its `read`, caught there
    """An item that the grammar has no place for.

    Attributes:
        field: the field it stands in; ``None`` if it is the whole expression.
        item: the item, in upper case.
    """

    def __init__(self, field: Field | None, item: str) -> None:
        super().__init__(item)
        self.field = field
        self.item = item


class _Fault:
    """The part of an item that is wrong: where it begins in the item, and why."""

    __slots__ = ("at", "hint", "part", "reason")

    def __init__(self, part: str, at: int, reason: str, hint: str | None = None) -> None:
        self.part = part
        self.at = at
        self.reason = reason
        self.hint = hint


def refused(text: str, refusal: Refusal) -> CronSyntaxError:
    """Return the error for `refusal`, with the position of the fault in `text`."""
    if refusal.field is None or text.lstrip().startswith("@"):
        return _whole(text)
    start = _position(text, refusal.field, refusal.item)
    fault = _fault(text[start : start + len(refusal.item)], refusal.field)
    first = start + fault.at
    span = first, first + len(fault.part)
    return CronSyntaxError(
        fault.reason,
        expression=text,
        field=refusal.field.name,
        value=text[slice(*span)],
        span=span,
        allowed=refusal.field.allowed,
        hint=fault.hint,
    )


def moved(error: CronSyntaxError, text: str, start: int) -> CronSyntaxError:
    """Return `error`, which was found in ``text[start:]``, as one of the whole `text`."""
    span = error.span
    return CronSyntaxError(
        error.reason,
        expression=text,
        field=error.field,
        value=error.value,
        span=None if span is None else (span[0] + start, span[1] + start),
        allowed=error.allowed,
        hint=error.hint,
    )


def unfit(text: object) -> CronSyntaxError:
    """Return the error for what cannot be an expression at all, whatever it says."""
    if not isinstance(text, str):
        return CronSyntaxError(
            f"{shown(text)} is not text", expression=shown(text), allowed="a str", value=shown(text)
        )
    if len(text) > LONGEST:
        reason = f"the text is {len(text)} characters long"
        at = LONGEST
    else:
        at = next(place for place, each in enumerate(text) if not each.isascii())
        reason = f"the character {shown(text[at])} has no place here"
    return CronSyntaxError(
        reason,
        expression=text,
        value=text[at : at + 1],
        span=(at, at + 1) if at < LONGEST else None,
        allowed=f"at most {LONGEST} ASCII characters",
    )


def unknown_zone(text: str, name: str, at: int, hint: str | None) -> CronSyntaxError:
    """Return the error for a prefix whose zone the zone database does not know."""
    return CronSyntaxError(
        f"unknown time zone {shown(name, _SHOWN)}",
        expression=text,
        field="zone",
        value=name,
        span=(at, at + len(name)),
        allowed="a name of the tz database",
        hint=hint,
    )


def never(text: str, fields: FieldSets) -> CronSyntaxError:
    """Return the error for fields that no date satisfies."""
    words = fields.text.split()
    day, month, weekday = words[2:5] if len(words) == _SHORT else words[3:6]
    what = f"day-of-month {day}"
    if weekday[0] not in "*?":
        what += f" {'or' if fields.either else 'on'} day-of-week {weekday}"
    reason = f"{what} never occurs in month {month}"
    if fields.year is not None:
        reason += f" of year {words[6]}"
    start, end = _word(text, DAY)
    return CronSyntaxError(
        reason,
        expression=text,
        value=text[start:end],
        span=(start, end),
        allowed="a date that exists",
    )


def _whole(text: str) -> CronSyntaxError:
    """Explain a text that is no macro and has not the right number of fields."""
    words = text.split()
    hint = None
    if not words:
        reason = "the text is empty"
    elif words[0].startswith("@"):
        reason = f"{shown(words[0], _SHOWN)} is not a macro"
        near = nearest(words[0], [each.lower() for each in MACROS])
        hint = _INSTEAD.get(words[0].upper(), f"did you mean {near!r}?" if near else None)
        if words[0].upper() in MACROS:
            reason, hint = f"{shown(words[0], _SHOWN)} stands alone", "drop what follows it"
    else:
        plural = "" if len(words) == 1 else "s"
        reason = f"{len(words)} field{plural}, but an expression has {_COUNTS}"
    value = words[0] if words and words[0].startswith("@") else text
    start = text.find(value)
    return CronSyntaxError(
        reason,
        expression=text,
        value=value,
        span=(start, start + len(value)) if value else None,
        allowed=_COUNTS,
        hint=hint,
    )


def _word(text: str, field: Field) -> tuple[int, int]:
    """Return where the word of `field` begins and ends in `text`."""
    words = text.split()
    place = FIELDS.index(field) - (len(words) == _SHORT)
    start = end = 0
    for word in words[: place + 1]:
        start = text.index(word, end)
        end = start + len(word)
    return start, end


def _position(text: str, field: Field, item: str) -> int:
    """Return where `item` begins in `text`: in the word of `field`, between two commas."""
    start, end = _word(text, field)
    for each in text[start:end].upper().split(","):
        if each == item:
            break
        start += len(each) + 1
    return start


def _fault(item: str, field: Field) -> _Fault:
    """Find the part of `item` that is wrong."""
    base, slash, count = item.partition("/")
    if not item:
        return _Fault("", 0, "an item of the list is empty", "drop the comma")
    if item[0] in "Hh":
        return _fault_of_seed(item, field)
    if slash and not number(count):
        wrong = "is not at least 1" if number(count) == 0 else "is not a whole number up to 9999"
        return _Fault(slash + count, len(base), f"step {shown(count, _SHOWN)} {wrong}")
    return _fault_of_special(item, field) or _fault_of_range(base, field)


def _fault_of_range(base: str, field: Field) -> _Fault:
    first, dash, last = base.partition("-")
    for part, at in ((first, 0), (last, len(first) + 1)):
        if (part or dash) and field.value(part.upper()) is None:
            return _fault_of_value(base, part, at, field)
    if field is YEAR and dash:
        return _Fault(base, 0, f"{base} goes back, and years do not begin anew")
    return _Fault(base, 0, f"{shown(base, _SHOWN)} is not in {field.allowed}")


def _fault_of_value(base: str, part: str, at: int, field: Field) -> _Fault:
    if not part:
        return _Fault(base, 0, f"{shown(base, _SHOWN)} has no value on one side of '-'")
    if part.isdigit():
        within = field.low <= int(part) <= field.high
        wrong = "longer than 4 digits" if within else f"not in {field.allowed}"
        return _Fault(part, at, f"{part[:_SHOWN]} is {wrong}")
    near = nearest(part, field.names)
    hint = f"did you mean {near!r}?" if near else None
    for other in FIELDS:
        if part.upper() in other.names:
            hint = f"{part} is a value of {other.name}"
    return _Fault(part, at, f"{shown(part, _SHOWN)} is not in {field.allowed}", hint)


def span(base: str, of: Field) -> tuple[int, int] | None:
    """Return the values among which ``H`` or ``H(low-high)`` draws; ``None`` if it is neither.

    Of the days of a month only those up to 28, so that no month is missed; of the years none.
    """
    if of is YEAR:
        return None
    if base == "H":
        return of.low, LAST_SAFE_DAY if of is DAY else of.low + of.size - 1
    if not (base.startswith("H(") and base.endswith(")")):
        return None
    first, _, last = base[2:-1].partition("-")
    low, high = of.value(first), of.value(last)
    if low is None or high is None:
        return None
    if of is DAY:
        high = min(high, LAST_SAFE_DAY)
    return (low, high) if low <= high else None


def _fault_of_seed(item: str, field: Field) -> _Fault:
    """Explain an item with ``H``: without a seed, or with a range or step that has no sense."""
    base, slash, count = item.partition("/")
    if field is YEAR:
        return _Fault(item, 0, "a year cannot be H")
    if span(base.upper(), field) is None:
        range_ = f"{field.low}-{LAST_SAFE_DAY if field is DAY else field.high}"
        return _Fault(base, 0, f"{shown(base, _SHOWN)} is not H or H(low-high) within {range_}")
    if slash and not number(count):
        return _Fault(count, len(base) + 1, f"step {shown(count, _SHOWN)} is not in 1-9999")
    return _Fault(item, 0, "H needs a seed", "pass seed=..., such as the id of a job")


def _fault_of_special(item: str, field: Field) -> _Fault | None:
    """Explain `item` if it has a sign that only the day fields know."""
    reason = hint = None
    first, last = item[0].upper(), item[-1].upper()
    if "#" in item:
        reason = "weekday#1 to weekday#5" if field is WEEKDAY else f"in {field.allowed}"
        hint = None if field is WEEKDAY else "'#' belongs to day-of-week"
    elif field is DAY and first == "L":
        reason = "L, L-0 to L-30, LW or L-3W"
    elif field is DAY and last == "W":
        reason = "1W to 31W or LW"
    elif (field, first) in ((DAY, "W"), (WEEKDAY, "L")) and field.value(item[1:].upper()):
        reason, hint = f"in {field.allowed}", f"did you mean '{item[1:]}{first}'?"
    elif field is WEEKDAY and last == "L":
        reason = "0L to 7L or SUNL to SATL"
        hint = "the last Friday is 5L or FRIL" if len(item) == 1 else None
    elif item.upper() in ("L", "W", "LW"):
        reason = f"in {field.allowed}"
        hint = f"{item} belongs to day-of-month"
    return _Fault(item, 0, f"{shown(item, _SHOWN)} is not {reason}", hint) if reason else None
