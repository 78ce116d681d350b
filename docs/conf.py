"""Sphinx configuration; the build is `sphinx-build -n -W docs <output>`."""

from importlib import metadata

project = "cronkit"
author = "The cronkit authors"
copyright = "the cronkit authors"  # noqa: A001 -- the name that Sphinx reads
release = metadata.version("cronkit")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
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

# The build asks no network, so it has no inventory of Python's own documentation to link to.
nitpick_ignore_regex = [
    (r"py:.*", r"(asyncio|builtins|collections|concurrent|contextlib|datetime|enum|http)\b.*"),
    (r"py:.*", r"(logging|os|pathlib|sqlite3|threading|types|typing|zoneinfo)\b.*"),
    (r"py:class", r"(Any|Callable|Iterable|Iterator|Mapping|Sequence|tzinfo|timedelta|float)"),
]
