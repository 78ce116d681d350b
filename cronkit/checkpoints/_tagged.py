"""Typed values as JSON and back, without a loss and without a surprise.

What JSON has stays as it is. Each other type is an object with one key that begins with ``$``:
``{"$date": "2026-03-29"}``. A dict that JSON cannot hold as it is (other keys than text, or a key
that begins with ``$``) becomes ``{"$dict": [[key, value], ...]}``, so that no data can be taken
for a tag. Types are exact: a subclass would come back as its base, and is refused.

Nothing in the data names code: a class is one of those that the caller registered by name.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from cronkit import _convert
from cronkit._files._framing import DamagedError
from cronkit.checkpoints._scalars import READERS, SEQUENCES, WRITERS
from cronkit.errors import PolicyError, StateNotSerializableError, shown

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cronkit.checkpoints._records import JSON

    Classes = Mapping[str, type[object]]

DEEPEST = 100
"""How deep containers may lie in each other; beyond it the parser of another reader may give up."""


def register(
    classes: Mapping[str, type[object]] | Sequence[type[object]],
) -> dict[str, type[object]]:
    """Return the attrs classes that a state may hold, by the name they have in files.

    Raises:
        PolicyError: one is no attrs class, has a field that its constructor does not take, or two
            have one name.
    """
    if not isinstance(classes, (Mapping, Sequence)):
        raise PolicyError("classes", classes, "a list of attrs classes, or a dict of them by name")
    named = (
        list(classes.items())
        if isinstance(classes, Mapping)
        else [(getattr(each, "__name__", ""), each) for each in classes]
    )
    result: dict[str, type[object]] = {}
    for name, cls in named:
        if not (isinstance(cls, type) and attrs.has(cls)):
            raise PolicyError("classes", cls, "attrs classes")
        if any(not field.init for field in attrs.fields(cls)):
            raise PolicyError("classes", cls, "attrs classes whose every field is an argument")
        if name in result:
            raise PolicyError("classes", name, "one class a name; give a dict of names and classes")
        result[_convert.name(name, "classes")] = cls
    return result


class Tags:
    """Writes and reads tagged JSON with a set of registered classes."""

    __slots__ = ("_classes", "_names")

    def __init__(self, classes: Classes) -> None:
        self._classes = classes
        self._names: dict[type, str] = {cls: name for name, cls in classes.items()}

    def write(self, value: Any, path: str, depth: int = 0) -> JSON:
        """Return `value` as tagged JSON.

        Raises:
            StateNotSerializableError: `path` has no safe form; the message says why.
        """
        kind = type(value)
        if depth > DEEPEST:
            raise StateNotSerializableError(
                path[:200], kind.__name__, f"it lies deeper than {DEEPEST} containers"
            )
        if kind in WRITERS:
            return WRITERS[kind](value, path)
        if kind is dict:
            return self._write_dict(value, path, depth + 1)
        if kind is list:
            return self._write_items(value, path, depth + 1)
        if kind in SEQUENCES:
            return self._write_sequence(value, path, depth + 1)
        if kind in self._names:
            return {"$class": [self._names[kind], self._write_fields(value, path, depth + 1)]}
        raise StateNotSerializableError(path, kind.__qualname__, _why_not(value))

    def _write_dict(self, value: dict[object, object], path: str, depth: int) -> JSON:
        if all(type(key) is str and key[:1] != "$" for key in value):
            return {
                str(key): self.write(each, f"{path}[{shown(key)}]", depth)
                for key, each in value.items()
            }
        return {
            "$dict": [
                [
                    self.write(key, f"the key {shown(key)} of {path}", depth),
                    self.write(each, f"{path}[{shown(key)}]", depth),
                ]
                for key, each in value.items()
            ]
        }

    def _write_items(self, values: Iterable[object], path: str, depth: int) -> list[JSON]:
        return [self.write(each, f"{path}[{index}]", depth) for index, each in enumerate(values)]

    def _write_sequence(self, values: Iterable[object], path: str, depth: int) -> JSON:
        items = self._write_items(values, path, depth)
        if type(values) is not tuple:
            # The order of a set changes from process to process; equal states give equal bytes.
            items.sort(key=json.dumps)
        return {SEQUENCES[type(values)]: items}

    def _write_fields(self, value: attrs.AttrsInstance, path: str, depth: int) -> JSON:
        return {
            field.alias or field.name: self.write(
                getattr(value, field.name), f"{path}.{field.name}", depth
            )
            for field in attrs.fields(type(value))
        }

    def read(self, node: dict[str, object]) -> object:
        """Return what a JSON object stands for; its members are read already (an object hook).

        Raises:
            DamagedError: it has an unknown tag or names a class that is not registered.
        """
        for key in node:
            if key[:1] == "$":
                return self._read_tag(node)
        return node

    def read_plain(self, node: dict[str, object]) -> object:
        """Return like `read`, but an instance of a class as the dict of its fields.

        A migration reads old states with it, whose classes may have changed since.
        """
        content = node.get("$class")
        if len(node) == 1 and isinstance(content, list) and len(content) == 2:  # noqa: PLR2004 -- name, fields
            return content[1]
        return self.read(node)

    def _read_tag(self, node: dict[str, object]) -> object:
        ((tag, content), *more) = node.items()
        if more:
            raise DamagedError("holds a tag beside other keys")
        if tag == "$class":
            return self._read_class(content)
        reader = READERS.get(tag)
        if reader is None:
            raise DamagedError(f"holds the unknown tag {ascii(tag)[:60]}")
        try:
            return reader(content)
        except DamagedError:
            raise
        except (ValueError, TypeError, LookupError, ArithmeticError):
            raise DamagedError(f"holds a {tag} that is none") from None

    def _read_class(self, content: object) -> object:
        if not (isinstance(content, list) and len(content) == 2 and isinstance(content[1], dict)):  # noqa: PLR2004 -- name, fields
            raise DamagedError("holds a $class that is none")
        name, fields = content
        cls = self._classes.get(name) if isinstance(name, str) else None
        if cls is None:
            raise DamagedError(
                f"holds an instance of {ascii(name)[:60]}, which is not registered; see classes="
            )
        try:
            return cls(**fields)
        except (TypeError, ValueError, LookupError, ArithmeticError, AttributeError) as error:
            raise DamagedError(
                f"holds a {name} that its class refuses ({error}); "
                "raise state_version and add a migration"
            ) from None


def _why_not(value: object) -> str:
    for base in (*WRITERS, dict, list, *SEQUENCES):
        if isinstance(value, base):
            return f"it would come back as {base.__name__}; convert it first"
    if attrs.has(type(value)):
        return "pass its class to CheckpointManager(classes=[...])"
    return "convert it to text, numbers, lists and dicts first"
