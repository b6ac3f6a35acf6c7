"""How Sphinx builds the documentation: `make docs`."""

import re
from importlib.metadata import version as version_of
from typing import Any

import click

from latentune.studies.cli.app import app as command_line

project = "Latentune"
author = "The Latentune authors"
copyright = "2026, The Latentune authors"
version = release = version_of("latentune")

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_click",
    "sphinxcontrib.programoutput",
]
myst_enable_extensions = ["colon_fence", "deflist", "fieldlist"]
myst_heading_anchors = 3

html_theme = "furo"
html_title = "Latentune"
html_theme_options = {"navigation_with_keys": True}
html_show_sphinx = False

for command in command_line.commands.values():  # sphinx-click does not read context_settings
    for parameter in command.params:
        if isinstance(parameter, click.Option) and not parameter.is_flag and parameter.default:
            parameter.show_default = True

default_role = "code"  # docstrings write `name` for code
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True


def escape_shapes(
    app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]
) -> None:
    """Escapes the star of shapes such as (N, *), which would begin an emphasis."""
    for number, line in enumerate(lines):
        lines[number] = re.sub(r"\([^()`]*\)", lambda match: match[0].replace("*", r"\*"), line)


def setup(app: Any) -> None:
    """Connects the function above."""
    app.connect("autodoc-process-docstring", escape_shapes)
