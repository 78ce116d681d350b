"""Names of a package that load on first use (PEP 562), so that an import costs what is used."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


def lazy(package: str, homes: Mapping[str, Sequence[str]]) -> Callable[[str], object]:
    """Return a ``__getattr__`` for a package.

    Args:
        package: the name of the package.
        homes: the names it gives away, by the module that defines them.
    """
    home_of = {name: home for home, names in homes.items() for name in names}

    def __getattr__(name: str) -> object:  # noqa: N807 -- becomes the package's own
        home = home_of.get(name)
        if home is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        import sys  # noqa: PLC0415 -- both only on first use
        from importlib import import_module  # noqa: PLC0415 -- as above

        value = getattr(import_module(home), name)
        setattr(sys.modules[package], name, value)
        return value

    return __getattr__
