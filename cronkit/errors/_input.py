"""Input that cannot be used: expressions, zones, instants, durations, policies."""

from __future__ import annotations

from cronkit.errors._base import CronkitError, shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime


class CronSyntaxError(CronkitError, ValueError):
    """A cron expression that cannot be read, or that can never fire.

    Attributes:
        expression: the text as given, clipped to 256 characters.
        field: the name of the field (``"minute"``), or ``"expression"`` for the whole.
        value: the part of the text that is wrong.
        span: its position in `expression`, as ``(start, end)``; ``None`` where there is none.
        allowed: what may stand there, as a phrase (``"0-59"``).
        hint: the word that was likely meant or what to do instead; ``None`` if nothing is near.
        reason: what is wrong, as a phrase (``"75 is not in 0-59"``).

    The message holds the reason and, where the position is known, the text with a caret line under
    it. It is never longer than 200 characters.
    """

    _WINDOW = 50
    _MOST = 200

    def __init__(
        self,
        reason: str,
        *,
        expression: str,
        field: str = "expression",
        value: str = "",
        span: tuple[int, int] | None = None,
        allowed: str = "",
        hint: str | None = None,
    ) -> None:
        self.reason = reason
        self.expression = expression[:256]
        self.field = field
        self.value = value[:256]
        self.span = span
        self.allowed = allowed
        self.hint = hint
        super().__init__(self._message())

    def _message(self) -> str:
        drawing = self._drawing()
        head = f"{self.field}: {self.reason}"
        if self.hint:
            head += f" ({self.hint})"
        room = self._MOST - len(drawing)
        return (head if len(head) <= room else f"{head[: room - 3]}...") + drawing

    def _drawing(self) -> str:
        """Return the text with a caret line, cut to a window around the span."""
        if self.span is None or not self.expression.isprintable():
            return ""
        start, end = self.span
        left = max(0, min(start - 10, len(self.expression) - self._WINDOW))
        text = self.expression[left : left + self._WINDOW]
        width = max(1, min(end, left + self._WINDOW) - start)
        return f"\n    {text}\n    {' ' * (start - left)}{'^' * width}"


class NaiveDatetimeError(CronkitError, ValueError):
    """A datetime without a time zone was given where an instant is needed.

    Attributes:
        argument: the name of the argument.
        value: the naive datetime.
    """

    def __init__(self, argument: str, value: datetime) -> None:
        self.argument = argument
        self.value = value
        super().__init__(
            f"{argument}: {value!r} has no time zone; give it one, e.g. tzinfo=ZoneInfo('UTC')"
        )


class UnknownZoneError(CronkitError, LookupError):
    """A time zone name that the zone database does not know.

    Attributes:
        name: the name as given.
        hint: what to do (a near name, or ``pip install tzdata`` where there is no database).
    """

    def __init__(self, name: object, *, hint: str | None = None) -> None:
        self.name = name
        self.hint = hint
        super().__init__(f"unknown time zone {shown(name)}" + (f"; {hint}" if hint else ""))


class DurationError(CronkitError, ValueError):
    """A duration that cannot be read, or that is out of its range.

    Attributes:
        argument: the name of the argument.
        value: the value as given.
        allowed: what would be accepted.
    """

    def __init__(self, argument: str, value: object, allowed: str) -> None:
        self.argument = argument
        self.value = value
        self.allowed = allowed
        super().__init__(f"{argument}: {shown(value)} is not a duration here; allowed: {allowed}")


class PolicyError(CronkitError, ValueError):
    """An argument of a job, a trigger or a scheduler that is out of its range.

    Attributes:
        argument: the name of the argument.
        value: the value as given.
        allowed: what would be accepted.
        hint: the name that was likely meant; ``None`` if nothing is near.
    """

    def __init__(
        self, argument: str, value: object, allowed: str, *, hint: str | None = None
    ) -> None:
        self.argument = argument
        self.value = value
        self.allowed = allowed
        self.hint = hint
        super().__init__(
            f"{argument}: {shown(value)} is not accepted; allowed: {allowed}"
            + (f" ({hint})" if hint else "")
        )
