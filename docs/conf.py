"""Sphinx configuration; the build is `sphinx-build -n -W docs <output>`."""

from __future__ import annotations

import pkgutil
from importlib import import_module, metadata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from docutils.nodes import Element, reference
    from sphinx.addnodes import pending_xref
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

import cronkit

# Autodoc sees what a package holds; some names are loaded when they are first asked for.
for package in pkgutil.iter_modules(cronkit.__path__, "cronkit."):
    if package.ispkg and not package.name.rpartition(".")[2].startswith("_"):
        module = import_module(package.name)
        for public in getattr(module, "__all__", ()):
            getattr(module, public)

project = "cronkit"
author = "The cronkit authors"
copyright = "the cronkit authors"  # noqa: A001 -- the name that Sphinx reads
release = metadata.version("cronkit")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build", "explanation/figures"]
html_theme = "furo"
html_title = f"cronkit {release}"

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True

# A docstring names an object of the package in single backticks.
default_role = "code"

nitpick_ignore_regex = [
    # The build asks no network, so it has no inventory of Python's own documentation to link to.
    (r"py:.*", r"(asyncio|builtins|collections|concurrent|contextlib|datetime|enum|http)\b.*"),
    (
        r"py:.*",
        r"(logging|os|pathlib|sqlite3|threading|types|typing|typing_extensions|zoneinfo)\b.*",
    ),
    (r"py:class", r"Any|Callable|Iterable|Iterator|Mapping|Sequence|TypeIs|WakeEvent"),
    (r"py:class", r"tzinfo|timedelta|float"),
    # Type variables, and what a private module keeps to itself.
    (r"py:class", r"_\w+|T|.*\._.*"),
    # What a user is handed, or hands on, without ever making one.
    (r"py:class", r"Answer|Attempt|Desk|FieldSets|Hooks|JSON|Judge|OwnedFolder|Packing|Parts|Plan"),
    (
        r"py:class",
        r"AbstractEventLoop|After|Console|Cut|Grammar|Migration|PartFile|Report|Shelf",
    ),
    (r"py:class", r"ResumableOperation|(Csv|Json|JsonLines)?Writer"),
    # Raised by a format for the exporter, which raises an `ExportError` in its place.
    (r"py:exc", r"RowError"),
]


def _find_by_last_name(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, content: Element
) -> reference | None:
    """Link the name of an annotation that only the type checker imports.

    Such a name has no module in front; it is taken for the one documented object of that name.
    """
    if node.get("refdomain") != "py":
        return None
    domain, name = env.domains["py"], node["reftarget"]
    found = [full for full, *_ in domain.get_objects() if full.rpartition(".")[2] == name]
    if len(found) != 1:
        return None
    source = node["refdoc"]
    return domain.resolve_xref(env, source, app.builder, "obj", found[0], node, content)


def setup(app: Sphinx) -> None:
    """Connect what Sphinx cannot be told by a setting."""
    app.connect("missing-reference", _find_by_last_name)
