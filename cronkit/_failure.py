"""How an exception reads in a record: its text and its class, whatever a hostile one does."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeVar

    from typing_extensions import TypeIs

    _Error = TypeVar("_Error", bound=BaseException)

_LONGEST_TEXT = 2_000


def text_of(error: BaseException) -> str:
    """Return an exception as text; one whose ``__str__`` raises gives the name of its class."""
    try:
        text = str(error)[:_LONGEST_TEXT]
    except BaseException as broken:  # noqa: BLE001 -- the job boundary: __str__ is the user's own
        text = f"<{name_of(error)}; its text raised {name_of(broken)}>"
    return text


def class_of(error: BaseException) -> str:
    """Return the full name of an exception's class; a hostile one may hide it."""
    try:
        return f"{type(error).__module__}.{type(error).__qualname__}"
    except BaseException:  # noqa: BLE001 -- the job boundary: its metaclass is the user's own
        return "(a class that hides its name)"


def name_of(error: BaseException) -> str:
    """Return the bare name of an exception's class."""
    return class_of(error).rpartition(".")[2]


def is_a(error: BaseException | None, kind: type[_Error]) -> TypeIs[_Error]:
    """Return whether an exception is one of a kind; ``isinstance`` would ask a hostile one itself."""
    return issubclass(type(error), kind)
